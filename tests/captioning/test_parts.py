"""Settings, schema files, store and shards, limits, pictures, the real lister."""

import asyncio
import io
import json
import time
from pathlib import Path

import pytest
from mmengine.config import Config
from PIL import Image

from next_mm.captioning import Store, load_schema, parse_settings
from next_mm.captioning.attributes_stage import shard_of
from next_mm.captioning.endpoint import _retry_after
from next_mm.captioning.limits import Budget, Gate, Stop
from next_mm.captioning.listing import list_pictures
from next_mm.captioning.pictures import PictureProblem, enter_pictures, hash_pictures, picture_key, prepare_picture
from next_mm.captioning.prompts import attribute_instruction, attribute_version
from next_mm.captioning.store import Answer, Request
from tests.captioning import light_tool
from tests.captioning.conftest import ROOT, make_dataset, run_tool, write_config

MODEL = dict(name='m', model='m', base_url='http://localhost/v1')
CONFIG = dict(dataset=dict(type='RGBNT201'), schema='person', models=[MODEL], store='s.sqlite', captions='text')
LEAVES = sorted(p for p in (ROOT / 'configs/captions').glob('*.py'))


@pytest.mark.parametrize('path', LEAVES, ids=[p.stem for p in LEAVES])
def test_every_caption_config_is_valid(path):
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
def test_a_wrong_config_is_named_and_no_secret_repeated(change, text):
    with pytest.raises(ValueError, match=text) as caught:
        parse_settings({**CONFIG, **change}, 'config.py')
    assert 'sk-secret' not in str(caught.value)


def test_a_key_that_is_not_set_is_named(monkeypatch):
    monkeypatch.delenv('NEXT_MM_NO_KEY', raising=False)
    model = parse_settings({**CONFIG, 'models': [dict(MODEL, api_key_env='NEXT_MM_NO_KEY')]}, 'c').models[0]
    with pytest.raises(ValueError, match='NEXT_MM_NO_KEY is not set'):
        model.key()


@pytest.mark.parametrize(
    ('old', 'new', 'text'),
    [
        ('values: {front', 'values: {none: [], front', 'words for "unknown"'),
        ('Seen from the {view}', 'Seen from the {veiw}', 'veiw'),
        ('qualifies: upper_type', 'qualifies: uper_type', 'uper_type'),
        ('complement_below: 0.6', 'complement_below: 6', 'complement_below'),
        ('group: appearance', 'gruop: appearance', 'gruop'),
        ('plural: [trousers', 'plural: [trowsers', 'trowsers'),
        ('modalities: [rgb]', 'modalities: [red]', 'modalities'),
        ('name: person', 'name: [', 'YAML'),
    ],
)
def test_a_wrong_schema_file_is_named(tmp_path, old, new, text):
    source = (ROOT / 'next_mm/captioning/schemas/person.yaml').read_text(encoding='utf-8')
    assert old in source
    (tmp_path / 'my.yaml').write_text(source.replace(old, new, 1), encoding='utf-8')
    with pytest.raises(ValueError, match=text):
        load_schema(tmp_path / 'my.yaml')
    with pytest.raises(FileNotFoundError, match="one of \\['person', 'vehicle'\\]"):
        load_schema('persn')


def test_the_question_asks_what_can_be_seen_and_never_for_a_plate():
    for name in ('person', 'vehicle'):
        schema = load_schema(name)
        for modality in ('rgb', 'nir', 'tir'):
            asked = attribute_instruction(schema, modality)
            assert ('color"' in asked) == (
                modality == 'rgb'
            ) and 'Never write down the characters on a licence plate' in asked
            layout = schema.answer_format(modality)
            assert layout['required'] == list(schema.observable(modality)) and layout['additionalProperties'] is False
            assert 'default' not in json.dumps(layout)
    person = load_schema('person')
    versions = {attribute_version(person, m, s) for m in ('rgb', 'nir', 'tir') for s in (768, 512)}
    assert len(versions) == 6
    assert (
        attribute_version(person.model_copy(update={'complement_below': 0.9}), 'rgb', 768) in versions
    )  # thresholds ask nothing anew


