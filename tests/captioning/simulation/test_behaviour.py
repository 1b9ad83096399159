"""Simulated models, and what merging and complementing make of them."""

from __future__ import annotations

import json
from argparse import Namespace
from pathlib import Path

from next_mm.captioning import load_schema, simulation
from tools.benchmarks.captioning import measure_quality

SCHEMA = load_schema('person')


def test_merging_and_complementing_help_with_simulated_models_and_not_with_an_overconfident_one(tmp_path: Path) -> None:
    truth = {
        'splits': {
            'train': {
                f'{i:06d}_x.jpg': {
                    m: {n: list(a.values)[i % len(a.values)] for n, a in SCHEMA.observable(m).items()}
                    for m in ('rgb', 'nir', 'tir')
                }
                for i in range(60)
            }
        }
    }
    (tmp_path / 'attributes.json').write_text(json.dumps(truth))

    def shares(models: list[str]) -> dict[str, tuple[float, float, float]]:
        scores = measure_quality(Namespace(truth=tmp_path / 'attributes.json', schema='person', models=models))
        total = {
            step: [sum(getattr(s, f) for s in cells.values()) for f in ('total', 'unknown', 'right')]
            for step, cells in scores.items()
        }
        return {step: (unknown / n, right / n, right / (n - unknown)) for step, (n, unknown, right) in total.items()}

    good = shares(['clothing-expert', 'accessory-expert'])
    unknown, right, stated = zip(*good.values())
    assert (
        unknown[3] < unknown[2] < min(unknown[:2])
        and right[3] > right[2] > max(right[:2])
        and stated[2] > max(stated[:2])
    )
    bad = shares(['clothing-expert', 'overconfident'])
    assert bad['merged'][2] < bad['clothing-expert'][2]  # a confidence that says nothing wins over one that does


def test_simulated_answers_depend_on_their_seed_alone() -> None:
    one = simulation.simulate_answer(simulation.BEHAVIOURS['overconfident'], {}, 'nir', SCHEMA, 's')
    assert one == simulation.simulate_answer(simulation.BEHAVIOURS['overconfident'], {}, 'nir', SCHEMA, 's')
    assert one != simulation.simulate_answer(simulation.BEHAVIOURS['overconfident'], {}, 'nir', SCHEMA, 't')
    assert one.keys() == SCHEMA.observable('nir').keys()
