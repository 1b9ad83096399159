"""Composition by a language model that lies, the reports, the audit, the simulated models."""

import asyncio
import json
import re
from collections import Counter

import pytest

from next_mm.captioning import Observation, Store, asking, load_schema, parse_settings, simulation
from next_mm.captioning.audit import audit_folder, print_audit
from next_mm.captioning.compose_stage import ask_composer, clean_text, write_texts
from next_mm.captioning.endpoint import Reply
from next_mm.captioning.limits import Budget, Stop
from next_mm.captioning.observations import dump_set, load_set
from next_mm.captioning.report import write_folder_report
from next_mm.captioning.report.statistics import Agreement, histogram_mean, histogram_quantile
from tests.captioning.conftest import SECRET, make_dataset, run_tool, write_config
from tests.captioning.test_end_to_end import assert_no_secret

SCHEMA = load_schema('person')
SETS = [
    dict(
        gender=Observation('male', 0.9, 'm', 'rgb'),
        upper_type=Observation('jacket', 0.8, 'm', 'rgb'),
        backpack=Observation('yes', 0.7, 'm', 'tir', True),
    ),
    dict(gender=Observation('female', 0.9, 'm', 'rgb')),
]


class Composer:
    """An endpoint that says what it is told to say, in turn, for each attribute set."""

    def __init__(self, replies: dict[str, list[str]]) -> None:
        self.replies, self.asked = replies, []

    async def ask(self, messages, max_tokens, response_format=None):
        self.asked.append(messages)
        key = next(k for k in self.replies if k in messages[1]['content'])
        return Reply(self.replies[key].pop(0), 'stop', False, 100, 20)

    async def close(self):
        pass


def compose(tmp_path, monkeypatch, replies):
    model = dict(name='c', model='c', base_url='http://localhost/v1')
    settings = parse_settings(
        dict(
            dataset={}, schema='person', models=[model], composer=model, store=str(tmp_path / 's.sqlite'), captions='t'
        ),
        'c',
    )
    composer = Composer(replies)
    monkeypatch.setattr(asking, 'ChatEndpoint', lambda _: composer)
    with Store(settings.store) as store:
        store.db.execute('DELETE FROM captions')
        for number, attributes in enumerate([*SETS, SETS[0]]):
            store.db.execute(
                'INSERT INTO captions VALUES(?,?,?,?,NULL,NULL)',
                ('train', f'{number}.jpg', 'rgb', dump_set(attributes)),
            )

        async def ask():
            return await ask_composer(store, settings, SCHEMA, Budget(None), Stop())

        tally = asyncio.run(ask())
        sources = write_texts(store, settings, SCHEMA)
        rows = store.db.execute('SELECT caption, source FROM captions ORDER BY rowid').fetchall()
    return composer, tally, sources, rows


def test_a_composer_is_corrected_once_and_then_replaced_by_the_template(tmp_path, monkeypatch):
    good = 'A man in a jacket carries a backpack.'
    composer, tally, sources, rows = compose(
        tmp_path,
        monkeypatch,
        {
            '"male"': ['A man in a red jacket.', f'```\n"{good}"\n```'],
            '"female"': ['A woman with a dog.', 'A woman with a cat.'],
        },
    )
    assert [text for text, _ in rows] == [good, 'A female.', good]
    assert sources == Counter({'c': 2, 'template, for want of an accepted caption': 1})
    assert len(composer.asked) == 4  # equal sets are asked about once
    correction = next(m for m in composer.asked if len(m) == 4 and '"male"' in m[1]['content'])
    assert "adds 'red'" in correction[3]['content'] and correction[2]['content'] == 'A man in a red jacket.'
    assert tally.answers == Counter(complete=1, invalid=1) and tally.requests == Counter(complete=1, invalid=3)
    composer, *_ = compose(tmp_path, monkeypatch, {'male': []})
    assert not composer.asked  # started again: nothing is paid for twice


