"""What is known of one attribute in one picture, and where it came from."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace


@dataclass(frozen=True)
class Observation:
    """The value of one attribute.

    Attributes:
        value: ``None`` for unknown.
        confidence: in [0, 1]; 0 where the model gave none. An unknown's confidence is that of not knowing.
        model: name of the model that said it.
        modality: modality that it was seen in.
        complemented: it was taken over from that modality into another one.
    """

    value: str | None
    confidence: float
    model: str = ''
    modality: str = ''
    complemented: bool = False

    @property
    def strength(self) -> float:
        """Confidence in the value; 0 for an unknown."""
        return 0.0 if self.value is None else self.confidence

    def copied(self) -> Observation:
        """The same, marked as taken over from another modality."""
        return replace(self, complemented=True)


AttributeSet = Mapping[str, Observation]


def dump_set(attributes: AttributeSet) -> str:
    """One line of JSON: ``{name: [value, confidence, model, modality, complemented]}``."""
    return json.dumps(
        {name: [o.value, o.confidence, o.model, o.modality, int(o.complemented)] for name, o in attributes.items()},
        ensure_ascii=False,
        separators=(',', ':'),
    )


def load_set(text: str) -> dict[str, Observation]:
    """The inverse of :func:`dump_set`."""
    return {
        name: Observation(value, confidence, model, modality, bool(complemented))
        for name, (value, confidence, model, modality, complemented) in json.loads(text).items()
    }
