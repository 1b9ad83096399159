"""Inference on own pictures: the test run's features, whatever form the input has."""

from __future__ import annotations

import logging
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
import torch
from mmengine.runner import Runner

from next_mm.apis import build_model, load_config
from next_mm.apis.inference import ReIDInferencer, load_bundle, write_pack
from next_mm.engine import read_checkpoint
from next_mm.errors import CheckpointError, ConfigError, DataError
from next_mm.models.clip.loading import load_clip
from tests.messages import collect_messages

ROOT = Path(__file__).parents[3]
TOLERANCE = 2e-6  # unit features through four float32 layers, summed in another order


@pytest.fixture
def reid(run_dir: Path) -> ReIDInferencer:
    return ReIDInferencer(run_dir, batch_size=3)


def records(run_dir: Path) -> list[dict[str, Any]]:
    """The test set as dictionaries of paths and captions."""
    cfg = load_config(run_dir / 'tiny.py')
    dataset = Runner.build_dataloader(cfg.test_dataloader).dataset
    found = [dataset.get_data_info(index) for index in range(len(dataset))]
    return [
        dict(
            zip(('rgb', 'nir', 'tir'), record['img_paths']),
            **dict(zip(('caption_rgb', 'caption_nir', 'caption_tir'), record['captions'])),
            id=record['name'],
        )
        for record in found
    ]


def test_features_are_those_of_the_test_run(run_dir: Path, reid: ReIDInferencer) -> None:
    cfg = load_config(run_dir / 'tiny.py')
    model = build_model(cfg, run_dir / 'epoch_3.pth')
    with torch.no_grad():
        batches = [model.test_step(batch) for batch in Runner.build_dataloader(cfg.test_dataloader)]
    expected = torch.nn.functional.normalize(torch.stack([s.feature for batch in batches for s in batch]), dim=1)
    out = reid(records(run_dir))
    np.testing.assert_allclose(out.features, expected, atol=TOLERANCE)
    assert out.parts.all()
    assert out.has_text.all()
    assert np.abs(out.features - out.text_free).max() > 100 * TOLERANCE
    np.testing.assert_allclose(np.linalg.norm(out.features, axis=1), 1, atol=1e-6)


def test_captions_for_a_model_that_reads_none_are_spoken_of(
    run_dir: Path, reid: ReIDInferencer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reid.backend, 'reads_captions', False)
    rows = records(run_dir)[:1]
    with pytest.warns(UserWarning, match='tiny reads no captions: those given are not used'):
        reid.prepare(rows[0])


def test_batch_size_order_and_company_change_nothing(run_dir: Path, reid: ReIDInferencer) -> None:
    rows = records(run_dir)
    out = reid(rows)
    for size in (1, 2, 5):
        np.testing.assert_allclose(reid(rows, batch_size=size).features, out.features, atol=TOLERANCE)
    np.testing.assert_allclose(reid(rows[::-1]).features[::-1], out.features, atol=TOLERANCE)


def test_paths_bytes_and_arrays_are_alike(run_dir: Path, reid: ReIDInferencer) -> None:
    row = records(run_dir)[0]
    paths = [row[key] for key in ('rgb', 'nir', 'tir')]
    arrays = [cv2.imread(path) for path in paths]
    one = reid([tuple(paths)]).features
    assert (reid(tuple(Path(path).read_bytes() for path in paths)).features == one).all()
    assert (reid([tuple(array[..., ::-1] for array in arrays)]).features == one).all()
    assert (ReIDInferencer(run_dir, color='bgr')([tuple(arrays)]).features == one).all()
    side = np.concatenate(arrays, axis=1)[..., ::-1]
    assert (reid([side], layout='side_by_side').features == one).all()
    assert (reid(dict(side_by_side=side, id='x')).features == one).all()


