"""Stage 1: ask every model about every picture (Sec. IV-A)."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Sequence
from functools import partial

from next_mm.captioning.attributes.answers import parse_answer
from next_mm.captioning.attributes.plates import redact
from next_mm.captioning.attributes.prompts import attribute_instruction, attribute_messages, response_format
from next_mm.captioning.context import CaptionContext
from next_mm.captioning.llm.client import LLMClient
from next_mm.captioning.llm.jobs import Counts, Job, Judgement
from next_mm.captioning.llm.replies import Reply
from next_mm.captioning.pictures import prepare_picture
from next_mm.captioning.settings import ModelSettings
from next_mm.captioning.store import CUT_OFF, Answer, OpenQuestion
from next_mm.triplet import MODALITIES
from next_mm.utils.pictures import PictureError

__all__ = ['AttributeQuestions', 'ask_models']

_RANK = {'complete': 3, 'partial': 2, 'invalid': 1, 'refused': 0}
_AT_A_TIME = 16
"""Pictures that are prepared together in a thread."""
_LONGEST_KEPT = 10_000


class AttributeQuestions:
    """The questions of one model that have no answer yet.

    Attributes:
        instructions: what is asked, by modality.
        versions: of the questions, by modality.
        problems: row of a picture that could not be sent, and what is wrong with it.

    Args:
        run: the run.
        model: who is asked.
    """

    def __init__(self, run: CaptionContext, model: ModelSettings) -> None:
        self.run, self.model = run, model
        self.instructions = {m: attribute_instruction(run.schema, m) for m in MODALITIES}
        self.versions = run.attribute_versions
        self.problems: dict[int, str] = {}
        self._formats = {m: response_format(model, run.schema, m) for m in MODALITIES}
        self._open = run.store.questions(model.name, self.versions, run.settings.splits, run.selection)

    def count(self) -> dict[str, int]:
        """Number of questions by modality."""
        return self._open.count()

    def read_received(self) -> int:
        """Read answers that came to an earlier run and that a fault of the program kept from being read; returns how
        many.
        """
        modality_of = {version: modality for modality, version in self.versions.items()}
        received = self.run.store.answers.received(self.model.name, tuple(self.versions.values()))
        for subject, model, prompt, answer in received:
            reason = 'length' if CUT_OFF in answer.notes else ''
            judgement = self._judge(modality_of[prompt], Reply(answer.raw, reason, False, 0, 0))
            self.run.store.record(subject, model, prompt, None, judgement.answer)
        return len(received)

    async def jobs(self) -> AsyncIterator[Job]:
        """The questions, their pictures read a few at a time in a thread."""
        for questions in self._open.chunks():
            for start in range(0, len(questions), _AT_A_TIME):
                for job in await asyncio.to_thread(self._prepare, questions[start : start + _AT_A_TIME]):
                    yield job

    def _prepare(self, questions: Sequence[OpenQuestion]) -> list[Job]:
        jobs = []
        for question in questions:
            try:
                url = prepare_picture(question.path, question.panel, self.run.settings.max_side, question.key)
            except PictureError as problem:
                self.problems[question.row] = str(problem)
                continue
            modality = question.modality
            job = Job(
                question.key,
                self.versions[modality],
                attribute_messages(self.instructions[modality], url, self.model.detail),
                partial(self._judge, modality),
                self._keep,
                self._formats[modality],
                self.model.image_tokens,
            )
            jobs.append(job)
        return jobs

    def _keep(self, text: str) -> str:
        return redact(text[-_LONGEST_KEPT:], self.run.schema.plain_words)[0]

    def _judge(self, modality: str, reply: Reply) -> Judgement:
        cut_off = reply.finish_reason == 'length'
        parsed = parse_answer(reply.text, self.run.schema, modality, self.model.name, cut_off)
        status = 'refused' if reply.refused else parsed.status
        attributes = {} if reply.refused else parsed.attributes
        short = {name: [o.value, o.confidence] for name, o in attributes.items()}
        text = json.dumps(short, ensure_ascii=False, separators=(',', ':')) if short else ''
        few = len(parsed.missing) > len(attributes) / 2  # a draft, or the beginning of an answer
        return Judgement(
            Answer(status, parsed.kept, text, parsed.notes),
            rank=100 * _RANK[status] + sum(o.value is not None for o in attributes.values()),
            ask_again=status in ('invalid', 'refused') or (status == 'partial' and (cut_off or few)),
        )


async def ask_models(
    run: CaptionContext, progress: Callable[[str], None] = lambda model: None
) -> tuple[dict[str, Counts], dict[int, str]]:
    """Ask all models at the same time, each within its own limits.

    Args:
        run: the run.
        progress: called with a model's name whenever one of its questions is settled.

    Returns:
        The counts of each model; and the pictures that could not be sent, by their row, with what is wrong.
    """
    questions = [AttributeQuestions(run, model) for model in run.settings.models]
    tasks = {}
    for asked in questions:
        asked.read_received()
        client = LLMClient(
            asked.model,
            run.services.connect(asked.model),
            store=run.store,
            budget=run.budget,
            stop=run.stop,
            progress=partial(progress, asked.model.name),
            patience=run.services.patience,
        )
        tasks[asked.model.name] = asyncio.ensure_future(client.run(asked.jobs()))
    # an error of one stops all, but what the others asked is paid for: they end first
    await asyncio.gather(*tasks.values(), return_exceptions=True)
    problems = {row: problem for asked in questions for row, problem in asked.problems.items()}
    return {name: task.result() for name, task in tasks.items()}, problems
