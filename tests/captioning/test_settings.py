"""Caption configs: the shipped ones are valid, a wrong one is named."""

from __future__ import annotations

from pathlib import Path

import pytest
from mmengine.config import Config

from next_mm.captioning import ModelSettings, load_schema, parse_settings
from next_mm.captioning.settings import is_local
from next_mm.errors import ConfigError
from tests.captioning.conftest import ROOT

MODEL = dict(name='m', model='m', base_url='http://localhost/v1')
CONFIG = dict(dataset=dict(type='RGBNT201'), schema='person', models=[MODEL], store='s.sqlite', captions='text')
LEAVES = sorted((ROOT / 'configs/captions').glob('*.py'))


@pytest.mark.parametrize('path', LEAVES, ids=[p.stem for p in LEAVES])
def test_every_caption_config_is_valid(path: Path) -> None:
    settings = parse_settings(Config.fromfile(path).to_dict(), str(path))
    load_schema(settings.schema_file)


@pytest.mark.parametrize(
    ('change', 'text'),
    [
        (dict(modles=[]), "did you mean 'models'"),
        (dict(models=[dict(MODEL, max_concurency=3)]), "did you mean 'max_concurrency'"),
        (dict(models=[]), 'models'),
        (dict(models=[MODEL, MODEL]), 'different names'),
        (dict(models=[dict(MODEL, base_url='http://user:sk-secret@host/v1')]), 'api_key_env'),
        (dict(models=[dict(MODEL, base_url='ftp://host')]), 'expected http'),
        (dict(models=[dict(MODEL, base_url='http://host:99999/v1')]), 'not a URL'),
        (dict(models=[dict(MODEL, base_url='http://host/\x1b[2J')]), 'expected http'),
        (dict(models=[dict(MODEL, price_input=float('nan'))]), 'price_input'),
        (dict(models=[dict(MODEL, price_output=float('inf'))]), 'price_output'),
        (dict(models=[dict(MODEL, timeout=float('inf'))]), 'timeout'),
        (dict(models=[dict(MODEL, proxy_env='http://proxy')]), 'not an address'),
        (dict(models=[dict(MODEL, api_key_env='sk-secret-123')]), 'not a key'),
        (dict(splits=['val']), 'splits'),
    ],
)
def test_a_wrong_config_is_named_and_no_secret_repeated(change: dict, text: str) -> None:
    with pytest.raises(ValueError, match=text) as caught:
        parse_settings({**CONFIG, **change}, 'config.py')
    assert 'sk-secret' not in str(caught.value)


def test_a_key_that_is_not_set_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv('NEXT_MM_NO_KEY', raising=False)
    model = parse_settings({**CONFIG, 'models': [dict(MODEL, api_key_env='NEXT_MM_NO_KEY')]}, 'c').models[0]
    with pytest.raises(ValueError, match='NEXT_MM_NO_KEY is not set'):
        model.key()


@pytest.mark.parametrize(
    ('address', 'local'),
    [
        ('http://localhost:8000/v1', True),
        ('http://127.0.0.1/v1', True),
        ('http://[::1]:8000/v1', True),
        ('http://10.1.2.3/v1', True),
        ('http://192.168.0.7:11434/v1', True),
        ('http://gpu-server:8000/v1', True),
        ('http://gpu.lab.internal/v1', True),
        ('https://api.example.com/v1', False),
        ('https://8.8.8.8/v1', False),
    ],
)
def test_addresses_of_this_machine_and_its_network(address: str, local: bool) -> None:
    assert is_local(address) == local


def test_a_proxy_is_used_where_the_config_names_it_and_nowhere_else(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ('HTTP_PROXY', 'HTTPS_PROXY', 'ALL_PROXY', 'http_proxy', 'MY_PROXY'):
        monkeypatch.setenv(name, 'http://user:secret@proxy.example.com:3128')
    remote = dict(MODEL, base_url='https://api.example.com/v1')
    assert ModelSettings(**remote).proxy() is None
    assert ModelSettings(**remote, proxy_env='MY_PROXY').proxy() == 'http://user:secret@proxy.example.com:3128'
    with pytest.raises(ConfigError, match='goes through no proxy'):
        ModelSettings(**dict(MODEL, base_url='http://127.0.0.1:8000/v1'), proxy_env='MY_PROXY').proxy()
    monkeypatch.setenv('MY_PROXY', 'socks5://user:secret@proxy.example.com')
    with pytest.raises(ConfigError, match='MY_PROXY should hold http://host:port') as caught:
        ModelSettings(**remote, proxy_env='MY_PROXY').proxy()
    assert 'secret' not in str(caught.value)


@pytest.mark.parametrize('key', ['sk-with a blank', 'sk-with\nbreak', 'sk-ünlike'])
def test_what_cannot_be_a_key_is_told_without_being_shown(monkeypatch: pytest.MonkeyPatch, key: str) -> None:
    monkeypatch.setenv('ODD_KEY', key)
    with pytest.raises(ConfigError, match='ODD_KEY holds no key') as caught:
        ModelSettings(**MODEL, api_key_env='ODD_KEY').key()
    assert key not in str(caught.value)
