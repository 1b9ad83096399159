"""Captions of the synthetic data: wording by hand, honest flaws at their rate, and the vocabulary of captioning."""

import numpy as np
import pytest

from next_mm.captioning.attributes.schema import load_schema
from projects.synthetic import attributes as vocabulary
from projects.synthetic.attributes import rng_for, sample_environment, sample_identity
from projects.synthetic.captions import blemish, captions_for, compose, true_attributes
from projects.synthetic.person import NUM_MATERIALS
from projects.synthetic.render import draw_labels


def test_compose_by_hand():
    told = dict(
        age='adult',
        gender='female',
        view='back',
        capture_time='nighttime',
        illumination='dim',
        upper_type='coat',
        upper_color='orange',
        upper_pattern='striped',
        lower_type='jeans',
        lower_color='blue',
        footwear='boots',
        hairstyle='ponytail',
        glasses='no',
        backpack='no',
        handbag='yes',
        suitcase='no',
        held_object='umbrella',
        clarity='clear',
    )
    assert compose(told) == (
        'An adult female seen from the back during nighttime in dim lighting. She is wearing an orange striped coat, '
        'blue jeans and boots. '
        'She has a ponytail and no glasses. She is carrying a handbag. She is holding an umbrella. The image appears '
        'clear.'
    )


def test_what_is_unknown_is_left_out():
    assert compose({}) == 'A person.'
    assert compose(dict(gender='male', backpack='no')) == 'A male.'  # no word about bags: two of three are unknown
    bags = dict(backpack='no', handbag='no', suitcase='no')
    assert compose(bags) == 'A person. The person is not carrying a bag.'


def test_of_two_people_every_sentence_about_the_person_says_which_is_meant():
    told = dict(
        age='adult',
        gender='male',
        side='left',
        view='back',
        upper_type='coat',
        hairstyle='cap',
        held_object='phone',
        clarity='clear',
    )
    assert compose(told) == (
        'An adult male seen from the back on the left. The male on the left is wearing a coat. The male on the left '
        'has a cap. '
        'The male on the left is holding a phone. The image appears clear.'
    )


def test_the_side_is_where_the_person_stands():
    found = set()
    for index in range(40):
        person = sample_identity(rng_for(1, index))
        environment = sample_environment(rng_for(2, index), 1, bystanders=0.7, beside=0.7)
        captions = captions_for(person, environment, rng_for(3, index))
        sides = [side for side in ('left', 'right') if f'on the {side}' in captions['rgb']]
        if environment.bystander is None or not environment.beside:
            assert not sides
            continue
        labels, _ = draw_labels(person, environment, (128, 64))
        columns = [
            np.argwhere((labels > offset) & (labels < offset + NUM_MATERIALS))[:, 1].mean()
            for offset in (0, NUM_MATERIALS)
        ]
        assert sides == ['left' if columns[0] < columns[1] else 'right']
        assert all(f'on the {sides[0]}' in captions[modality] for modality in ('nir', 'tir'))
        assert f'on the {sides[0]}' not in captions_for(environment.bystander, environment, rng_for(3, index))['rgb']
        found.add((sides[0], environment.bystander_front))
    assert len(found) == 4


@pytest.mark.parametrize('index', range(20))
def test_only_rgb_speaks_of_colour_and_tir_not_of_light(index):
    captions = captions_for(
        sample_identity(rng_for(1, index)), sample_environment(rng_for(2, index), 1), rng_for(3, index)
    )
    for modality in ('nir', 'tir'):
        assert not set(captions[modality].replace(',', '').split()) & set(vocabulary.COLORS)
    assert 'lighting' not in captions['tir'] and 'time' not in captions['tir']


def test_flaws_come_at_their_rate():
    truth = dict(age='adult', gender='male', view='side', footwear='boots', hairstyle='cap')
    told = [blemish(truth, rng_for(5, index), unknown=0.1, wrong=0.05) for index in range(2000)]
    values = [(name, one.get(name)) for one in told for name in truth]
    assert sum(value is None for _, value in values) / len(values) == pytest.approx(0.1, abs=0.012)
    assert sum(value not in (None, truth[name]) for name, value in values) / len(values) == pytest.approx(
        0.05, abs=0.01
    )


def test_truth_speaks_the_words_of_the_person_schema():
    schema = load_schema('person')
    for index in range(60):
        truth = true_attributes(sample_identity(rng_for(1, index)), sample_environment(rng_for(2, index), 1))
        assert set(truth['rgb']) == set(schema.attributes)
        for values in truth.values():
            for name, value in values.items():
                assert value in schema.attributes[name].values, (name, value)
