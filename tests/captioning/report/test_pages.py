"""Reports are one page each, with everything in it."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

from next_mm.captioning import load_schema
from next_mm.captioning.report import write_folder_report
from tests.captioning.conftest import make_dataset, run_tool, write_config

SCHEMA = load_schema('person')


def test_reports_are_one_file_each_and_say_what_is_there(
    tmp_path: Path, serve: Callable[..., tuple[str, Path]]
) -> None:
    data = make_dataset(tmp_path / 'RGBNT201', 8)
    url, _ = serve()
    config = write_config(tmp_path, data, url)
    run_tool(config)
    page = (tmp_path / 'run/report/index.html').read_text()
    assert (
        'clothing-expert' in page
        and '24' in page
        and page.count('data:image/png;base64') == len(list((tmp_path / 'run/report').glob('*.png'))) >= 6
    )
    assert not re.search(r'(?:src|href)="(?!data:|#)', page)  # self-contained
    page = write_folder_report(tmp_path / 'run/text', SCHEMA, tmp_path / 'folder').read_text()
    assert 'within identity' in page and not re.search(r'(?:src|href)="(?!data:|#)', page)
