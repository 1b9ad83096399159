"""Checkpoints: what loads, and what is refused with which words."""

import os
from pathlib import Path

import pytest
import torch
from torch import nn

from next_mm.engine import CheckpointError, latest_checkpoint, load_weights, read_checkpoint
from tests.toys import ToyReID


class RunsCode:
    """Pickles to a call of os.system."""

    def __reduce__(self) -> tuple:
        return os.system, ('touch pwned',)


@pytest.fixture
def model() -> ToyReID:
    return ToyReID()


def test_weights_of_the_same_model_load_without_the_frozen_tower(model: ToyReID) -> None:
    other = ToyReID()
    assert not any(key.startswith('text') for key in other.state_dict())
    text = model.text.weight.clone()
    load_weights(model, {f'module.{key}': value for key, value in other.state_dict().items()}, source='x.pth')
    assert torch.equal(model.backbone.weight, other.backbone.weight)
    assert torch.equal(model.text.weight, text)


def test_a_stored_frozen_tower_loads_too(model: ToyReID) -> None:
    stored = {**ToyReID().state_dict(), 'text.weight': torch.full((3, 3), 7.0), 'text.bias': torch.zeros(3)}
    load_weights(model, stored, source='x.pth')
    assert (model.text.weight == 7).all()


def test_another_models_checkpoint_is_refused_and_changes_nothing(model: ToyReID) -> None:
    before = {key: value.clone() for key, value in model.state_dict().items()}
    half = {**ToyReID().state_dict(), 'neck.extra.weight': torch.zeros(1)}
    del half['backbone.bias']
    with pytest.raises(
        CheckpointError, match=r'(?s)half.pth is not .*1 of 3 weights are not in it: backbone.bias.*neck.extra.weight'
    ):
        load_weights(model, half, source='half.pth')
    assert all(torch.equal(before[key], value) for key, value in model.state_dict().items())


def test_other_identities_are_named_with_both_remedies(model: ToyReID) -> None:
    trained = ToyReID(num_classes=9).state_dict()
    message = r'(?s)trained on 9 identities, the config says 4.*num_classes=9.*load_ignore.*branches.points.classifier'
    with pytest.raises(CheckpointError, match=message):
        load_weights(model, trained, source='x.pth')
    kept = model.branches.points.classifier.weight.clone()
    load_weights(model, trained, source='x.pth', ignore=['branches.points.classifier'])
    assert torch.equal(model.branches.points.classifier.weight, kept)
    assert torch.equal(model.backbone.weight, trained['backbone.weight'])


def test_other_identities_of_several_classifiers_are_named_together() -> None:
    two = dict(a=dict(bnneck=False, losses={}), b=dict(bnneck=False, classifier_bias=True, losses={}))
    trained, model = ToyReID(num_classes=9), ToyReID()
    for each in (trained, model):
        each.build_branches(two, dict(a=8, b=8), ('a', 'b'))
    ignore = ['branches.points.classifier', 'branches.a.classifier', 'branches.b.classifier']
    with pytest.raises(CheckpointError, match='trained on 9 identities, the config says 4') as refused:
        load_weights(model, trained.state_dict(), source='x.pth')
    assert f'load_ignore="{ignore}"' in str(refused.value)
    load_weights(model, trained.state_dict(), source='x.pth', ignore=ignore)


def test_a_misspelt_prefix_to_ignore_is_an_error(model: ToyReID) -> None:
    with pytest.raises(CheckpointError, match='branches.points.clasifier'):
        load_weights(model, model.state_dict(), source='x.pth', ignore=['branches.points.clasifier'])


def test_a_pickle_that_runs_code_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    torch.save(dict(state_dict={}, meta=dict(note=RunsCode())), 'evil.pth')
    with pytest.raises(CheckpointError, match=r'evil.pth: refused, it holds (posix|nt|os).system'):
        read_checkpoint('evil.pth')
    assert not Path('pwned').exists()


def test_source_code_that_resume_would_run_is_refused(tmp_path: Path) -> None:
    torch.save(dict(state_dict={}, meta=dict(config='import os')), tmp_path / 'evil.pth')
    with pytest.raises(CheckpointError, match='source code'):
        read_checkpoint(tmp_path / 'evil.pth')


@pytest.mark.parametrize(
    ('content', 'message'),
    [
        (b'', 'damaged or no checkpoint$'),
        (b'not a checkpoint', 'damaged or no checkpoint$'),
        (b'abc', 'damaged or no checkpoint$'),
        (None, 'no such'),
    ],
)
def test_files_that_are_no_checkpoints(tmp_path: Path, content: bytes | None, message: str) -> None:
    path = tmp_path / 'broken.pth'
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(CheckpointError, match=f'broken.pth: .*({message})'):
        read_checkpoint(path)


def test_a_truncated_checkpoint(tmp_path: Path) -> None:
    torch.save(dict(state_dict=nn.Linear(40, 40).state_dict()), tmp_path / 'whole.pth')
    (tmp_path / 'half.pth').write_bytes((tmp_path / 'whole.pth').read_bytes()[:3000])
    with pytest.raises(CheckpointError, match='half.pth: damaged'):
        read_checkpoint(tmp_path / 'half.pth')


def test_a_torchscript_archive_is_no_checkpoint(tmp_path: Path) -> None:
    torch.jit.script(nn.Linear(2, 2)).save(str(tmp_path / 'script.pt'))
    with pytest.raises(
        CheckpointError, match=r'script.pt: expected a dictionary with weights, got a TorchScript archive$'
    ):
        read_checkpoint(tmp_path / 'script.pt')


def test_plain_weights_and_wrong_contents(tmp_path: Path) -> None:
    torch.save(nn.Linear(2, 2).state_dict(), tmp_path / 'plain.pth')
    assert set(read_checkpoint(tmp_path / 'plain.pth')['state_dict']) == {'weight', 'bias'}
    torch.save([1, 2], tmp_path / 'list.pth')
    with pytest.raises(CheckpointError, match='expected a dictionary with weights, got list'):
        read_checkpoint(tmp_path / 'list.pth')
    torch.save(dict(epoch=3), tmp_path / 'empty.pth')
    with pytest.raises(CheckpointError, match='expected weights under "state_dict", got the keys epoch'):
        read_checkpoint(tmp_path / 'empty.pth')


def test_latest_checkpoint_follows_a_moved_folder(tmp_path: Path) -> None:
    assert latest_checkpoint(tmp_path) is None
    (tmp_path / 'last_checkpoint').write_text('/elsewhere/epoch_4.pth')
    with pytest.raises(CheckpointError, match='epoch_4.pth, which is not in'):
        latest_checkpoint(tmp_path)
    (tmp_path / 'epoch_4.pth').touch()
    assert latest_checkpoint(tmp_path) == str(tmp_path / 'epoch_4.pth')
