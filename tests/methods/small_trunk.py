"""A ResNet that runs in a blink, for the toys of the convolutional methods."""

from __future__ import annotations

from typing import Any

__all__ = ['IMAGE_SIZE', 'PLAIN_BRANCH', 'TRUNK', 'small_trunk']

IMAGE_SIZE = (64, 32)


def small_trunk(**options: Any) -> dict[str, Any]:
    """One block a stage, maps of 128 channels."""
    return dict(type='ResNet', layers=(1, 1, 1, 1), width=4, **options)


TRUNK = small_trunk(stem_relu=False)
PLAIN_BRANCH: dict[str, Any] = dict(
    bnneck=False, classifier_bias=True, losses=dict(id=dict(type='CrossEntropy', label_smoothing=0.1))
)
"""A classifier with a bias on the feature itself."""
