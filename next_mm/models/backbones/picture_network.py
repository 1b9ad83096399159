"""The base of networks that take one picture and know no cameras, as :class:`ConvReID` runs them."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping
from typing import ClassVar

from mmengine.model import BaseModule
from torch import Tensor

from next_mm.errors import ConfigError
from next_mm.utils.options import check_integer, check_size

__all__ = ['PictureNetwork']


class PictureNetwork(BaseModule):
    """A network from pictures to named identity features; a subclass implements :meth:`encode`.

    Args:
        image_size: height and width in pixels of the pictures.
        widths: name of each identity feature to its width.

    Raises:
        ConfigError: no size, a width that is none, or, in a forward pass, pictures of another.
    """

    reads_cameras = False
    smallest: ClassVar[int] = 1
    """Least height and width of the pictures."""

    def __init__(self, *, image_size: tuple[int, int], widths: Mapping[str, int]) -> None:
        super().__init__()
        check_size(f'{type(self).__name__}.image_size', image_size, smallest=self.smallest)
        for name, width in widths.items():
            check_integer(f'{type(self).__name__}: width of the feature {name!r}', width, 1)
        self.image_size = (image_size[0], image_size[1])
        self.widths = dict(widths)

    @abstractmethod
    def encode(self, images: Tensor) -> dict[str, Tensor]:
        """Map pictures (B, 3, H, W) to the identity features (B, F), and whatever else the method reads."""

    def forward(self, images: Tensor) -> dict[str, Tensor]:
        """Check the size of pictures (B, 3, H, W) and encode them."""
        if tuple(images.shape[2:]) != self.image_size:
            raise ConfigError(
                f'the pictures have (height, width) = {tuple(images.shape[2:])}, but model.network.image_size is '
                f'{self.image_size}: give ResizeTriplet.size in every pipeline and image_size the same values'
            )
        return self.encode(images)
