"""Retrieval: ranking and re-ranking as pure functions, and the result of a search."""

from next_mm.retrieval.comparison import Comparison, CosineComparison, EuclideanComparison, compare
from next_mm.retrieval.distances import DistanceRows, cosine_rows, matrix_rows
from next_mm.retrieval.rank_list import RankList, rank_list
from next_mm.retrieval.ranking import Labels, QueryScores, score_queries, summarize
from next_mm.retrieval.reranking import ReRanking, rerank
from next_mm.retrieval.results import Entry, Match, QueryScore, SearchResults

__all__ = [
    'Comparison',
    'CosineComparison',
    'DistanceRows',
    'Entry',
    'EuclideanComparison',
    'Labels',
    'Match',
    'QueryScore',
    'QueryScores',
    'RankList',
    'ReRanking',
    'SearchResults',
    'compare',
    'cosine_rows',
    'matrix_rows',
    'rank_list',
    'rerank',
    'score_queries',
    'summarize',
]
