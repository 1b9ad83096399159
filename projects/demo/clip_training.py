"""Train the demo's small CLIP: pictures and captions of rendered people who are in neither the training nor the test set."""
from __future__ import annotations

import logging
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import open_clip
import torch
import torch.nn.functional as F
from mmengine.logging import print_log
from rich.progress import track
from torch import Tensor, nn

from next_mm.captions import split_sentences
from next_mm.models.clip_loading import load_clip
from next_mm.structures import MODALITIES
from projects.demo.captions import true_attributes
from projects.demo.render import PICTURE_SIZE, draw_labels, render_triplet
from projects.demo.statements import StatementLoss, attribute_targets, patch_places, statements
from projects.demo.triplets import list_triplets

CLIP_CONFIG = Path(__file__).with_name('clip_demo.json')
_KEEP_SENTENCE = .75  # as in the training of NEXT, so that parts of captions mean something too
_MEAN, _STD = 127.5, 127.5
_PATCH = 8


@dataclass(frozen=True)
class ClipPairs:
    """Pictures and captions in memory.

    Attributes:
        pictures: (T, 3, H, W, 3) uint8, three modalities of T triplets.
        captions: T times three captions.
        identities: (T,) numbers.
        targets: (T, 3, A) true values of the attributes. places: (T, N) what each patch shows (see statements.py).
    """

    pictures: np.ndarray
    captions: list[tuple[str, ...]]
    identities: np.ndarray
    targets: np.ndarray
    places: np.ndarray


def render_pairs(*, first: int, identities: int, triplets: int, seed: int, size: tuple[int, int]) -> ClipPairs:
    """Render people of the CLIP group.

    Args:
        first: number of people to skip. identities: how many after them. triplets: of each person.
        seed: of the demo.
        size: height and width of the pictures in pixels.
    """
    listed = list(list_triplets('clip', identities=first + identities, triplets=triplets, seed=seed))[first * triplets:]
    pictures = np.empty((len(listed), len(MODALITIES), *size, 3), np.uint8)
    places = np.empty((len(listed), size[0] // _PATCH * (size[1] // _PATCH)), np.int64)
    for row, place, triplet in zip(pictures, places, track(listed, 'Rendering for the small CLIP (synthetic)')):
        labels, _ = draw_labels(triplet.person, triplet.environment, PICTURE_SIZE)
        place[:] = patch_places(labels, (size[0] // _PATCH, size[1] // _PATCH))
        for slot, picture in zip(row, render_triplet(triplet.person, triplet.environment)):
            slot[:] = cv2.resize(picture, (size[1], size[0]), interpolation=cv2.INTER_AREA)
    captions = [tuple(triplet.captions[modality] for modality in MODALITIES) for triplet in listed]
    targets = np.stack([attribute_targets(true_attributes(triplet.person, triplet.environment)) for triplet in listed])
    return ClipPairs(pictures, captions, np.array([triplet.identity for triplet in listed]), targets, places)


def encode_pictures(clip: nn.Module, pictures: Tensor) -> tuple[Tensor, Tensor]:
    """Features of (B, H, W, 3) uint8 pictures: class token (B, D), and patch tokens (B, N, D), in the joint space."""
    visual = clip.visual
    visual.output_tokens = True
    classes, patches = visual((pictures.permute(0, 3, 1, 2).float() - _MEAN) / _STD)
    return classes, patches @ visual.proj


def encode_captions(clip: nn.Module, captions: list[str]) -> Tensor:
    """Features (B, D) of captions; tokens are cut to the longest, which changes nothing in a causal tower."""
    tokens = open_clip.tokenize(captions)
    ends = tokens.argmax(-1)
    length = int(ends.max()) + 1
    x = clip.token_embedding(tokens[:, :length]) + clip.positional_embedding[:length]
    x = clip.ln_final(clip.transformer(x, attn_mask=clip.attn_mask[:length, :length]))
    return x[torch.arange(len(x)), ends] @ clip.text_projection


def contrastive_loss(pictures: Tensor, captions: Tensor, scale: Tensor) -> Tensor:
    """CLIP's symmetric cross entropy of (B, D) pictures and (B, D) captions, the partner in the same row."""
    logits = scale * F.normalize(pictures, dim=-1) @ F.normalize(captions, dim=-1).T
    target = torch.arange(len(logits))
    return (F.cross_entropy(logits, target) + F.cross_entropy(logits.T, target)) / 2


def train_clip(path: Path, *, identities: int, triplets: int, steps: int, batch_size: int, lr: float, seed: int) -> dict[str, float]:
    """Train the small CLIP, save its state dict, and measure it on further unseen people.

    Pictures are contrasted with their captions, and with statements about single attributes; patches with statements about what
    they show (the renderer knows). NEXT compares patch tokens with captions, and minutes of training on captions alone would not
    give tokens the meaning that CLIP's have after millions of pictures.

    Args:
        path: the state dict.
        identities, triplets: people of the training set, and triplets of each.
        steps, batch_size, lr: of AdamW with warmup and cosine decay.
        seed: of weights, order and people.

    Returns:
        What :func:`retrieval` measures.
    """
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        clip = load_clip(str(CLIP_CONFIG), None).train()
        size = clip.visual.image_size
        pairs = render_pairs(first=0, identities=identities, triplets=triplets, seed=seed, size=size)
        _optimise(clip, pairs, steps=steps, batch_size=batch_size, lr=lr, seed=seed)
    figures = retrieval(clip.eval(), render_pairs(first=identities, identities=100, triplets=1, seed=seed, size=size))
    path.parent.mkdir(parents=True, exist_ok=True)
    torch.save({name: tensor.detach() for name, tensor in clip.state_dict().items()}, path)
    text = ', '.join(f'{name} {value:.1f} %' for name, value in figures.items())
    print_log(f'Small CLIP, zero-shot on 100 unseen synthetic people (chance 1 % at rank 1): {text}', 'current', logging.INFO)
    return figures


def _optimise(clip: nn.Module, pairs: ClipPairs, *, steps: int, batch_size: int, lr: float, seed: int) -> None:
    optimizer = torch.optim.AdamW(clip.parameters(), lr=lr, betas=(.9, .98), weight_decay=.05, fused=True)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, lr, total_steps=steps, pct_start=.1)
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
        captions = [_some_sentences(pairs.captions[row][modality], rng) for row in rows]
        scale = clip.logit_scale.exp().clamp(max=100)
        text = encode_captions(clip, captions)
        classes, patches = encode_pictures(clip, pictures[rows, modality])
        targets, places = torch.from_numpy(pairs.targets[rows, modality]), torch.from_numpy(pairs.places[rows])
        stated = StatementLoss(F.normalize(encode_captions(clip, sentences), dim=-1), scale)
        loss = contrastive_loss(classes, text, scale) + .5 * contrastive_loss(patches.mean(1), text, scale)
        loss = loss + stated.picture(classes, targets) + stated.patches(patches, targets, places)
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        nn.utils.clip_grad_norm_(clip.parameters(), 1.)
        optimizer.step()
        schedule.step()


def _some_sentences(caption: str, rng: np.random.Generator) -> str:
    sentences = split_sentences(caption)
    kept = [sentence for sentence in sentences if rng.random() < _KEEP_SENTENCE]
    return ' '.join(kept or sentences)


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
