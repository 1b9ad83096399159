"""Run single triplets through a model and keep what its experts took."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import ExitStack

import numpy as np
import torch
from mmengine.dataset import BaseDataset, pseudo_collate
from torch import Tensor, nn

from next_mm.errors import UserError
from next_mm.methods.next.figures.expert_maps import ExpertView
from next_mm.methods.next.watching import watch
from next_mm.structures import ReIDDataSample


def choose_samples(dataset: BaseDataset, count: int, names: Sequence[str] | None = None) -> list[int]:
    """Indices of the named samples, or else of the first sample of ``count`` identities spread over the dataset.

    Raises:
        UserError: a name is not in the dataset.
    """
    infos = [dataset.get_data_info(index) for index in range(len(dataset))]
    if names:
        places = {info['name']: index for index, info in enumerate(infos)}
        unknown = [name for name in names if name not in places]
        if unknown:
            raise UserError(f'the dataset has no sample {", ".join(unknown)}; its first is {infos[0]["name"]}')
        return [places[name] for name in names]
    firsts = list({info['identity']: index for index, info in reversed(list(enumerate(infos)))}.values())[::-1]
    return [firsts[place] for place in np.linspace(0, len(firsts) - 1, min(count, len(firsts))).round().astype(int)]


@torch.no_grad()
def collect_views(model: nn.Module, dataset: BaseDataset, indices: Sequence[int]) -> list[ExpertView]:
    """What the experts make of some triplets.

    Raises:
        UserError: the model has no experts.
    """
    neck = getattr(model, 'neck', None)
    semantic, structure = getattr(neck, 'semantic', None), getattr(neck, 'structure', None)
    if semantic is None and structure is None:
        raise UserError(
            f'{type(model).__name__} has no experts (model.neck.semantic, model.neck.structure), so none of its patch '
            'tokens can be drawn: this is drawn of a NEXTReID that has them'
        )
    views = []
    for index in indices:
        sample = dataset[index]
        with ExitStack() as stack:
            masks = stack.enter_context(watch(semantic)) if semantic is not None else None
            weights = stack.enter_context(watch(structure)) if structure is not None else None
            model.test_step(pseudo_collate([sample]))
        grid = model.backbone.grid
        meta = sample['data_samples']
        views.append(
            ExpertView(
                title=f'identity {meta.identity}',
                pictures=sample['inputs'].permute(0, 2, 3, 1).numpy(),
                masks=_on_grid(masks[0].masks[:, 0], grid) if masks else None,
                weights=_on_grid(weights[0].weights[0].permute(2, 0, 1), grid) if weights else None,
                caption=_captions(meta),
                present=torch.as_tensor(meta.get('present', (True, True, True))).tolist(),
            )
        )
    return views


def _captions(sample: ReIDDataSample) -> str:
    """Return the captions of a sample that are read, equal ones once; empty for a model without captions."""
    read = sample.get('feature_text')
    captions = sample.get('captions') or ()
    return ' / '.join(
        dict.fromkeys(text for text, used in zip(captions, () if read is None else read) if text and used)
    )


def _on_grid(values: Tensor, grid: tuple[int, int]) -> np.ndarray:
    """(E, 3, N) values of the tokens as (E, 3, rows, columns)."""
    return values.unflatten(2, grid).float().cpu().numpy()
