"""Export a model to ONNX: pictures and caption features in, unit features out, verified before it is written."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Literal

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from next_mm.apis.inference.bundle import ModelBundle
from next_mm.errors import ConfigError, UserError
from next_mm.models.reid_model import TEXT_ENCODER, ReIDModel
from next_mm.structures import TripletBatch
from next_mm.triplet import NUM_MODALITIES, UNKNOWN
from next_mm.utils.files import staged

__all__ = ['METADATA', 'ExportError', 'ExportedModel', 'export_onnx']

Precision = Literal['fp32', 'fp16', 'int8']
METADATA = 'next_mm'
OPSET = 18
BATCHES = (1, 3, 8)
"""Batch sizes at which an exported file must equal the model."""
MAX_DIFFERENCE = 1e-5
"""Largest difference of a component of a unit feature in fp32."""
MIN_COSINE = 0.999
"""Least cosine of a feature in fp16 and int8 with the model's own."""


class ExportError(UserError):
    """A model that cannot be exported, or an exported file that does not equal it."""


class ExportedModel(nn.Module):
    """What is exported: normalisation, the model from pictures and caption features on, and unit length.

    Args:
        model: a model in evaluation mode.
        text: whether captions are an input.
    """

    def __init__(self, model: ReIDModel, *, text: bool) -> None:
        super().__init__()
        self.model = model
        self.reads_text = text
        self.reads_cameras = model.reads_cameras

    def forward(
        self,
        pictures: Tensor,
        present: Tensor,
        text: Tensor | None = None,
        has_text: Tensor | None = None,
        cameras: Tensor | None = None,
    ) -> Tensor:
        """Return unit features (B, F).

        Args:
            pictures: (B, 3, 3, H, W) uint8.
            present: (B, 3) bool, which modalities exist.
            text: (B, 1, 3, D) caption features of the text encoder.
            has_text: (B, 3) bool, which modalities have a caption.
            cameras: (B,) int64 camera numbers, -1 for unknown.
        """
        scaler = self.model.data_preprocessor
        images = (pictures.float() - scaler.mean) / scaler.std
        if self.model.reads_captions and not self.reads_text:  # a model without any caption
            text = images.new_zeros(images.shape[0], 1, NUM_MODALITIES, self.model.text_encoder.out_dim)
            has_text = torch.zeros_like(present)
        batch = TripletBatch(present=present, has_text=has_text, text=text, cameras=cameras)
        return F.normalize(self.model.feature(images, batch), dim=1)


def input_names(wrapper: ExportedModel) -> list[str]:
    """Return the names of the inputs in their order."""
    names = ['pictures', 'present']
    if wrapper.reads_text:
        names += ['text', 'has_text']
    return names + (['cameras'] if wrapper.reads_cameras else [])


def make_inputs(wrapper: ExportedModel, batch: int, seed: int) -> dict[str, Tensor]:
    """Return random inputs, with absent modalities, absent captions and unknown cameras among them."""
    generator = torch.Generator().manual_seed(seed)
    height, width = wrapper.model.image_size
    present = torch.rand(batch, NUM_MODALITIES, generator=generator) < 0.7
    present[:, 0] |= ~present.any(dim=1)
    values = {
        'pictures': torch.randint(
            0, 256, (batch, NUM_MODALITIES, 3, height, width), dtype=torch.uint8, generator=generator
        ),
        'present': present,
        'cameras': torch.randint(UNKNOWN, 7, (batch,), generator=generator),
    }
    if wrapper.reads_text:
        width = wrapper.model.text_encoder.out_dim
        values['text'] = torch.randn(batch, 1, NUM_MODALITIES, width, generator=generator)
        values['has_text'] = present & (torch.rand(batch, NUM_MODALITIES, generator=generator) < 0.7)
    return {name: values[name] for name in input_names(wrapper)}


def export_onnx(
    bundle: ModelBundle, path: Path, *, precision: Precision = 'fp32', text: bool = True
) -> dict[str, float]:
    """Export a model, compare the file with it at several batch sizes, and only then put it in its place.

    Args:
        bundle: the model.
        path: the ``.onnx`` file; captions' text encoder, where the model reads captions, goes beside it
            (``.text.safetensors``).
        precision: ``'fp32'``, ``'fp16'`` (inputs and outputs stay fp32) or ``'int8'`` (dynamic,
            of the matrix products).
        text: export the caption input of a model that reads captions.

    Returns:
        The largest ``difference`` and the least ``cosine`` found.

    Raises:
        ExportError: the model cannot be exported, or the file does not equal it.
        ConfigError: an unknown precision, or a needed package is not installed.
    """
    if precision not in ('fp32', 'fp16', 'int8'):
        raise ConfigError(f"precision={precision!r}: expected 'fp32', 'fp16' or 'int8'")
    if path.suffix != '.onnx':
        raise ConfigError(f'{path}: expected a name that ends with .onnx')
    _require('onnx', 'onnxscript', 'onnxruntime')
    reason = bundle.model.not_exportable()
    if reason:
        raise ExportError(f'{type(bundle.model).__name__} cannot be exported: {reason}')
    wrapper = ExportedModel(bundle.model, text=text and bundle.model.reads_captions).eval()
    with staged(path) as part:
        _trace(wrapper, part)
        _convert(part, precision)
        _annotate(part, bundle, wrapper, precision)
        found = verify(wrapper, part, precision)
    if wrapper.reads_text:
        _write_text_encoder(bundle, path.with_suffix('.text.safetensors'))
    return found


