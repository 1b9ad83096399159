"""An exported file behind the inferencer, run by ONNX Runtime or OpenVINO."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from mmengine.registry import init_default_scope

from next_mm import compat
from next_mm.apis.inference.export import METADATA
from next_mm.errors import CheckpointError, ConfigError
from next_mm.registry import MODELS
from next_mm.retrieval.feature_set import FeatureSpace
from next_mm.triplet import NUM_MODALITIES

__all__ = ['OnnxBackend']

Run = Callable[[Mapping[str, np.ndarray]], np.ndarray]


class OnnxBackend:
    """Computes features with an exported file.

    Args:
        path: the ``.onnx`` file; beside it the text encoder, where the model reads captions.
        device: ``None`` or ``'cpu'`` (ONNX Runtime), ``'cuda'`` (ONNX Runtime with CUDA), or ``'openvino'``.
        dtype: ``'float32'``; ``'bfloat16'`` with OpenVINO.

    Raises:
        ConfigError: no exported file of ours, an unknown device, or a package that is not installed.
        CheckpointError: the text encoder is missing or damaged.
    """

    def __init__(self, path: Path, *, device: str | None = None, dtype: str = 'float32') -> None:
        if not path.is_file():
            raise ConfigError(f'{path}: no such file')
        engines = {
            None: _open_onnxruntime,
            'cpu': _open_onnxruntime,
            'cuda': _open_onnxruntime,
            'openvino': _open_openvino,
        }
        if device not in engines:
            raise ConfigError(f"device={device!r}: expected 'cpu', 'cuda' or 'openvino' for an exported file")
        self._run, self._names, metadata = engines[device](path, device, dtype)
        if METADATA not in metadata:
            raise ConfigError(f'{path}: not exported by tools/export.py; it does not say which pictures it takes')
        note = json.loads(metadata[METADATA])
        self.space = FeatureSpace.from_json(note['space'])
        self.pipeline, self.scope, self.card = note['pipeline'], note['scope'], note['card']
        self.reads_captions = note['text'] is not None
        self._text = _load_text(path, note['text'], self.scope) if self.reads_captions else None

    def encode(self, packed: Sequence[dict[str, Any]]) -> tuple[np.ndarray, np.ndarray | None]:
        """Return features; see :class:`Backend`."""
        samples = [item['data_samples'] for item in packed]
        feed = {
            'pictures': torch.stack([item['inputs'] for item in packed]).numpy(),
            'present': np.stack([np.asarray(sample.present, bool) for sample in samples]),
            'cameras': np.array([sample.camera for sample in samples], np.int64),
        }
        if self._text is None:
            return self._run(self._select(feed)), None
        tokens = torch.stack([torch.as_tensor(sample.tokens) for sample in samples])
        feed['text'] = self._text(tokens).numpy()
        feed['has_text'] = np.stack([np.asarray(sample.has_text, bool) for sample in samples])
        features = self._run(self._select(feed))
        if not feed['has_text'].any():
            return features, None
        feed['has_text'] = np.zeros((len(samples), NUM_MODALITIES), bool)
        return features, self._run(self._select(feed))

    def _select(self, feed: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
        return {name: feed[name] for name in self._names}


def _open_onnxruntime(path: Path, device: str | None, dtype: str) -> tuple[Run, list[str], Mapping[str, str]]:
    try:
        import onnxruntime
    except ImportError as error:
        raise ConfigError(f'{path}: needs onnxruntime: pip install "next-mm[export]"') from error
    if dtype != 'float32':
        raise ConfigError(
            f"dtype={dtype!r}: ONNX Runtime runs the file's own precision; bfloat16 needs device='openvino'"
        )
    provider = 'CUDAExecutionProvider' if device == 'cuda' else 'CPUExecutionProvider'
    if provider not in onnxruntime.get_available_providers():
        raise ConfigError(f'device={device!r}: this onnxruntime has {", ".join(onnxruntime.get_available_providers())}')
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3
    try:
        session = onnxruntime.InferenceSession(str(path), options, providers=[provider])
    except Exception as error:  # its errors have no common class
        raise ConfigError(f'{path}: cannot be run by ONNX Runtime: {str(error).splitlines()[0]}') from error
    names = [value.name for value in session.get_inputs()]
    return (lambda feed: session.run(None, dict(feed))[0]), names, session.get_modelmeta().custom_metadata_map


def _open_openvino(path: Path, device: str | None, dtype: str) -> tuple[Run, list[str], Mapping[str, str]]:
    try:
        import onnx

        core = compat.openvino_core()
    except ImportError as error:
        raise ConfigError(f'{path}: device={device!r} needs openvino: pip install "next-mm[openvino]"') from error
    precision = {'float32': 'f32', 'bfloat16': 'bf16'}.get(dtype)
    if precision is None:
        raise ConfigError(f"dtype={dtype!r}: expected 'float32' or 'bfloat16'")
    compiled = core.compile_model(str(path), 'CPU', {'INFERENCE_PRECISION_HINT': precision})
    names = [value.get_any_name() for value in compiled.inputs]
    metadata = {entry.key: entry.value for entry in onnx.load(path, load_external_data=False).metadata_props}
    return (lambda feed: np.asarray(compiled(dict(feed))[0]).copy()), names, metadata


def _load_text(path: Path, note: Mapping[str, Any], scope: str) -> torch.nn.Module:
    """Build the text encoder that the file was exported beside."""
    import tempfile

    from safetensors import SafetensorError
    from safetensors.torch import load_file

    weights = path.with_suffix('.text.safetensors')
    if not weights.is_file():
        raise CheckpointError(f'{weights}: no such file; the model reads captions and its text encoder lies there')
    init_default_scope(scope)
    config = dict(note['config'])
    with tempfile.TemporaryDirectory() as folder:
        if note['description'] is not None:
            description = Path(folder) / f'{config["model_name"]}.json'
            description.write_text(json.dumps(note['description']), encoding='utf-8')
            config['model_name'] = str(description)
        encoder = MODELS.build(config)
    try:
        encoder.load_tower({key.removeprefix('tower.'): value for key, value in load_file(weights).items()})
    except (SafetensorError, RuntimeError) as error:
        raise CheckpointError(f'{weights}: cannot be loaded as the text encoder: {error}') from error
    return encoder.eval()
