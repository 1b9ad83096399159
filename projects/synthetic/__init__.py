"""The synthetic data: triplets in RGBNT201's layout and a small CLIP, made by code on the first run."""

from projects.synthetic.prepare import SyntheticData

__all__ = ['SyntheticData']
