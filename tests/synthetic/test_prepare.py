"""SyntheticData: makes what is missing, nothing twice, and never half."""

import json

import numpy as np
import open_clip
import pytest
import torch

from next_mm.datasets import RGBNT201
from next_mm.models.clip.loading import load_clip
from next_mm.registry import TASK_UTILS
from projects.synthetic import prepare
from projects.synthetic.clip_features import CLIP_CONFIG, contrastive_loss, encode_captions, encode_pictures
from projects.synthetic.clip_pairs import ClipPairs, render_pairs
from projects.synthetic.clip_training import retrieval
from projects.synthetic.dataset import read_attributes
from tests.tolerances import BLOCK, assert_equal_up_to_rounding

TINY = dict(
    train_identities=3,
    test_identities=2,
    triplets=4,
    clip_identities=6,
    clip_triplets=1,
    clip_steps=2,
    clip_batch_size=4,
    clip_grounding_steps=2,
)


def build(root, **options):
    return TASK_UTILS.build(dict(type='SyntheticData', root=str(root), **{**TINY, **options}))


@pytest.fixture(scope='module')
def synthetic_root(tmp_path_factory):
    root = tmp_path_factory.mktemp('synthetic')
    build(root)()
    return root


def times(root):
    return {
        path: path.stat().st_mtime_ns for path in sorted(root.rglob('*')) if path.is_file() and path.name != '.lock'
    }


def test_the_dataset_loads_as_rgbnt201(synthetic_root):
    root = synthetic_root / 'RGBNT201'
    train, test = (RGBNT201(data_root=str(root), split=split, captions_required=True) for split in ('train', 'test'))
    assert (len(train), len(test)) == (12, 8) and train.metainfo['num_identities'] == 3
    identities = [
        {dataset.get_data_info(index)['identity'] for index in range(len(dataset))} for dataset in (train, test)
    ]
    assert not identities[0] & identities[1]
    assert sorted({train.get_data_info(index)['camera'] for index in range(12)}) == [1, 2, 3, 4]
    truth = read_attributes(root, 'train')
    assert sorted(truth) == sorted(train.get_data_info(index)['name'] for index in range(12))
    assert all('upper_color' in values['rgb'] and 'upper_color' not in values['nir'] for values in truth.values())


def test_the_clip_loads_strictly(synthetic_root):
    clip = load_clip(str(CLIP_CONFIG), str(synthetic_root / 'clip.pt'), image_size=(64, 32))
    assert clip.visual.positional_embedding.shape == (33, 128)


def test_a_second_call_makes_nothing_and_other_options_make_all_anew(synthetic_root, tmp_path):
    before = times(synthetic_root)
    build(synthetic_root)()
    assert times(synthetic_root) == before
    build(tmp_path, train_identities=2)()
    build(tmp_path)()
    assert {path.relative_to(tmp_path) for path in times(tmp_path)} == {
        path.relative_to(synthetic_root) for path in before
    }
    one, other = (sorted((root / 'RGBNT201').rglob('*.jpg')) for root in (synthetic_root, tmp_path))
    assert all(first.read_bytes() == second.read_bytes() for first, second in zip(one, other))


def test_a_run_stopped_in_the_middle_leaves_the_old_data_and_the_next_one_finishes(tmp_path, monkeypatch):
    build(tmp_path)()
    before = times(tmp_path)

    def stop(root, **options):
        root.mkdir()
        (root / 'half.jpg').write_bytes(b'half')
        raise KeyboardInterrupt

    stopped = build(tmp_path, seed=1)
    with monkeypatch.context() as patch:
        patch.setattr(prepare, 'write_dataset', stop)
        with pytest.raises(KeyboardInterrupt):
            stopped()
    assert {path: time for path, time in times(tmp_path).items() if path.name != 'half.jpg'} == before
    build(tmp_path, seed=1)()
    assert json.loads((tmp_path / 'RGBNT201' / 'synthetic.json').read_text())['seed'] == 1
    assert not list(tmp_path.rglob('half.jpg'))


def test_a_run_stopped_between_weights_and_stamp_trains_the_clip_again(tmp_path, monkeypatch):
    build(tmp_path)()
    (tmp_path / 'clip.json').unlink()
    build(tmp_path)()
    stamp = json.loads((tmp_path / 'clip.json').read_text())
    assert stamp['steps'] == stamp['grounding_steps'] == 2 and 'tir person against bystander, AUC' in stamp['retrieval']


def test_it_says_synthetic(tmp_path, synthetic_root, capsys):
    build(synthetic_root)()
    assert 'synthetic' in capsys.readouterr().out


def test_bad_options_are_named():
    with pytest.raises(ValueError, match='triplets=0, expected a positive number'):
        build('unused', triplets=0)
    with pytest.raises(TypeError, match='tripletts'):
        build('unused', tripletts=1)


def test_captions_are_encoded_as_open_clip_does():
    clip = load_clip(str(CLIP_CONFIG), None).eval()
    captions = ['A person.', 'An adult male seen from the back. He has a cap.']
    expected = clip.encode_text(open_clip.tokenize(captions))
    assert_equal_up_to_rounding(encode_captions(clip, captions), expected, kernels=2 * BLOCK + 3, terms=4 * 64)
    picture = torch.randint(0, 256, (2, 64, 32, 3), dtype=torch.uint8)
    classes, patches = encode_pictures(clip, picture)
    expected = clip.encode_image((picture.permute(0, 3, 1, 2) - 127.5) / 127.5)[0]
    assert_equal_up_to_rounding(classes, expected, kernels=4 * BLOCK + 4, terms=4 * 128)
    assert patches.shape == (2, 32, 128)


def test_contrastive_loss_against_a_loop():
    one, other = torch.randn(5, 7, dtype=torch.double), torch.randn(5, 7, dtype=torch.double)
    cosine = [[float(torch.cosine_similarity(a, b, dim=0)) * 3 for b in other] for a in one]
    rows = sum(np.log(sum(np.exp(value) for value in cosine[i])) - cosine[i][i] for i in range(5)) / 5
    columns = sum(np.log(sum(np.exp(cosine[j][i]) for j in range(5))) - cosine[i][i] for i in range(5)) / 5
    assert float(contrastive_loss(one, other, torch.tensor(3.0))) == pytest.approx((rows + columns) / 2)


def test_retrieval_counts_the_own_caption(monkeypatch):
    pairs = render_pairs('clip', first=0, identities=6, triplets=1, seed=0, size=(64, 32))
    assert isinstance(pairs, ClipPairs) and pairs.pictures.shape == (6, 3, 64, 32, 3)
    eye = torch.eye(6)
    module = 'projects.synthetic.clip_training.'
    monkeypatch.setattr(module + 'encode_captions', lambda clip, captions: eye)
    monkeypatch.setattr(module + 'encode_pictures', lambda clip, pictures: (eye, eye.roll(1, 0)[:, None]))
    figures = retrieval(None, pairs)
    assert figures['rgb class R-1'] == 100 and figures['tir patch R-1'] == 0
