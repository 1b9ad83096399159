"""Export and import of a gallery, feature files, and the command line."""

from __future__ import annotations

import json
import runpy
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from next_mm.errors import ConfigError, DataError
from next_mm.gallery import Gallery
from next_mm.gallery.exchange import add_feature_files, export_gallery, import_gallery
from next_mm.retrieval.feature_files import read_features, write_features
from tests.gallery.naive import SPACE, make_features

TOOL = Path(__file__).parents[2] / 'tools' / 'gallery.py'


def test_an_export_comes_back_the_same(tmp_path: Path) -> None:
    features = make_features(7, 1, incomplete=True, captions=True)
    with Gallery.open(tmp_path / 'a', SPACE) as a, Gallery.open(tmp_path / 'b', SPACE) as b:
        a.add(
            features,
            identity=['x', None] * 3 + ['y'],
            camera='gate',
            time=5,
            tracklet=['t', 't', *[None] * 5],
            extra={'n': 1},
        )
        assert export_gallery(a, tmp_path / 'export') == 7
        assert import_gallery(b, tmp_path / 'export') == 7
        assert import_gallery(b, tmp_path / 'export', on_conflict='keep') == 0
        query = make_features(3, 2, captions=True)
        assert [[vars(hit) for hit in row] for row in a.search(query)] == [
            [vars(hit) for hit in row] for row in b.search(query)
        ]
        with pytest.raises(DataError, match='holds an export already'):
            export_gallery(a, tmp_path / 'export')


def test_feature_files_are_equal_bytes_and_read_back(tmp_path: Path) -> None:
    features = make_features(5, 3, captions=True)
    write_features(tmp_path / 'a.safetensors', features, list='abc')
    write_features(tmp_path / 'b.safetensors', features, list='abc')
    assert (tmp_path / 'a.safetensors').read_bytes() == (tmp_path / 'b.safetensors').read_bytes()
    back, notes = read_features(tmp_path / 'a.safetensors')
    assert notes == {'list': 'abc'}
    assert (list(back.ids), back.space) == (list(features.ids), features.space)
    np.testing.assert_array_equal(back.features, features.features)
    np.testing.assert_array_equal(back.text_free, features.text_free)


def test_a_damaged_feature_file_is_refused(tmp_path: Path) -> None:
    path = tmp_path / 'features-000000.safetensors'
    write_features(path, make_features(5, 3))
    path.write_bytes(path.read_bytes()[:-10])
    with pytest.raises(DataError, match='cannot be read as features'):
        read_features(path)
    with Gallery.open(tmp_path / 'g', SPACE) as gallery:
        with pytest.raises(DataError, match=r'no features-\*.safetensors'):
            add_feature_files(gallery, tmp_path / 'nowhere')
        with pytest.raises(ConfigError, match='expected a group'):
            add_feature_files(gallery, tmp_path, patterns={'camera': 'x'})


