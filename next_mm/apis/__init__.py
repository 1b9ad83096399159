"""The way in: configs are loaded and checked, Runners and models are built from them here."""

from next_mm.apis.browse import draw_samples
from next_mm.apis.caption_features import encode_captions
from next_mm.apis.checks.config import check_config
from next_mm.apis.config import (
    apply_amp,
    drop_captions,
    drop_pretrained,
    drop_weights,
    load_config,
    show_rank_lists,
)
from next_mm.apis.conversion import convert_checkpoint, find_key_map, list_convertible
from next_mm.apis.features import TestFeatures, build_test_loader, extract_features, load_model, predict
from next_mm.apis.inference import ReIDInferencer
from next_mm.apis.run_config import find_run_config, load_run_config
from next_mm.apis.training import build_model, build_runner, prepare, resume_from, test, train
from next_mm.apis.zoo import get_model, list_methods
from next_mm.errors import ConfigError

__all__ = [
    'ConfigError',
    'ReIDInferencer',
    'TestFeatures',
    'apply_amp',
    'build_model',
    'build_runner',
    'build_test_loader',
    'check_config',
    'convert_checkpoint',
    'draw_samples',
    'drop_captions',
    'drop_pretrained',
    'drop_weights',
    'encode_captions',
    'extract_features',
    'find_key_map',
    'find_run_config',
    'get_model',
    'list_convertible',
    'list_methods',
    'load_config',
    'load_model',
    'load_run_config',
    'predict',
    'prepare',
    'resume_from',
    'show_rank_lists',
    'test',
    'train',
]
