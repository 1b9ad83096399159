"""Weights files: what is read, and what is refused with which words."""

import os
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file
from torch import Tensor, nn

from next_mm.errors import CheckpointError
from next_mm.utils.weights import is_torchscript, read_weights


class RunsCode:
    """Pickles to a call of os.system."""

    def __reduce__(self) -> tuple:
        return os.system, ('touch pwned',)


class WritesOnLoading(nn.Module):
    """Writes a file while its TorchScript is loaded."""

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer('weight', torch.ones(1))

    def forward(self, x: Tensor) -> Tensor:
        return x

    @torch.jit.export
    def __getstate__(self) -> tuple[Tensor, bool]:
        return self.weight, self.training

    @torch.jit.export
    def __setstate__(self, state: tuple[Tensor, bool]) -> None:
        self.weight = state[0]
        self.training = state[1]
        torch.save(self.weight, 'pwned')


def save_crafted(path: Path, entry: str) -> None:
    """Save a pickle that runs code, with one more entry in its folder of the zip."""
    torch.save({'x': RunsCode()}, path)
    with zipfile.ZipFile(path, 'a') as archive:
        archive.writestr(f'{path.stem}/{entry}', b'')


@pytest.mark.parametrize('name', ['plain.pt', 'nested.pt', 'legacy.pt', 'plain.safetensors', 'script.pt'])
def test_every_kind_of_file_gives_the_same_weights(tmp_path: Path, name: str) -> None:
    layer = nn.Linear(2, 2)
    state, path = layer.state_dict(), tmp_path / name
    if name == 'script.pt':
        torch.jit.script(layer).save(str(path))
    elif name == 'plain.safetensors':
        save_file(state, path)
    elif name == 'nested.pt':
        torch.save({'epoch': 3, 'state_dict': {f'module.{key}': value for key, value in state.items()}}, path)
    else:
        torch.save(state, path, _use_new_zipfile_serialization=name != 'legacy.pt')
    read = read_weights(path)
    assert is_torchscript(path) == (name == 'script.pt')
    assert read.keys() == state.keys()
    assert all(torch.equal(read[key], value) for key, value in state.items())


@pytest.mark.parametrize('entry', ['my_constants.pkl', 'sub/constants.pkl'])
def test_only_an_entry_in_the_top_folder_makes_a_torchscript_archive(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, entry: str
) -> None:
    monkeypatch.chdir(tmp_path)
    save_crafted(Path('evil.pt'), entry)
    assert not is_torchscript(Path('evil.pt'))
    with pytest.raises(
        CheckpointError, match=r'^evil.pt: refused, it holds (posix|nt|os).system, not only .* so it is not loaded.$'
    ):
        read_weights(Path('evil.pt'))
    assert not Path('pwned').exists()


def test_torchscript_that_runs_while_it_is_loaded_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    torch.jit.script(WritesOnLoading()).save('evil.pt')
    with pytest.raises(CheckpointError, match='^evil.pt: refused, its TorchScript has a __setstate__'):
        read_weights(Path('evil.pt'))
    assert not Path('pwned').exists()
    torch.jit.load('evil.pt')
    assert Path('pwned').exists()  # when this fails, the check may be needed no more


@pytest.mark.parametrize(
    'rename',
    [
        lambda name: name.replace('/code/', '/CODE/'),
        lambda name: name.replace('/code/', '/Code/'),
        lambda name: name.replace('/code/', '/code\\'),
    ],
)
def test_code_under_another_name_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, rename: Callable[[str], str]
) -> None:
    """torch looks records up whatever their case."""
    monkeypatch.chdir(tmp_path)
    torch.jit.script(WritesOnLoading()).save('evil.pt')
    with zipfile.ZipFile('evil.pt') as source, zipfile.ZipFile('renamed.pt', 'w') as target:
        for item in source.infolist():
            target.writestr(rename(item.filename), source.read(item))
    with pytest.raises(
        CheckpointError, match='^renamed.pt: refused, its records are not those that torch.jit.save writes'
    ):
        read_weights(Path('renamed.pt'))
    assert not Path('pwned').exists()


@pytest.mark.parametrize('extra', ['CODE/__torch__.py', 'model.json', 'Data.pkl'])
def test_one_more_record_is_refused(tmp_path: Path, extra: str) -> None:
    torch.jit.script(nn.Linear(2, 2)).save(str(tmp_path / 'more.pt'))
    with zipfile.ZipFile(tmp_path / 'more.pt', 'a') as archive:
        archive.writestr(f'more/{extra}', b'')
    with pytest.raises(CheckpointError, match='its records are not those that torch.jit.save writes'):
        read_weights(tmp_path / 'more.pt')


# The first bytes of a pickle decide what torch stumbles over.
@pytest.mark.parametrize(
    'content',
    [b'', b'some text', b'<html>', b'abc', b'(hello', b'G1234', b'U\x02\x93\x93', b'PK\x03\x04', b'\x80\x02}q\x00.'],
)
@pytest.mark.parametrize('suffix', ['.pt', '.safetensors'])
def test_broken_files_end_in_one_line_without_torchs_advice(tmp_path: Path, content: bytes, suffix: str) -> None:
    path = tmp_path / f'broken{suffix}'
    path.write_bytes(content)
    with pytest.raises(CheckpointError, match=rf'broken{suffix}: damaged or no checkpoint') as caught:
        read_weights(path)
    assert '\n' not in str(caught.value)
    assert 'weights_only' not in str(caught.value)


def test_a_truncated_archive(tmp_path: Path) -> None:
    torch.jit.script(nn.Linear(40, 40)).save(str(tmp_path / 'whole.pt'))
    (tmp_path / 'half.pt').write_bytes((tmp_path / 'whole.pt').read_bytes()[:3000])
    with pytest.raises(CheckpointError, match='half.pt: damaged'):
        read_weights(tmp_path / 'half.pt')


@pytest.mark.parametrize(
    ('content', 'came'),
    [
        ([1, 2], 'list'),
        ({}, r'a dictionary of \[\]'),
        ({'model': {}, 'epoch': 3}, r"a dictionary of \['model', 'epoch'\]"),
        ({'state_dict': {'weight': 1}}, r"a dictionary of \['weight'\]"),
    ],
)
def test_files_without_weights(tmp_path: Path, content: object, came: str) -> None:
    torch.save(content, tmp_path / 'other.pt')
    with pytest.raises(CheckpointError, match=f'other.pt: expected a dictionary of weights, got {came}'):
        read_weights(tmp_path / 'other.pt')
