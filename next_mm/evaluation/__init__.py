"""Evaluation: the protocols of re-identification, and the registered metric."""

from next_mm.evaluation.protocol import Exclude, Protocol, RetrievalTable, build_table, check_protocol
from next_mm.evaluation.reid_metric import ReIDMetric

__all__ = ['Exclude', 'Protocol', 'ReIDMetric', 'RetrievalTable', 'build_table', 'check_protocol']
