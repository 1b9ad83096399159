"""Inference: a trained model on own pictures."""

from next_mm.apis.inference.bundle import ModelBundle, load_bundle, write_pack
from next_mm.apis.inference.inferencer import ReIDInferencer
from next_mm.apis.inference.inputs import TripletInput

__all__ = ['ModelBundle', 'ReIDInferencer', 'TripletInput', 'load_bundle', 'write_pack']
