"""Schema files and the questions made of them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from next_mm.captioning import load_schema
from next_mm.captioning.attributes.prompts import attribute_instruction, attribute_version
from next_mm.errors import ConfigError
from tests.captioning.conftest import ROOT


@pytest.mark.parametrize(
    ('old', 'new', 'text'),
    [
        ('values: {front', 'values: {none: [], front', 'words for "unknown"'),
        ('Seen from the {view}', 'Seen from the {veiw}', 'veiw'),
        ('qualifies: upper_type', 'qualifies: uper_type', 'uper_type'),
        ('complement_below: 0.6', 'complement_below: 6', 'complement_below'),
        ('group: appearance', 'gruop: appearance', 'gruop'),
        ('plural: [trousers', 'plural: [trowsers', 'trowsers'),
        ('modalities: [rgb]', 'modalities: [red]', 'modalities'),
        ('name: person', 'name: [', 'YAML'),
    ],
)
def test_a_wrong_schema_file_is_named(tmp_path: Path, old: str, new: str, text: str) -> None:
    source = (ROOT / 'next_mm/captioning/schemas/person.yaml').read_text(encoding='utf-8')
    assert old in source
    (tmp_path / 'my.yaml').write_text(source.replace(old, new, 1), encoding='utf-8')
    with pytest.raises(ConfigError, match=text):
        load_schema(tmp_path / 'my.yaml')
    with pytest.raises(ConfigError, match="one of \\['person', 'vehicle'\\]"):
        load_schema('persn')


def test_the_question_asks_what_can_be_seen_and_never_for_a_plate() -> None:
    for name in ('person', 'vehicle'):
        schema = load_schema(name)
        for modality in ('rgb', 'nir', 'tir'):
            asked = attribute_instruction(schema, modality)
            assert ('color"' in asked) == (
                modality == 'rgb'
            ) and 'Never write down the characters on a licence plate' in asked
            layout = schema.answer_format(modality)
            assert layout['required'] == list(schema.observable(modality)) and layout['additionalProperties'] is False
            assert 'default' not in json.dumps(layout)
    person = load_schema('person')
    versions = {attribute_version(person, m, s) for m in ('rgb', 'nir', 'tir') for s in (768, 512)}
    assert len(versions) == 6
    assert (
        attribute_version(person.model_copy(update={'complement_below': 0.9}), 'rgb', 768) in versions
    )  # thresholds ask nothing anew
