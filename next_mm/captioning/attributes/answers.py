"""A model's answer about one picture: found in its text, repaired where that is unambiguous, validated, counted."""

from __future__ import annotations

import json
import math
import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from pydantic import BaseModel, ConfigDict, ValidationError, ValidationInfo, field_validator

from next_mm.captioning.attributes.json_objects import Fields, FoundObject, find_objects, remove_thoughts
from next_mm.captioning.attributes.observations import Observation
from next_mm.captioning.attributes.plates import REMOVED, find_plates, is_plate_key, redact, redact_value
from next_mm.captioning.attributes.schema import Attribute, Schema
from next_mm.captioning.attributes.unknown import is_unknown
from next_mm.utils.text import cut_middle, encodable

__all__ = ['CONFIDENCE_WORDS', 'LONGEST_ANSWER', 'ParsedAnswer', 'parse_answer']

LONGEST_ANSWER = 100_000
"""Characters of an answer that are looked at: the first and the last half of them."""
LONGEST_KEPT = 10_000
"""Characters that are kept of an answer in which nothing could be read."""
LONGEST_FREE_VALUE = 40

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
_NAME_KEYS = ('name', 'attribute', 'key')
"""How a list of attributes calls them."""
_CLEARLY_FEWER = 0.8
"""Of several objects the last counts that has at least this share of the most attributes that one has."""

Note = Callable[..., None]


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
    if info.context is not None:
        info.context(text)


def _number(value: object, info: ValidationInfo) -> float | None:
    if isinstance(value, bool) or value is None:
        return None
    if isinstance(value, (int, float)):
        return float(value)
    text = str(value)[:30].strip().casefold()
    if text in CONFIDENCE_WORDS:
        _note(info, 'confidence in words')
        return CONFIDENCE_WORDS[text]
    match = re.fullmatch(r'([\d.]+)\s*(%?)', text)
    if match is None or match[1].count('.') > 1 or match[1] == '.':
        return None
    _note(info, 'confidence as text')
    return float(match[1]) / 100 if match[2] else float(match[1])


@dataclass(frozen=True)
class ParsedAnswer:
    """What an answer says.

    Attributes:
        status: ``complete``, ``partial`` (some attributes missing or unusable), ``refused`` or ``invalid``.
        attributes: one observation for every attribute that can be seen in the modality; what is missing is unknown.
        notes: repairs and losses, by name, with their number.
        missing: attributes without a usable entry.
        kept: what may be kept of it, without plates: its attributes as JSON, or the text where there are none.
    """

    status: str
    attributes: dict[str, Observation] = field(default_factory=dict)
    notes: dict[str, int] = field(default_factory=dict)
    missing: tuple[str, ...] = ()
    kept: str = ''


def parse_answer(text: str, schema: Schema, modality: str, model: str = '', cut_off: bool = False) -> ParsedAnswer:
    """Read a model's answer; whatever it holds, this does not raise.

    Args:
        text: the message.
        schema: which attributes and values count.
        modality: of the picture; attributes that cannot be seen in it are dropped.
        model: name kept as provenance.
        cut_off: the model stopped at its token limit.
    """
    notes: Counter[str] = Counter()

    def note(what: str, count: int = 1) -> None:
        if count:
            notes[what] += count

    expected = schema.observable(modality)
    fields = _find_fields(text, expected, note)
    if fields is None:
        kept, plates = redact(
            encodable(cut_middle(text.strip(), LONGEST_KEPT)), schema.plain_words, tuple(schema.attributes)
        )
        note('licence plate removed', plates)
        status = 'refused' if _REFUSAL.search(cut_middle(text, LONGEST_ANSWER)) else 'invalid'
        return ParsedAnswer(status, {}, dict(notes), tuple(expected), kept)
    if cut_off:
        note('stopped at the token limit')
    for name in set(fields) - set(expected):
        note('attribute not asked for, dropped')
        note(
            'licence plate removed',
            int(name not in schema.attributes and is_plate_key(name) and _says_something(fields[name])),
        )
    clean: dict[str, Any] = {}
    for name in expected:
        if name in fields:
            clean[name], plates = redact_value(fields[name], schema.plain_words)
            note('licence plate removed', plates)
    parsed = _observe(clean, expected, modality, model, note)
    if parsed.status == 'invalid':
        kept, _ = redact(
            encodable(cut_middle(text.strip(), LONGEST_KEPT)), schema.plain_words, tuple(schema.attributes)
        )
    else:
        kept = encodable(json.dumps(clean, ensure_ascii=False))
    return replace(parsed, notes=dict(notes), kept=kept)


def _observe(
    fields: Mapping[str, Any], expected: Mapping[str, Attribute], modality: str, model: str, note: Note
) -> ParsedAnswer:
    attributes: dict[str, Observation] = {}
    missing = []
    for name, attribute in expected.items():
        observed = _observation(fields.get(name, _ABSENT), attribute, note)
        if observed is None:
            missing.append(name)
        value, confidence = observed or (None, 0.0)
        attributes[name] = Observation(value, confidence, model, modality)
    status = 'invalid' if len(missing) == len(expected) else 'partial' if missing else 'complete'
    return ParsedAnswer(status, attributes if status != 'invalid' else {}, {}, tuple(missing))


