"""Stage 3: from attributes to captions, by a language model under a checker, or by the template (Sec. IV, "Caption
Generation").
"""

from __future__ import annotations

import hashlib
import json
import re
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterator
from functools import partial

from next_mm.captioning.attributes.checker import LONGEST_CAPTION, check_caption
from next_mm.captioning.attributes.json_objects import remove_thoughts
from next_mm.captioning.attributes.observations import AttributeSet
from next_mm.captioning.attributes.plates import redact
from next_mm.captioning.attributes.prompts import compose_messages, known_values
from next_mm.captioning.attributes.schema import Schema
from next_mm.captioning.attributes.template import compose_caption
from next_mm.captioning.context import CaptionContext
from next_mm.captioning.llm.client import LLMClient
from next_mm.captioning.llm.jobs import Counts, Job, Judgement
from next_mm.captioning.llm.replies import Reply
from next_mm.captioning.settings import ModelSettings
from next_mm.captioning.store import CUT_OFF, RECEIVED, USABLE, Answer

__all__ = ['Compositions', 'ask_composer', 'clean_text', 'write_texts']

_FENCE = re.compile(r'```\w{0,20}')


def clean_text(text: str) -> str:
    """A model's caption without its thoughts, fences, quotation marks around it, and line breaks."""
    visible = remove_thoughts(text).strip() or text.strip()
    if visible.startswith('```'):
        visible = _FENCE.sub('', visible, count=1)
    return ' '.join(visible.removesuffix('```').split()).strip('"“”\' ')


def subject_of(attributes: AttributeSet, schema: Schema) -> str:
    """Key of an attribute set: equal sets share one caption, asked for once."""
    known = json.dumps({name: value[0] for name, value in known_values(attributes, schema).items()}, ensure_ascii=False)
    return hashlib.sha256(known.encode()).hexdigest()[:32]


class Compositions:
    """The captions that the composer has not worded yet."""

    def __init__(self, run: CaptionContext, composer: ModelSettings) -> None:
        self.run, self.composer = run, composer
        self.version = run.compose_version

    async def jobs(self) -> AsyncIterator[Job]:
        """One job for each different attribute set."""
        seen: set[str] = set()
        for _, attributes in self.run.store.captions.attribute_sets(self.run.settings.splits):
            subject = subject_of(attributes, self.run.schema)
            if subject in seen or self._is_settled(subject, attributes):
                continue
            seen.add(subject)
            messages = compose_messages(attributes, self.run.schema, self.run.settings.token_budget)
            yield Job(subject, self.version, messages, partial(self._judge, attributes), self._keep)

    def _is_settled(self, subject: str, attributes: AttributeSet) -> bool:
        store = self.run.store
        answer = store.answers.find(subject, self.composer.name, self.version)
        if (
            answer is not None and answer.status == RECEIVED
        ):  # it came, and a fault of the program kept it from being read
            reason = 'length' if CUT_OFF in answer.notes else ''
            answer = self._judge(attributes, Reply(answer.raw, reason, False, 0, 0)).answer
            store.record(subject, self.composer.name, self.version, None, answer)
        return answer is not None and answer.status in self.run.selection.settled

    def _keep(self, text: str) -> str:
        return redact(clean_text(text)[: 2 * LONGEST_CAPTION])[0]

    def _judge(self, attributes: AttributeSet, reply: Reply) -> Judgement:
        text, plates = redact(clean_text(reply.text)[: 2 * LONGEST_CAPTION])
        notes = {'licence plate removed': plates} if plates else {}
        if reply.refused:
            return Judgement(Answer('refused', text, '', notes), 0, ask_again=True)
        run = self.run
        problems = check_caption(text, attributes, run.schema, run.settings.token_budget, run.services.count_tokens)
        if reply.finish_reason == 'length':
            problems.append('it was cut off')
        if not problems:
            return Judgement(Answer('complete', text, text, notes), 2)
        notes['caption rejected by the checker'] = 1
        complaint = 'This caption is wrong: ' + '; '.join(problems) + '. Write it again.'
        return Judgement(Answer('invalid', text, '', notes), 1, ask_again=True, complaint=complaint)


async def ask_composer(
    run: CaptionContext, composer: ModelSettings, progress: Callable[[], None] = lambda: None
) -> Counts:
    """Have the composer word every caption that it has not worded yet."""
    client = LLMClient(
        composer,
        run.services.connect(composer),
        store=run.store,
        budget=run.budget,
        stop=run.stop,
        progress=progress,
        patience=run.services.patience,
    )
    return await client.run(Compositions(run, composer).jobs())


def write_texts(run: CaptionContext) -> Counter[str]:
    """Put a caption beside every attribute set: the composer's where it passed the checker, else the template's.

    Returns:
        Number of captions by source.
    """
    sources: Counter[str] = Counter()
    version = run.compose_version

    def texts() -> Iterator[tuple[int, str, str]]:
        for row, attributes in run.store.captions.attribute_sets(run.settings.splits):
            caption, source = _text(run, attributes, version)
            sources[source] += 1
            yield row, caption, source

    run.store.captions.write_texts(texts())
    return sources


def _text(run: CaptionContext, attributes: AttributeSet, version: str) -> tuple[str, str]:
    composer = run.settings.composer
    if composer is not None:
        answer = run.store.answers.find(subject_of(attributes, run.schema), composer.name, version)
        if answer is not None and answer.status in USABLE:
            return answer.parsed, composer.name
    source = 'template' if composer is None else 'template, for want of an accepted caption'
    return compose_caption(attributes, run.schema, run.settings.token_budget, run.services.count_tokens), source
