"""The durable store of a caption run: one SQLite file that survives a kill and merges with others."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from next_mm.captioning.store.answers import Answers, absorb_answers
from next_mm.captioning.store.captions import Captions
from next_mm.captioning.store.database import LONGEST_WAIT, Database, StoreError
from next_mm.captioning.store.pictures import Pictures
from next_mm.captioning.store.questions import OpenQuestions, Selection
from next_mm.captioning.store.requests import Requests
from next_mm.captioning.store.tables import Answer, Request

__all__ = ['Store', 'rescue_path']


def rescue_path(store: Path) -> Path:
    """Where answers go that a store cannot take; the next run takes them over."""
    return store.with_name(f'{store.stem}.rescued{store.suffix}')


class Store:
    """Pictures, answers, requests and captions of a run. Every answer is committed on its own before the next is looked
    at.

    Attributes:
        pictures, answers, requests, captions: the named queries, by what they are about.

    Args:
        path: the file; made with its folder where it is not there.
        wait: seconds to wait for another program that holds it.

    Raises:
        StoreError: the file is something else, of a newer format, or held by another program.
    """

    def __init__(self, path: str | Path, wait: float = LONGEST_WAIT) -> None:
        self.path = Path(path)
        self._database = Database(self.path, wait)
        self.pictures = Pictures(self._database)
        self.answers = Answers(self._database)
        self.requests = Requests(self._database)
        self.captions = Captions(self._database)

    def close(self) -> None:
        """Close the file."""
        self._database.close()

    def __enter__(self) -> Store:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def questions(
        self, model: str, versions: Mapping[str, str], splits: Sequence[str], selection: Selection
    ) -> OpenQuestions:
        """The questions of one model that have no answer yet; see :class:`OpenQuestions`."""
        return OpenQuestions(self._database, model=model, versions=versions, splits=splits, selection=selection)

    def record(
        self,
        subject: str,
        model: str,
        prompt: str,
        request: Request | None,
        answer: Answer | None,
        wait: float = LONGEST_WAIT,
    ) -> None:
        """Write down a request and, once there is one, the answer, in one transaction.

        Args:
            subject: key of what was asked about.
            model: name of who was asked.
            prompt: version of the question.
            request: as it went.
            answer: what came of it.
            wait: seconds to wait for another program that holds the store.

        Raises:
            StoreError: nothing was written.
        """
        with self._database.transaction(wait):
            if request is not None:
                self.requests.write(subject, model, prompt, request)
            if answer is not None:
                self.answers.write(subject, model, prompt, answer)

    def absorb(self, other: str | Path) -> int:
        """Take over the answers and requests of another store; what both have stays, a usable answer beats a failed
        one.

        Returns:
            How many answers came in.

        Raises:
            StoreError: no such file, or not a store.
        """
        if not Path(other).is_file():
            raise StoreError(f'no store {other}')
        Store(other).close()  # its format is checked, its log folded in
        with self._database.attached(Path(other)), self._database.transaction():
            count = absorb_answers(self._database)
            self._database.execute('INSERT OR IGNORE INTO main.requests SELECT * FROM other.requests')
        return count
