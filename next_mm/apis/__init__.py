"""The way in: configs are loaded and checked, Runners and models are built from them here."""

from next_mm.apis.config import apply_amp, load_config, show_rank_lists
from next_mm.apis.config_check import check_config
from next_mm.apis.running import build_model, build_runner, prepare, resume_from, test, train
from next_mm.command_line import mistakes_in_one_line
from next_mm.errors import ConfigError

__all__ = [
    'ConfigError',
    'apply_amp',
    'build_model',
    'build_runner',
    'check_config',
    'load_config',
    'mistakes_in_one_line',
    'prepare',
    'resume_from',
    'show_rank_lists',
    'test',
    'train',
]
