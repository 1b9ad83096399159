"""Parameters of the convolutional systems at 171 identities, beside those of their authors' programs."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch

from next_mm.apis import load_config
from next_mm.apis.config import drop_weights
from next_mm.registry import MODELS

FEATURE = 2048
CLASSES = 171


@pytest.mark.parametrize(
    ('leaf', 'options', 'theirs', 'unused'),
    [
        ('bot/bot_msvr310', {'modalities': ['rgb']}, 23_862_336, 0),
        ('agw/agw_msvr310', {'modalities': ['rgb']}, 23_891_024, 0),
        ('osnet/osnet_msvr310', {'modalities': ['rgb']}, 2_257_231, 0),
        ('osnet/osnet_rgbnt201', {}, 2_153_271, 0),
        ('hacnn/hacnn_rgbnt201', {'modalities': ['rgb']}, 3_104_558, 0),
        ('hacnn/hacnn_rgbnt201', {}, 9_840_012, 526_338),
        ('mlfn/mlfn_rgbnt201', {'modalities': ['rgb']}, 32_648_299, 0),
        ('mlfn/mlfn_rgbnt201', {}, 97_944_897, 0),
        ('cal/cal_rgbnt201', {'modalities': ['rgb']}, 61_694_192, 0),
        ('hamnet/hamnet_msvr310', {}, 72_988_011, 3 * FEATURE * CLASSES),
        ('ccnet/ccnet_msvr310', {}, 75_349_446, 0),
        ('ieee/ieee_rgbnt201', {}, 109_499_337, 3 * 2 * (768 * 768 + 768)),
        ('pfnet/pfnet_rgbnt201', {}, 76_652_057, 2560 * CLASSES + CLASSES),
        ('pfnet/pfnet_msvr310_authors', {}, 82_799_351, 3 * (FEATURE * 1000 + 1000 + 2 * 64) + 256 * CLASSES + CLASSES),
    ],
)
def test_parameters(leaf: str, options: dict[str, Any], theirs: int, unused: int, repo_dir: Path) -> None:
    cfg = load_config(repo_dir / 'configs' / f'{leaf}.py')
    drop_weights(cfg)
    with torch.device('meta'):
        model = MODELS.build({**cfg.model, **options, 'num_classes': CLASSES})
    assert sum(parameter.numel() for parameter in model.parameters()) == theirs - unused
