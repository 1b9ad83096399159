"""Load pretrained weights into a convolutional network, all or an error."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from torch import Tensor, nn

from next_mm.errors import ConfigError
from next_mm.models.conversion import KeyMap
from next_mm.utils.weights import read_weights

__all__ = ['load_pretrained', 'read_pretrained']


def read_pretrained(file: str, key_map: KeyMap | None = None) -> dict[str, Tensor]:
    """Read a local weights file.

    Args:
        file: path of the file.
        key_map: from the file's names to the network's, where they differ.

    Raises:
        FileNotFoundError: there is no such file.
        CheckpointError: it is damaged, could run code, or does not fit the key map.
    """
    if not Path(file).is_file():
        raise FileNotFoundError(f'pretrained={file!r}: no such file')
    state = read_weights(Path(file))
    return state if key_map is None else key_map.to_ours(state).state


def load_pretrained(network: nn.Module, state: Mapping[str, Tensor], source: str) -> None:
    """Load weights into a network; only batch norms' counters, which old files lack, may be missing.

    Args:
        network: the network.
        state: the weights by the network's own names.
        source: what to call them in messages.

    Raises:
        ConfigError: they do not fit.
    """
    try:
        result = network.load_state_dict(dict(state), strict=False)
    except RuntimeError as error:
        raise ConfigError(f'{source}: its weights do not fit {type(network).__name__}: {error}') from error
    missing = [key for key in result.missing_keys if not key.endswith('num_batches_tracked')]
    if missing or result.unexpected_keys:
        raise ConfigError(
            f'{source}: its weights do not fit {type(network).__name__}: {len(missing)} are not in it {missing[:3]}, '
            f'{len(result.unexpected_keys)} are unknown {result.unexpected_keys[:3]}'
        )
