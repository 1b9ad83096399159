"""Train the synthetic data's small CLIP: pictures and captions of rendered people who are in neither the
training nor the test set."""

from __future__ import annotations

import logging
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from mmengine.logging import print_log
from rich.progress import track
from torch import Tensor, nn

from next_mm.models.clip.loading import load_clip
from next_mm.triplet import MODALITIES
from projects.synthetic.clip_features import (
    CLIP_CONFIG,
    contrastive_loss,
    encode_captions,
    encode_pictures,
    some_sentences,
)
from projects.synthetic.clip_pairs import ClipPairs, render_pairs
from projects.synthetic.grounding import caption_auc, ground_captions
from projects.synthetic.statements import StatementLoss, statements

_GROUNDING_BATCH, _GROUNDING_LR = 48, 1e-3
_UNSEEN = 100


def train_clip(
    path: Path,
    *,
    identities: int,
    triplets: int,
    steps: int,
    batch_size: int,
    lr: float,
    grounding_steps: int,
    seed: int,
) -> dict[str, float]:
    """Train the small CLIP, save its state dict, and measure it on further unseen people.

    Pictures are contrasted with their captions, and with statements about single attributes; patches with statements
    about what they show (the renderer knows): minutes of training on captions alone would not give tokens the meaning
    that CLIP's have after millions of pictures. Then the text tower learns to point at the person it describes
    (grounding.py).

    Args:
        path: the state dict.
        identities, triplets: people of the training set, and triplets of each.
        steps, batch_size, lr: of AdamW with warmup and cosine decay.
        grounding_steps: further steps of the text tower alone.
        seed: of weights, order and people.

    Returns:
        What :func:`retrieval` and :func:`~projects.synthetic.grounding.caption_auc` measure.
    """
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        clip = load_clip(str(CLIP_CONFIG), None).train()
        size = clip.visual.image_size
        pairs = render_pairs('clip', first=0, identities=identities, triplets=triplets, seed=seed, size=size)
        _optimise(clip, pairs, steps=steps, batch_size=batch_size, lr=lr, seed=seed)
        pairs = render_pairs('grounding', first=0, identities=identities, triplets=triplets, seed=seed, size=size)
        ground_captions(clip, pairs, steps=grounding_steps, batch_size=_GROUNDING_BATCH, lr=_GROUNDING_LR, seed=seed)
    people, pointed = (
        render_pairs(group, first=identities, identities=_UNSEEN, triplets=1, seed=seed, size=size)
        for group in ('clip', 'grounding')
    )
    figures = {**retrieval(clip.eval(), people), **caption_auc(clip, pointed)}
    path.parent.mkdir(parents=True, exist_ok=True)
    torch.save({name: tensor.detach() for name, tensor in clip.state_dict().items()}, path)
    text = ', '.join(f'{name} {value:.1f} %' for name, value in figures.items())
    print_log(
        f'Small CLIP, zero-shot on {_UNSEEN} unseen synthetic people (chance 1 % at rank 1, 50 % AUC): {text}',
        'current',
        logging.INFO,
    )
    return figures


def _optimise(clip: nn.Module, pairs: ClipPairs, *, steps: int, batch_size: int, lr: float, seed: int) -> None:
    optimizer = torch.optim.AdamW(clip.parameters(), lr=lr, betas=(0.9, 0.98), weight_decay=0.05, fused=True)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, lr, total_steps=steps, pct_start=0.1)
    rng = np.random.default_rng(seed)
    pictures = torch.from_numpy(pairs.pictures)
    people = np.unique(pairs.identities)
    by_person = [np.flatnonzero(pairs.identities == person) for person in people]
    sentences = statements()
    for step in track(range(steps), f'Training the small CLIP, batches of {batch_size} synthetic pictures'):
        modality = step % len(MODALITIES)  # one at a time: telling RGB captions from TIR captions would be too easy
        # One picture of a person: others of the same person would be false negatives.
        chosen = rng.choice(len(people), size=min(batch_size, len(people)), replace=False)
        rows = np.array([rng.choice(by_person[index]) for index in chosen])
        captions = [some_sentences(pairs.captions[row][modality], rng) for row in rows]
        scale = clip.logit_scale.exp().clamp(max=100)
        text = encode_captions(clip, captions)
        classes, patches = encode_pictures(clip, pictures[rows, modality])
        targets, places = torch.from_numpy(pairs.targets[rows, modality]), torch.from_numpy(pairs.places[rows])
        stated = StatementLoss(F.normalize(encode_captions(clip, sentences), dim=-1), scale)
        loss = contrastive_loss(classes, text, scale) + 0.5 * contrastive_loss(patches.mean(1), text, scale)
        loss = loss + stated.picture(classes, targets) + stated.patches(patches, targets, places)
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        nn.utils.clip_grad_norm_(clip.parameters(), 1.0)
        optimizer.step()
        schedule.step()


def _class_and_mean(clip: nn.Module, pictures: np.ndarray) -> tuple[Tensor, Tensor]:
    classes, patches = encode_pictures(clip, torch.from_numpy(pictures))
    return classes, patches.mean(1)


@torch.no_grad()
def retrieval(clip: nn.Module, pairs: ClipPairs) -> dict[str, float]:
    """Share in percent of pictures whose own caption ranks first, or among the first five, by modality and token.

    Args:
        clip: a trained model.
        pairs: one triplet of each of T people; a picture chooses among the T captions of its modality.
    """
    figures = {}
    for index, modality in enumerate(MODALITIES):
        text = F.normalize(encode_captions(clip, [captions[index] for captions in pairs.captions]), dim=-1)
        for token, feature in zip(('class', 'patch'), _class_and_mean(clip, pairs.pictures[:, index])):
            logits = F.normalize(feature, dim=-1) @ text.T
            rank = (logits > logits.diagonal()[:, None]).sum(1)
            figures[f'{modality} {token} R-1'] = float((rank < 1).float().mean() * 100)
            figures[f'{modality} {token} R-5'] = float((rank < 5).float().mean() * 100)
    return figures
