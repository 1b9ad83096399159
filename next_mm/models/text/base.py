"""What the text encoders share: tokens in, features out, and what of them a checkpoint holds."""

from __future__ import annotations

import copy
from typing import Any

import numpy as np
import torch
from mmengine.model import BaseModule
from torch import Tensor

from next_mm.models.text.text_tower import to_device

DIGEST = 'tower_digest'
TOWER = 'tower.'


class TextEncoder(BaseModule):
    """Base of the text encoders. Nothing in it is trained, averaged, or broadcast: it has no parameters.

    A checkpoint holds the digest of the text tower, so that a model is never run, without a word, on the
    captions of another tower.

    Attributes:
        out_dim: width D of the features.
        digest: SHA-256 of the text tower.
        optional_state: beginnings of names that a checkpoint may hold or not.
    """

    optional_state = (TOWER,)
    out_dim: int
    digest: str

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer('_anchor', torch.empty(0), persistent=False)  # follows the model to its device

    def lengths(self, tokens: np.ndarray) -> np.ndarray:
        """Length (R,) of each row of (R, L) token ids, the end-of-text token included."""
        raise NotImplementedError

    def encode(self, captions: list[bytes]) -> Tensor:
        """Features (C, D), on the device, of C different captions given as bytes of int32 token
        ids up to end-of-text."""
        raise NotImplementedError

    @torch.compiler.disable
    @torch.no_grad()
    def forward(self, tokens: Tensor) -> Tensor:
        """Map (..., L) token ids, on the CPU, to (..., D) features in full precision, on the model's device.

        Equal captions are encoded once.

        Raises:
            ValueError: tokens on another device than the CPU (looking them up would wait for it), or not integers.
        """
        if tokens.device.type != 'cpu' or tokens.is_floating_point():
            raise ValueError(f'expected integer caption tokens on the CPU, got {tokens.dtype} on {tokens.device}')
        rows = tokens.reshape(-1, tokens.shape[-1]).to(torch.int32).numpy()
        captions = [row[:length].tobytes() for row, length in zip(rows, self.lengths(rows))]
        places: dict[bytes, int] = {}
        index = torch.tensor([places.setdefault(caption, len(places)) for caption in captions], dtype=torch.int64)
        features = self.encode(list(places))
        return features[to_device(index, features.device)].unflatten(0, tokens.shape[:-1])

    def __deepcopy__(self, memo: dict[int, Any]) -> TextEncoder:
        """A copy, as weight averaging makes one, shares what is frozen anyway."""
        clone = copy.copy(self)
        clone._buffers = {name: buffer.clone() for name, buffer in self._buffers.items()}
        memo[id(self)] = clone
        return clone

    def _save_to_state_dict(self, destination: dict[str, Any], prefix: str, keep_vars: bool) -> None:
        destination[prefix + DIGEST] = torch.tensor(list(bytes.fromhex(self.digest)), dtype=torch.uint8)

    def _load_from_state_dict(
        self,
        state_dict: dict[str, Any],
        prefix: str,
        local_metadata: dict[str, Any],
        strict: bool,
        missing_keys: list[str],
        unexpected_keys: list[str],
        error_msgs: list[str],
    ) -> None:
        own = {key[len(prefix) :]: value for key, value in state_dict.items() if key.startswith(prefix)}
        tower = {key[len(TOWER) :]: own.pop(key) for key in list(own) if key.startswith(TOWER)}
        if tower:
            self.load_tower(tower)
        digest = own.pop(DIGEST, None)
        trained = bytes(digest.tolist()).hex() if digest is not None else self.digest
        if trained != self.digest:
            error_msgs.append(
                f'the checkpoint was trained on the captions of another text tower ({trained[:16]}) than model.text '
                'reads '
                f'now ({self.digest[:16]}): name the same model.text.pretrained (or caption features), or train with '
                'model.text.save_in_checkpoint=True'
            )
        unexpected_keys += [prefix + key for key in own]

    def load_tower(self, state: dict[str, Tensor]) -> None:
        """Take the text tower's weights from a checkpoint that holds them; an encoder without a
        tower has no use for them."""
