"""What a run will take before it begins: requests, tokens, money."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from next_mm.captioning.context import CaptionContext
from next_mm.captioning.llm.replies import estimate_tokens
from next_mm.captioning.settings import ModelSettings
from next_mm.captioning.stages.attributes import AttributeQuestions

__all__ = ['Estimate', 'estimate_run']

ANSWER_TOKENS = 16
"""Tokens of one attribute in an answer, measured with the GPT-4 tokenizer's kin; replaced by the store's mean once
there is one.
"""
CAPTION_TOKENS, COMPOSE_TOKENS = 80, 500


@dataclass(frozen=True)
class Estimate:
    """One line of the estimate."""

    model: str
    what: str
    requests: int
    tokens_in: int
    tokens_out: int
    cost: float


def estimate_run(run: CaptionContext) -> list[Estimate]:
    """What the attribute and compose stages would ask for now, answered questions left out."""
    lines = [_attributes(run, model) for model in run.settings.models]
    if run.settings.composer is not None:
        lines.append(_captions(run, run.settings.composer))
    return lines


def _attributes(run: CaptionContext, model: ModelSettings) -> Estimate:
    questions = AttributeQuestions(run, model)
    counts = questions.count()
    texts = {m: estimate_tokens([{'content': questions.instructions[m]}]) for m in counts}
    tokens_in = sum(count * (texts[m] + model.image_tokens) for m, count in counts.items())
    tokens_out = sum(count * ANSWER_TOKENS * len(run.schema.observable(m)) for m, count in counts.items())
    return _line(
        run, model, 'attributes', list(questions.versions.values()), (sum(counts.values()), tokens_in, tokens_out)
    )


def _captions(run: CaptionContext, composer: ModelSettings) -> Estimate:
    done = run.store.answers.count(composer.name, run.compose_version)
    requests = max(0, run.store.pictures.count_different() - done)
    totals = (requests, COMPOSE_TOKENS * requests, CAPTION_TOKENS * requests)
    return _line(run, composer, 'captions, at most', [run.compose_version], totals)


def _line(
    run: CaptionContext, model: ModelSettings, what: str, versions: Sequence[str], totals: tuple[int, int, int]
) -> Estimate:
    """Once the store holds requests of the model, their mean counts instead of the rule of thumb."""
    requests, tokens_in, tokens_out = totals
    mean = run.store.requests.mean_tokens(model.name, versions)
    if mean is not None:
        tokens_in = round(requests * mean.tokens_in * mean.per_question)
        tokens_out = round(requests * mean.tokens_out * mean.per_question)
    return Estimate(model.name, what, requests, tokens_in, tokens_out, model.cost(tokens_in, tokens_out))
