"""Answers of a store: what the models said, by subject, model and version of the question."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

from next_mm.captioning.store.database import Database, marks
from next_mm.captioning.store.tables import FAILED, RECEIVED, USABLE, Answer
from next_mm.triplet import MODALITIES
from next_mm.utils.text import encodable

__all__ = ['Answers', 'FailedAnswer', 'StoredAnswer', 'absorb_answers', 'version_of_modality']


class StoredAnswer(NamedTuple):
    """An answer with what it answers."""

    subject: str
    model: str
    prompt: str
    answer: Answer


class FailedAnswer(NamedTuple):
    """A question about a picture that has no usable answer."""

    split: str
    item: str
    modality: str
    path: str
    model: str
    status: str
    raw: str


def version_of_modality(column: str) -> str:
    """SQL for the version of the question about a picture, with a question mark for each modality in their order."""
    return f'CASE {column} ' + ' '.join(f"WHEN '{modality}' THEN ?" for modality in MODALITIES) + ' END'


class Answers:
    """Named queries over the table ``answers``."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def write(self, subject: str, model: str, prompt: str, answer: Answer) -> None:
        """Write one down, in place of an earlier one to the same question."""
        notes = json.dumps(answer.notes, ensure_ascii=False) if answer.notes else ''
        texts = (subject, model, prompt, answer.status, answer.raw, answer.parsed, notes)
        self._database.execute('INSERT OR REPLACE INTO answers VALUES(?,?,?,?,?,?,?)', map(encodable, texts))

    def find(self, subject: str, model: str, prompt: str) -> Answer | None:
        """One answer, or ``None``."""
        rows = self._database.rows(
            'SELECT status, raw, parsed, notes FROM answers WHERE subject=? AND model=? AND prompt=?',
            (subject, model, prompt),
        )
        return _answer(*rows[0]) if rows else None

    def to_prompts(self, prompts: Iterable[str]) -> Iterator[StoredAnswer]:
        """Every answer to one of ``prompts``, in the order of the subjects."""
        prompts = list(prompts)
        rows = self._database.execute(
            f'SELECT * FROM answers WHERE prompt IN ({marks(prompts)}) ORDER BY subject, model', prompts
        )
        for subject, model, prompt, *answer in rows:
            yield StoredAnswer(subject, model, prompt, _answer(*answer))

    def received(self, model: str, prompts: Sequence[str]) -> list[StoredAnswer]:
        """Answers of ``model`` that came and have not been read yet."""
        rows = self._database.rows(
            f'SELECT * FROM answers WHERE model=? AND status=? AND prompt IN ({marks(prompts)})',
            (model, RECEIVED, *prompts),
        )
        return [StoredAnswer(subject, name, prompt, _answer(*answer)) for subject, name, prompt, *answer in rows]

    def count(self, model: str, prompt: str) -> int:
        """How many questions of one version a model has answered, well or not."""
        return self._database.value('SELECT COUNT(*) FROM answers WHERE model=? AND prompt=?', (model, prompt))

    def failed(
        self, splits: Sequence[str], models: Sequence[str], versions: Mapping[str, str]
    ) -> Iterator[FailedAnswer]:
        """Questions about pictures without a usable answer, picture by picture.

        Args:
            splits: of the dataset.
            models: their names.
            versions: of the question, by modality.
        """
        rows = self._database.execute(
            'SELECT p.split, p.item, p.modality, p.path, a.model, a.status, a.raw FROM pictures p '
            f'JOIN answers a ON a.subject=p.picture AND a.prompt={version_of_modality("p.modality")} '
            f'WHERE p.split IN ({marks(splits)}) AND a.status NOT IN ({marks(USABLE)}) '
            f'AND a.model IN ({marks(models)}) '
            'ORDER BY p.rowid, a.model',
            (*(versions[modality] for modality in MODALITIES), *splits, *USABLE, *models),
        )
        yield from map(FailedAnswer._make, rows)

    def count_pictures(
        self, splits: Sequence[str], models: Sequence[str], versions: Mapping[str, str]
    ) -> tuple[int, int]:
        """How many pictures have been asked about, and how many of them have no usable answer of any model."""
        settled = f'({marks((*USABLE, *FAILED, "unreached"))})'
        row = self._database.rows(
            'SELECT COUNT(*), COALESCE(SUM(NOT usable), 0) FROM ('
            f'SELECT MAX(a.status IN ({marks(USABLE)})) AS usable FROM pictures p '
            f'JOIN answers a ON a.subject=p.picture AND a.prompt={version_of_modality("p.modality")} '
            f'WHERE p.split IN ({marks(splits)}) AND a.model IN ({marks(models)}) AND a.status IN {settled} '
            'GROUP BY p.rowid)',
            (*USABLE, *(versions[m] for m in MODALITIES), *splits, *models, *USABLE, *FAILED, 'unreached'),
        )[0]
        return row[0], row[1]


def _answer(status: str, raw: str, parsed: str, notes: str) -> Answer:
    return Answer(status, raw, parsed, json.loads(notes) if notes else {})


def absorb_answers(database: Database) -> int:
    """Take over the answers of the attached store; a usable one beats a failed one. Returns how many came in."""
    usable = ','.join(f"'{status}'" for status in USABLE)
    return database.execute(
        'INSERT OR REPLACE INTO main.answers SELECT o.* FROM other.answers o '
        'LEFT JOIN main.answers m USING(subject, model, prompt) '
        f'WHERE m.status IS NULL OR (m.status NOT IN ({usable}) AND o.status IN ({usable}))'
    ).rowcount
