"""Sentences, captions within a budget, the reader of captions, and the checker."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from next_mm.captioning import Observation, Schema, check_caption, compose_caption, load_schema
from next_mm.captioning.attributes.grammar import Filling, fill, parse_template
from next_mm.captioning.attributes.mentions import read_attributes
from next_mm.captioning.attributes.template import compose_sentences, count_tokens, fit_budget
from tests.captioning.conftest import ROOT

PERSON, VEHICLE = load_schema('person'), load_schema('vehicle')


def known(**values: str) -> dict[str, Observation]:
    return {name: Observation(value, 0.9) for name, value in values.items()}


WOMAN = known(
    age='adult',
    gender='female',
    upper_type='jacket',
    upper_color='orange',
    upper_pattern='striped',
    lower_type='jeans',
    lower_color='blue',
    footwear='leather shoes',
    backpack='yes',
    handbag='no',
    suitcase='no',
    held_object='umbrella',
    hairstyle='long hair',
    glasses='no',
    view='side',
    capture_time='nighttime',
    illumination='dim',
    clarity='blurry',
)
CAR = known(
    make='Volkswagen',
    body_type='sedan',
    color='white',
    roof='sloped',
    windows='tinted',
    headlights='angular',
    taillights='rectangular',
    grille='horizontal',
    spoiler='no',
    roof_rack='yes',
    exhaust='hidden',
    tires='regular',
    licence_plate='yes',
    wear='used',
    bumpers='damaged',
    mirrors='intact',
    view='diagonal',
    capture_time='nighttime',
    illumination='dim',
    clarity='clear',
)


@pytest.mark.parametrize(
    ('template', 'values', 'expected'),
    [
        ('{a} [{x} ]hat.', {'x': 'old'}, 'An old hat.'),
        ('{a} [{x} ]hat.', {}, 'A hat.'),
        ('is {x}', {}, None),
        ('is (red {x}|{y})', {'y': 'b'}, 'Is b'),
        ('is (red {x}|{y})', {}, None),
        ('is[ red {x}| {y}].', {}, 'Is.'),
        ('<{x};{y};{z}>', {'x': '1', 'y': '2', 'z': '3'}, '1, 2 and 3'),
        ('<{x};{y};{z}>', {'x': '1', 'z': '3'}, '1 and 3'),
        ('<{x};{y}>', {}, None),
        ('({x=yes}has it|{x=no}has none)', {'x': 'no'}, 'Has none'),
        ('({x=yes}has it|{x=no}has none)', {'x': 'maybe'}, None),
        ('{a:x} {x}', {'x': 'jeans'}, 'Jeans'),
        ('{He} and {he}', {}, 'She and she'),
    ],
)
def test_the_language_of_sentences(template: str, values: dict[str, str], expected: object) -> None:
    filling = Filling(values.get, lambda name: values[name], lambda name: values.get(name) == 'jeans', 'she')
    assert fill(parse_template(template), filling) == expected


@pytest.mark.parametrize('template', ['[a', 'a]', '<a)', '{x', 'x}', '{x y}', '(a|b', '{}'])
def test_a_broken_template_is_an_error_that_quotes_it(template: str) -> None:
    with pytest.raises(ValueError, match='sentence'):
        parse_template(template)


def test_captions_are_whole_and_pass_the_checker() -> None:
    text = compose_caption(WOMAN, PERSON)
    assert text == (
        'An adult female wearing an orange striped jacket, blue jeans and leather shoes. She is carrying a backpack. '
        'She has long hair and no glasses. She is holding an umbrella. '
        'Seen from the side during nighttime in dim lighting. The image appears blurry.'
    )
    assert not check_caption(text, WOMAN, PERSON)
    assert not check_caption(compose_caption(CAR, VEHICLE), CAR, VEHICLE)


def test_nothing_known_and_little_known() -> None:
    assert compose_caption({}, PERSON) == 'A person.' and compose_caption({}, VEHICLE) == 'A vehicle.'
    assert (
        compose_caption({'gender': Observation('male', 0.1), 'view': Observation(None, 1.0)}, PERSON) == 'A person.'
    )  # hardly sure: not mentioned
    assert compose_caption(known(upper_color='red', backpack='no'), PERSON) == 'A person wearing red upper clothing.'


def test_vehicle_captions_fit_the_context_and_drop_from_the_end() -> None:
    every = compose_sentences(CAR, VEHICLE)
    assert 2 + sum(map(count_tokens, every)) > 77
    for budget in (77, 40, 20):
        text = compose_caption(CAR, VEHICLE, budget)
        assert count_tokens(text) + 2 <= budget and text.startswith(every[0])
    assert sum(map(count_tokens, every)) == count_tokens(' '.join(every))  # sentences can be counted one by one


def test_budget_keeps_the_first_and_skips_what_does_not_fit() -> None:
    assert fit_budget(['a b c', 'd e f g', 'h'], 6, lambda s: len(s.split())) == ['a b c', 'h']
    assert fit_budget(['a b c d'], 3, lambda s: len(s.split())) == ['a b c d']


@pytest.mark.parametrize(('attributes', 'schema'), [(WOMAN, PERSON), (CAR, VEHICLE)])
def test_the_reader_reads_what_the_template_wrote(attributes: dict[str, Observation], schema: Schema) -> None:
    told = read_attributes(' '.join(compose_sentences(attributes, schema)), schema)
    said_together = {'handbag', 'suitcase'}  # "carrying a backpack" does not say that there is no handbag
    assert told == {n: {o.value} for n, o in attributes.items() if n not in said_together}


def test_the_reader_on_released_wording() -> None:
    text = (
        'An adult male seen from the back during nighttime in dim lighting. '
        'He is wearing a t-shirt with black trousers, paired with casual sneakers. '
        'Short straight hair and he is not wearing glasses. He is not carrying a handbag, backpack, or suitcase.'
    )
    assert read_attributes(text, PERSON) == {
        'age': {'adult'},
        'gender': {'male'},
        'view': {'back'},
        'capture_time': {'nighttime'},
        'illumination': {'dim'},
        'upper_type': {'t-shirt'},
        'lower_type': {'trousers'},
        'lower_color': {'black'},
        'footwear': {'sneakers'},
        'hairstyle': {'short hair'},
        'glasses': {'no'},
        'backpack': {'no'},
        'handbag': {'no'},
        'suitcase': {'no'},
    }


@pytest.mark.parametrize(
    ('text', 'problem'),
    [
        ('A woman in a blue jacket.', 'upper_color is blue'),  # a colour of another garment
        ('A woman in an orange jacket and orange jeans.', 'lower_color is orange'),  # swapped
        ('A man in an orange jacket.', 'gender is male'),
        ('An adult female carrying a handbag.', 'handbag is yes'),
        ('An adult female with a scarf.', "adds 'scarf'"),
        ('An adult female with crimson details.', "adds 'crimson'"),
        ('An adult female with two dogs.', "adds 'dogs'"),
        ('An adult female in boots.', 'footwear is boots'),
        ('An adult female of unknown hair.', "says 'unknown'"),
        ('An adult female beside AB12 CDE.', 'licence plate'),
        ('An adult female 女.', 'Latin'),
        ('', 'empty'),
        ('She has long hair. ' * 20, 'CLIP tokens'),
    ],
)
def test_the_checker_rejects(text: str, problem: str) -> None:
    assert any(problem in line for line in check_caption(text, WOMAN, PERSON)), check_caption(text, WOMAN, PERSON)


@pytest.mark.parametrize(
    'text',
    [
        'A lady in an orange striped jacket and blue denim, with a backpack and no glasses.',
        'Adult woman, long hair, holding an umbrella, seen from the side at night.',
        'The woman is wearing leather shoes and is not carrying a handbag.',
    ],
)
def test_the_checker_accepts_other_words_for_the_same(text: str) -> None:
    assert not check_caption(text, WOMAN, PERSON)


def test_the_attribute_that_the_documentation_adds(tmp_path: Path) -> None:
    section = (
        (ROOT / 'docs/captions.md')
        .read_text(encoding='utf-8')
        .partition('## The schema')[2]
        .partition('## The report')[0]
    )
    attribute, sentence = re.findall(r'```yaml\n(.*?)```', section, re.DOTALL)
    text = (ROOT / 'next_mm/captioning/schemas/person.yaml').read_text(encoding='utf-8')
    text = text.replace('attributes:\n', f'attributes:\n{attribute}').replace('sentences:\n', f'sentences:\n{sentence}')
    (tmp_path / 'my_person.yaml').write_text(text, encoding='utf-8')
    schema = load_schema(tmp_path / 'my_person.yaml')
    for value, told in (('yes', 'The person wears a scarf.'), ('no', 'The person wears no scarf.')):
        caption = compose_caption(known(scarf=value), schema, 77)
        assert told in caption and not check_caption(caption, known(scarf=value), schema, 77)
        assert read_attributes(caption, schema)['scarf'] == {value}
    assert check_caption('The person wears a scarf.', known(scarf='no'), schema, 77)
    assert check_caption('The person wears a scarf.', known(gender='male'), schema, 77)
