"""TransReID on one screen: a network for each modality, their features side by side (He et al., ICCV 2021)."""

from __future__ import annotations

from next_mm.models.per_modality import PerModalityReID
from next_mm.registry import MODELS


@MODELS.register_module()
class TransReID(PerModalityReID):
    """TransReID: transformer-based object re-identification (He et al., ICCV 2021) on triplets.

    The network is :class:`TransReIDNetwork`, with the features ``whole`` and ``local1`` to ``local4``; the options are
    those of :class:`~next_mm.models.PerModalityReID`. TransReID itself knows one picture: this is a reconstruction of
    how it met three.
    """
