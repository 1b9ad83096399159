"""Names of pictures: which belong together, which lead out of a folder."""

import unicodedata

import pytest

from next_mm.utils.names import is_plain_name, modalities_in, name_key


@pytest.mark.parametrize(
    'one, two',
    [
        ('a.jpg', 'a.png'),
        ('IMG_1.JPG', 'img_1.jpeg'),
        ('anna/0_rgb.jpg', 'anna/0_tir.png'),
        ('0865_0865_vis_000.jpg', '0865_0865_th_000.jpg'),
        ('anna\\0.jpg', 'anna/0.jpg'),
        (unicodedata.normalize('NFC', 'é.jpg'), unicodedata.normalize('NFD', 'é.jpg')),
    ],
)
def test_one_key(one: str, two: str) -> None:
    assert name_key(one) == name_key(two)


@pytest.mark.parametrize(
    'one, two',
    [
        ('a.jpg', 'b.jpg'),
        ('anna/0.jpg', 'ben/0.jpg'),
        ('-1_c1.jpg', '1_c1.jpg'),
        ('0_1.jpg', '01.jpg'),
        ('virgb_0.jpg', 'vi_0.jpg'),
    ],
)
def test_two_keys(one: str, two: str) -> None:
    assert name_key(one) != name_key(two)


def test_only_the_modality_that_is_asked_for_is_taken_out() -> None:
    assert name_key('0_rgb.jpg', ['rgb']) == '0' and name_key('0_rgb.jpg', ['nir']) == '0_rgb'
    assert modalities_in('x/0_NIR.b.jpg') == ['nir'] and modalities_in('thermal.jpg') == ['tir']
    assert modalities_in('anirb.jpg') == [] and modalities_in('rgb_th.png') == ['rgb', 'tir']


@pytest.mark.parametrize('name', ['', '.', '..', '../a.jpg', '/a.jpg', 'a/b.jpg', 'a\\b.jpg', 'a\0.jpg'])
def test_names_that_are_paths(name: str) -> None:
    assert not is_plain_name(name)
    assert is_plain_name('..a.jpg')