def test_absent_sensors_and_captions_are_said(run_dir: Path, reid: ReIDInferencer) -> None:
    row = records(run_dir)[0]
    out = reid([dict(rgb=row['rgb'], caption='A coat.', id='a'), (None, row['nir'], row['tir']), row])
    assert out.parts.tolist() == [[True, False, False], [False, True, True], [True, True, True]]
    assert out.has_text.tolist() == [[True, False, False], [False] * 3, [True] * 3]
    width = reid.space.dim // 3
    assert (out.features[0, width:] == 0).all()
    np.testing.assert_allclose(out.features[1], out.text_free[1], atol=TOLERANCE)
    assert list(out.ids) == ['a', str(row['nir']), row['id']]


def test_bad_inputs_raise_or_are_listed_never_zeros(run_dir: Path, reid: ReIDInferencer, tmp_path: Path) -> None:
    row = records(run_dir)[0]
    bad = tmp_path / 'bad.jpg'
    bad.write_bytes(b'no picture')
    inputs = [
        row,
        dict(rgb=str(bad), id='bad'),
        dict(id='none'),
        dict(rbg='x'),
        (1, None, None),
        ('a',),
        dict(row, id='last'),
    ]
    with pytest.raises(DataError, match='bad.jpg'):
        reid(inputs)
    out = reid(inputs, on_error='skip')
    assert list(out.ids) == [row['id'], 'last']
    reasons = {error.id: error.reason for error in out.errors}
    assert 'not a picture' in reasons['bad']
    assert 'expected at least one picture' in reasons['00000002']
    assert "unknown key 'rbg'" in reasons['00000003']
    assert 'expected a path, bytes or an array' in reasons['00000004']
    assert 'expected 3 pictures' in reasons['00000005']
    with pytest.raises(DataError, match='two inputs have the id'):
        reid([row, row])
    assert len(reid([dict(id='none')], on_error='skip')) == 0


def test_a_stream_holds_few_pictures_at_a_time(run_dir: Path, reid: ReIDInferencer) -> None:
    alive: list[int] = []

    def pictures(count: int) -> Iterator[dict[str, Any]]:
        for number in range(count):
            alive.append(number)
            yield dict(rgb=np.full((32, 16, 3), number % 256, np.uint8), id=str(number))

    seen = 0
    for part in reid.stream(pictures(60), batch_size=4):
        seen += len(part)
        assert len(alive) <= seen + 2 * 4 + reid.num_workers
    assert seen == 60


def test_a_folder_and_a_list_are_read(run_dir: Path, reid: ReIDInferencer, tmp_path: Path) -> None:
    row = records(run_dir)[0]
    for key in ('rgb', 'nir', 'tir'):
        (tmp_path / 'own' / key).mkdir(parents=True)
        (tmp_path / 'own' / key / 'one.jpg').write_bytes(Path(row[key]).read_bytes())
    out = reid(tmp_path / 'own')
    assert list(out.ids) == ['one.jpg']
    (tmp_path / 'own' / 'list.csv').write_text('split,identity,rgb,name\ntest,x,rgb/one.jpg,first\n')
    out = reid(str(tmp_path / 'own' / 'list.csv'))
    assert (list(out.ids), out.parts.tolist()) == (['first'], [[True, False, False]])


def test_a_pack_works_from_anywhere_and_is_checked(run_dir: Path, reid: ReIDInferencer, tmp_path: Path) -> None:
    pack = tmp_path / 'pack'
    write_pack(load_bundle(run_dir), pack)
    row = records(run_dir)[0]
    expected = reid([row])
    code = (
        'import sys, numpy as np; from next_mm.apis.inference import ReIDInferencer; '
        "reid = ReIDInferencer('pack'); out = reid([tuple(sys.argv[1:4])]); "
        "np.savez('out.npz', features=out.features); print(reid.space.digest)"
    )
    paths = [row[key] for key in ('rgb', 'nir', 'tir')]
    (run_dir.parent / 'run').rename(run_dir.parent / 'gone')
    result = subprocess.run(
        [sys.executable, '-c', code, *paths],
        cwd=tmp_path,
        env={**os.environ, 'PYTHONPATH': str(ROOT)},
        capture_output=True,
        text=True,
    )
    assert 'random' not in result.stdout + result.stderr  # its weights are in it
    assert result.returncode == 0, result.stderr
    assert result.stdout.split()[-1] == reid.space.digest
    np.testing.assert_allclose(np.load(tmp_path / 'out.npz')['features'], expected.text_free, atol=TOLERANCE)
    weights = pack / 'model.safetensors'
    damaged = bytearray(weights.read_bytes())
    damaged[-1] ^= 1
    weights.write_bytes(damaged)
    with pytest.raises(CheckpointError, match='the pack is damaged'):
        ReIDInferencer(pack)


