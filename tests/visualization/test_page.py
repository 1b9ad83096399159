"""A page of a report: its head in one reading, its links on any screen."""

from __future__ import annotations

import re
from datetime import date
from pathlib import Path

from next_mm.visualization.page import Section, write_page


def test_the_date_follows_the_lead_and_the_links_may_break_the_line(tmp_path: Path) -> None:
    sections = [Section('First', 'a'), Section('Second', 'b')]
    path = write_page(
        tmp_path / 'page.html', title='A run', lead='This page:', tag='synthetic', tiles=[], sections=sections
    )
    page = path.read_text(encoding='utf-8')
    today = date.today()
    assert f'This page: {today.day} {today:%B %Y}. <span class="tag">synthetic</span></p>' in page
    (style,) = re.findall(r'^nav \{(.*?)\}', page, re.MULTILINE)
    assert 'flex-wrap: wrap' in style  # without a blank between them, links stand in one line and widen a phone's page
