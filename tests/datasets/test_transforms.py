import io

import cv2
import numpy as np
import pytest
import torch
from PIL import Image

from next_mm.datasets import (
    DropModalities,
    EraseTriplet,
    FlagFlare,
    FlipTriplet,
    LoadTriplet,
    PackTriplet,
    PadCropTriplet,
    PictureError,
    ResizeTriplet,
    SampleSentences,
    collate_triplets,
    read_picture,
)
from next_mm.datasets.seeding import SeededIndex, seeded
from next_mm.datasets.transforms.flare import has_flare
from next_mm.datasets.transforms.load import resize
from tests.datasets.trees import write_picture


def picture(seed=0, size=(24, 12)):
    return np.random.default_rng(seed).integers(0, 256, (*size, 3), dtype=np.uint8)


def triplet(*seeds):
    return dict(
        name='a.jpg',
        img_paths=('a', 'b', 'c'),
        label=3,
        identity=30,
        camera=1,
        scene=-1,
        is_query=True,
        is_gallery=False,
        captions=None,
        side_by_side=False,
        sample_idx=0,
        imgs=[None if seed is None else picture(seed) for seed in seeds],
    )


# reading
@pytest.mark.parametrize('suffix', ['.jpg', '.png', '.bmp'])
def test_read_picture_equals_pillow(tmp_path, suffix):
    path = write_picture(tmp_path / f'x{suffix}')
    np.testing.assert_array_equal(read_picture(path), np.array(Image.open(path).convert('RGB')))


def test_grey_picture_and_jpeg_with_a_tail(tmp_path):
    path = write_picture(tmp_path / 'x.jpg')
    expected = read_picture(path)
    path.write_bytes(path.read_bytes() + b'camera data')
    np.testing.assert_array_equal(read_picture(path), expected)
    cv2.imwrite(str(tmp_path / 'grey.png'), expected[..., 0])
    np.testing.assert_array_equal(read_picture(tmp_path / 'grey.png'), np.repeat(expected[..., :1], 3, axis=2))


@pytest.mark.parametrize('suffix', ['.jpg', '.png', '.bmp'])
@pytest.mark.parametrize('share', [0.3, 0.9, 0.99])
def test_truncated_picture_is_an_error(tmp_path, suffix, share):
    path = write_picture(tmp_path / f'x{suffix}', size=(64, 64))
    data = path.read_bytes()
    path.write_bytes(data[: int(len(data) * share)])
    with pytest.raises(
        PictureError, match=rf'x{suffix}: the picture is truncated or damaged \(.*; {int(len(data) * share)} bytes\)'
    ):
        read_picture(path)


def test_truncated_jpeg_that_ends_like_a_whole_one(tmp_path):
    path = write_picture(tmp_path / 'x.jpg', size=(64, 64))
    path.write_bytes(path.read_bytes()[:60] + b'\xff\xd9')
    with pytest.raises(PictureError, match='x.jpg: the picture is truncated or damaged'):
        read_picture(path)


def test_other_bad_files(tmp_path):
    for name, content in (('zero.jpg', b''), ('text.jpg', b'not a picture')):
        (tmp_path / name).write_bytes(content)
    cv2.imwrite(str(tmp_path / 'deep.png'), np.full((8, 8), 3000, np.uint16))
    cv2.imwrite(str(tmp_path / 'deep.tiff'), np.full((8, 8), 3000, np.uint16))
    for name, message in (
        ('zero.jpg', r'zero.jpg: the picture file is empty \(zero bytes\)'),
        ('text.jpg', 'text.jpg: not a picture'),
        ('none.jpg', 'none.jpg: No such file'),
        ('deep.png', 'deep.png: more than 8 bits'),
        ('deep.tiff', 'deep.tiff: more than 8 bits'),
    ):
        with pytest.raises(PictureError, match=message):
            read_picture(tmp_path / name)


def test_side_by_side(tmp_path):
    path = str(write_picture(tmp_path / 'x.png', size=(16, 96)))
    whole = read_picture(path)
    results = LoadTriplet()(dict(img_paths=(path, None, path), side_by_side=True))
    np.testing.assert_array_equal(results['imgs'][0], whole[:, :32])
    assert results['imgs'][1] is None
    np.testing.assert_array_equal(results['imgs'][2], whole[:, 64:])
    wide = str(write_picture(tmp_path / 'two.png', size=(128, 512)))
    with pytest.raises(PictureError, match=r'two.png: 512 x 128 \(w x h\) does not hold three pictures side by side'):
        LoadTriplet()(dict(img_paths=(wide,) * 3, side_by_side=True))


