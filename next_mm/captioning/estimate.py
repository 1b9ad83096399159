"""What a run will take before it begins: requests, tokens, money."""

from __future__ import annotations

from dataclasses import dataclass

from next_mm.captioning.attributes_stage import Questions, Selection
from next_mm.captioning.endpoint import estimate_tokens
from next_mm.captioning.prompts import compose_version
from next_mm.captioning.schema import Schema
from next_mm.captioning.settings import CaptionSettings
from next_mm.captioning.store import Store

ANSWER_TOKENS = 16
"""Tokens of one attribute in an answer, measured with the GPT-4 tokenizer's kin; replaced by the store's mean once there is one."""
CAPTION_TOKENS = 80


@dataclass(frozen=True)
class Estimate:
    """One line of the estimate."""

    model: str
    what: str
    requests: int
    tokens_in: int
    tokens_out: int
    cost: float


def estimate_run(store: Store, settings: CaptionSettings, schema: Schema, selection: Selection) -> list[Estimate]:
    """What the attribute and compose stages would ask for now, answered questions left out."""
    lines = []
    for model in settings.models:
        questions = Questions(store, settings, model, schema, selection)
        counts = questions.count()
        tokens_in = sum(
            n * (estimate_tokens([{'content': questions.instructions[m]}]) + model.image_tokens)
            for m, n in counts.items()
        )
        tokens_out = sum(n * ANSWER_TOKENS * len(schema.observable(m)) for m, n in counts.items())
        lines.append(
            _line(
                store,
                model,
                'attributes',
                sum(counts.values()),
                tokens_in,
                tokens_out,
                list(questions.versions.values()),
            )
        )
    if settings.composer is not None:
        done = store.db.execute(
            'SELECT COUNT(*) FROM answers WHERE model=? AND prompt=?',
            (settings.composer.name, compose_version(schema, settings.token_budget)),
        ).fetchone()[0]
        captions = store.db.execute(
            'SELECT COUNT(DISTINCT picture) FROM pictures WHERE picture IS NOT NULL'
        ).fetchone()[0]
        requests = max(0, captions - done)
        lines.append(
            _line(
                store,
                settings.composer,
                'captions, at most',
                requests,
                500 * requests,
                CAPTION_TOKENS * requests,
                [compose_version(schema, settings.token_budget)],
            )
        )
    return lines


def _line(
    store: Store, model, what: str, requests: int, tokens_in: int, tokens_out: int, versions: list[str]
) -> Estimate:
    """Once the store holds requests of the model, their mean counts instead of the rule of thumb."""
    marks = ','.join('?' * len(versions))
    count, mean_in, mean_out, questions = store.db.execute(
        'SELECT COUNT(*), AVG(tokens_in), AVG(tokens_out), COUNT(DISTINCT subject) FROM requests '
        f'WHERE model=? AND prompt IN ({marks}) AND tokens_in>0',
        (model.name, *versions),
    ).fetchone()
    if count:
        per_question = count / questions  # some are asked twice
        tokens_in, tokens_out = round(requests * mean_in * per_question), round(requests * mean_out * per_question)
    return Estimate(model.name, what, requests, tokens_in, tokens_out, model.cost(tokens_in, tokens_out))