def test_store_merges_losslessly_and_a_usable_answer_beats_a_failed_one(tmp_path):
    with Store(tmp_path / 'a.sqlite') as a, Store(tmp_path / 'b.sqlite') as b:
        a.record('p1', 'm', 'v', Request('refused', cost=1.0), Answer('refused'))
        b.record('p1', 'm', 'v', Request('complete', cost=2.0), Answer('complete', 'x', notes={'r': 1}))
        b.record('p2', 'm', 'v', Request('complete', cost=4.0), Answer('complete', 'y'))
        assert a.absorb(b.path) == 2 and a.absorb(b.path) == 0  # twice is once
        assert [(s, x.raw) for s, _, _, x in a.answers(['v'])] == [('p1', 'x'), ('p2', 'y')]
        assert a.spent() == 7 and a.answer('p1', 'm', 'v').notes == {'r': 1}
        assert b.absorb(a.path) == 0 and b.answer('p1', 'm', 'v').status == 'complete'
    (tmp_path / 'c.sqlite').write_text('not a database, but long enough to look like one' * 30)
    with pytest.raises(ValueError, match='not a caption store'):
        Store(tmp_path / 'c.sqlite')


def test_budget_is_never_passed():
    budget = Budget(1.0, spent=0.5)
    assert budget.reserve(0.3) and not budget.reserve(0.3) and budget.reserve(0.2)
    budget.settle(0.3, 0.1)
    assert budget.reserve(0.2) and not budget.reserve(0.01)
    assert Budget(None).reserve(1e9)


def test_gate_spaces_requests_and_stop_wakes_sleepers():
    async def run() -> tuple[float, float]:
        stop = Stop()
        gate = Gate(6000, stop)
        began = time.monotonic()
        await asyncio.gather(*(gate.wait() for _ in range(11)))
        spaced = time.monotonic() - began
        gate.pause(60)
        asyncio.get_running_loop().call_later(0.05, stop.set, 'enough')
        began = time.monotonic()
        await gate.wait()
        return spaced, time.monotonic() - began

    spaced, woken = asyncio.run(run())
    assert spaced >= 0.095 and woken < 30


def test_retry_after_in_all_its_forms():
    assert _retry_after({'retry-after': '2.5'}) == 2.5 and _retry_after({'retry-after-ms': '300'}) == 0.3
    assert (
        _retry_after({'retry-after': 'Wed, 21 Oct 2015 07:28:00 GMT'}) == 0
        and _retry_after({}) is None
        and _retry_after({'retry-after': 'soon'}) is None
    )


