"""Build a CLIP of open_clip at any picture size and stride, and load its weights strictly."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import partial
from pathlib import Path

import open_clip
import torch
from mmengine.logging import print_log
from open_clip import factory
from open_clip.pretrained import download_pretrained
from open_clip.transformer import to_2tuple
from torch import Tensor, nn

from next_mm import compat
from next_mm.errors import ConfigError
from next_mm.models.clip.position_embedding import PositionFilter, find_grid, resize_position_embedding
from next_mm.utils.options import check_size
from next_mm.utils.weights import is_torchscript, read_weights

_POSITION = 'visual.positional_embedding'


_weights_follow: ContextVar[bool] = ContextVar('weights_follow', default=False)


@contextmanager
def weights_follow() -> Iterator[None]:
    """Build models whose weights are loaded right after: that they begin at random is no news."""
    token = _weights_follow.set(True)
    try:
        yield
    finally:
        _weights_follow.reset(token)


def load_clip(
    model_name: str,
    pretrained: str | None,
    *,
    image_size: tuple[int, int] | None = None,
    stride: int | None = None,
    position_filter: PositionFilter = 'bicubic',
) -> nn.Module:
    """Build a CLIP model of open_clip and load its weights, position embedding resized to the picture's token grid.

    A weights file does not say on what grid its position embedding lies; see
    :func:`next_mm.models.clip.position_embedding.find_grid`.

    Args:
        model_name: a model name of open_clip, or the path of an open_clip model config (``.json``).
        pretrained: a pretrained tag of open_clip (downloaded on first use), a local file (``.pt``, ``.safetensors``, or
            OpenAI's own TorchScript archive), or ``None`` for random weights.
        image_size: picture height and width in pixels; ``None`` keeps the model's own.
        stride: patch stride in pixels; smaller than the patch gives overlapping patches; ``None`` is the patch size.
        position_filter: how the position embedding is resized, ``'bicubic'`` or ``'bilinear'``.

    Raises:
        ConfigError: unknown model name or tag, a model config file under the name of another model, weights that do not
            fit the model, or weights trained with QuickGELU in a model without it (or the reverse).
        CheckpointError: the weights file is damaged, holds no weights, or could run code.
        FileNotFoundError: ``pretrained`` looks like a path and there is no such file.
    """
    name = _register_config(model_name)
    if image_size is not None:
        patch = max(to_2tuple(open_clip.CLIPVisionCfg(**open_clip.get_model_config(name)['vision_cfg']).patch_size))
        check_size(f'{model_name}: image_size', image_size, smallest=patch)
    with compat.without_random_weights_warning():
        model = open_clip.create_model(
            name, pretrained=None, force_image_size=image_size, pretrained_text=False, device=torch.get_default_device()
        )
    if stride is not None:
        _set_stride(model.visual, stride)
    if pretrained is None:
        if not _weights_follow.get():
            print_log(f'{model_name}: no pretrained weights named, its weights are random', 'current', logging.WARNING)
        return model
    path, quick_gelu = _resolve_weights(name, pretrained)
    _check_quick_gelu(name, pretrained, quick_gelu)
    state = read_weights(path)
    try:
        resize = partial(_resize_position, config_grid=_config_grid(name), position_filter=position_filter)
        with compat.replace_position_resize(resize), compat.replace_weights_reading(state):
            factory.load_checkpoint(model, str(path))
    except (RuntimeError, KeyError, ValueError) as error:
        raise ConfigError(f'{pretrained}: its weights do not fit the model {model_name}: {error}') from error
    print_log(f'{model_name}: loaded {pretrained}', 'current')
    return model.float()


def model_config(model_name: str) -> dict:
    """Return the open_clip configuration of a model name or of an open_clip model config file."""
    return open_clip.get_model_config(_register_config(model_name))


def _register_config(model_name: str) -> str:
    """Make a model config file known to open_clip and return the name it goes by."""
    name = model_name
    if model_name.endswith('.json'):
        path = Path(model_name)
        if not path.is_file():
            raise FileNotFoundError(f'model_name={model_name!r}: no such open_clip model config')
        name = path.stem
        _add_config(path)
    if name not in open_clip.list_models():
        raise ConfigError(f'model_name={model_name!r} is not a model of open_clip; open_clip.list_models() lists them')
    return name


def _add_config(path: Path) -> None:
    """Give open_clip a model config file, which goes by its stem there; the same one again changes nothing."""
    try:
        config = json.loads(path.read_text())
    except ValueError as error:
        raise ConfigError(f'{path}: expected an open_clip model config in JSON: {error}') from error
    if path.stem not in open_clip.list_models():
        open_clip.add_model_config(path)
    elif config != open_clip.get_model_config(path.stem):
        raise ConfigError(
            f'{path}: open_clip goes by the stem, and knows another model config as {path.stem!r} already; '
            'rename the file'
        )


def _resolve_weights(name: str, pretrained: str) -> tuple[Path, bool | None]:
    """Return the weights' file, and whether they were trained with QuickGELU (``None``: the file does not say)."""
    tag = open_clip.get_pretrained_cfg(name, pretrained)
    if tag:
        return Path(download_pretrained(tag)), bool(tag.get('quick_gelu', False))
    path = Path(pretrained)
    if path.is_file():
        return path, True if is_torchscript(path) else None
    if path.suffix or path.parent != Path('.'):
        raise FileNotFoundError(f'pretrained={pretrained!r}: no such file')
    tags = ', '.join(open_clip.list_pretrained_tags_by_model(name)) or 'none'
    raise ConfigError(f'pretrained={pretrained!r} is neither a file nor a pretrained tag of {name} (its tags: {tags})')


def _check_quick_gelu(name: str, pretrained: str, quick_gelu: bool | None) -> None:
    has = bool(open_clip.get_model_config(name).get('quick_gelu', False))
    if quick_gelu is not None and has != quick_gelu:
        wanted = f'{name}-quickgelu' if quick_gelu else name.replace('-quickgelu', '')
        raise ConfigError(
            f'{pretrained}: these weights were trained {"with" if quick_gelu else "without"} QuickGELU, but the model '
            f'{name} is built {"with" if has else "without"} it; use model_name={wanted!r}'
        )


def _config_grid(name: str) -> tuple[int, int]:
    """Rows and columns of patches at the model config's own picture size."""
    vision = open_clip.CLIPVisionCfg(**open_clip.get_model_config(name)['vision_cfg'])
    height, width = to_2tuple(vision.image_size)
    patch_height, patch_width = to_2tuple(vision.patch_size)
    return height // patch_height, width // patch_width


def _resize_position(
    state: dict[str, Tensor], model: nn.Module, config_grid: tuple[int, int], position_filter: PositionFilter
) -> None:
    """Bring the visual position embedding of a state dict, in place, to the model's grid; towers
    without one are left alone."""
    embedding, grid = state.get(_POSITION), getattr(model.visual, 'grid_size', None)
    if embedding is not None and grid is not None:
        source = find_grid(len(embedding) - 1, config=config_grid, pictures=tuple(grid))
        state[_POSITION] = resize_position_embedding(embedding, source, tuple(grid), position_filter)


def _set_stride(visual: nn.Module, stride: int) -> None:
    """Let the patch convolution step ``stride`` pixels and give the position embedding the new grid."""
    patch = visual.patch_size[0]
    if not 1 <= stride <= patch:
        raise ConfigError(f'stride={stride}: expected 1 to {patch}, the patch size')
    visual.conv1.stride = (stride, stride)
    visual.grid_size = tuple((side - patch) // stride + 1 for side in visual.image_size)
    width = visual.positional_embedding.shape[1]
    tokens = visual.grid_size[0] * visual.grid_size[1] + 1
    visual.positional_embedding = nn.Parameter(width**-0.5 * torch.randn(tokens, width))
