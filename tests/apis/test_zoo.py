"""The metafiles of the methods."""

from __future__ import annotations

from pathlib import Path

import pytest

from next_mm.apis.zoo import list_methods, read_method
from next_mm.errors import ConfigError

GOOD = """
name: toy
title: Toy
paper: https://example.org
venue: CVPR 2020
input: [pictures]
published:
  msvr310: {mAP: 1.5, R-1: 2.5}
"""


def test_methods_with_a_folder_have_a_metafile(repo_dir: Path) -> None:
    listed = {method.name for method in list_methods()}
    assert {'baseline', 'next', 'bot', 'ccnet'} <= listed
    for name in listed:
        assert (repo_dir / 'next_mm' / 'methods' / name / 'metafile.yml').is_file()


def test_a_metafile_is_read() -> None:
    method = read_method(GOOD)
    assert method.title == 'Toy'
    assert method.published == {'msvr310': {'mAP': 1.5, 'R-1': 2.5}}


@pytest.mark.parametrize(
    'old, new, message',
    [
        ('venue: CVPR 2020\n', '', 'expected the keys'),
        ('venue', 'vennue', 'vennue'),
        ('[pictures]', '[sound]', "'sound'"),
        ('msvr310', 'market1501', "'market1501'"),
        ('R-1', 'rank1', 'expected mAP and R-1'),
    ],
)
def test_a_wrong_metafile_is_refused(old: str, new: str, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        read_method(GOOD.replace(old, new))
