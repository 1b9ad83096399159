"""Caption configs: the shipped ones are valid, a wrong one is named."""

from __future__ import annotations

from pathlib import Path

import pytest
from mmengine.config import Config

from next_mm.captioning import load_schema, parse_settings
from tests.captioning.conftest import ROOT

MODEL = dict(name='m', model='m', base_url='http://localhost/v1')
CONFIG = dict(dataset=dict(type='RGBNT201'), schema='person', models=[MODEL], store='s.sqlite', captions='text')
LEAVES = sorted((ROOT / 'configs/captions').glob('*.py'))


@pytest.mark.parametrize('path', LEAVES, ids=[p.stem for p in LEAVES])
def test_every_caption_config_is_valid(path: Path):
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
        (dict(models=[dict(MODEL, api_key_env='sk-secret-123')]), 'not a key'),
        (dict(splits=['val']), 'splits'),
    ],
)
def test_a_wrong_config_is_named_and_no_secret_repeated(change: dict, text: str):
    with pytest.raises(ValueError, match=text) as caught:
        parse_settings({**CONFIG, **change}, 'config.py')
    assert 'sk-secret' not in str(caught.value)


def test_a_key_that_is_not_set_is_named(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.delenv('NEXT_MM_NO_KEY', raising=False)
    model = parse_settings({**CONFIG, 'models': [dict(MODEL, api_key_env='NEXT_MM_NO_KEY')]}, 'c').models[0]
    with pytest.raises(ValueError, match='NEXT_MM_NO_KEY is not set'):
        model.key()