# geometry
@pytest.mark.parametrize('interpolation, pillows', [('bicubic', Image.BICUBIC), ('bilinear', Image.BILINEAR)])
@pytest.mark.parametrize('size, apart', [((48, 40), 1), ((12, 6), 1), ((24, 12), 0), ((31, 7), 1)])
def test_resize_is_pillows(size, apart, interpolation, pillows):
    results = ResizeTriplet(size=size, interpolation=interpolation)(triplet(0, None, 1))
    for image, seed in ((results['imgs'][0], 0), (results['imgs'][2], 1)):
        expected = np.array(Image.fromarray(picture(seed)).resize(size[::-1], pillows))
        assert image.shape == expected.shape and image.flags['C_CONTIGUOUS']
        assert np.abs(image.astype(int) - expected).max() <= apart


def test_resize_of_a_smooth_picture_whose_sides_shrink_and_grow():
    image = cv2.GaussianBlur(picture(0, (300, 100)), (0, 0), 2)
    expected = np.array(Image.fromarray(image).resize((128, 256), Image.BICUBIC))
    assert np.abs(resize(image, (256, 128)).astype(int) - expected).max() <= 2
    assert np.abs(resize(image, (256, 128), 'bilinear').astype(int) - expected).max() > 2


def test_flip():
    results = FlipTriplet(prob=1.0)(triplet(0, None, 2))
    np.testing.assert_array_equal(results['imgs'][0], picture(0)[:, ::-1])
    np.testing.assert_array_equal(results['imgs'][2], picture(2)[:, ::-1])
    assert results['imgs'][1] is None


def test_flip_mirrors_the_words_of_the_caption_but_not_those_of_the_record():
    told = ('The man on the left, upright.', None, 'Left of the RIGHT-hand door is the right one.')
    results = FlipTriplet(prob=1.0)({**triplet(0, None, 2), 'captions': told})
    assert results['captions'] == [
        'The man on the right, upright.',
        None,
        'Right of the RIGHT-hand door is the left one.',
    ]
    assert told[0].endswith('left, upright.')
    again = FlipTriplet(prob=0.0)({**triplet(0, None, 2), 'captions': told})
    assert (
        tuple(again['captions']) == told
        and FlipTriplet(prob=1.0)({**triplet(0, 1, 2), 'captions': None})['captions'] is None
    )


def test_flipped_by_itself_a_picture_changes_its_own_caption():
    flip = FlipTriplet(per_modality=True)
    for _ in range(30):
        results = flip({**triplet(4, 4, 4), 'captions': ['on the left'] * 3})
        for image, caption in zip(results['imgs'], results['captions']):
            assert (caption == 'on the left') == np.array_equal(image, picture(4))


def test_pad_crop_is_padding_and_cropping():
    transform = PadCropTriplet(padding=5)
    padded = np.pad(picture(0), ((5, 5), (5, 5), (0, 0)))
    for down in range(-5, 6):
        for right in range(-5, 6):
            expected = padded[5 - down : 29 - down, 5 - right : 17 - right]
            np.testing.assert_array_equal(transform.apply(picture(0), (down, right)), expected)
    drawn = {transform.draw(24, 12) for _ in range(3000)}
    assert len(drawn) == 121
    assert not transform.apply(picture(0, (4, 4)), (5, 0)).any()  # a picture smaller than the border
    assert not transform.apply(picture(0, (4, 4)), (0, -5)).any()


@pytest.mark.parametrize('transform', [FlipTriplet(), PadCropTriplet(padding=5)])
def test_geometry_is_shared_unless_asked(transform):
    own = type(transform)(per_modality=True, **({'padding': 5} if isinstance(transform, PadCropTriplet) else {}))
    aligned = [[image.tobytes() for image in transform(triplet(4, 4, 4))['imgs']] for _ in range(30)]
    assert all(len(set(images)) == 1 for images in aligned) and len({images[0] for images in aligned}) > 1
    apart = [[image.tobytes() for image in own(triplet(4, 4, 4))['imgs']] for _ in range(30)]
    assert any(len(set(images)) > 1 for images in apart)


