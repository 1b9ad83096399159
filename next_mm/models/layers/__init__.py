"""Layers that several models share."""

from next_mm.models.layers.conv import ConvBN, init_convolutions, pool_mean
from next_mm.models.layers.selection import mark_highest, order_selected

__all__ = ['ConvBN', 'init_convolutions', 'mark_highest', 'order_selected', 'pool_mean']
