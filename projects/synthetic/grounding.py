"""Teach the small CLIP's text tower where in a picture the person of a caption is.

NEXT compares captions with patch tokens (Eq. 5). CLIP's global contrast alone says little about patches: after minutes
of it a caption is often closer to the background than to its person. Here the visual tower stays as it is and the text
tower learns to point, from what the renderer knows about each patch.
"""

from __future__ import annotations

import numpy as np
import torch
import torch.nn.functional as F
from rich.progress import track
from sklearn.metrics import roc_auc_score
from torch import Tensor, nn

from next_mm.triplet import MODALITIES
from projects.synthetic.clip_features import contrastive_loss, encode_captions, encode_pictures, some_sentences
from projects.synthetic.clip_pairs import ClipPairs
from projects.synthetic.statements import PLACES

_CHUNK = 256
_GLOBAL_WEIGHT = 0.2  # of the contrast of whole pictures, so that captions do not forget what else they say


def grounding_loss(patches: Tensor, text: Tensor, shown: Tensor, scale: Tensor) -> Tensor:
    """Binary cross entropy of whether a patch shows the person of a caption; patches that do and those
    that do not weigh alike.

    Args:
        patches: (C, N, D). text: (C, D) one caption each. shown: (C, N) bool, the patch shows the
            person whom the caption describes.
        scale: temperature factor.
    """
    logits = scale * _cosine(patches, text)
    return (F.softplus(-logits[shown]).mean() + F.softplus(logits[~shown]).mean()) / 2


def choice_loss(
    patches: Tensor, text: Tensor, other: Tensor, person: Tensor, bystander: Tensor, scale: Tensor
) -> Tensor:
    """Cross entropy of which of two people each patch shows; the two weigh alike.

    Args:
        patches: (P, N, D) of pictures with two people. text, other: (P, D) captions of the person and of the bystander.
        person, bystander: (P, N) bool, whose patch it is, if anyone's.
        scale: temperature factor.
    """
    logits = scale * (_cosine(patches, text) - _cosine(patches, other))
    return (F.softplus(-logits[person]).mean() + F.softplus(logits[bystander]).mean()) / 2


def ground_captions(clip: nn.Module, pairs: ClipPairs, *, steps: int, batch_size: int, lr: float, seed: int) -> None:
    """Train the text tower alone on patches and pictures that the frozen visual tower has encoded once.

    Args:
        clip: the model, changed in place.
        pairs: pictures, some of two people.
        steps, batch_size, lr: of AdamW with warmup and cosine decay.
        seed: of the order.
    """
    classes, patches = _encode(clip, pairs)
    person, bystander = (torch.from_numpy(whose) for whose in _owners(pairs))
    parameters = [
        parameter for name, parameter in clip.named_parameters() if not name.startswith(('visual.', 'logit_scale'))
    ]
    optimizer = torch.optim.AdamW(parameters, lr=lr, betas=(0.9, 0.98), weight_decay=0.05, fused=True)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, lr, total_steps=steps, pct_start=0.1)
    rng = np.random.default_rng(seed)
    scale = clip.logit_scale.detach().exp()
    for step in track(range(steps), 'Teaching its text tower where the described person is (synthetic)'):
        modality = step % len(MODALITIES)
        rows = rng.choice(len(patches), size=min(batch_size, len(patches)), replace=False)
        captions = [pairs.captions[row][modality] for row in rows]
        double, theirs = [], []
        for index, row in enumerate(rows):
            if (second := pairs.bystanders[row]) is not None:
                double.append(index)
                theirs.append(second[modality])
        text = encode_captions(clip, [some_sentences(caption, rng) for caption in captions + theirs])
        own, other = text[: len(rows)], text[len(rows) :]
        seen, shown = patches[rows, modality], torch.cat([person[rows], bystander[rows][double]])
        loss = grounding_loss(torch.cat([seen, seen[double]]), text, shown, scale)
        loss = loss + _GLOBAL_WEIGHT * contrastive_loss(classes[rows, modality], own, scale)
        if double:
            loss = loss + choice_loss(
                seen[double], own[double], other, person[rows][double], bystander[rows][double], scale
            )
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        optimizer.step()
        schedule.step()


@torch.no_grad()
def caption_auc(clip: nn.Module, pairs: ClipPairs) -> dict[str, float]:
    """Area under the ROC curve, in percent, of a caption's cosine with patches as a sign of
    whom they show; chance is 50.

    Args:
        clip: a trained model.
        pairs: pictures, some of two people.

    Returns:
        By modality: the person's patches against the background's, and, in pictures of two, against the bystander's.
    """
    _, patches = _encode(clip, pairs)
    person, bystander = _owners(pairs)
    double = np.array([captions is not None for captions in pairs.bystanders])[:, None]
    figures = {}
    for index, modality in enumerate(MODALITIES):
        text = encode_captions(clip, [captions[index] for captions in pairs.captions])
        cosine = _cosine(patches[:, index], text).numpy()
        for name, positive, negative in (
            ('background', person, pairs.places == 0),
            ('bystander', person & double, bystander),
        ):
            truth = np.repeat([1, 0], [positive.sum(), negative.sum()])
            area = roc_auc_score(truth, np.concatenate([cosine[positive], cosine[negative]]))
            figures[f'{modality} person against {name}, AUC'] = float(area * 100)
    return figures


def _owners(pairs: ClipPairs) -> tuple[np.ndarray, np.ndarray]:
    """(T, N) bool twice: patches of the person, patches of the bystander."""
    bystander = pairs.places == list(PLACES).index('Another person.')
    return (pairs.places > 0) & ~bystander, bystander


def _cosine(patches: Tensor, text: Tensor) -> Tensor:
    """Cosines (C, N) of (C, N, D) patches and (C, D) captions."""
    return torch.einsum('cnd,cd->cn', F.normalize(patches, dim=-1), F.normalize(text, dim=-1))


@torch.no_grad()
def _encode(clip: nn.Module, pairs: ClipPairs) -> tuple[Tensor, Tensor]:
    """Class tokens (T, 3, D) and patch tokens (T, 3, N, D) of all pictures."""
    chunks = [encode_pictures(clip, chunk) for chunk in torch.from_numpy(pairs.pictures).flatten(0, 1).split(_CHUNK)]
    classes, patches = (torch.cat(parts) for parts in zip(*chunks))
    shape = pairs.pictures.shape[:2]
    return classes.unflatten(0, shape), patches.unflatten(0, shape)