def test_erasing_shares_the_box_but_not_the_noise():
    grey = [np.full((64, 32, 3), 77, np.uint8) for _ in range(3)]
    results = EraseTriplet(prob=1.0)(dict(imgs=[image.copy() for image in grey]))
    boxes = [np.argwhere((image != 77).all(axis=2)) for image in results['imgs']]
    rows, columns = boxes[0].min(axis=0), boxes[0].max(axis=0)
    assert all(
        np.abs(box.min(axis=0) - rows).max() <= 1 and np.abs(box.max(axis=0) - columns).max() <= 1 for box in boxes
    )
    assert not np.array_equal(results['imgs'][0], results['imgs'][1])
    assert EraseTriplet(prob=0.0)(dict(imgs=[grey[0].copy()]))['imgs'][0].tobytes() == grey[0].tobytes()


def test_erasing_draws_the_stated_noise_and_area():
    transform = EraseTriplet(prob=0.5)
    boxes = [transform.draw(256, 128) for _ in range(2000)]
    there = [box for box in boxes if box is not None]
    assert 0.45 < len(there) / 2000 < 0.55
    areas = [(rows.stop - rows.start) * (columns.stop - columns.start) / (256 * 128) for rows, columns in there]
    assert min(areas) > 0.019 and max(areas) < 0.34 and 0.14 < np.mean(areas) < 0.19
    noise = transform.apply(np.zeros((400, 400, 3), np.uint8), (slice(0, 400), slice(0, 400)))
    normal = np.clip(np.random.default_rng(0).normal(127.5, 127.5, noise.shape), 0, 255)
    for share in (0.2, 0.4, 0.5, 0.6, 0.8):
        assert abs(np.quantile(noise, share) - np.quantile(normal, share)) < 2


def test_erasing_with_one_colour_and_in_given_ranges():
    transform = EraseTriplet(prob=1.0, area=(0.1, 0.1), aspect=(2, 2), fill=(152.0, 143.4, 130))
    image = transform(dict(imgs=[np.zeros((64, 64, 3), np.uint8)]))['imgs'][0]
    erased = np.argwhere(image.any(axis=2))
    assert (np.ptp(erased, axis=0) + 1).tolist() == [29, 14]  # 410 pixels, twice as high as wide
    assert {tuple(pixel) for pixel in image[tuple(erased.T)].tolist()} == {(152, 143, 130)}


def test_recipes_may_erase_each_modality_by_itself():
    results = EraseTriplet(prob=1.0, fill=(9, 9, 9), per_modality=True)(
        dict(imgs=[np.zeros((64, 32, 3), np.uint8) for _ in range(3)])
    )
    assert len({image.tobytes() for image in results['imgs']}) == 3


def by_histogram(image):
    """The rule on values in [0, 1], with NumPy's histogram."""
    values = image.astype(np.float64) / 255
    counts, _ = np.histogram(values, bins=100, range=(values.min(), values.max()))
    return counts[-2:].sum() >= 0.095 * values.size


@pytest.mark.parametrize('low, high', [(0, 255), (10, 61), (3, 4), (0, 50)])
def test_flare_is_that_of_a_histogram(low, high):
    generator = np.random.default_rng(low)
    told = set()
    for share in (0.0, 0.05, 0.09, 0.1, 0.2, 0.9):
        image = generator.integers(low, high + 1, (40, 30, 3))
        image[: int(40 * share)] = high
        told.add(flare := has_flare(image.astype(np.uint8)))
        assert flare == by_histogram(image)
    assert (False in told or high - low == 1) and True in told
    assert not has_flare(np.full((4, 4, 3), 200, np.uint8))


def test_flare_needs_both_rgb_and_nir():
    flaring, plain = (np.tile(np.arange(200, dtype=np.uint8)[:, None, None], (1, 20, 3)) for _ in range(2))
    flaring[:60] = 255
    for images, expected in (
        ([flaring, flaring, plain], 1.0),
        ([flaring, plain, flaring], 0.0),
        ([plain, flaring, flaring], 0.0),
        ([flaring, None, flaring], 0.0),
    ):
        assert FlagFlare()(dict(imgs=images))['extras'] == {'flare': expected}


def test_dropping_modalities_keeps_one():
    seen = set()
    for _ in range(300):
        imgs = DropModalities(prob=0.7)(triplet(0, None, 2))['imgs']
        assert imgs[1] is None
        seen.add((imgs[0] is None, imgs[2] is None))
    assert seen == {(False, False), (True, False), (False, True)}
    with pytest.raises(ValueError, match='DropModalities.prob=1: expected a number from 0 to below 1'):
        DropModalities(prob=1)


# text
CAPTIONS = ('A one. B two. C three. D four.', None, 'E five.')


def texts(results):
    return [[' '.join(sentences) for sentences in subset] for subset in results['sentences']]


