"""Layers that several models share."""

from next_mm.models.layers.conv import ConvBN, init_convolutions, pool_mean

__all__ = ['ConvBN', 'init_convolutions', 'pool_mean']
