"""Options of the service, and its tokens."""

from __future__ import annotations

import os
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field

from next_mm.errors import ConfigError
from next_mm.utils.options import check_number

__all__ = ['TOKENS', 'ServiceOptions', 'find_caller', 'read_tokens']

TOKENS = 'NEXT_MM_TOKENS'
"""The environment variable that holds the tokens."""
MIN_TOKEN = 16


@dataclass(frozen=True)
class ServiceOptions:
    """What the service allows.

    Attributes:
        tokens: caller's name to token; empty lets everyone in.
        max_body: bytes of a request's body.
        max_json: bytes of a body that is no form, such as a list of features; parsed, it is many times as large.
        max_held: bytes of all bodies that are held at a time; further requests get 503.
        body_timeout: seconds that a request's body may take.
        max_pixels: pixels of one picture, checked before it is decoded.
        max_batch: triplets that the model takes at a time.
        max_wait: seconds that a triplet waits for others to share its batch.
        max_queue: triplets that wait at a time; further requests get 503.
        max_top: entries that one search may ask for.
    """

    tokens: Mapping[str, str] = field(default_factory=dict)
    max_body: int = 32 * 2**20
    max_json: int = 4 * 2**20
    max_held: int = 128 * 2**20
    body_timeout: float = 30.0
    max_pixels: int = 2**24
    max_batch: int = 16
    max_wait: float = 0.01
    max_queue: int = 64
    max_top: int = 1000

    def __post_init__(self) -> None:
        for name in ('max_body', 'max_json', 'max_held', 'max_pixels', 'max_batch', 'max_queue', 'max_top'):
            check_number(f'ServiceOptions.{name}', getattr(self, name), 1)
        check_number('ServiceOptions.body_timeout', self.body_timeout, 0, above=True)
        check_number('ServiceOptions.max_wait', self.max_wait, 0)


def read_tokens(environment: Mapping[str, str] = os.environ) -> dict[str, str]:
    """Read the tokens from the environment: ``NEXT_MM_TOKENS='desk:<token>,robot:<token>'``.

    Raises:
        ConfigError: an entry that is no pair, a name twice, or a token that can be guessed.
    """
    tokens: dict[str, str] = {}
    for number, pair in enumerate(filter(None, environment.get(TOKENS, '').split(',')), 1):
        name, colon, token = pair.strip().partition(':')
        if not colon or not name or len(token) < MIN_TOKEN:
            raise ConfigError(
                f'{TOKENS}, entry {number}: expected NAME:TOKEN with a token of at least {MIN_TOKEN} characters'
            )
        if name in tokens:
            raise ConfigError(f'{TOKENS}: the name {name!r} comes twice')
        tokens[name] = token
    return tokens


def find_caller(tokens: Mapping[str, str], authorization: str | None) -> str | None:
    """Return the name of the caller with this ``Authorization`` header; ``None`` where it has no token of ours."""
    if not tokens:
        return 'anonymous'
    scheme, _, given = (authorization or '').partition(' ')
    if scheme.lower() != 'bearer':
        return None
    found = None
    for name, token in tokens.items():  # all of them, so that the time says nothing
        if secrets.compare_digest(given.strip().encode(), token.encode()):
            found = name
    return found
