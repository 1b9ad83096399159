"""What every stage of a caption run works with."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from rich.console import Console

from next_mm.captioning.attributes.prompts import attribute_version, compose_version
from next_mm.captioning.attributes.schema import Schema
from next_mm.captioning.attributes.template import TokenCounter
from next_mm.captioning.listing import list_pictures
from next_mm.captioning.llm.endpoint import ChatEndpoint, Endpoint
from next_mm.captioning.llm.limits import Budget, StopSignal
from next_mm.captioning.llm.recorder import PATIENCE
from next_mm.captioning.settings import CaptionSettings, ModelSettings
from next_mm.captioning.store import Picture, Selection, Store
from next_mm.captions.tokenizer import count_tokens
from next_mm.triplet import MODALITIES

__all__ = ['CaptionContext', 'Services']

Lister = Callable[[dict[str, Any], Sequence[str], dict[str, Any] | None], Iterable[Picture]]


@dataclass(frozen=True)
class Services:
    """What a run takes from outside; tests put lighter ones in their place.

    Attributes:
        list_pictures: lists a dataset.
        count_tokens: CLIP tokens of a text.
        connect: makes the endpoint of a model.
        patience: seconds to wait for a store that another program holds.
    """

    list_pictures: Lister = list_pictures
    count_tokens: TokenCounter = count_tokens
    connect: Callable[[ModelSettings], Endpoint] = ChatEndpoint
    patience: float = PATIENCE


@dataclass(frozen=True)
class CaptionContext:
    """A run over one store, as its stages see it.

    Attributes:
        settings: the validated config.
        schema: of the attributes.
        store: of pictures, answers and captions.
        selection: which questions this run takes on.
        budget: money for the store as a whole.
        stop: whether to stop, and why.
        services: lister, token counter, endpoints.
        console: where to say what happens.
    """

    settings: CaptionSettings
    schema: Schema
    store: Store
    selection: Selection = field(default_factory=Selection)
    budget: Budget = field(default_factory=lambda: Budget(None))
    stop: StopSignal = field(default_factory=StopSignal)
    services: Services = field(default_factory=Services)
    console: Console = field(default_factory=Console)

    @property
    def attribute_versions(self) -> dict[str, str]:
        """Version of the question about a picture, by modality."""
        return {m: attribute_version(self.schema, m, self.settings.max_side) for m in MODALITIES}

    @property
    def compose_version(self) -> str:
        """Version of the question for a caption."""
        return compose_version(self.schema, self.settings.token_budget)

    @property
    def model_names(self) -> list[str]:
        """Names of the multi-modal models, in the order that breaks ties."""
        return [model.name for model in self.settings.models]
