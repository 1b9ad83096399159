"""Exported files: equal to the model at every batch size, refused where they are not."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from next_mm.apis.inference import ReIDInferencer, export, load_bundle
from next_mm.apis.inference.export import ExportError, export_onnx
from next_mm.errors import CheckpointError, ConfigError
from tests.apis.inference.test_inferencer import records

pytestmark = pytest.mark.extra('onnx', 'onnxscript', 'onnxruntime')
TOLERANCE = 1e-5  # what an export is refused beyond


def test_an_exported_file_is_the_model(run_dir: Path, tmp_path: Path) -> None:
    found = export_onnx(load_bundle(run_dir), tmp_path / 'model.onnx')
    assert found['difference'] <= TOLERANCE
    reid, exported = ReIDInferencer(run_dir), ReIDInferencer(tmp_path / 'model.onnx')
    assert exported.space == reid.space
    rows = [*records(run_dir), dict(rgb=records(run_dir)[0]['rgb'], id='rgb alone')]
    expected = reid(rows)
    for size in (1, 4, 9):
        out = exported(rows, batch_size=size)
        np.testing.assert_allclose(out.features, expected.features, atol=TOLERANCE)
        np.testing.assert_allclose(out.text_free, expected.text_free, atol=TOLERANCE)
    assert (out.parts == expected.parts).all()
    assert (out.has_text == expected.has_text).all()
    (tmp_path / 'model.text.safetensors').unlink()
    with pytest.raises(CheckpointError, match='its text encoder lies there'):
        ReIDInferencer(tmp_path / 'model.onnx')


def test_half_precision_and_8_bits_without_captions(run_dir: Path, tmp_path: Path) -> None:
    rows = records(run_dir)
    expected = ReIDInferencer(run_dir)(rows).text_free
    for precision in ('fp16', 'int8'):
        path = tmp_path / f'{precision}.onnx'
        assert export_onnx(load_bundle(run_dir), path, precision=precision, text=False)['cosine'] >= export.MIN_COSINE
        out = ReIDInferencer(path)(rows)
        assert (
            (out.features * expected).sum(axis=1) > 0.99
        ).all()  # tiny widths: 8 bits weigh more than in a real model
        assert not out.has_text.any()


def test_a_file_that_differs_is_refused(run_dir: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(export, 'MAX_DIFFERENCE', 0.0)
    with pytest.raises(ExportError, match='does not equal the model.*nothing was written'):
        export_onnx(load_bundle(run_dir), tmp_path / 'model.onnx', text=False)
    assert not list(tmp_path.glob('*.onnx*'))


def test_what_cannot_be_exported_says_why(run_dir: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    bundle = load_bundle(run_dir)
    monkeypatch.setattr(type(bundle.model), 'not_exportable', lambda self: 'it asks the moon')
    with pytest.raises(ExportError, match='NEXTReID cannot be exported: it asks the moon'):
        export_onnx(bundle, tmp_path / 'model.onnx')
    with pytest.raises(ConfigError, match='ends with .onnx'):
        export_onnx(bundle, tmp_path / 'model.pt')
    (tmp_path / 'other.onnx').write_bytes(b'nothing')
    with pytest.raises(ConfigError, match='cannot be run by ONNX Runtime'):
        ReIDInferencer(tmp_path / 'other.onnx')


@pytest.mark.extra('openvino')
def test_openvino_reads_the_same_file(run_dir: Path, tmp_path: Path) -> None:
    export_onnx(load_bundle(run_dir), tmp_path / 'model.onnx', text=False)
    rows = records(run_dir)
    expected = ReIDInferencer(tmp_path / 'model.onnx')(rows).features
    out = ReIDInferencer(tmp_path / 'model.onnx', device='openvino')(rows).features
    np.testing.assert_allclose(out, expected, atol=TOLERANCE)
