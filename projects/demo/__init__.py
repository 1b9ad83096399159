"""The demo: synthetic triplets in RGBNT201's layout and a small CLIP, made by code on the first run."""

from projects.demo.prepare import DemoData

__all__ = ['DemoData']
