"""Checkpoints converted as files."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from next_mm.apis import conversion
from next_mm.errors import CheckpointError, ConfigError
from next_mm.models.conversion import Drop, KeyMap, Rename


@pytest.fixture(autouse=True)
def _toy(monkeypatch: pytest.MonkeyPatch) -> None:
    key_map = KeyMap('Toy', [Rename('a.{rest*}', 'b.{rest*}'), Drop('idle', 'unused', optional=True)])
    monkeypatch.setattr(conversion, 'find_key_map', lambda method, variant: key_map)


def test_a_file_there_and_back(tmp_path: Path) -> None:
    theirs, ours, back = (tmp_path / name for name in ('theirs.pth', 'ours.pth', 'back.pth'))
    torch.save({'module.a.x': torch.ones(2), 'idle': torch.ones(1)}, theirs)
    assert conversion.convert_checkpoint('toy', theirs, ours).dropped == {'idle': 'unused'}
    assert list(torch.load(ours, weights_only=True)['state_dict']) == ['b.x']
    conversion.convert_checkpoint('toy', ours, back, back=True)
    assert list(torch.load(back, weights_only=True)) == ['a.x']
    assert {path.name for path in tmp_path.iterdir()} == {'theirs.pth', 'ours.pth', 'back.pth'}


def test_bad_files_are_refused_in_a_line(tmp_path: Path) -> None:
    source = tmp_path / 'x.pth'
    torch.save({'z': torch.ones(2)}, source)
    with pytest.raises(CheckpointError, match=f"{source}: expected the authors' weights of Toy; 1 of 1 entries"):
        conversion.convert_checkpoint('toy', source, tmp_path / 'y.pth')
    with pytest.raises(ConfigError, match='expected another file than the source'):
        conversion.convert_checkpoint('toy', source, source)
    torch.save({'a.x': Path('code')}, source)
    with pytest.raises(CheckpointError, match='Loading it could run code'):
        conversion.convert_checkpoint('toy', source, tmp_path / 'y.pth')
