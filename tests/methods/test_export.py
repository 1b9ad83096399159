"""A method becomes an ONNX file that equals it, or says in one line why not."""

from __future__ import annotations

import copy
from pathlib import Path

import pytest
import torch
from torch import Tensor

from next_mm.apis.inference.bundle import ModelBundle
from next_mm.apis.inference.export import ExportError, export_onnx
from next_mm.methods.baseline.model import BaselineReID
from next_mm.registry import MODELS
from next_mm.structures import TripletBatch
from tests.methods.toys import find_methods, list_toys

FIRST = {}
for _name, _toy in list_toys():
    if _toy:
        FIRST.setdefault(_name.partition(':')[0], _toy)
NOT_EXPORTABLE = {'FACENetReID', 'IDEAReID'}


def bundle(name: str) -> ModelBundle:
    """A toy of which no weight is zero."""
    torch.manual_seed(0)
    model = MODELS.build(copy.deepcopy(FIRST[name])).eval()
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.add_(0.02 * torch.randn_like(parameter))
    return ModelBundle(model, pipeline=[], model_config=dict(FIRST[name]), scope='next_mm', name=name)


def test_every_method_has_a_toy_to_export() -> None:
    assert FIRST.keys() == find_methods().keys()


@pytest.mark.extra('onnx', 'onnxscript', 'onnxruntime')
@pytest.mark.parametrize('name', sorted(NOT_EXPORTABLE))
def test_what_cannot_be_exported_says_why(name: str, tmp_path: Path) -> None:
    with pytest.raises(ExportError, match=f'^{name} cannot be exported: ') as found:
        export_onnx(bundle(name), tmp_path / 'toy.onnx')
    assert '\n' not in str(found.value) and not list(tmp_path.iterdir())


@pytest.mark.extra('onnx', 'onnxscript', 'onnxruntime')
def test_pfd_with_the_users_pose_network_says_why(tmp_path: Path) -> None:
    toy = bundle('PFDReID')
    toy.model.pose.kept_apart = (torch.nn.Linear(1, 1),)  # as HRNetPose has
    with pytest.raises(ExportError, match="PFDReID cannot be exported: its pose network's weights are the user's file"):
        export_onnx(toy, tmp_path / 'toy.onnx')


@pytest.mark.real_size  # no large networks, but minutes of exports
@pytest.mark.extra('onnx', 'onnxscript', 'onnxruntime')
@pytest.mark.parametrize('name', sorted(FIRST.keys() - NOT_EXPORTABLE))
def test_the_file_equals_the_model(name: str, tmp_path: Path) -> None:
    """At batches of 1, 3 and 8, and row by row: export_onnx refuses what differs by more than 1e-5."""
    assert export_onnx(bundle(name), tmp_path / 'toy.onnx')['difference'] <= 1e-5


@pytest.mark.extra('onnx', 'onnxscript', 'onnxruntime')
def test_a_graph_of_one_batch_size_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    extract = BaselineReID.extract

    def counting(self: BaselineReID, images: Tensor, batch: TripletBatch) -> dict[str, Tensor]:
        """Read the batch size in a way that a graph cannot keep open."""
        return {name: value * torch.ones(len(images), 1) for name, value in extract(self, images, batch).items()}

    monkeypatch.setattr(BaselineReID, 'extract', counting)
    with pytest.raises(ExportError, match='BaselineReID cannot be exported: its graph is bound to batches of 2'):
        export_onnx(bundle('BaselineReID'), tmp_path / 'toy.onnx')
    assert not list(tmp_path.iterdir())
