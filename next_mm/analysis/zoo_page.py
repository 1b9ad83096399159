"""The tables of docs/zoo.md: what the methods are, what they cost, how near they are to their authors' programs."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import astuple
from datetime import date
from pathlib import Path
from typing import Any

from next_mm.analysis.cost import PartCost, count_costs
from next_mm.analysis.tables import Table, replace_block
from next_mm.apis.config import drop_weights, load_config
from next_mm.apis.training import build_model
from next_mm.apis.zoo import DATASETS, Method, find_leaf
from next_mm.models import ReIDModel
from next_mm.models.reid_model import TEXT_ENCODER
from next_mm.registry import MODELS
from next_mm.utils.files import write_atomically
from next_mm.utils.machine import describe_machine

__all__ = ['RESULTS', 'count_methods', 'read_parity', 'read_results', 'write_page', 'write_results']

RESULTS = 'zoo.json'
"""What was measured, beside the page: ``costs`` and ``parity``, each with its date."""
_TITLES = {
    'rgbnt201': 'RGBNT201',
    'market_mm': 'Market-MM',
    'msvr310': 'MSVR310',
    'rgbnt100': 'RGBNT100',
    'wmveid863': 'WMVEID863',
}

Results = dict[str, Any]


def count_methods(methods: Iterable[Method]) -> Results:
    """Count parameters and multiply-accumulates of methods, on the first dataset that each has a figure on.

    Args:
        methods: the methods; their models are built at real size with random weights.
    """
    counts = {}
    for method in methods:
        leaf = find_leaf(method.name)
        cfg = load_config(leaf)
        drop_weights(cfg)
        costs = count_costs(build_model(cfg))
        total = sum(costs.values(), PartCost())
        names = ('trainable', 'frozen', 'macs', 'executed', 'attention')
        counts[method.name] = {'config': leaf.name, **dict(zip(names, astuple(total)))}
        counts[method.name]['text'] = costs.get(TEXT_ENCODER, PartCost()).macs
    return {'date': date.today().isoformat(), 'methods': counts}


def read_parity(file: Path) -> Results:
    """Sum up the lines that the parity tests write into the file that ``NEXT_MM_PARITY`` names.

    Returns:
        Of each system the number of compared arrays and the largest relative difference, with date and machine.
    """
    arrays: dict[str, set[str]] = {}
    largest: dict[str, float] = {}
    for line in file.read_text(encoding='utf-8').splitlines():
        entry = json.loads(line)
        system = entry['system']
        arrays.setdefault(system, set()).update(entry['arrays'])
        largest[system] = max(largest.get(system, 0.0), entry['largest'])
    systems = {name: {'arrays': len(arrays[name]), 'largest': largest[name]} for name in sorted(arrays)}
    return {'date': date.today().isoformat(), 'machine': describe_machine(), 'systems': systems}


def read_results(page: Path) -> Results:
    """Read what was measured, from beside the page."""
    return json.loads(page.with_name(RESULTS).read_text(encoding='utf-8'))


def write_results(page: Path, results: Results) -> None:
    """Write what was measured beside the page."""
    write_atomically(page.with_name(RESULTS), [json.dumps(results, indent=1) + '\n'])


def write_page(page: Path, methods: Sequence[Method], results: Results) -> None:
    """Put the tables between the markers of the page.

    Raises:
        UserError: the page lacks a marker.
    """
    for name, table in (
        ('zoo-methods', methods_table(methods, results)),
        ('zoo-figures', figures_table(methods)),
        ('zoo-costs', costs_table(methods, results['costs'])),
        ('zoo-parity', parity_table(results['parity'])),
    ):
        replace_block(page, name, table.markdown())


def methods_table(methods: Sequence[Method], results: Mapping[str, Any]) -> Table:
    """What each method is, reads and costs, and its largest difference from its authors' program."""
    columns = ['method', 'paper', 'reads', 'missing modality', 'params M', 'G MACs', 'parity']
    table = Table('', columns)
    systems = results['parity']['systems']
    for method in methods:
        cost = results['costs']['methods'].get(method.name, {})
        errors = [entry['largest'] for name, entry in systems.items() if name.partition('_')[0] == method.name]
        table.add(
            [
                _title(method),
                f'[{method.venue}]({method.paper})',
                ', '.join(method.input),
                _model_class(method).missing_modalities,
                _number(cost.get('trainable'), 1e6),
                _number(cost.get('macs'), 1e9),
                f'{max(errors):.1e}' if errors else None,
            ]
        )
    return table


def figures_table(methods: Sequence[Method]) -> Table:
    """The published mAP / R-1 of each method, with the config of each."""
    table = Table('', ['published mAP / R-1', *_TITLES.values(), 'synthetic'])
    for method in methods:
        cells = [
            _link(method, dataset, f'{figures["mAP"]:.1f} / {figures["R-1"]:.1f}')
            if (figures := method.published.get(dataset))
            else None
            for dataset in DATASETS
        ]
        table.add([method.title, *cells, _link(method, 'synthetic', 'config')])
    return table


def costs_table(methods: Sequence[Method], costs: Mapping[str, Any]) -> Table:
    """Parameters and multiply-accumulates of the methods in Table VIII, beside its own."""
    columns = [
        'method',
        'paper params M',
        'params M',
        'frozen M',
        'paper G MACs',
        'G MACs',
        'with attention',
        'executed',
    ]
    table = Table('', columns)
    for method in (method for method in methods if method.cost and method.name in costs['methods']):
        ours = costs['methods'][method.name]
        table.add(
            [
                method.title,
                str(method.cost['params M']),
                _number(ours['trainable'], 1e6),
                _number(ours['frozen'], 1e6),
                str(method.cost['G MACs']),
                _number(ours['macs'], 1e9),
                _number(ours['macs'] + ours['attention'], 1e9),
                _number(ours['executed'], 1e9),
            ]
        )
    table.notes = [f'`python tools/zoo_page.py --count`, {costs["date"]}.']
    return table


def parity_table(parity: Mapping[str, Any]) -> Table:
    """The largest difference of each fixture."""
    table = Table('', ['fixture', 'arrays', 'largest relative difference'])
    for name, entry in parity['systems'].items():
        table.add([name, entry['arrays'], f'{entry["largest"]:.1e}'])
    table.notes = [f'{parity["machine"]}; {parity["date"]}.']
    return table


def _model_class(method: Method) -> type[ReIDModel]:
    return MODELS.get(load_config(find_leaf(method.name)).model.type)


def _title(method: Method) -> str:
    readme = f'next_mm/methods/{method.name}/README.md'
    return f'[{method.title}](../{readme})' if (_ROOT / readme).is_file() else method.title


def _link(method: Method, dataset: str, text: str) -> str:
    leaf = find_leaf(method.name, dataset).resolve()
    return f'[{text}](../{leaf.relative_to(_ROOT).as_posix()})'


def _number(value: float | None, unit: float) -> str | None:
    return None if value is None else f'{value / unit:.1f}'


_ROOT = Path(__file__).resolve().parents[2]
