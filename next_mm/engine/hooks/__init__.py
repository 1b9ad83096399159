"""Hooks: what happens around training and testing, one idea a file."""

from next_mm.engine.hooks.checkpoint import CheckpointHook
from next_mm.engine.hooks.class_count import IdentityCountHook
from next_mm.engine.hooks.environment import ENVIRONMENT_FILE, EnvironmentHook
from next_mm.engine.hooks.epoch_seed import EpochSeedHook, epoch_seed
from next_mm.engine.hooks.finite_loss import FiniteLossHook
from next_mm.engine.hooks.prepare_epoch import PrepareEpochHook
from next_mm.engine.hooks.rank_list import RankListHook, choose_queries
from next_mm.engine.hooks.report import METRICS_FILE, ReportHook, best_epoch, metric_table

__all__ = [
    'ENVIRONMENT_FILE',
    'METRICS_FILE',
    'CheckpointHook',
    'EnvironmentHook',
    'EpochSeedHook',
    'FiniteLossHook',
    'IdentityCountHook',
    'PrepareEpochHook',
    'RankListHook',
    'ReportHook',
    'best_epoch',
    'choose_queries',
    'epoch_seed',
    'metric_table',
]
