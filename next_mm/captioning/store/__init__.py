"""The store of a caption run: an SQLite file behind named queries; no SQL elsewhere."""

from next_mm.captioning.store.database import StoreError
from next_mm.captioning.store.lock import lock_store
from next_mm.captioning.store.questions import OpenQuestion, OpenQuestions, Selection, shard_of
from next_mm.captioning.store.store import Store, rescue_path
from next_mm.captioning.store.tables import CUT_OFF, FAILED, RECEIVED, USABLE, Answer, Picture, Request

__all__ = [
    'CUT_OFF',
    'FAILED',
    'RECEIVED',
    'USABLE',
    'Answer',
    'OpenQuestion',
    'OpenQuestions',
    'Picture',
    'Request',
    'Selection',
    'Store',
    'StoreError',
    'lock_store',
    'rescue_path',
    'shard_of',
]
