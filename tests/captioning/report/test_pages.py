"""Reports are one page each, with everything in it: pictures with their captions, charts, what failed."""

from __future__ import annotations

import html
import json
import re
from pathlib import Path

from next_mm.captioning import load_schema
from next_mm.captioning.report import write_folder_report
from next_mm.captioning.report.ledger import failure_section
from next_mm.captioning.store import Answer, Picture, Store
from next_mm.captioning.store.pictures import ReadFile
from tests.captioning.conftest import Serve, make_context, make_dataset, minimal_settings, run_tool, write_config

SCHEMA = load_schema('person')
FOREIGN = r'(?:src|href)="(?!data:|#)'


def test_reports_are_one_file_each_and_say_what_is_there(tmp_path: Path, serve: Serve) -> None:
    data = make_dataset(tmp_path / 'RGBNT201', 8)
    url, _ = serve()
    config = write_config(tmp_path, data, url)
    run_tool(config)
    page = (tmp_path / 'run/report/index.html').read_text()
    assert 'clothing-expert' in page and '24' in page
    assert page.count('data:image/png;base64') == len(list((tmp_path / 'run/report').glob('*.png'))) >= 6
    assert not re.search(FOREIGN, page)  # self-contained
    captions = json.loads((tmp_path / 'run/text/train_TI.json').read_text())
    assert page.count('data:image/jpeg;base64') == 24  # the pictures, as they are: all eight triplets
    assert all(f'{entry["item"]}: {html.escape(entry["description"])}</figcaption>' in page for entry in captions)

    page = write_folder_report(tmp_path / 'run/text', SCHEMA, tmp_path / 'folder').read_text()
    assert 'within identity' in page and not re.search(FOREIGN, page) and 'image/jpeg' not in page
    settings = minimal_settings(data)
    page = write_folder_report(tmp_path / 'run/text', SCHEMA, tmp_path / 'folder', expected=settings).read_text()
    assert page.count('data:image/jpeg;base64') == 24 and not re.search(FOREIGN, page)


def test_failures_are_counted_and_the_first_shown(tmp_path: Path) -> None:
    with Store(tmp_path / 's.sqlite') as store:
        run = make_context(store, tmp_path)
        pictures = [Picture('train', f'{n}.jpg', 'rgb', '1', f'/data/{n}.jpg', -1) for n in range(5)]
        store.pictures.enter(pictures, ('train', 'test'))
        store.pictures.write_files([ReadFile(1, 1, f'key{n}', None, n + 1) for n in range(5)])
        for n in range(5):
            answer = Answer('refused', '<b>no</b> \x1b[2J')
            store.record(f'key{n}', 'm', run.attribute_versions['rgb'], None, answer)
        section = failure_section(run, listed=2)
    assert len(section.table) == 3 and '5 refused (m). The first 2 are shown' in section.text
    assert section.table[1] == ['/data/0.jpg', 'm', 'refused', '<b>no</b> \\x1b[2J']