def test_whole_captions_in_testing_with_a_stand_in():
    results = SampleSentences(num_subsets=1, keep_prob=1.0)(triplet(0, 1, 2) | dict(captions=CAPTIONS))
    assert texts(results) == [[CAPTIONS[0], CAPTIONS[0], CAPTIONS[2]]]
    assert results['has_text'].tolist() == [True, True, True]


def test_absent_modalities_neither_give_nor_take_captions():
    results = SampleSentences(num_subsets=1, keep_prob=1.0)(triplet(None, None, 2) | dict(captions=CAPTIONS))
    assert texts(results) == [['', '', 'E five.']] and results['has_text'].tolist() == [False, False, True]
    results = SampleSentences(num_subsets=1, keep_prob=1.0)(triplet(0, 1, 2) | dict(captions=(None, None, None)))
    assert texts(results) == [['', '', '']] and not results['has_text'].any()
    assert 'sentences' not in SampleSentences()(triplet(0, 1, 2))


def test_sentences_are_sampled_one_by_one_in_their_order():
    sentences = CAPTIONS[0].split('. ')
    counts, draws = np.zeros(4), 3000
    for _ in range(draws):
        results = SampleSentences(num_subsets=3, keep_prob=0.75)(triplet(0, 1, 2) | dict(captions=CAPTIONS))
        for subset in texts(results):
            assert subset[2] == 'E five.' and subset[0]
        kept = texts(results)[0][0]
        places = [kept.find(sentence.rstrip('.')) for sentence in sentences]
        assert [place for place in places if place >= 0] == sorted(place for place in places if place >= 0)
        counts += np.array(places) >= 0
    assert np.abs(counts / draws - 0.75).max() < 0.03
    with pytest.raises(ValueError, match='SampleSentences.keep_prob=0.0: expected a number above 0 to 1'):
        SampleSentences(keep_prob=0.0)


# packing
def test_pack_and_collate():
    results = triplet(0, None, 2) | dict(
        tokens=np.ones((1, 3, 77), np.int32),
        lengths=np.full((1, 3), 77),
        has_text=np.array([True, True, True]),
        extras={'flare': 1.0},
    )
    packed = PackTriplet()(results)
    inputs, sample = packed['inputs'], packed['data_samples']
    assert inputs.dtype == torch.uint8 and inputs.shape == (3, 3, 24, 12)
    np.testing.assert_array_equal(inputs[2].numpy(), picture(2).transpose(2, 0, 1))
    assert not inputs[1].any()
    assert sample.present.tolist() == [True, False, True] == sample.has_text.tolist()
    assert (sample.label, sample.identity, sample.camera, sample.is_query) == (3, 30, 1, True)
    assert sample.lengths.tolist() == [[77] * 3] and sample.extras == {'flare': 1.0}
    batch = collate_triplets([packed, packed])
    assert batch['inputs'].shape == (2, 3, 3, 24, 12) and batch['data_samples'] == [sample, sample]


def test_pack_refuses_what_does_not_fit():
    uneven = triplet(0, 1, 2)
    uneven['imgs'][1] = picture(1, (8, 8))
    with pytest.raises(ValueError, match=r'a.jpg: the pictures of the triplet differ in size .*\(8, 8\), \(24, 12\)'):
        PackTriplet()(uneven)
    with pytest.raises(ValueError, match='a.jpg: the pictures of the triplet are all absent'):
        PackTriplet()(triplet(None, None, None))
    small, large = (dict(inputs=torch.zeros(3, 3, size, size), data_samples=None) for size in (4, 8))
    with pytest.raises(ValueError, match=r'of a batch differ in size .*add ResizeTriplet'):
        collate_triplets([small, large])


# randomness
def test_seeded_block_is_reproducible_and_leaves_the_global_state():
    import random

    def draw():
        return np.random.rand(), random.random(), float(torch.rand(()))

    np.random.seed(5)
    random.seed(5)
    torch.manual_seed(5)
    expected = [draw(), draw()]
    np.random.seed(5)
    random.seed(5)
    torch.manual_seed(5)
    before = draw()
    with seeded(2**62 + 1):
        first = draw()
    with pytest.raises(KeyError), seeded(9):
        raise KeyError
    assert [before, draw()] == expected
    with seeded(2**62 + 1):
        assert draw() == first
    with seeded(2**62 + 2):
        assert draw() != first


def test_seeded_index_travels():
    import pickle

    index = pickle.loads(pickle.dumps(SeededIndex(4, 17)))
    assert index == 4 and index.seed == 17 and io.BytesIO(b'abcdef').getvalue()[index] == ord('e')
