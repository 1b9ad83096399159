"""CLIP's frozen text tower as the model's text encoder (Sec. III-A)."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType, SimpleNamespace
from typing import Any, ClassVar

import numpy as np
import torch
from torch import Tensor

from next_mm.errors import ConfigError
from next_mm.models.clip.loading import load_clip, model_config
from next_mm.models.text.base import TOWER, TextEncoder
from next_mm.models.text.embedding_cache import EmbeddingCache
from next_mm.models.text.text_tower import TextTower, to_device
from next_mm.registry import MODELS

DEFAULT_CACHE: Mapping[str, Any] = MappingProxyType({'max_entries': 262144})
"""Room for all sentence subsets of RGBNT201's training captions (235,000): at most 512 MiB at
the width of CLIP ViT-B/16."""


@MODELS.register_module()
class CLIPText(TextEncoder):
    """CLIP's text tower: frozen, never in the optimizer, its features remembered.

    Captions are always encoded in full precision, outside autocast. With the cache or without it, and whatever captions
    share the batch, the features are bitwise the same on a machine.

    Args:
        model_name: a model name of open_clip, or an open_clip model config file.
        pretrained: pretrained tag, local file or ``None``; see :func:`next_mm.models.clip.loading.load_clip`.
        save_in_checkpoint: store the tower in checkpoints (64 M parameters for ViT-B/16), so that they load where
            ``pretrained`` is not at hand. Checkpoints of either kind load in a model of either kind.
        cache: arguments of :class:`EmbeddingCache` (``max_entries``, ``path``, ``flush_every``), ``None`` for no cache.

    Raises:
        ConfigError: the model's text tower is not CLIP's, or reads the tokens of another tokenizer.
    """

    option_keys: ClassVar[dict[str, tuple[str, ...]]] = {'cache': ('max_entries', 'path', 'flush_every')}

    def __init__(
        self,
        *,
        model_name: str,
        pretrained: str | None,
        save_in_checkpoint: bool = False,
        cache: Mapping[str, Any] | None = DEFAULT_CACHE,
    ) -> None:
        super().__init__()
        _check_tokenizer(model_name)
        self.save_in_checkpoint = save_in_checkpoint
        tower = TextTower(load_clip(model_name, pretrained), model_name)
        self.out_dim = tower.out_dim
        # Behind a plain object, so that the frozen tower is no parameter of the model: optimizers, weight averaging,
        # DDP's broadcast and checkpoints go through those.
        self._frozen = SimpleNamespace(tower=tower, digest=tower.digest(), cache=None)
        self._cache_options = None if cache is None else {**DEFAULT_CACHE, **cache}
        self._reset_cache()

    @property
    def tower(self) -> TextTower:
        """The frozen tower, on the model's device; not among the model's parameters."""
        tower = self._frozen.tower
        if tower.positional_embedding.device != self._anchor.device:
            tower.to(self._anchor.device)
        return tower

    @property
    def kept_apart(self) -> tuple[TextTower]:
        """The networks that are not among the model's parameters, for cost tables."""
        return (self.tower,)

    @property
    def cache(self) -> EmbeddingCache | None:
        """The features encoded so far."""
        return self._frozen.cache

    @property
    def digest(self) -> str:  # type: ignore[override]
        """SHA-256 of the tower."""
        return self._frozen.digest

    def lengths(self, tokens: np.ndarray) -> np.ndarray:
        """See :meth:`TextTower.lengths`.

        Raises:
            ConfigError: tokens the tower does not know, more of them than its context, or none that ends the text.
        """
        tower = self._frozen.tower
        if tokens.size and not 0 <= tokens.min() <= tokens.max() < tower.vocab_size:
            raise ConfigError(
                f'expected token ids from 0 to {tower.vocab_size - 1}, got {tokens.min()} to {tokens.max()}'
            )
        lengths = tower.lengths(tokens)
        if tokens.size and lengths.max() > tower.context_length:
            raise ConfigError(
                f'expected captions of at most {tower.context_length} tokens, got {lengths.max()}; '
                f'set TokenizeCaptions.context_length={tower.context_length} in every pipeline'
            )
        return lengths

    def encode(self, captions: list[bytes]) -> Tensor:
        """See :meth:`TextEncoder.encode`; known captions are looked up."""
        device = self._anchor.device
        slots = self.cache.slots(captions) if self.cache is not None else [-1] * len(captions)
        new = [caption for caption, slot in zip(captions, slots) if slot < 0]
        known = torch.tensor([slot for slot in slots if slot >= 0], dtype=torch.int64)
        features = [_take(self.cache.table(device), known)] if self.cache is not None and len(known) else []
        if new:
            fresh = self.tower([np.frombuffer(caption, dtype=np.int32) for caption in new])
            features.append(fresh)
            if self.cache is not None:
                self.cache.add(new, fresh)
        if not features:
            return torch.empty(0, self.out_dim, device=device)
        if len(features) == 1:
            return features[0]
        order = np.argsort(
            np.argsort([slot < 0 for slot in slots], kind='stable')
        )  # known ones stand first in the list
        return _take(torch.cat(features), torch.from_numpy(order))

    def load_tower(self, state: dict[str, Tensor]) -> None:
        """See :meth:`TextEncoder.load_tower`; features of other weights are forgotten."""
        frozen = self._frozen
        frozen.tower.load_state_dict(state)
        digest = frozen.tower.digest()
        if digest != frozen.digest:
            frozen.digest = digest
            self._reset_cache()

    def tower_state(self) -> dict[str, Tensor]:
        """Return the frozen tower's weights by the names that a checkpoint may hold them under."""
        return {TOWER + key: value for key, value in self._frozen.tower.state_dict().items()}

    def _save_to_state_dict(self, destination: dict[str, Any], prefix: str, keep_vars: bool) -> None:
        super()._save_to_state_dict(destination, prefix, keep_vars)
        if self.save_in_checkpoint:
            self._frozen.tower.state_dict(destination=destination, prefix=prefix + TOWER, keep_vars=keep_vars)

    def _reset_cache(self) -> None:
        if self._cache_options is not None:
            self._frozen.cache = EmbeddingCache(self.out_dim, tower=self.digest, **self._cache_options)


def _check_tokenizer(model_name: str) -> None:
    """Refuse models with a tokenizer of their own: TokenizeCaptions gives CLIP's tokens, which
    mean other words there."""
    tokenizer = model_config(model_name)['text_cfg'].get('hf_tokenizer_name')
    if tokenizer is not None:
        raise ConfigError(
            f'model_name={model_name!r}: its text tower reads tokens of {tokenizer}, but TokenizeCaptions gives '
            "CLIP's own; "
            'choose a model without hf_tokenizer_name, or train without text (model.text=None)'
        )


def _take(table: Tensor, index: Tensor) -> Tensor:
    """Rows of a table by an index on the CPU, without waiting for the device."""
    return table[to_device(index, table.device)]
