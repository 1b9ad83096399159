"""Evaluation: ranking and re-ranking as pure functions, and the registered metric that calls them."""

from .preflight import check_protocol
from .protocol import RULES, RetrievalTable, build_table
from .rank_list import RankList, rank_list
from .ranking import Labels, QueryScores, cosine_rows, matrix_rows, score_queries, summarize
from .reid_metric import ReIDMetric
from .reranking import ReRanking, rerank

__all__ = [
    'RULES',
    'Labels',
    'QueryScores',
    'RankList',
    'ReIDMetric',
    'ReRanking',
    'RetrievalTable',
    'build_table',
    'check_protocol',
    'cosine_rows',
    'matrix_rows',
    'rank_list',
    'rerank',
    'score_queries',
    'summarize',
]
