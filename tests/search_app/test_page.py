"""The search page in a real browser, without network: uploads, cards, search with a card, errors."""

from __future__ import annotations

import base64
import io
import os
import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from next_mm.apis.inference import ReIDInferencer
from next_mm.gallery import Comparison, Entry, Gallery, Hit
from projects.search_app.cards import entry_card, hit_card, load_entry
from tests.apis.inference.conftest import run_dir  # noqa: F401 (a fixture)
from tests.apis.inference.test_inferencer import records

HOSTILE = '<img src=x onerror="document.title=1">${1+1} {{value}}'


def test_a_card_says_what_is_there_and_what_was_compared() -> None:
    tall = np.full((60, 20, 3), 200, np.uint8)
    entry = Entry('a', identity='7', camera='gate', time=0.0, parts=('rgb', 'tir'))
    hit = Hit(3, 0.9314, entry, Comparison(('rgb', 'tir'), True), 'same')
    card = hit_card(hit, [tall, None, None], 2)
    assert '<b>3</b><span class="verdict same">same</span><span class="score">score 0.931</span>' in card
    assert '<dt>identity</dt><dd>7</dd><dt>camera</dt><dd>gate</dd><dt>time</dt><dd>1970-01-01 00:00</dd>' in card
    assert 'compared by RGB + TIR + caption' in card
    assert re.findall(r'<div class="absent">(.*?)</div>', card) == ['absent', 'no file']
    assert '<button data-place="2">' in card
    (shown,) = re.findall(r'src="data:image/jpeg;base64,([^"]+)" alt="RGB picture"', card)
    picture = np.asarray(Image.open(io.BytesIO(base64.b64decode(shown))))
    assert picture.shape == (60, 20, 3) and (picture == 200).all()  # as large as it is, and not stretched


def test_what_an_entry_says_is_no_html() -> None:
    card = entry_card(Entry(HOSTILE, identity=HOSTILE, camera=HOSTILE), [None] * 3, 0)
    assert card.count('<img') == 0
    assert card.count('&lt;img src=x') == 3


def test_only_pictures_inside_the_folder_are_shown(tmp_path: Path) -> None:
    (tmp_path / 'in').mkdir()
    for path in (tmp_path / 'in' / 'a.png', tmp_path / 'secret.png'):
        Image.new('RGB', (4, 8)).save(path)
    entry = Entry('x', source=f'["a.png", "../secret.png", "{tmp_path}/secret.png"]')
    images = load_entry(entry, tmp_path / 'in')
    assert [image is None for image in images] == [False, True, True]
    assert load_entry(Entry('y', source='rm -rf'), tmp_path) == [None] * 3


def test_a_relative_path_begins_in_the_folder_or_where_the_page_was_started(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / 'in').mkdir()
    for path in (tmp_path / 'in' / 'a.png', tmp_path / 'secret.png'):
        Image.new('RGB', (4, 8)).save(path)
    monkeypatch.chdir(tmp_path)
    images = load_entry(Entry('x', source='["in/a.png", "secret.png", "in/none.png"]'), Path('in'))
    assert [image is None for image in images] == [False, True, True]


@pytest.fixture
def served(run_dir: Path, tmp_path: Path) -> Iterator[tuple[str, list[dict[str, Any]]]]:  # noqa: F811
    from projects.search_app.page import LAUNCH, build_page

    reid = ReIDInferencer(run_dir)
    rows = records(run_dir)
    with Gallery.open(tmp_path / 'gallery', reid.space) as gallery:
        gallery.add(reid(rows), camera=[f'gate {row % 2}' for row in range(len(rows))], identity=HOSTILE)
        page = build_page(reid, gallery, run_dir.parent)
        _, url, _ = page.launch(prevent_thread_lock=True, quiet=True, server_name='127.0.0.1', **LAUNCH)
        yield url, rows
        page.close()


@pytest.mark.extra('gradio', 'playwright', program='chromium')
@pytest.mark.parametrize('width', [390, 1280])
def test_search_in_a_browser(served: tuple[str, list[dict[str, Any]]], width: int, tmp_path: Path) -> None:
    from playwright.sync_api import sync_playwright

    url, rows = served
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which('chromium'), args=['--no-sandbox'])
        page = browser.new_page(viewport={'width': width, 'height': 900})
        outside: list[str] = []
        page.on(
            'request',
            lambda request: None if request.url.startswith((url, 'data:', 'blob:')) else outside.append(request.url),
        )
        page.goto(url)
        page.get_by_text('Or begin with an entry of the gallery').wait_for()
        assert page.locator('.card').count() == 6
        page.get_by_role('button', name='Search', exact=True).click()
        page.get_by_text('Give at least one picture').wait_for()
        for key in ('rgb', 'nir', 'tir'):
            page.locator(f'#picture-{key} input[type=file]').set_input_files(rows[0][key])
            page.locator(f'#picture-{key} img').wait_for()
        page.get_by_role('button', name='Search', exact=True).click()
        page.get_by_text('8 of 8 entries, compared by RGB + NIR + TIR').wait_for()
        assert page.locator('.card header').all_inner_texts()[:2] == ['Your query', '1\nscore 1.000']
        page.get_by_role('button', name='Search with this one').nth(2).click()
        page.locator('.card.query', has_text='Query: ').wait_for()
        assert page.locator('.card header').nth(1).inner_text() == '1\nscore 1.000'
        assert page.locator('.card').count() == 9
        assert page.locator('.card dd').first.inner_text() == HOSTILE
        page.get_by_text('Filters').click()
        page.get_by_label('Not camera').fill('gate 0')
        page.get_by_role('button', name='Search', exact=True).click()
        page.get_by_text('4 of 8 entries').wait_for()
        assert page.title() == 'NEXT-MM search'
        page.wait_for_timeout(500)  # the fade ends
        assert page.evaluate('document.documentElement.scrollWidth') <= width
        picture = page.screenshot(full_page=True)
        folder = os.environ.get('NEXT_MM_SCREENSHOTS')
        if folder:
            (Path(folder) / f'page_{width}.png').write_bytes(picture)
        assert Image.open(io.BytesIO(picture)).size[0] == width
        browser.close()
    assert outside == []
