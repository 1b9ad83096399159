"""Write a study's table and chart, and put the table into a document."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from next_mm.analysis.studies.plot import draw_study
from next_mm.analysis.studies.study import Study, is_synthetic
from next_mm.analysis.studies.table import RowResult, collect, study_table, table_title
from next_mm.analysis.tables import Table, replace_block
from next_mm.visualization.style import paper_style, save_figure


class StudyReport:
    """Everything a study writes, from the runs that are there.

    Args:
        study: the study with its rows.
        seeds: number of seeds asked for.
        root: where the runs are; table and chart go beside them.
        document: Markdown file with markers ``<study>-<dataset>``, or None.
        costs: cost of a row by its digest; see :func:`next_mm.analysis.studies.cost.row_costs`; empty leaves it out.
    """

    def __init__(
        self,
        study: Study,
        seeds: int,
        root: Path,
        document: Path | None,
        costs: Mapping[str, dict[str, float]],
    ) -> None:
        self.study, self.seeds = study, seeds
        self.root, self.document, self.costs = root, document, costs
        self.synthetic = is_synthetic(study.rows[0].resolved)

    def write(self) -> list[RowResult]:
        """Write the files and return what they show."""
        results = self._collect()
        self._table(results).write(self.root / self.study.name)
        with paper_style():
            title = table_title(self.study.title, self.study.dataset, synthetic=self.synthetic)
            save_figure(draw_study(results, title), self.root / self.study.name)
        if self.document is not None:
            block = f'{self.study.name}-{self.study.dataset}'
            replace_block(self.document, block, f'{self._provenance(results)}\n\n{self.text()}')
        return results

    def text(self) -> str:
        """The table as Markdown."""
        return self._table(self._collect()).markdown()

    def _collect(self) -> list[RowResult]:
        results = collect(self.study.rows, self.seeds, self.root)
        for result in results:
            result.cost = dict(self.costs.get(result.row.digest, {}))
        return results

    def _table(self, results: Sequence[RowResult]) -> Table:
        return study_table(self.study.title, results, self.study.dataset, synthetic=self.synthetic)

    def _provenance(self, results: Sequence[RowResult]) -> str:
        machines = sorted(set().union(*(result.machines for result in results)))
        dates = sorted(set().union(*(result.dates for result in results)))
        seeds = 'seed 0' if self.seeds == 1 else f'seeds 0 to {self.seeds - 1}'
        command = f'python tools/run_study.py {self.study.name} --dataset {self.study.dataset}'
        if not dates:
            return f'`{command} --table-only`; nothing has been trained.'
        return (
            f'`{command} --seeds {self.seeds}`; {seeds}; '
            f'{" / ".join(machines)}; {" to ".join(dict.fromkeys((dates[0], dates[-1])))}.'
        )