def test_what_cannot_be_opened_is_said(run_dir: Path, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match='expected a pack'):
        ReIDInferencer(tmp_path / 'nothing')
    with pytest.raises(ConfigError, match='a config alone has no weights'):
        ReIDInferencer(run_dir / 'tiny.py')
    with pytest.raises(ConfigError, match="dtype='int3'"):
        ReIDInferencer(run_dir, dtype='int3')
    with pytest.raises(ConfigError, match="device='cuda:99'"):
        ReIDInferencer(run_dir, device='cuda:99')


def test_metrics_of_the_run_that_are_not_whole_are_no_obstacle(run_dir: Path) -> None:
    (run_dir / 'metrics.json').write_text('[{"epoch": 3, "reid/mAP": 41.2}]')
    assert load_bundle(run_dir).card['metrics'] == [{'epoch': 3, 'reid/mAP': 41.2}]
    (run_dir / 'metrics.json').write_text('[{"epoch": 3,')
    with collect_messages(logging.WARNING) as messages:
        assert load_bundle(run_dir).card['metrics'] is None
    assert any(f'{run_dir}/metrics.json: expected JSON' in message for message in messages)


def test_bfloat16_is_near(run_dir: Path, reid: ReIDInferencer) -> None:
    rows = records(run_dir)
    half = ReIDInferencer(run_dir, dtype='bfloat16')(rows)
    assert ((half.text_free * reid(rows).text_free).sum(axis=1) > 0.99).all()  # 8 bits of mantissa through two blocks


def test_a_text_tower_that_no_checkpoint_holds_comes_from_its_own_file(
    run_dir: Path, reid: ReIDInferencer, tmp_path: Path, tiny_clip: str
) -> None:
    state = read_checkpoint(run_dir / 'epoch_3.pth')['state_dict']
    start = 'text.tower.'
    tower = {key.removeprefix(start): value for key, value in state.items() if key.startswith(start)}
    clip = load_clip(tiny_clip, None)
    names = {key: key.replace('transformer.resblocks.', 'blocks.') for key in clip.state_dict()}
    assert set(tower) <= set(names.values())
    own = {key: tower.get(names[key], value) for key, value in clip.state_dict().items()}
    torch.save(own, tmp_path / 'clip.pt')
    rest = {key: value for key, value in state.items() if not key.startswith('text.tower.')}
    torch.save({'state_dict': rest, 'meta': {}}, run_dir / 'epoch_3.pth')
    with pytest.raises(CheckpointError, match='another text tower'):
        load_bundle(run_dir)
    cfg = load_config(run_dir / 'tiny.py')
    cfg.model.text.pretrained = str(tmp_path / 'clip.pt')
    cfg.dump(run_dir / 'tiny.py')
    write_pack(load_bundle(run_dir), tmp_path / 'pack')
    (tmp_path / 'clip.pt').unlink()  # the pack holds the tower
    rows = records(run_dir)[:2]
    np.testing.assert_allclose(ReIDInferencer(tmp_path / 'pack')(rows).features, reid(rows).features, atol=TOLERANCE)


def test_a_change_of_any_weight_is_another_feature_space(run_dir: Path) -> None:
    bundle = load_bundle(run_dir)
    weights = [value for value in bundle.model.state_dict().values() if value.is_floating_point()]
    digests = {bundle.space().digest}
    for value in weights:
        before = value.flatten()[0].item()
        value.view(-1)[0] = before + 1
        digests.add(bundle.space().digest)
        value.view(-1)[0] = before
    assert len(digests) == len(weights) + 1