_ABSENT = object()


def _observation(entry: Any, attribute: Attribute, note: Note) -> tuple[str | None, float] | None:
    if entry is _ABSENT:
        note('attribute missing')
        return None
    if isinstance(entry, dict):
        entry = {str(key).strip().casefold(): value for key, value in entry.items()}
    else:
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
    if found is None and attribute.free and len(text) <= LONGEST_FREE_VALUE and REMOVED not in value:
        free = re.sub(r'\s+', ' ', value).strip(' .')
        # halves of a letter, control characters and numbers beyond reason stay out of captions
        sane = free.isprintable() and '\ufffd' not in free and free not in ('inf', '-inf', 'nan')
        return free if sane and not find_plates(free, attribute.lookup) else None
    return found


def _says_something(entry: Any) -> bool:
    value = entry.get('value') if isinstance(entry, dict) else entry
    return value not in (None, '', True, False) and str(value).strip().casefold() not in (
        'yes',
        'no',
        'unknown',
        REMOVED,
    )


def _find_fields(text: str, expected: Mapping[str, Attribute], note: Note) -> dict[str, Any] | None:
    """The fields of the object that is the answer, by normal names; ``None`` where a text holds none."""
    stripped = text.strip()
    if len(text) - len(stripped) > 100:
        note('endless white space')
    if len(stripped) > LONGEST_ANSWER:
        note('answer too long, its middle not read')
        stripped = cut_middle(stripped, LONGEST_ANSWER)
    visible = remove_thoughts(stripped).strip()
    objects = find_objects(visible)
    chosen = _choose(objects, expected, note)
    if chosen is None and visible != stripped:
        # an answer among its thoughts, without the tag that should end them: only if it cannot be a mere draft
        objects = [found for found in find_objects(stripped) if 2 * _count(found, expected) >= len(expected)]
        chosen = _choose(objects, expected, note)
    if chosen is None:
        return None
    if visible != stripped:
        note('thoughts before the JSON')
    elif stripped[:1] not in ('{', '[') or stripped[-1:] not in ('}', ']'):
        note('fences or words around the JSON')
    if not chosen.whole:
        note('JSON not well formed')
    return _flatten(chosen.value, expected, note)


def _choose(objects: Sequence[FoundObject], expected: Mapping[str, Attribute], note: Note) -> FoundObject | None:
    """Choose the last whole object that has about as many attributes as any; drafts and formats come before it."""
    objects = [found for found in objects if isinstance(found.value, (dict, list))]
    if not objects:
        return None
    counts = [_count(found, expected) for found in objects]
    enough = _CLEARLY_FEWER * max(counts)
    good = [found for found, count in zip(objects, counts) if count >= enough]
    if sum(count > 0 for count in counts) > 1:
        note('several JSON objects, one taken')
    return ([found for found in good if found.whole] or good)[-1]


def _count(found: FoundObject, expected: Mapping[str, Attribute]) -> int:
    """How many attributes an object gives, placeholders such as "..." left out."""
    entries = _flatten(found.value, expected, lambda what, count=1: None)
    values = (
        entry.get('value') if isinstance(entry, dict) else entry for name, entry in entries.items() if name in expected
    )
    return sum(
        not isinstance(value, str) or re.fullmatch(r'[\W_]*|<[^>]{0,100}>', value[:200]) is None for value in values
    )


def _flatten(value: Any, expected: Mapping[str, Attribute], note: Note) -> dict[str, Any]:
    """Fields of an object and of the objects and lists within it, by normal names; the last of equal ones counts."""
    fields: dict[str, Any] = {}
    for name, entry in _entries(value, expected, note):
        if name in fields and name in expected:
            note('attribute given twice, the last taken')
        fields[name] = entry
    return fields


def _entries(value: Any, expected: Mapping[str, Attribute], note: Note, depth: int = 0) -> Iterator[tuple[str, Any]]:
    if isinstance(value, Fields):
        note('attribute given twice, the last taken', value.repeated)
    for key, entry in value.items() if isinstance(value, dict) else enumerate(value[:100]):
        name = re.sub(r'[\s\-]+', '_', str(key)[:100].strip()).casefold() if isinstance(value, dict) else ''
        if name in expected:
            yield name, entry
        elif isinstance(entry, dict) and 'value' in entry and (called := _called(entry)):
            yield called, entry
        elif isinstance(entry, (dict, list)) and depth < 4 and not (isinstance(entry, dict) and 'value' in entry):
            yield from _entries(entry, expected, note, depth + 1)
        elif name:
            yield name, entry


def _called(entry: Mapping[str, Any]) -> str:
    """The attribute's name in an entry of a list of attributes."""
    name = next((entry[key] for key in _NAME_KEYS if isinstance(entry.get(key), str)), '')
    return re.sub(r'[\s\-]+', '_', name[:100].strip()).casefold()