def call(tool: Path, *words: object) -> None:
    """Run a tool in this process."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, 'argv', [str(tool), *map(str, words)])
        runpy.run_path(str(tool), run_name='__main__')


def test_the_command_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    def run(*words: str) -> list[dict]:
        with pytest.raises(SystemExit) as ended:
            call(TOOL, *words)
        assert not ended.value.code
        return [json.loads(line) for line in capsys.readouterr().out.splitlines()]

    write_features(tmp_path / 'features-000000.safetensors', make_features(4, 0))
    gallery = str(tmp_path / 'gallery')
    added = run('add', gallery, str(tmp_path), '--camera', 'gate', '--identity-pattern', 'e0-([0-9])')
    assert added == [{'added': 4}]
    (found,) = run('search', gallery, '--like', 'e0-2', '--top', '2')
    assert (found['query'], found['hits'][0]['id'], found['hits'][0]['score']) == ('e0-2', 'e0-2', 1.0)
    assert (found['hits'][0]['identity'], found['hits'][0]['camera']) == ('2', 'gate')
    assert run('delete', gallery, '--ids', 'e0-2') == [{'deleted': 1}]
    stats = subprocess.run([sys.executable, str(TOOL), 'stats', gallery], capture_output=True, text=True, check=True)
    assert json.loads(stats.stdout)['entries'] == 3  # another process finds what this one wrote
    failed = subprocess.run([sys.executable, str(TOOL), 'stats', str(tmp_path / 'no')], capture_output=True, text=True)
    assert failed.returncode == 1
    assert failed.stderr.startswith('error: ')
    assert failed.stderr.count('\n') == 1
    with pytest.raises(SystemExit, match='expected --like ID ... or --features FILE, got neither'):
        call(TOOL, 'search', gallery)


def test_a_gallery_is_calibrated_by_its_known_entries(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from next_mm.gallery.calibration import calibrate_gallery
    from next_mm.retrieval.feature_set import FeatureSet

    rng = np.random.default_rng(0)
    labels = np.repeat(np.arange(30), 4)
    points = rng.normal(size=(30, SPACE.dim))[labels] + 0.5 * rng.normal(size=(120, SPACE.dim))
    parts = np.ones((120, 3), bool)
    parts[::5, 1] = False
    features = FeatureSet(SPACE, [f'{row}' for row in range(120)], points, parts, np.zeros((120, 3), bool)).checked()
    with Gallery.open(tmp_path / 'g', SPACE) as gallery:
        gallery.add(features, identity=[str(label) for label in labels], camera=[f'c{row % 2}' for row in range(120)])
        found, _ = calibrate_gallery(gallery, false_match_rate=0.01, resamples=20)
        assert set(found) == {'rgb+nir+tir', 'rgb+tir'}
        gallery.set_thresholds({name: value.thresholds() for name, value in found.items()})
        hits = gallery.search(features.select([1]))[0]
        assert hits[0].verdict == 'same'
        assert hits[-1].verdict in ('different', 'unsure')
        pairs = found['rgb+nir+tir']
        whole = [row for row in range(120) if parts[row].all()]
        genuine = sum(labels[a] == labels[b] and a % 2 != b % 2 for a in whole for b in whole if a < b)
        assert pairs.genuine == genuine
    with pytest.raises(SystemExit, match='needs at least 300,000 impostor pairs'):
        call(TOOL.with_name('calibrate.py'), tmp_path / 'g', '--far', '0.00001')
    monkeypatch.setattr('getpass.getuser', lambda: 'mary')
    with pytest.raises(SystemExit):
        call(TOOL.with_name('calibrate.py'), tmp_path / 'g', '--far', '0.01')
    with Gallery.open(tmp_path / 'g', create=False) as gallery:
        assert [(line.who, line.operation) for line in gallery.audit()][-1] == ('mary', 'thresholds')


def test_captioned_entries_give_thresholds_for_queries_without_captions_too(tmp_path: Path) -> None:
    from next_mm.gallery.calibration import collect_pairs
    from next_mm.retrieval.feature_set import FeatureSet

    rng = np.random.default_rng(0)
    with_text, without = rng.normal(size=(2, 12, SPACE.dim))
    everything = np.ones((12, 3), bool)
    ids = [str(row) for row in range(12)]
    features = FeatureSet(SPACE, ids, with_text, everything, everything, without).checked()
    with Gallery.open(tmp_path / 'g', SPACE) as gallery:
        gallery.add(
            features, identity=[str(row // 2) for row in range(12)], camera=[f'c{row % 2}' for row in range(12)]
        )
        groups, _ = collect_pairs(gallery)
        assert set(groups) == {'rgb+nir+tir', 'rgb+nir+tir+text'}
        stored = gallery.features(ids)
    pairs = [(i, j) for i in range(12) for j in range(i + 1, 12)]  # each pair counts once a kind
    for name, rows in (('rgb+nir+tir', stored.text_free), ('rgb+nir+tir+text', stored.features)):
        expected = sorted(float(rows[i] @ rows[j]) for i, j in pairs)
        np.testing.assert_allclose(np.sort(groups[name].scores), expected, atol=1e-6)
