"""What drives the model: the Runner, its hooks, the optimizer wrapper and parameter groups, checkpoints."""
from next_mm import compat
from next_mm.engine.amp import AMP_DTYPES, AutocastOptimWrapper
from next_mm.engine.checkpoint import CheckpointError, latest_checkpoint, load_weights, read_checkpoint
from next_mm.engine.hooks import (
                                  METRICS_FILE,
                                  EpochSeedHook,
                                  ExpertLoadHook,
                                  ExpertLoadMeter,
                                  FiniteLossHook,
                                  IdentityCountHook,
                                  ReportHook,
                                  best_epoch,
                                  epoch_seed,
                                  metric_table,
)
from next_mm.engine.param_groups import ReIDOptimWrapperConstructor, group_parameters
from next_mm.engine.runner import TripletRunner

compat.apply()

__all__ = [
    'AMP_DTYPES', 'METRICS_FILE', 'AutocastOptimWrapper', 'CheckpointError', 'EpochSeedHook', 'ExpertLoadHook', 'ExpertLoadMeter',
    'FiniteLossHook', 'IdentityCountHook', 'ReIDOptimWrapperConstructor', 'ReportHook', 'TripletRunner', 'best_epoch', 'epoch_seed',
    'group_parameters', 'latest_checkpoint', 'load_weights', 'metric_table', 'read_checkpoint'
]
