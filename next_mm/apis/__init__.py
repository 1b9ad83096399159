"""The way in: configs are loaded and checked, Runners and models are built from them here."""

from next_mm.apis.checks.config import check_config
from next_mm.apis.config import apply_amp, load_config, show_rank_lists
from next_mm.apis.conversion import convert_checkpoint, find_key_map, list_convertible
from next_mm.apis.training import build_model, build_runner, prepare, resume_from, test, train
from next_mm.errors import ConfigError

__all__ = [
    'ConfigError',
    'apply_amp',
    'build_model',
    'build_runner',
    'check_config',
    'convert_checkpoint',
    'find_key_map',
    'list_convertible',
    'load_config',
    'prepare',
    'resume_from',
    'show_rank_lists',
    'test',
    'train',
]
