"""Evaluation: ranking and re-ranking as pure functions, and the registered metric that calls them."""

from next_mm.evaluation.preflight import check_protocol
from next_mm.evaluation.protocol import RULES, RetrievalTable, build_table
from next_mm.evaluation.reid_metric import ReIDMetric
from next_mm.retrieval.rank_list import RankList, rank_list
from next_mm.retrieval.ranking import Labels, QueryScores, cosine_rows, matrix_rows, score_queries, summarize
from next_mm.retrieval.reranking import ReRanking, rerank

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
