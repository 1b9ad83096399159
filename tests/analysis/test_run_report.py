"""The page of a run, made from a real (tiny) one."""

from __future__ import annotations

import re
import runpy
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest

from next_mm import apis
from next_mm.analysis.run_report import write_report
from next_mm.errors import ConfigError
from next_mm.retrieval import Entry, Match, QueryScore, SearchResults
from next_mm.visualization.page import MAX_WIDTH, embed_picture
from tests.toys import toy_config

ROOT = Path(__file__).parents[2]


@pytest.fixture
def work_dir(tmp_path: Path) -> Path:
    apis.train(
        toy_config(
            tmp_path / 'my_run',
            default_hooks__logger=dict(type='LoggerHook', interval=1),
            custom_hooks=[dict(type='EnvironmentHook'), dict(type='ReportHook')],
        )
    )
    cv2.imwrite(str(tmp_path / 'my_run' / 'rank.png'), np.zeros((4, 4, 3), np.uint8))
    return tmp_path / 'my_run'


def test_the_page_stands_alone_and_tells_the_run(work_dir: Path) -> None:
    page = write_report(work_dir).read_text()
    assert '<h1>my_run</h1>' in page and 'ToyReID on ToyPoints' in page and 'epoch 3 of 3' in page
    results = re.findall(r'<td>(\d+)(?: \(best mAP\))?</td><td>([\d.]+)</td><td>50.00</td>', page)
    assert [epoch for epoch, _ in results] == ['1', '2', '3'] and page.count('(best mAP)') == 1
    assert f'<b>{float(results[-1][1]):.1f}</b>' in page
    assert page.count('<svg') >= 3 and 'data:image/png;base64,' in page and 'rank.png' in page
    assert 'model = dict' in page
    assert re.search(r'<td>torch</td><td>2\.', page)
    assert '<td>seed</td><td>3</td>' in page
    assert 'synthetic' not in page.split('</style>')[1]
    assert not re.findall(r'(?:src|href)="(?!data:|#)', page)  # nothing from elsewhere


def test_a_picture_is_shrunk_or_refused(tmp_path: Path) -> None:
    cv2.imwrite(str(tmp_path / 'wide.png'), np.zeros((10, 2 * MAX_WIDTH, 3), np.uint8))
    assert len(embed_picture(tmp_path / 'wide.png')) < 2000
    (tmp_path / 'broken.png').write_bytes(b'no picture')
    with pytest.raises(ValueError, match='broken.png is not a readable picture'):
        embed_picture(tmp_path / 'broken.png')


def test_what_is_no_run_is_told_in_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tool = str(ROOT / 'tools/report.py')
    monkeypatch.setattr(sys, 'argv', [tool, str(tmp_path)])
    with pytest.raises(SystemExit, match=r'^error: .* holds no configuration.*$'):
        runpy.run_path(tool, run_name='__main__')


def test_a_run_whose_config_imports_a_module_that_is_not_at_hand(tmp_path: Path) -> None:
    (tmp_path / 'run.py').write_text(
        "custom_imports = dict(imports=['no_such_module_here'])\nmodel = dict(type='NEXTReID')\ntrain_cfg = None\n"
        "test_dataloader = dict(dataset=dict(type='OwnTriplets'))\n"
    )
    assert 'NEXTReID' in write_report(tmp_path).read_text()
    (tmp_path / 'run.py').write_text('a = 1\n')
    with pytest.raises(ConfigError, match='run.py: no model in it; is .* the work directory of a run'):
        write_report(tmp_path)


def test_the_config_of_a_folder_is_not_executed(tmp_path: Path) -> None:
    (tmp_path / 'run.py').write_text(
        f"_x = __import__('os').system('touch {tmp_path}/ran')\n"
        "model = dict(type='<b>NEXTReID</b>')\ntest_dataloader = dict(dataset=dict(type='RGBNT201'))\n"
    )
    page = write_report(tmp_path).read_text()
    assert '&lt;b&gt;NEXTReID&lt;/b&gt; on RGBNT201' in page
    assert not (tmp_path / 'ran').exists()


def test_cameras_and_failures_are_shown_where_queries_were_saved(work_dir: Path) -> None:
    folder = work_dir / 'rank_lists'
    queries = [Entry(0, 'lost.jpg', 1, camera=3), Entry(1, 'found.jpg', 2, camera=-1)]
    scores = [QueryScore(0.125, 0.125, (8,)), QueryScore(1.0, 1.0, (1,))]
    gallery = [Entry(2, 'g.jpg', 2, camera=4)]
    matches = [[Match(0, 0.5, False)], [Match(0, 0.9, True)]]
    SearchResults('cosine', queries, gallery, matches, scores).save(folder / 'queries.json')
    cv2.imwrite(str(folder / 'failure_6_01_query_0.png'), np.zeros((4, 4, 3), np.uint8))
    page = write_report(work_dir).read_text()
    assert '<td>unknown</td><td>1</td><td>100.0</td><td>100.0</td>' in page
    assert '<td>3</td><td>1</td><td>12.5</td><td>0.00</td>' in page
    assert 'The nearest entry of 1 of 2 queries is wrong' in page
    assert '<td>no correct entry by rank 5</td><td>1</td><td>50.0</td>' in page
    assert '<figcaption>no correct entry by rank 5: lost.jpg</figcaption>' in page
