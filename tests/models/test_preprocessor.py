"""The data preprocessor: stacking, normalising, cutting captions."""

import pytest
import torch

from next_mm.models import TripletPreprocessor
from tests.toys import make_samples


@pytest.fixture
def preprocessor() -> TripletPreprocessor:
    return TripletPreprocessor(mean=[10.0, 20.0, 30.0], std=[1.0, 2.0, 4.0])


def test_pictures_are_normalised_by_channel(preprocessor: TripletPreprocessor) -> None:
    data = make_samples([0, 1])
    out = preprocessor(data)
    assert out['inputs'].shape == (2, 3, 3, 32, 16) and out['inputs'].dtype == torch.float32
    for channel, (mean, std) in enumerate(zip((10.0, 20.0, 30.0), (1.0, 2.0, 4.0))):
        expected = (data['inputs'][1][2, channel].float() - mean) / std
        torch.testing.assert_close(out['inputs'][1, 2, channel], expected)


def test_batch_holds_what_the_samples_hold(preprocessor: TripletPreprocessor) -> None:
    batch = preprocessor(make_samples([3, 1, 2]))['data_samples']
    assert batch.labels.tolist() == [3, 1, 2] and batch.cameras.tolist() == [0, 1, 0]
    assert batch.present is None and batch.has_text is None  # all there: nothing to mask
    assert [sample.sample_idx for sample in batch.samples] == [0, 1, 2]


def test_captions_are_cut_to_the_longest(preprocessor: TripletPreprocessor) -> None:
    data = make_samples([0, 1])
    for sample in data['data_samples']:
        sample.tokens.zero_()
        sample.tokens[..., 0], sample.tokens[..., 1] = 49406, 49407
        sample.lengths.fill_(2)
    data['data_samples'][1].lengths[2, 1] = 6
    longest = data['data_samples'][1].tokens[2, 1]
    longest[:6] = torch.tensor([49406, 5, 0, 0, 0, 49407])  # "!" has the id of the padding and must not be cut
    batch = preprocessor(data)['data_samples']
    tokens = batch.tokens
    assert tokens.shape == (2, 3, 3, 6)
    assert batch.lengths.shape == (2, 3, 3) and batch.lengths.sum() == 2 * 17 + 6
    assert tokens[1, 2, 1].tolist() == [49406, 5, 0, 0, 0, 49407]


def test_without_text_there_are_no_tokens(preprocessor: TripletPreprocessor) -> None:
    data = make_samples([0, 1])
    for sample in data['data_samples']:
        del sample.tokens, sample.lengths, sample.has_text
    batch = preprocessor(data)['data_samples']
    assert batch.tokens is None and batch.lengths is None and batch.has_text is None


def test_extras_become_a_column_each(preprocessor: TripletPreprocessor) -> None:
    data = make_samples([0, 1, 2])
    assert preprocessor(data)['data_samples'].extras == {}
    for sample, flare in zip(data['data_samples'], (0.0, 1.0, 0.0)):
        sample.extras = {'flare': flare}
    extras = preprocessor(data)['data_samples'].extras
    assert list(extras) == ['flare'] and extras['flare'].tolist() == [0.0, 1.0, 0.0]


def test_masks_are_kept_when_something_is_missing(preprocessor: TripletPreprocessor) -> None:
    present = torch.tensor([[True, True, True], [True, False, True]])
    batch = preprocessor(make_samples([0, 1], present=present))['data_samples']
    assert torch.equal(batch.present, present)


def test_pictures_of_two_sizes_are_refused(preprocessor: TripletPreprocessor) -> None:
    data = make_samples([0, 1])
    data['inputs'][1] = data['inputs'][1][..., :8]
    with pytest.raises(ValueError, match='the triplets of a batch differ in shape'):
        preprocessor(data)


def test_stacked_pictures_are_taken_as_they_are(preprocessor: TripletPreprocessor) -> None:
    data = make_samples([0, 1])
    expected = preprocessor(data)['inputs']
    assert torch.equal(preprocessor({**data, 'inputs': torch.stack(data['inputs'])})['inputs'], expected)
