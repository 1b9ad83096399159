"""A model's answer about one picture: found in its text, repaired where that is unambiguous, validated, and counted."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable
from dataclasses import dataclass, field

from pydantic import BaseModel, ConfigDict, ValidationError, ValidationInfo, field_validator

from next_mm.captioning.observations import Observation
from next_mm.captioning.plates import REMOVED
from next_mm.captioning.schema import Attribute, Schema
from next_mm.captioning.unknown import is_unknown

CONFIDENCE_WORDS = {
    'certain': 1.0,
    'very high': 0.95,
    'high': 0.9,
    'medium': 0.6,
    'moderate': 0.6,
    'low': 0.3,
    'very low': 0.1,
}
"""What a confidence in words is taken for."""

_REFUSAL = re.compile(
    r"\b(?:I'?m sorry|I am sorry|I can(?:no|')t|I cannot|I am unable|I'?m unable|I won'?t|as an AI)\b", re.IGNORECASE
)


class RawAttribute(BaseModel):
    """One attribute as a model gave it; validation turns value and confidence into text and a number in [0, 1].

    The validation context is called with the name of each repair.
    """

    model_config = ConfigDict(extra='ignore')

    value: str | None
    confidence: float = 0.0

    @field_validator('value', mode='before')
    @classmethod
    def _text(cls, value: object, info: ValidationInfo) -> object:
        if isinstance(value, bool):
            _note(info, 'yes/no for true/false')
            return 'yes' if value else 'no'
        if isinstance(value, list) and len(value) == 1:
            _note(info, 'value out of a list')
            value = value[0]
        return str(value) if isinstance(value, (int, float)) else value

    @field_validator('confidence', mode='before')
    @classmethod
    def _share(cls, value: object, info: ValidationInfo) -> float:
        number = _number(value, info)
        if number is None or not math.isfinite(number) or number < 0 or 1 < number < 2 or number > 100:
            _note(info, 'confidence not usable, taken as 0')
            return 0.0
        if number >= 2:
            _note(info, 'confidence out of 100')
            return number / 100
        return number


def _note(info: ValidationInfo, text: str) -> None:
    info.context(text)


def _number(value: object, info: ValidationInfo) -> float | None:
    if isinstance(value, bool) or value is None:
        return None
    if isinstance(value, (int, float)):
        return float(value)
    text = str(value).strip().casefold()
    if text in CONFIDENCE_WORDS:
        _note(info, 'confidence in words')
        return CONFIDENCE_WORDS[text]
    match = re.fullmatch(r'([\d.]+)\s*(%?)', text)
    if match is None or match[1].count('.') > 1 or match[1] == '.':
        return None
    _note(info, 'confidence as text')
    return float(match[1]) / 100 if match[2] else float(match[1])


@dataclass
class ParsedAnswer:
    """What an answer says.

    Attributes:
        status: ``complete``, ``partial`` (some attributes missing or unusable), ``refused`` or ``invalid``.
        attributes: one observation for every attribute that can be seen in the modality; what is missing is unknown.
        notes: repairs and losses, by name, with their number.
        missing: attributes without a usable entry.
    """

    status: str
    attributes: dict[str, Observation] = field(default_factory=dict)
    notes: dict[str, int] = field(default_factory=dict)
    missing: tuple[str, ...] = ()


def parse_answer(text: str, schema: Schema, modality: str, model: str = '', cut_off: bool = False) -> ParsedAnswer:
    """Read a model's answer; whatever it holds, this does not raise.

    Args:
        text: the message.
        schema: which attributes and values count.
        modality: of the picture; attributes that cannot be seen in it are dropped.
        model: name kept as provenance.
        cut_off: the model stopped at its token limit.
    """
    notes: dict[str, int] = {}

    def note(what: str) -> None:
        notes[what] = notes.get(what, 0) + 1

    fields = find_object(text, note)
    if fields is None:
        return ParsedAnswer(
            'refused' if _REFUSAL.search(text) else 'invalid', {}, notes, tuple(schema.observable(modality))
        )
    if cut_off:
        note('stopped at the token limit')
    fields = _normalise_keys(fields)
    expected = schema.observable(modality)
    for _ in set(fields) - set(expected):
        note('attribute not asked for, dropped')
    attributes, missing = {}, []
    for name, attribute in expected.items():
        observed = _observation(fields.get(name, _ABSENT), attribute, note)
        if observed is None:
            missing.append(name)
        value, confidence = observed or (None, 0.0)
        attributes[name] = Observation(value, confidence, model, modality)
    status = 'invalid' if len(missing) == len(expected) else 'partial' if missing else 'complete'
    return ParsedAnswer(status, attributes if status != 'invalid' else {}, notes, tuple(missing))


_ABSENT = object()


def _observation(entry: object, attribute: Attribute, note: Callable[[str], None]) -> tuple[str | None, float] | None:
    if entry is _ABSENT:
        note('attribute missing')
        return None
    if not isinstance(entry, dict):
        note('value without a confidence')
        entry = {'value': entry}
    try:
        raw = RawAttribute.model_validate(entry, context=note)
    except ValidationError:
        note('wrong type')
        return None
    if raw.value is None or is_unknown(raw.value):
        return None, raw.confidence
    value = _allowed_value(raw.value, attribute)
    if value is None:
        note('value not allowed, taken as unknown')
        return None, 0.0
    return value, raw.confidence


def _allowed_value(value: str, attribute: Attribute) -> str | None:
    text = re.sub(r'[\s_]+', ' ', value).strip(' .').casefold()
    found = (
        attribute.lookup.get(text)
        or attribute.lookup.get(text.replace('-', ' '))
        or attribute.lookup.get(text.replace(' ', '-'))
    )
    if found is None and attribute.free and len(text) <= 40 and REMOVED not in value:
        return re.sub(r'\s+', ' ', value).strip(' .')
    return found


def _normalise_keys(fields: dict) -> dict:
    if len(fields) == 1 and isinstance(inner := next(iter(fields.values())), dict) and 'value' not in inner:
        fields = inner
    return {re.sub(r'[\s\-]+', '_', str(key).strip()).casefold(): value for key, value in fields.items()}


def find_object(text: str, note: Callable[[str], None]) -> dict | None:
    """The JSON object in ``text``: bare, in fences, among words, or cut off, then with the fields that are whole."""
    stripped = text.strip()
    if len(text) - len(stripped) > 100:
        note('endless white space')
    try:
        found = json.loads(stripped)
        return found if isinstance(found, dict) else None
    except (ValueError, RecursionError):
        pass
    start = stripped.find('{')
    if start < 0:
        return None
    note('fences or words around the JSON' if start else 'JSON not well formed')
    try:
        found, _ = json.JSONDecoder().raw_decode(stripped, start)
        return found if isinstance(found, dict) else None
    except (ValueError, RecursionError):
        return _whole_fields(stripped, start + 1)


_KEY = re.compile(r'[\s,]*"((?:[^"\\]|\\.)*)"\s*:\s*')


def _whole_fields(text: str, at: int) -> dict | None:
    decoder = json.JSONDecoder()
    fields = {}
    while match := _KEY.match(text, at):
        try:
            value, at = decoder.raw_decode(text, match.end())
        except (ValueError, RecursionError):
            break
        fields[match[1]] = value
    return fields or None
