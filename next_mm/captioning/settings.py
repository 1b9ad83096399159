"""The configuration of a caption run, validated: a misspelt key is an error that names it."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from ipaddress import ip_address
from pathlib import Path
from typing import Any, Literal
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field, ValidationError, ValidationInfo, field_validator, model_validator

from next_mm.errors import ConfigError
from next_mm.utils.options import did_you_mean

__all__ = ['CaptionSettings', 'ModelSettings', 'check_ready', 'parse_settings']


class ModelSettings(BaseModel):
    """One model behind an OpenAI-compatible endpoint.

    Attributes:
        name: how the store, the report and the provenance call it.
        model: the name that is sent to the endpoint.
        base_url: the endpoint, up to and with ``/v1``. Pictures go there and nowhere else.
        api_key_env: environment variable that holds the key; ``None`` for a server that asks for none.
        proxy_env: environment variable that holds the address of a proxy to this endpoint; ``None`` for none, whatever
            the environment says.
        price_input, price_output: US dollars a million tokens.
        max_concurrency: requests in flight.
        requests_per_minute: rate limit; ``None`` for none.
        structured_output: ``json_schema`` (strict), ``json_object`` or ``text`` (the prompt alone).
        max_tokens: limit of an answer; it is doubled once for an answer that was cut off.
        image_tokens: what a picture counts for, for the estimate and the budget.
        detail: OpenAI's image detail; ``None`` to leave it out (other servers may not know it).
        timeout: seconds for a whole answer.
        max_attempts: requests for one picture that fail in passing (429, 5xx, broken connection, time-out).
        token_limit: name of the field that carries ``max_tokens``; OpenAI's newer models want the second.
        extra_body: further fields of the request, as the endpoint wants them.
    """

    model_config = ConfigDict(extra='forbid', frozen=True)

    name: str = Field(min_length=1)
    model: str = Field(min_length=1)
    base_url: str
    api_key_env: str | None = None
    proxy_env: str | None = None
    price_input: float = Field(default=0.0, ge=0, allow_inf_nan=False)
    price_output: float = Field(default=0.0, ge=0, allow_inf_nan=False)
    max_concurrency: int = Field(default=8, ge=1, le=1024)
    requests_per_minute: float | None = Field(default=None, gt=0, allow_inf_nan=False)
    structured_output: Literal['json_schema', 'json_object', 'text'] = 'json_schema'
    max_tokens: int = Field(default=800, ge=16, le=1_000_000)
    temperature: float | None = Field(default=0.0, ge=0, allow_inf_nan=False)
    image_tokens: int = Field(default=300, ge=0, le=1_000_000)
    detail: Literal['low', 'high', 'auto'] | None = None
    timeout: float = Field(default=60.0, gt=0, allow_inf_nan=False)
    max_attempts: int = Field(default=6, ge=1, le=1000)
    token_limit: Literal['max_tokens', 'max_completion_tokens'] = 'max_tokens'
    extra_body: dict[str, Any] = {}

    @field_validator('base_url')
    @classmethod
    def _plain_url(cls, url: str) -> str:
        try:
            parts = urlsplit(url)
            parts.port  # noqa: B018 - raises where it is no port
        except ValueError:
            raise ValueError('not a URL') from None
        if parts.scheme not in ('http', 'https') or not parts.hostname or not url.isprintable():
            raise ValueError('expected http(s)://host[:port]/v1')
        if parts.username or parts.password or parts.query:
            raise ValueError(
                'a URL must not carry a user, a password or a query: '
                'put the key into an environment variable (api_key_env)'
            )
        return url

    @field_validator('api_key_env', 'proxy_env')
    @classmethod
    def _name_of_variable(cls, name: str | None, info: ValidationInfo) -> str | None:
        if name is not None and not name.isidentifier():
            held = 'a key' if info.field_name == 'api_key_env' else 'an address'
            raise ValueError(f'expected the name of an environment variable, not {held}')
        return name

    def key(self) -> str | None:
        """The key from the environment.

        Raises:
            ConfigError: the variable is not set, or holds what cannot be a key; the text names it.
        """
        if self.api_key_env is None:
            return None
        key = os.environ.get(self.api_key_env, '').strip()
        if not key:
            raise ConfigError(
                f'model {self.name}: the environment variable {self.api_key_env} is not set '
                f'(it should hold the key for {self.base_url})'
            )
        if not (key.isascii() and key.isprintable()) or ' ' in key:
            raise ConfigError(
                f'model {self.name}: the environment variable {self.api_key_env} holds no key: '
                'expected letters, digits and signs of ASCII without blanks or line breaks'
            )
        return key

    def proxy(self) -> str | None:
        """The proxy that the config names; those that the environment alone names are not used.

        Raises:
            ConfigError: the variable is not set, holds no address of an HTTP proxy, or the endpoint is this machine.
        """
        if self.proxy_env is None:
            return None
        address = os.environ.get(self.proxy_env, '').strip()
        if not address:
            raise ConfigError(f'model {self.name}: proxy_env: the environment variable {self.proxy_env} is not set')
        try:
            parts = urlsplit(address if '://' in address else f'http://{address}')
            known = parts.scheme in ('http', 'https') and bool(parts.hostname) and parts.port != 0
        except ValueError:
            known = False
        if not known:
            raise ConfigError(
                f'model {self.name}: proxy_env: {self.proxy_env} should hold http://host:port, '
                'the only kind of proxy that is known'
            )
        if is_local(self.base_url):
            raise ConfigError(
                f'model {self.name}: proxy_env: {self.base_url} is this machine or its network; '
                'what is meant for it goes through no proxy'
            )
        return parts.geturl()

    def cost(self, tokens_in: int, tokens_out: int) -> float:
        """US dollars for so many tokens."""
        return (tokens_in * self.price_input + tokens_out * self.price_output) / 1e6


def is_local(url: str) -> bool:
    """Whether an address is this machine's or its private network's, as far as it can be told without asking a name
    server.
    """
    host = (urlsplit(url).hostname or '').rstrip('.').lower()
    try:
        return not ip_address(host.partition('%')[0]).is_global
    except ValueError:
        return (
            host == 'localhost'
            or '.' not in host
            or host.endswith(('.localhost', '.local', '.internal', '.lan', '.home.arpa'))
        )


class CaptionSettings(BaseModel):
    """A caption run.

    Attributes:
        dataset: config of a dataset class of :mod:`next_mm.datasets`, without split and pipeline.
        schema_file: name of a shipped schema or path of a YAML file (key ``schema`` in the config).
        models: the multi-modal models, in the order that breaks ties.
        composer: the language model that words the captions; ``None`` for the template.
        splits: which splits to caption.
        store: SQLite file of answers; beside it go attributes and report.
        captions: folder of the caption files.
        token_budget: CLIP tokens of a caption.
        custom_imports: as in mmengine, for a dataset class of one's own.
        max_side: larger pictures are shrunk to this many pixels on the longer side before they are sent.
        follow_links: pictures that lie outside the dataset's folder by way of symbolic links are sent too.
    """

    model_config = ConfigDict(extra='forbid', frozen=True, populate_by_name=True)

    dataset: dict[str, Any]
    schema_file: str = Field(alias='schema')
    models: tuple[ModelSettings, ...] = Field(min_length=1)
    composer: ModelSettings | None = None
    splits: tuple[Literal['train', 'test'], ...] = ('train', 'test')
    store: Path
    captions: Path
    token_budget: int = Field(default=77, ge=16)
    custom_imports: dict[str, Any] | None = None
    max_side: int = Field(default=768, ge=32, le=16384)
    follow_links: bool = False

    @model_validator(mode='after')
    def _distinct_names(self) -> CaptionSettings:
        names = [model.name for model in self.models]
        if len(set(names)) != len(names):
            raise ValueError(f'models must have different names, got {names}')
        return self


def check_ready(settings: CaptionSettings, stages: Sequence[str]) -> None:
    """See, before anything is sent and paid for, that the stages have what they need.

    Args:
        stages: those that will run.

    Raises:
        ConfigError: a key that one of them needs is not set, or a file is where captions should go; the text names it.
    """
    asked = [*(settings.models if 'attributes' in stages else ())]
    if settings.composer is not None and 'compose' in stages:
        asked.append(settings.composer)
    for model in asked:
        model.key()
        model.proxy()
    if settings.captions.exists() and not settings.captions.is_dir():
        raise ConfigError(f'{settings.captions}: a file; captions go into a folder')


def parse_settings(config: Mapping[str, Any], source: str) -> CaptionSettings:
    """Validate a caption config; keys that start with ``_`` are helpers.

    Raises:
        ConfigError: a key is unknown, missing or has a wrong value; the text names it and, for a typo, the likely key.
    """
    try:
        return CaptionSettings.model_validate({k: v for k, v in config.items() if not k.startswith('_')})
    except ValidationError as error:
        # only place and message: the value may be a key that was put in the wrong place
        lines = [
            f'  {_place(e["loc"])}: {e["msg"]}{_hint(e)}' for e in error.errors(include_input=False, include_url=False)
        ]
        raise ConfigError(f'{source} is not a caption config:\n' + '\n'.join(lines)) from None


def _place(location: tuple[int | str, ...]) -> str:
    return '.'.join(map(str, location)) or 'config'


def _hint(error: Mapping[str, Any]) -> str:
    if error['type'] != 'extra_forbidden':
        return ''
    names = ModelSettings.model_fields if len(error['loc']) > 1 else {**CaptionSettings.model_fields, 'schema': None}
    return did_you_mean(str(error['loc'][-1]), names)
