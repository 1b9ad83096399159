"""HTT with a tiny tower."""

from __future__ import annotations

from typing import Any

from tests.methods.side_vit import SIDE_VIT
from tests.methods.toys import LOSSES

TOYS: dict[str, dict[str, Any]] = {
    'plain': dict(type='HTTReID', backbone=SIDE_VIT, branches=dict(classes=dict(losses=LOSSES, test='after')))
}
