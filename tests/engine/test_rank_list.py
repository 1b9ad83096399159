"""Which queries the rank-list hook draws, and what stands in its folder."""

from __future__ import annotations

from pathlib import Path

from next_mm.apis import build_runner
from next_mm.engine import choose_queries
from next_mm.retrieval import QueryScore, SearchResults
from tests.engine.test_late_failures import own_config


def _score(average_precision: float) -> QueryScore:
    return QueryScore(average_precision, average_precision, (1,))


def test_queries_are_spread_from_worst_to_best() -> None:
    scores = [None if value is None else _score(value) for value in (0.5, None, 0.1, 0.9, 0.3, 0.7)]
    assert choose_queries(scores, 3) == [2, 0, 3]
    assert choose_queries([_score(0.5), _score(0.1)], 8) == [1, 0]
    assert choose_queries([None], 8) == []


def test_pictures_of_an_earlier_run_go_and_other_files_stay(tmp_path: Path) -> None:
    folder = tmp_path / 'lists'
    folder.mkdir()
    earlier = ('failure_6_01_query_99.png', '01_query_77.png', '08_query_3.png', '120_query_5.png', '1_query_mine.png')
    for name in (*earlier, 'mine.png', 'notes.txt'):
        (folder / name).touch()
    cfg = own_config(tmp_path)
    cfg.custom_hooks = [dict(type='RankListHook', topk=3, out_dir=str(folder))]
    build_runner(cfg).test()
    assert {path.name for path in folder.glob('0*_query_*.png')} == {f'0{i + 1}_query_{i}.png' for i in range(4)}
    assert {path.name for path in folder.iterdir()} > {'1_query_mine.png', 'mine.png', 'notes.txt', 'queries.json'}
    assert not any((folder / name).exists() for name in ('failure_6_01_query_99.png', '120_query_5.png'))
    results = SearchResults.load(folder / 'queries.json')
    assert {len(matches) for matches in results.matches} == {3}  # all of the gallery but the query itself
    wrong = {index for index, score in enumerate(results.scores) if score is not None and score.ranks[0] > 1}
    drawn = {int(path.stem.rpartition('_')[2]) for path in folder.glob('failure_*.png')}
    assert drawn <= wrong and bool(drawn) == bool(wrong)
