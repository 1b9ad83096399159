"""What each modality shows, and that the same numbers give the same pixels."""

from dataclasses import replace

import numpy as np
import pytest

from projects.synthetic.attributes import Damage, rng_for, sample_environment, sample_identity
from projects.synthetic.render import render_triplet
from projects.synthetic.triplets import list_triplets

CLEAN = (Damage(noise=0.0),) * 3
PERSON = replace(sample_identity(rng_for(3)), upper_color='red', upper_pattern='plain', weave='plain', backpack=False)
SCENE = replace(sample_environment(rng_for(4), 1), damage=CLEAN, bystander=None, view='front')


def changed(person=PERSON, scene=SCENE):
    """Which modalities differ from the reference triplet."""
    pairs = zip(render_triplet(PERSON, SCENE), render_triplet(person, scene))
    return [bool((one != other).any()) for one, other in pairs]


def test_pictures_are_uint8_rgb_and_repeat():
    first, again = render_triplet(PERSON, SCENE, (64, 32)), render_triplet(PERSON, SCENE, (64, 32))
    assert [picture.shape for picture in first] == [(64, 32, 3)] * 3 and {picture.dtype for picture in first} == {
        np.dtype('uint8')
    }
    assert all((one == other).all() for one, other in zip(first, again))
    for grey in first[1:]:
        assert (grey[..., 0] == grey[..., 1]).all() and (grey[..., 0] == grey[..., 2]).all()


@pytest.mark.parametrize(
    ('change', 'seen'),
    [
        (dict(upper_color='blue'), [True, False, False]),
        (dict(reflectance=tuple(1 - value for value in PERSON.reflectance)), [False, True, False]),
        (dict(heat=tuple(1.3 - value for value in PERSON.heat)), [False, False, True]),
        (dict(girth=PERSON.girth * 1.2), [True, True, True]),
    ],
)
def test_colour_is_seen_in_rgb_reflectance_in_nir_heat_in_tir(change, seen):
    assert changed(person=replace(PERSON, **change)) == seen


@pytest.mark.parametrize('modality', range(3))
def test_damage_stays_in_its_modality(modality):
    damage = list(CLEAN)
    damage[modality] = Damage(noise=0.0, exposure=0.2)
    assert changed(scene=replace(SCENE, damage=tuple(damage))) == [index == modality for index in range(3)]


def test_a_red_coat_is_red():
    rgb = render_triplet(PERSON, SCENE)[0].astype(int)
    chest = rgb[40:56, 26:38].reshape(-1, 3).mean(0)
    assert chest[0] > 2 * chest[1] and chest[0] > 2 * chest[2]


@pytest.mark.parametrize(
    ('damage', 'illumination', 'clarity'),
    [
        (Damage(), 'normal', 'clear'),
        (Damage(exposure=0.2), 'dim', 'clear'),
        (Damage(glare=(0.5, 0.5, 0.3, 1.0)), 'bright', 'clear'),
        (Damage(blur=2.0), 'normal', 'blurry'),
        (Damage(contrast=0.1), 'normal', 'blurry'),
    ],
)
def test_damage_in_words(damage, illumination, clarity):
    assert (damage.illumination, damage.clarity) == (illumination, clarity)


def test_some_modality_always_stays_usable():
    severe = 0
    for index in range(300):
        bad = [
            damage.exposure < 0.3 or damage.glare[3] > 1 or damage.contrast < 0.3 or damage.blur > 1.9
            for damage in sample_environment(rng_for(9, index), 1).damage
        ]
        severe += any(bad)
        assert sum(bad) <= 2
    assert 150 < severe < 240  # 65 % have one or two


def test_people_of_the_groups_differ_and_do_not_depend_on_how_many_are_asked_for():
    train, test, clip = (
        [*list_triplets(group, identities=30, triplets=2, seed=0)] for group in ('train', 'test', 'clip')
    )
    people = [triplet.person for triplet in train + test + clip]
    assert len(set(people)) == 90 and len({triplet.identity for triplet in train + test + clip}) == 90
    more = [*list_triplets('train', identities=40, triplets=4, seed=0)]
    assert [
        triplet for triplet in more if triplet.identity <= 30 and triplet.name.endswith(('_00.jpg', '_01.jpg'))
    ] == train
    assert [*list_triplets('train', identities=30, triplets=2, seed=1)] != train