def _require(*packages: str) -> None:
    import importlib.util

    missing = [name for name in packages if importlib.util.find_spec(name) is None]
    if missing:
        raise ConfigError(f'export needs {", ".join(missing)}: pip install "next-mm[export]"')


def _trace(wrapper: ExportedModel, path: Path) -> None:
    inputs = make_inputs(wrapper, 2, seed=0)
    batch = torch.export.Dim('batch', min=1, max=4096)
    shapes = {name: {0: batch} for name in inputs}
    try:
        with torch.no_grad():
            torch.onnx.export(
                wrapper,
                kwargs=inputs,
                f=str(path),
                dynamo=True,
                dynamic_shapes=shapes,
                input_names=list(inputs),
                output_names=['features'],
                opset_version=OPSET,
                external_data=False,
                verbose=False,
            )
    except Exception as error:  # the exporter's own errors have no common class
        cause: BaseException = error
        while cause.__cause__ is not None:
            cause = cause.__cause__
        reason = str(cause).strip().splitlines() or [type(cause).__name__]
        raise ExportError(f'{type(wrapper.model).__name__} cannot be exported: {reason[0]}') from error


def _convert(path: Path, precision: Precision) -> None:
    if precision == 'fp16':
        import onnx
        from onnxruntime.transformers.float16 import convert_float_to_float16

        onnx.save(convert_float_to_float16(onnx.load(path), keep_io_types=True), path)
    elif precision == 'int8':
        from onnxruntime.quantization import QuantType, quantize_dynamic

        quantize_dynamic(path, path, weight_type=QuantType.QInt8)


def _annotate(path: Path, bundle: ModelBundle, wrapper: ExportedModel, precision: Precision) -> None:
    """Write into the file what the inferencer needs: feature space, pipeline, text encoder, card."""
    import onnx

    model = onnx.load(path)
    note: dict[str, Any] = {
        'space': bundle.space().to_json(),
        'pipeline': bundle.pipeline,
        'scope': bundle.scope,
        'precision': precision,
        'text': _text_config(bundle) if wrapper.reads_text else None,
        'card': bundle.card,
    }
    entry = model.metadata_props.add()
    entry.key, entry.value = METADATA, json.dumps(note)
    onnx.save(model, path)


def _text_config(bundle: ModelBundle) -> dict[str, Any]:
    """Return the text encoder's config with its model description inside, so that no other file is needed."""
    text = dict(bundle.model_config[bundle.model.parts[TEXT_ENCODER]])
    name = str(text.get('model_name', ''))
    if name.endswith('.json'):
        text['model_name'] = Path(name).stem
        return {'config': text, 'description': json.loads(Path(name).read_text(encoding='utf-8'))}
    return {'config': text, 'description': None}


def _write_text_encoder(bundle: ModelBundle, path: Path) -> None:
    from safetensors.torch import save_file

    with staged(path) as part:
        save_file({key: value.contiguous() for key, value in bundle.model.text_encoder.tower_state().items()}, part)


def verify(wrapper: ExportedModel, path: Path, precision: Precision) -> dict[str, float]:
    """Compare an exported file with the model; a batch must equal its rows one by one.

    Raises:
        ExportError: they differ, or the file takes one batch size alone.
    """
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3
    session = onnxruntime.InferenceSession(str(path), options, providers=['CPUExecutionProvider'])
    for entry in session.get_inputs():
        if isinstance(entry.shape[0], int):
            raise ExportError(
                f'{type(wrapper.model).__name__} cannot be exported: its graph is bound to batches of '
                f'{entry.shape[0]}; len() of a tensor in the forward pass does that, shape[0] does not'
            )
    difference, cosine = 0.0, 1.0
    for batch in BATCHES:
        inputs = make_inputs(wrapper, batch, seed=batch)
        with torch.no_grad():
            expected = wrapper(**inputs).numpy()
        feed = {name: value.numpy() for name, value in inputs.items()}
        together = session.run(None, feed)[0]
        alone = np.concatenate(
            [session.run(None, {name: value[row : row + 1] for name, value in feed.items()})[0] for row in range(batch)]
        )
        there = expected.any(axis=1)  # a triplet without the modalities that a model reads has a feature of zeros
        for found in (together, alone):
            difference = max(difference, float(np.abs(found - expected).max()))
            cosine = min(cosine, float((found * expected).sum(axis=1)[there].min(initial=1.0)))
    if not (difference <= MAX_DIFFERENCE if precision == 'fp32' else cosine >= MIN_COSINE):
        raise ExportError(
            f'the exported file does not equal the model: largest difference {difference:.2e}, least cosine '
            f'{cosine:.6f}; '
            'nothing was written'
        )
    return {'difference': difference, 'cosine': cosine}
