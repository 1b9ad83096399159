"""AGW with tiny networks."""

from __future__ import annotations

from typing import Any

from tests.methods.small_trunk import IMAGE_SIZE, TRUNK

LOSSES = dict(
    id=dict(type='CrossEntropy', label_smoothing=0.1),
    triplet=dict(type='WeightedTripletLoss'),
    center=dict(type='CenterLoss'),
)


TOYS: dict[str, dict[str, Any]] = {
    'three networks': dict(
        type='AGWReID',
        network=dict(type='AGWNetwork', image_size=IMAGE_SIZE, trunk=TRUNK),
        branches=dict(whole=dict(test='after', losses=LOSSES)),
        test_features=('whole',),
    )
}

UNMOVED = r'networks\.\w+\.nonlocal\d\.\d\.(theta|phi|g|expand)\..*'  # the batch norm behind them starts at zero
