"""Layers that several models share."""

from next_mm.models.layers.conv import ConvBN, pool_mean

__all__ = ['ConvBN', 'pool_mean']
