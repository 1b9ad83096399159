"""The store: what it keeps, merges and refuses."""

from __future__ import annotations

from pathlib import Path

import pytest

from next_mm.captioning.store import Answer, Request, Store, StoreError


def test_store_merges_losslessly_and_a_usable_answer_beats_a_failed_one(tmp_path: Path) -> None:
    with Store(tmp_path / 'a.sqlite') as a, Store(tmp_path / 'b.sqlite') as b:
        a.record('p1', 'm', 'v', Request('refused', cost=1.0), Answer('refused'))
        b.record('p1', 'm', 'v', Request('complete', cost=2.0), Answer('complete', 'x', notes={'r': 1}))
        b.record('p2', 'm', 'v', Request('complete', cost=4.0), Answer('complete', 'y'))
        assert a.absorb(b.path) == 2 and a.absorb(b.path) == 0  # twice is once
        assert [(s, x.raw) for s, _, _, x in a.answers.to_prompts(['v'])] == [('p1', 'x'), ('p2', 'y')]
        assert a.requests.spent() == 7 and a.answers.find('p1', 'm', 'v').notes == {'r': 1}
        assert b.absorb(a.path) == 0 and b.answers.find('p1', 'm', 'v').status == 'complete'
    (tmp_path / 'c.sqlite').write_text('not a database, but long enough to look like one' * 30)
    with pytest.raises(StoreError, match='not a caption store'):
        Store(tmp_path / 'c.sqlite')
