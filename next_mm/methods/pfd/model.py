"""PFD on one screen: pose-guided parts and views of each modality, side by side (Wang et al., AAAI 2022)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from torch import Tensor

from next_mm.methods.pfd.matching import push_loss
from next_mm.models.heads import gather_batch
from next_mm.models.per_modality import PerModalityReID
from next_mm.registry import MODELS
from next_mm.structures import TripletBatch


@MODELS.register_module()
class PFDReID(PerModalityReID):
    """PFD: pose-guided feature disentangling for occluded person re-identification (Wang et
    al., AAAI 2022) on triplets.

    The network is :class:`PFDNetwork`; the options beside these are those of :class:`~next_mm.models.PerModalityReID`.
    PFD itself knows one picture: this is a reconstruction of how it met three.

    Args:
        pose: config of the pose network, :class:`HRNetPose`.
        push: whether the push loss drives seen and unseen views apart; the authors' sign draws them together.
    """

    parts: ClassVar[Mapping[str, str]] = {'networks': 'networks', 'pose network': 'pose'}

    def __init__(self, *, pose: Mapping[str, Any], push: bool = True, **options: Any) -> None:
        super().__init__(**options)
        self.pose = MODELS.build(dict(pose))
        self.push = push

    def not_exportable(self) -> str | None:
        """Return why there is no ONNX file of it; with a pose network that belongs to the model there can be one."""
        apart = getattr(self.pose, 'kept_apart', ())
        return "its pose network's weights are the user's file and stay out of the model's" if apart else None

    def run_network(self, modality: str, images: Tensor, batch: TripletBatch) -> dict[str, Tensor]:
        """Find the pose in the pictures (B, 3, H, W), and run the modality's network with it."""
        return self.network_of(modality)(images, batch.cameras, self.pose(images))

    def loss(self, images: Tensor, batch: TripletBatch) -> dict[str, Tensor]:
        """Add the push loss of each modality to the losses of the branches."""
        features = self.extract(images, batch)
        views = self.identity_views(features, batch)
        losses = self.view_losses(views)
        for modality in self.modalities:
            unseen, _ = gather_batch(features[f'{modality}_unseen'].float(), batch.labels)
            seen = views[f'{modality}_view']['normed']
            losses[f'{modality}.loss_push'] = push_loss(seen, unseen, push=self.push)
        return losses
