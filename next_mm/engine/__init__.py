"""What drives the model: the Runner, its hooks, the optimizer wrapper and parameter groups, checkpoints."""

from next_mm import compat
from next_mm.engine.amp import AMP_DTYPES, AutocastOptimWrapper
from next_mm.engine.checkpoint import latest_checkpoint, load_weights, read_checkpoint
from next_mm.engine.hooks import (
    ENVIRONMENT_FILE,
    METRICS_FILE,
    CheckpointHook,
    EnvironmentHook,
    EpochSeedHook,
    FiniteLossHook,
    IdentityCountHook,
    PrepareEpochHook,
    RankListHook,
    ReportHook,
    best_epoch,
    choose_queries,
    epoch_seed,
    metric_table,
)
from next_mm.engine.loops import TestTimeTrainingLoop
from next_mm.engine.param_groups import ReIDOptimWrapperConstructor, check_paramwise, group_parameters
from next_mm.engine.resumed_config import read_config_text, read_plain_config
from next_mm.engine.runner import TripletRunner
from next_mm.engine.schedules import TransReIDLR
from next_mm.errors import CheckpointError

compat.apply()

__all__ = [
    'AMP_DTYPES',
    'ENVIRONMENT_FILE',
    'METRICS_FILE',
    'AutocastOptimWrapper',
    'CheckpointError',
    'CheckpointHook',
    'EnvironmentHook',
    'EpochSeedHook',
    'FiniteLossHook',
    'IdentityCountHook',
    'PrepareEpochHook',
    'RankListHook',
    'ReIDOptimWrapperConstructor',
    'ReportHook',
    'TestTimeTrainingLoop',
    'TransReIDLR',
    'TripletRunner',
    'best_epoch',
    'check_paramwise',
    'choose_queries',
    'epoch_seed',
    'group_parameters',
    'latest_checkpoint',
    'load_weights',
    'metric_table',
    'read_checkpoint',
    'read_config_text',
    'read_plain_config',
]
