"""Statements: short sentences about one attribute or one place, against which pictures and patches are contrasted.

A caption says everything at once; from few pictures a CLIP learns sooner from 'A person. The person is wearing red
upper clothing.' against the same sentence with other colours, and from what each patch of a rendered picture is known
to show.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from next_mm.triplet import MODALITIES
from projects.synthetic.captions import VALUES, compose
from projects.synthetic.person import NUM_MATERIALS, Material

PLACES = {
    'The background.': (Material.BACKGROUND,),
    'The face and hair.': (Material.FACE, Material.HAIR, Material.HAT, Material.GLASSES),
    'Upper clothing.': (Material.UPPER, Material.UPPER_SECOND, Material.TRIM),
    'Lower clothing.': (Material.LOWER,),
    'Footwear.': (Material.FOOTWEAR,),
    'A bag.': (Material.LUGGAGE, Material.STRAP),
    'Bare skin.': (Material.SKIN,),
    'A held object.': (Material.OBJECT,),
    'Another person.': (),
}
"""What a patch can show, and the materials that count for it; all of a bystander's materials are another person."""

_SHOWN_AT = {
    'Upper clothing.': ('upper_type', 'upper_color', 'upper_pattern'),
    'Lower clothing.': ('lower_type', 'lower_color'),
    'Footwear.': ('footwear',),
    'The face and hair.': ('hairstyle', 'glasses', 'age', 'gender'),
    'A bag.': ('backpack', 'handbag', 'suitcase'),
    'A held object.': ('held_object',),
}
_SENTENCES = {name: tuple(compose({name: value}) for value in values) for name, values in VALUES.items()}
# 'A person.' alone says nothing; a group that the template cannot tell apart is written out.
_SENTENCES.update(
    {name: (f'A person with a {name}.', f'A person without a {name}.') for name in ('backpack', 'handbag', 'suitcase')},
    held_object=('A person with empty hands.', *_SENTENCES['held_object'][1:]),
)


def statements() -> list[str]:
    """All statements: of the attributes in the order of the vocabulary, then of the places."""
    return [sentence for group in _SENTENCES.values() for sentence in group] + list(PLACES)


def patch_places(labels: np.ndarray, grid: tuple[int, int]) -> np.ndarray:
    """What most of each patch shows.

    Args:
        labels: (H, W) materials.
        grid: rows and columns of patches.

    Returns:
        (rows * columns,) int64 index into :data:`PLACES`.
    """
    table = np.full(2 * NUM_MATERIALS, len(PLACES) - 1)
    table[Material.BACKGROUND] = 0
    for index, materials in enumerate(PLACES.values()):
        table[list(materials)] = index
    rows, columns = grid
    height, width = labels.shape
    blocks = (
        table[labels]
        .reshape(rows, height // rows, columns, width // columns)
        .transpose(0, 2, 1, 3)
        .reshape(rows * columns, -1)
    )
    share = np.stack([(blocks == index).sum(1) for index in range(len(PLACES))], axis=1).astype(float)
    share[:, 0] *= 0.5  # a patch with a third of a sleeve in it is about the sleeve
    return share.argmax(1)


def attribute_targets(truth: dict[str, dict[str, str]]) -> np.ndarray:
    """(3, A) index of each attribute's true value by modality, -1 where the modality does not show it."""
    return np.array(
        [
            [values.index(truth[modality][name]) if name in truth[modality] else -1 for name, values in VALUES.items()]
            for modality in MODALITIES
        ]
    )


@dataclass(frozen=True)
class StatementLoss:
    """Cross entropy of pictures and patches among statements, averaged over the attributes.

    Attributes:
        text: (S, D) normalised features of :func:`statements`.
        scale: temperature factor.
    """

    text: Tensor
    scale: Tensor

    def picture(self, features: Tensor, targets: Tensor) -> Tensor:
        """Loss of (B, D) picture features and (B, A) attribute targets."""
        logits = self.scale * F.normalize(features, dim=-1) @ self.text.T
        return torch.stack(
            [
                F.cross_entropy(logits[:, part], targets[:, index])
                for index, part in enumerate(_slices().values())
                if bool((targets[:, index] >= 0).all())
            ]
        ).mean()

    def patches(self, features: Tensor, targets: Tensor, places: Tensor) -> Tensor:
        """Loss of (B, N, D) patch features: where each patch is, and the attributes that show there.

        Args:
            features: (B, N, D). targets: (B, A). places: (B, N) index into :data:`PLACES`.
        """
        logits = self.scale * F.normalize(features, dim=-1) @ self.text.T
        losses = [F.cross_entropy(logits[..., -len(PLACES) :].flatten(0, 1), places.flatten())]
        names = list(VALUES)
        for place, shown in _SHOWN_AT.items():
            rows, columns = (places == list(PLACES).index(place)).nonzero(as_tuple=True)
            for name in shown:
                wanted = targets[rows, names.index(name)]
                if len(wanted) and bool((wanted >= 0).all()):
                    losses.append(F.cross_entropy(logits[rows, columns][:, _slices()[name]], wanted))
        return losses[0] + torch.stack(losses).mean()


def _slices() -> dict[str, slice]:
    """Columns of each attribute's statements."""
    ends = np.cumsum([len(group) for group in _SENTENCES.values()])
    return {name: slice(int(end) - len(group), int(end)) for (name, group), end in zip(_SENTENCES.items(), ends)}
