"""What the models are asked, and the version of it: other words, another version, other answers."""

from __future__ import annotations

import json

from next_mm.captioning.attributes.observations import AttributeSet
from next_mm.captioning.attributes.schema import UNKNOWN_ANSWER, Schema, short_hash
from next_mm.captioning.attributes.template import compose_sentences
from next_mm.captioning.settings import ModelSettings

_MODALITY_TEXT = {
    'rgb': 'a visible-light (RGB) picture',
    'nir': 'a near-infrared picture: it shows brightness, not colour',
    'tir': 'a thermal-infrared picture: it shows heat, not colour; brighter is warmer',
}

_ATTRIBUTES = """You describe one {subject} in {modality}, taken by a surveillance camera. \
Report only what can be seen in this picture, no guess at who it is.
Answer with one JSON object. It has exactly these keys, each an object {{"value": ..., "confidence": ...}}:
{questions}
"confidence" is a number from 0 to 1: how sure you are of the value. \
If an attribute cannot be seen, its value is "{unknown}".
Never write down the characters on a licence plate, a name tag or any other text.
No other keys, no comments, no Markdown."""

_COMPOSE = """You word captions of {subject}s for image retrieval from a list of attributes.
Write one caption of short, plain English sentences, each of which stands on its own.
Say only what the attributes say: add no colour, object, attribute or guess. \
Leave out what is not listed; never write "unknown".
Begin with what tells one {subject} from another best and end with view, light and clarity. \
At most {words} words in all.
Answer with the caption alone. This wording of the same attributes is correct and may serve as an example:
{example}"""


def attribute_instruction(schema: Schema, modality: str) -> str:
    """The instruction that asks for the attributes of a picture of ``modality`` (Sec. IV-A)."""
    lines = []
    for name, attribute in schema.observable(modality).items():
        values = ', '.join(f'"{value}"' for value in attribute.values)
        others = f'for example {values}' if attribute.free else f'one of {values}'
        lines.append(f'- "{name}": {attribute.question}; {others}, "{UNKNOWN_ANSWER}"')
    return _ATTRIBUTES.format(
        subject=schema.subject, modality=_MODALITY_TEXT[modality], questions='\n'.join(lines), unknown=UNKNOWN_ANSWER
    )


def attribute_version(schema: Schema, modality: str, max_side: int) -> str:
    """Version of the question; answers are kept under it."""
    version = short_hash(attribute_instruction(schema, modality), str(max_side))
    return f'{schema.name}-{schema.version}-{modality}-{version}'


def attribute_messages(instruction: str, picture_url: str, detail: str | None) -> list[dict]:
    """The chat messages for one picture, given as a data URL."""
    image = {'url': picture_url, **({'detail': detail} if detail else {})}
    return [
        {'role': 'system', 'content': instruction},
        {'role': 'user', 'content': [{'type': 'image_url', 'image_url': image}]},
    ]


def response_format(settings: ModelSettings, schema: Schema, modality: str) -> dict | None:
    """The ``response_format`` of a request for attributes."""
    if settings.structured_output == 'json_schema':
        return {
            'type': 'json_schema',
            'json_schema': {'name': 'attributes', 'strict': True, 'schema': schema.answer_format(modality)},
        }
    return {'type': 'json_object'} if settings.structured_output == 'json_object' else None


def known_values(attributes: AttributeSet, schema: Schema) -> dict[str, list]:
    """What a composer is told: value and confidence of each attribute that may be mentioned."""
    return {
        name: [o.value, round(o.confidence, 2)]
        for name, o in attributes.items()
        if o.value is not None and o.confidence >= schema.mention_from
    }


def compose_messages(attributes: AttributeSet, schema: Schema, budget: int) -> list[dict]:
    """The chat messages that ask for one caption (Sec. IV, "Caption Generation")."""
    example = ' '.join(compose_sentences(attributes, schema))
    instruction = _COMPOSE.format(subject=schema.subject, words=int(budget * 0.7), example=example)
    return [
        {'role': 'system', 'content': instruction},
        {'role': 'user', 'content': json.dumps(known_values(attributes, schema), ensure_ascii=False)},
    ]


def compose_version(schema: Schema, budget: int) -> str:
    """Version of the composing instruction and of the sentences that serve as its example."""
    return f'{schema.name}-{schema.version}-caption-{short_hash(_COMPOSE, str(budget), *schema.sentences)}'