def test_pictures_are_sent_whole_small_and_without_metadata(tmp_path):
    path = tmp_path / 'a.jpg'
    picture = Image.radial_gradient('L').convert('RGB').resize((90, 30))
    picture.save(path)
    data = path.read_bytes()
    assert decode(prepare_picture(str(path), -1, 100, picture_key(data, -1))) == data  # nothing to change: as it is
    exif = Image.Exif()
    exif[0x010E] = 'taken at home'
    picture.save(path, exif=exif)
    sent = decode(prepare_picture(str(path), -1, 100, picture_key(path.read_bytes(), -1)))
    assert b'taken at home' in path.read_bytes() and b'taken at home' not in sent
    panel = Image.open(io.BytesIO(decode(prepare_picture(str(path), 1, 100, picture_key(path.read_bytes(), 1)))))
    assert panel.size == (30, 30) and panel.tobytes() == Image.open(path).crop((30, 0, 60, 30)).tobytes()
    assert Image.open(
        io.BytesIO(decode(prepare_picture(str(path), -1, 45, picture_key(path.read_bytes(), -1))))
    ).size == (45, 15)
    path.write_bytes(data[: len(data) // 2])
    with pytest.raises(PictureProblem, match='not a whole picture'):
        prepare_picture(str(path), -1, 100, picture_key(path.read_bytes(), -1))
    with pytest.raises(PictureProblem, match='changed'):
        prepare_picture(str(path), -1, 100, 'other')


def decode(url: str) -> bytes:
    import base64

    return base64.b64decode(url.partition('base64,')[2])


def test_the_real_lister_and_what_a_second_scan_reads(tmp_path):
    data = make_dataset(tmp_path / 'RGBNT201', 8)
    pictures = list(list_pictures(dict(type='RGBNT201', data_root=str(data)), ('train', 'test')))
    assert len(pictures) == 24 and {p.modality for p in pictures} == {'rgb', 'nir', 'tir'}
    assert [p.modality for p in pictures[:3]] == ['rgb', 'nir', 'tir'] and len({p.item for p in pictures[:3]}) == 1
    assert all(Path(p.path).is_file() and p.panel == -1 for p in pictures)
    with Store(tmp_path / 's.sqlite') as store:
        assert (
            enter_pictures(store, pictures, ('train', 'test')) == 24 and hash_pictures(store, ('train', 'test')) == []
        )
        keys = dict(store.db.execute('SELECT path, picture FROM pictures'))
        assert keys[pictures[0].path] == picture_key(Path(pictures[0].path).read_bytes(), -1)
        Path(pictures[0].path).write_bytes(b'new')
        Path(pictures[1].path).unlink()
        assert (
            enter_pictures(store, pictures[:6], ('train', 'test')) == 6
        )  # what is gone from the dataset leaves the list
        problems = hash_pictures(store, ('train', 'test'))
        assert len(problems) == 1 and pictures[1].path in problems[0]
        assert store.db.execute('SELECT picture FROM pictures WHERE path=?', (pictures[0].path,)).fetchone()[
            0
        ] == picture_key(b'new', -1)
    with pytest.raises(ValueError, match='nowhere'):
        list(list_pictures(dict(type='RGBNT201', data_root=str(tmp_path / 'nowhere')), ('train',)))


def test_dry_run_limit_budget_and_shards(tmp_path, serve):
    data = make_dataset(tmp_path / 'RGBNT201', 12)
    url, log = serve()
    config = write_config(tmp_path, data, url, models=('m',))
    assert '36 requests' in run_tool(config, '--dry-run') and '6 requests' in run_tool(
        config, '--dry-run', '--limit', 2
    )
    assert not log.exists() or not log.read_text()  # nothing was sent
    run_tool(config, 'attributes', '--limit', 2)
    with Store(tmp_path / 'run/store.sqlite') as store:
        assert store.db.execute('SELECT COUNT(*) FROM answers').fetchone()[0] == 6
        spent = store.spent()
    output = run_tool(config, 'attributes', '--budget', spent * 3, code=3)
    with Store(tmp_path / 'run/store.sqlite') as store:
        assert 'budget' in output and spent < store.spent() <= spent * 3
    whole = write_config(tmp_path, data, url, models=('m',), name='whole')
    run_tool(whole, 'attributes', 'merge', 'compose')
    parts = write_config(tmp_path, data, url, models=('m',), name='parts')
    for index in (1, 2, 3):
        run_tool(parts, '--shard', f'{index}/3')
    run_tool(parts, 'merge', 'compose', '--absorb', *sorted((tmp_path / 'parts').glob('store.*.sqlite')))
    assert '0 requests' in run_tool(parts, '--dry-run')
    for path in (tmp_path / 'whole/text').iterdir():
        assert path.read_bytes() == (tmp_path / 'parts/text' / path.name).read_bytes()
    assert {shard_of(f'{n:08x}', 3) for n in range(9)} == {1, 2, 3}


@pytest.mark.parametrize(
    ('arguments', 'text'),
    [
        (('atributes',), 'unknown stage'),
        (('merge', '--shard', '1/2'), '--absorb'),
        (('--absorb', 'nowhere.sqlite'), 'no store nowhere.sqlite'),
    ],
)
def test_what_cannot_be_run_is_said_in_one_line(tmp_path, dataset, arguments, text):
    assert text in run_tool(write_config(tmp_path, dataset, 'http://127.0.0.1:9/v1'), *arguments, code=2)


@pytest.mark.parametrize(
    ('arguments', 'text'),
    [
        (('--shard', '0/3'), '1 <= i <= n'),
        (('--shard', 'x'), 'expected i/n'),
        (('--budget', '-1'), 'above 0'),
        (('--limit', 'x'), 'expected a number'),
    ],
)
def test_wrong_arguments(capsys, arguments, text):
    with pytest.raises(SystemExit):
        light_tool.main(['config.py', *arguments])
    assert text in capsys.readouterr().err
