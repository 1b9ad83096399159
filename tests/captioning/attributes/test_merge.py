"""Merge and complement: worked examples and properties."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from next_mm.captioning import Observation, complement_modalities, load_schema, merge_models
from next_mm.triplet import MODALITIES

SCHEMA = load_schema('person')
NAMES = ('gender', 'backpack', 'upper_color', 'illumination', 'view', 'capture_time', 'glasses')
CONFIDENCES = st.one_of(st.sampled_from([0.0, 0.3, 0.6, 0.7, 1.0]), st.floats(0, 1))


def observations(name: str, modality: str = '', model: str = ''):
    values = st.sampled_from([None, *SCHEMA.attributes[name].values])
    return st.builds(Observation, values, CONFIDENCES, st.just(model), st.just(modality))


def answer(model: str, modality: str = 'rgb'):
    return st.fixed_dictionaries({}, optional={name: observations(name, modality, model) for name in NAMES})


def merged_sets():
    return st.fixed_dictionaries({}, optional={m: answer('m', m) for m in MODALITIES})


def test_surest_known_value_wins_and_keeps_where_it_came_from() -> None:
    first = {'gender': Observation('male', 0.7, 'a', 'rgb'), 'glasses': Observation(None, 0.99, 'a', 'rgb')}
    second = {'gender': Observation('female', 0.8, 'b', 'rgb'), 'glasses': Observation('no', 0.2, 'b', 'rgb')}
    assert merge_models([first, second]) == {
        'gender': Observation('female', 0.8, 'b', 'rgb'),
        'glasses': Observation('no', 0.2, 'b', 'rgb'),
    }


def test_ties_go_to_the_model_configured_first() -> None:
    assert (
        merge_models([{'view': Observation('front', 0.5, 'a')}, {'view': Observation('back', 0.5, 'b')}])['view'].model
        == 'a'
    )


@settings(max_examples=60, deadline=None)
@given(st.lists(answer('x'), min_size=1, max_size=4), st.randoms())
def test_merge_does_not_depend_on_the_order_but_for_ties(answers: list, random: object) -> None:
    shuffled = list(answers)
    random.shuffle(shuffled)
    one, other = merge_models(answers), merge_models(shuffled)
    assert one.keys() == other.keys() == set().union(*answers)
    for name in one:
        assert (one[name].value is None, one[name].confidence) == (other[name].value is None, other[name].confidence)
        told = [a[name] for a in answers if name in a and a[name].value is not None]
        best = [o for o in told if o.strength == max(x.strength for x in told)]
        if len(best) == 1:
            assert one[name] == other[name] == best[0]  # no tie: the very same value
        assert (one[name].value is None) == (not told)  # a known value is never replaced by an unknown
    assert merge_models([one, one]) == one


@settings(max_examples=80, deadline=None)
@given(merged_sets())
def test_complement_properties(sets: dict) -> None:
    complete = complement_modalities(sets, SCHEMA)
    assert complete.keys() == sets.keys()
    for modality, attributes in complete.items():
        assert list(attributes) == list(SCHEMA.observable(modality))
        for name, observation in attributes.items():
            own = sets[modality].get(name, Observation(None, 0.0, modality=modality))
            assert observation.strength >= own.strength  # confidence never falls
            assert observation.value is not None or own.value is None  # a known value is never replaced by an unknown
            if observation != own:
                assert observation.complemented and observation.modality != modality
                assert SCHEMA.attributes[name].complement and (
                    own.value is None or own.confidence < SCHEMA.threshold(name)
                )
                assert sets[observation.modality][name].value == observation.value
    assert complement_modalities(complete, SCHEMA) == complete  # idempotent


@pytest.mark.parametrize(
    ('name', 'own', 'other', 'expected'),
    [
        ('backpack', Observation(None, 0.9, 'a', 'rgb'), Observation('yes', 0.4, 'a', 'tir'), 'yes'),  # unknown: filled
        (
            'backpack',
            Observation('no', 0.5, 'a', 'rgb'),
            Observation('yes', 0.9, 'a', 'tir'),
            'yes',
        ),  # unsure: replaced
        (
            'backpack',
            Observation('no', 0.7, 'a', 'rgb'),
            Observation('yes', 0.9, 'a', 'tir'),
            'no',
        ),  # a confident "no" is a value
        (
            'backpack',
            Observation('no', 0.5, 'a', 'rgb'),
            Observation('yes', 0.5, 'a', 'tir'),
            'no',
        ),  # only by a surer one
        (
            'illumination',
            Observation(None, 0, 'a', 'rgb'),
            Observation('dim', 0.9, 'a', 'nir'),
            None,
        ),  # stays with its modality
        (
            'upper_color',
            Observation(None, 0, 'a', 'rgb'),
            Observation('red', 0.9, 'a', 'tir'),
            None,
        ),  # cannot be seen there
    ],
)
def test_what_is_complemented(name: str, own: Observation, other: Observation, expected: object) -> None:
    complete = complement_modalities({'rgb': {name: own}, other.modality: {name: other}}, SCHEMA)
    assert complete['rgb'][name].value == expected
    if name == 'backpack' and expected == 'yes':
        assert complete['rgb'][name] == Observation('yes', other.confidence, 'a', 'tir', True)


def test_colour_is_not_brought_to_where_it_cannot_be_seen() -> None:
    complete = complement_modalities({'rgb': {'upper_color': Observation('red', 0.9)}, 'tir': {}}, SCHEMA)
    assert 'upper_color' not in complete['tir'] and complete['rgb']['upper_color'].value == 'red'