def test_a_composer_over_http_words_every_caption_and_its_second_run_asks_nothing(tmp_path, serve):
    data = make_dataset(tmp_path / 'RGBNT201', 4)
    url, log = serve()
    config = write_config(tmp_path, data, url)
    config.write_text(config.read_text() + 'composer = dict(models[0], name="composer", structured_output="text")\n')
    run_tool(config, 'attributes', 'merge', 'compose')
    with Store(tmp_path / 'run/store.sqlite') as store:
        assert store.db.execute('SELECT source, COUNT(*) FROM captions GROUP BY source').fetchall() == [
            ('composer', 12)
        ]
    before = log.read_text()
    assert_no_secret(tmp_path / 'run')
    run_tool(config, 'attributes', 'merge', 'compose')
    assert log.read_text() == before and 0 < before.count('asked compose') <= 12  # equal sets once


def test_a_composer_that_repeats_the_key_in_its_errors_does_not_spread_it(tmp_path, serve):
    url, _ = serve({'compose': ['error_500', 'bad_request'] * 4})
    config = write_config(tmp_path, make_dataset(tmp_path / 'RGBNT201', 4), url, models=('clothing-expert',))
    config.write_text(config.read_text() + 'composer = dict(models[0], name="composer", structured_output="text")\n')
    run_tool(config)  # looks through what is printed
    with Store(tmp_path / 'run/store.sqlite') as store:
        assert store.db.execute(
            "SELECT COUNT(*) FROM answers WHERE status='rejected' AND raw LIKE '%key Bearer ***%'"
        ).fetchone()[0]
    assert_no_secret(tmp_path / 'run')
    run_tool(
        config, '--cfg-options', f'models.0.api_key={SECRET}', code=2
    )  # the wrong place for it, and no reason to repeat it


def test_observations_survive_the_store():
    assert load_set(dump_set(SETS[0])) == SETS[0]
    assert clean_text('```text\n "A man."\n```') == 'A man.'


def test_agreement_by_hand():
    agreement = Agreement()
    agreement.add('1', {'rgb': {'gender': 'male'}, 'tir': {'gender': 'male'}})
    agreement.add('1', {'rgb': {'gender': 'male'}, 'tir': {'gender': 'female'}})
    agreement.add('2', {'rgb': {'gender': 'female'}})
    row = agreement.row('gender')
    assert row['across modalities, %'] == 50 and row['told'] == 5
    assert row['within identity, %'] == pytest.approx(
        100 * 6 / 12
    )  # of the 12 ordered pairs of identity 1, 6 are male-male
    assert row['any two, %'] == pytest.approx(100 * (0.6**2 + 0.4**2))


def test_histograms_by_hand():
    import numpy as np

    histogram = np.zeros(101, int)
    histogram[[20, 80]] = 1, 3
    assert (
        histogram_mean(histogram) == pytest.approx(0.65)
        and histogram_quantile(histogram, 0.5) == 0.8
        and histogram_quantile(histogram, 0.1) == 0.2
    )


def write_folder(folder, captions: dict[str, list[tuple[str, str]]]):
    folder.mkdir()
    for name, entries in captions.items():
        (folder / name).write_text(
            json.dumps([{'item': i, 'description': d} for i, d in entries], ensure_ascii=False), encoding='utf-8'
        )
    return folder


def test_audit_finds_each_fault_where_it_is(tmp_path, capsys):
    folder = write_folder(
        tmp_path / 'text',
        {
            'train_RGB.json': [
                ('1.jpg', 'A man.'),
                ('2.jpg', 'Plate AB12 CDE.'),
                ('3.jpg', 'word ' * 80),
                ('4.jpg', 'Hair unknown.'),
                ('5.jpg', 'Changan 长安.'),
                ('1.jpg', 'Again.'),
                ('6.jpg', ''),
                ('7.jpg', 'A Citroën – café.'),
            ],
            'train_NI.json': [('1.jpg', 'A man.')],
        },
    )
    findings = audit_folder(folder, load_schema('vehicle'))
    items = findings['train_RGB.json'].items
    assert (
        items['licence plate'] == ['2.jpg']
        and items['overflow'] == ['3.jpg']
        and items['unknown'] == ['4.jpg']
        and items['non-Latin'] == ['5.jpg']
    )
    assert items['duplicate'] == ['1.jpg'] and len(items['malformed']) == 1
    assert findings['train_NI.json'].items['partial triplet'] == ['2.jpg', '3.jpg', '4.jpg', '5.jpg', '7.jpg']
    assert print_audit(findings) == 1
    assert 'AB12' not in capsys.readouterr().out  # an audit does not spread what it finds
    clean = write_folder(tmp_path / 'clean', {'train_RGB.json': [('1.jpg', 'A man.')]})
    assert print_audit(audit_folder(clean, load_schema('vehicle'))) == 0
    with pytest.raises(FileNotFoundError, match='no caption files'):
        audit_folder(tmp_path, load_schema('vehicle'))


