"""Rules that many key maps need."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from torch import Tensor

from next_mm.models.conversion.key_map import KeyMap
from next_mm.models.conversion.rules import Drop, Rename, Rule

__all__ = ['branch_rules', 'camera_rule', 'drop_untrained', 'side_vit_rules', 'torchreid_maps']


def branch_rules(feature: str, bottleneck: str, classifier: str, *, optional: bool = False) -> list[Rename]:
    """Map a BNNeck and a classifier to the :class:`~next_mm.models.heads.IdentityBranch` of a feature.

    Args:
        feature: name of our feature.
        bottleneck: their name of the BNNeck; it may have placeholders, as ``feature`` then has.
        classifier: their name of the classifier.
        optional: whether a state dict may have no such branch.
    """
    return [
        Rename(f'{bottleneck}.{{rest*}}', f'branches.{feature}.bnneck.{{rest*}}', optional=optional),
        Rename(f'{classifier}.weight', f'branches.{feature}.classifier.weight', optional=optional),
    ]


def drop_untrained(heads: Iterable[Rename]) -> list[Rule]:
    """Return rules that drop heads which the authors' options left untrained."""
    return [Drop(rule.theirs, 'a head that was not trained, see the variants', optional=True) for rule in heads]


def torchreid_maps(method: str, network: Callable[[str, str], list[Rule]]) -> tuple[KeyMap, dict[str, KeyMap]]:
    """Return the key maps of a network of torchreid's with one feature and a classifier on it.

    Args:
        method: what to call the weights in messages.
        network: returns the rules of one network, for what stands before their keys and before ours.

    Returns:
        The map to the network alone, and those to a model: ``'torchreid'``, one network for ``modalities=['rgb']``, and
        ``'ieee'``, three networks from the history of IEEE's repository.
    """
    classifier = 'classifier.{x}'
    alone = KeyMap(method, [*network('', ''), Drop(classifier, 'it is of other identities', optional=True)])
    one = [*network('', 'networks.rgb.'), Rename(classifier, 'branches.rgb_whole.classifier.{x}')]
    three = [
        *network('backbone.{m:0=rgb|1=nir|2=tir}.', 'networks.{m}.'),
        Rename('classifier_{m:RGB=rgb|NI=nir|TI=tir}.{x}', 'branches.{m}_whole.classifier.{x}'),
    ]
    return alone, {'torchreid': KeyMap(method, one), 'ieee': KeyMap(method, three)}


def camera_rule(theirs: str, backbone: str = 'backbone', *, dimensions: int = 3, optional: bool = False) -> Rule:
    """Map a table of cameras, (cameras, 1, D) or (cameras, D), to the camera embedding of a backbone."""

    def to_theirs(value: Tensor) -> Tensor:
        return value.unsqueeze(1) if dimensions == 3 else value

    return Rename(
        theirs, f'{backbone}.camera_embedding.weight', lambda value: value.flatten(0, -2), to_theirs, optional=optional
    )


def side_vit_rules(
    theirs: str, backbone: str, *, depth: int = 12, end: str | None = None, unused_end: bool = False
) -> list[Rule]:
    """Map a tower of TransReID's family to a :class:`~next_mm.models.backbones.SideViT`.

    Args:
        theirs: their name of the tower; it may have placeholders, as ``backbone`` then has.
        backbone: our name of it.
        depth: number of blocks.
        end: our name of the last block and the final norm, where they are taken off.
        unused_end: whether they are never used, as by methods that end in copies of them.
    """
    last, norm = f'{theirs}.blocks.{depth - 1}.{{rest*}}', f'{theirs}.norm.{{rest}}'
    rules: list[Rule] = [Drop(f'{theirs}.fc.{{rest}}', 'the classifier of ImageNet, never used', optional=True)]
    if unused_end:
        rules += [Drop(name, 'the method runs copies of it, never itself') for name in (last, norm)]
    if end is not None:
        rules += [Rename(last, f'{end}.0.{{rest*}}'), Rename(norm, f'{end}.1.{{rest}}')]
    camera = camera_rule(f'{theirs}.sie_embed', backbone, optional=True)
    return [*rules, camera, Rename(f'{theirs}.{{rest*}}', f'{backbone}.{{rest*}}')]