def test_audit_compares_with_the_dataset(tmp_path):
    data = make_dataset(tmp_path / 'RGBNT201', 4)
    names = [path.name for path in sorted((data / 'train_171/RGB').iterdir())]
    folder = write_folder(tmp_path / 'text', {'train_RGB.json': [(names[0], 'A man.'), ('stranger.jpg', 'A man.')]})
    settings = parse_settings(
        dict(
            dataset=dict(type='RGBNT201', data_root=str(data)),
            schema='person',
            store='s',
            captions='t',
            splits=['train'],
            models=[dict(name='m', model='m', base_url='http://localhost/v1')],
        ),
        'c',
    )
    findings = audit_folder(folder, SCHEMA, settings)
    assert findings['train_RGB.json'].items == {'missing': names[1:], 'extra': ['stranger.jpg']}
    assert findings['train_TI.json'].items == {'missing': names}


def test_reports_are_one_file_each_and_say_what_is_there(tmp_path, serve):
    data = make_dataset(tmp_path / 'RGBNT201', 8)
    url, _ = serve()
    config = write_config(tmp_path, data, url)
    run_tool(config)
    page = (tmp_path / 'run/report/index.html').read_text()
    assert (
        'clothing-expert' in page
        and '24' in page
        and page.count('data:image/png;base64') == len(list((tmp_path / 'run/report').glob('*.png'))) >= 6
    )
    assert not re.search(r'(?:src|href)="(?!data:|#)', page)  # self-contained
    page = write_folder_report(tmp_path / 'run/text', SCHEMA, tmp_path / 'folder').read_text()
    assert 'within identity' in page and not re.search(r'(?:src|href)="(?!data:|#)', page)


def test_merging_and_complementing_help_with_simulated_models_and_not_with_an_overconfident_one(tmp_path):
    from tools.benchmarks.captioning import measure_quality

    truth = {
        'splits': {
            'train': {
                f'{i:06d}_x.jpg': {
                    m: {n: list(a.values)[i % len(a.values)] for n, a in SCHEMA.observable(m).items()}
                    for m in ('rgb', 'nir', 'tir')
                }
                for i in range(60)
            }
        }
    }
    (tmp_path / 'attributes.json').write_text(json.dumps(truth))

    def shares(models):
        from argparse import Namespace

        scores = measure_quality(Namespace(truth=tmp_path / 'attributes.json', schema='person', models=models))
        total = {
            step: [sum(getattr(s, f) for s in cells.values()) for f in ('total', 'unknown', 'right')]
            for step, cells in scores.items()
        }
        return {step: (unknown / n, right / n, right / (n - unknown)) for step, (n, unknown, right) in total.items()}

    good = shares(['clothing-expert', 'accessory-expert'])
    unknown, right, stated = zip(*good.values())
    assert (
        unknown[3] < unknown[2] < min(unknown[:2])
        and right[3] > right[2] > max(right[:2])
        and stated[2] > max(stated[:2])
    )
    bad = shares(['clothing-expert', 'overconfident'])
    assert bad['merged'][2] < bad['clothing-expert'][2]  # a confidence that says nothing wins over one that does


def test_simulated_answers_depend_on_their_seed_alone():
    one = simulation.simulate_answer(simulation.BEHAVIOURS['overconfident'], {}, 'nir', SCHEMA, 's')
    assert one == simulation.simulate_answer(simulation.BEHAVIOURS['overconfident'], {}, 'nir', SCHEMA, 's')
    assert one != simulation.simulate_answer(simulation.BEHAVIOURS['overconfident'], {}, 'nir', SCHEMA, 't')
    assert one.keys() == SCHEMA.observable('nir').keys()
