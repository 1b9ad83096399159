import json
import multiprocessing

import pytest
import torch
import torch.multiprocessing as mp
from torch.nn.functional import normalize

from next_mm.errors import DataError
from next_mm.evaluation import ReIDMetric, check_protocol
from next_mm.registry import METRICS
from next_mm.retrieval import SearchResults
from next_mm.retrieval.reference import loop_metrics

KEYS = ('mAP', 'R-1', 'R-5', 'R-10', 'mINP')


def make_samples(num=40, seed=0, both=False, identities=5, cameras=3):
    generator = torch.Generator().manual_seed(seed)
    samples = []
    for index in range(num):
        query = both or index % 4 == 0
        samples.append(
            {
                'sample_idx': index,
                'name': f'{index:04d}.jpg',
                'identity': index % identities + 1,
                'camera': int(torch.randint(cameras, (), generator=generator)),
                'scene': int(torch.randint(4, (), generator=generator)),
                'is_query': query,
                'is_gallery': both or not query,
                'feature': torch.randn(8, generator=generator),
            }
        )
    return samples


def evaluate(samples, size=None, **options):
    metric = ReIDMetric(**options)
    for start in range(0, len(samples), 7):
        metric.process(None, samples[start : start + 7])
    return metric.evaluate(len(samples) if size is None else size)


def expected(samples, exclude):
    """The loop's metrics, in percent, from float64 Euclidean distances."""
    key = {'same camera': 'camera', 'same scene': 'scene', 'itself': 'sample_idx'}[exclude]
    query = [s for s in samples if s['is_query'] and s['identity'] != -1]
    gallery = [s for s in samples if s['is_gallery'] and s['identity'] != -1]
    left, right = (normalize(torch.stack([s['feature'] for s in side]).double(), dim=1) for side in (query, gallery))
    sides = [
        [s['identity'] for s in query],
        [s[key] for s in query],
        [s['identity'] for s in gallery],
        [s[key] for s in gallery],
    ]
    return {
        f'reid/{key}': 100 * value for key, value in loop_metrics(torch.cdist(left, right).tolist(), *sides).items()
    }


@pytest.mark.parametrize('exclude', ['same camera', 'same scene', 'itself'])
@pytest.mark.parametrize('both', [False, True], ids=['split', 'query_is_gallery'])
def test_metric_equals_the_loop(exclude, both):
    samples = make_samples(both=both)
    result = evaluate(samples, exclude=exclude)
    assert list(result) == [f'reid/{key}' for key in KEYS]
    assert result == pytest.approx(expected(samples, exclude), abs=1e-4)


def test_query_that_is_gallery_never_finds_itself():
    samples = make_samples(both=True, identities=40)  # every identity once: only the query itself could match
    with pytest.raises(ValueError, match='only entry of its identity'):
        evaluate(samples, exclude='itself')


def test_order_of_samples_and_chunks_do_not_matter():
    samples = make_samples(both=True)
    for sample in samples[10:20]:  # ties
        sample['feature'] = samples[10]['feature']
    first = evaluate(samples)
    assert evaluate(samples[::-1], chunk_size=3) == first


def test_junk_never_ranks_and_distractors_never_match():
    samples = make_samples()
    clean = evaluate(samples)
    junk = [{**sample, 'sample_idx': 100 + i, 'identity': -1} for i, sample in enumerate(samples)]
    assert evaluate(samples + junk) == clean
    distractor = [
        {**s, 'sample_idx': 200 + i, 'identity': 0, 'is_query': False, 'is_gallery': True, 'camera': -1}
        for i, s in enumerate(samples)
    ]
    worse = evaluate(samples + distractor)
    assert worse == pytest.approx(expected(samples + distractor, 'same camera'), abs=1e-4)
    assert worse['reid/mAP'] < clean['reid/mAP']


def test_string_identities():
    samples = make_samples()
    named = [{**sample, 'identity': f'car {sample["identity"]}'} for sample in samples]
    assert evaluate(named) == evaluate(samples)


def test_queries_without_match_are_left_out_and_reported(caplog, capsys):
    samples = make_samples()
    alone = {**samples[0], 'sample_idx': 999, 'identity': 77}
    assert evaluate([*samples, alone]) == evaluate(samples)
    assert '1 queries have no match' in capsys.readouterr().out + caplog.text


def test_rerank_changes_the_ranking_and_refuses_unknown_options():
    samples = make_samples(200)
    assert evaluate(samples, rerank={'k1': 10, 'k2': 3}) != evaluate(samples)
    with pytest.raises(TypeError, match='k3'):
        ReIDMetric(rerank={'k3': 1})


def test_built_from_its_config():
    metric = METRICS.build({'type': 'ReIDMetric', 'exclude': 'same scene', 'topk': [1, 3], 'prefix': 'night'})
    metric.process(None, make_samples())
    assert list(metric.evaluate(40)) == ['night/mAP', 'night/R-1', 'night/R-3', 'night/mINP']


@pytest.mark.parametrize(
    ('options', 'message'),
    [
        ({'exclude': 'camera'}, r"ReIDMetric.exclude='camera': expected one of 'same camera', 'same scene'"),
        ({'topk': (0, 1)}, 'topk: expected ranks from 1'),
        ({'chunk_size': 0}, 'chunk_size: expected a positive'),
        ({'save_to': 'results.pkl'}, 'expected a .json file'),
        ({'rerank': {'lambda_value': 2}}, 'lambda_value'),
    ],
)
def test_bad_options(options, message):
    with pytest.raises(ValueError, match=message):
        ReIDMetric(**options)


def _spoil(samples, what):
    for sample in samples:
        if what == 'no camera':
            sample['camera'] = -1
        elif what == 'one camera':
            sample['camera'] = 2
        elif what == 'apart':
            sample['identity'] += 1000 * sample['is_query']
        elif what == 'no query':
            sample.update(is_query=False, is_gallery=True)
    if what == 'nan':
        samples[3]['feature'] = torch.full((8,), float('nan'))
    return samples


@pytest.mark.parametrize(
    ('what', 'message'),
    [
        ('no camera', "needs the camera of every sample, but 40 of 40 have none.*exclude='itself'"),
        ('one camera', r"no query has a match.*shares its camera.*1 different values.*exclude='itself'"),
        ('apart', 'share no identity'),
        ('no query', 'got 0 queries and 40 gallery'),
        ('nan', 'NaN or infinity for 1 of 40 samples, first: 0003.jpg'),
    ],
)
def test_clear_errors(what, message):
    with pytest.raises(ValueError, match=message):
        evaluate(_spoil(make_samples(), what))


def test_missing_samples_and_missing_fields():
    with pytest.raises(ValueError, match='each of the 40 samples of the dataset, got 39'):
        evaluate(make_samples()[:-1], size=40)
    sample = make_samples()[0]
    del sample['feature'], sample['camera']
    with pytest.raises(ValueError, match="0000.jpg lacks .'camera', 'feature'"):
        ReIDMetric().process(None, [sample])


def test_results_of_every_query_are_saved(tmp_path):
    samples = make_samples()
    path = tmp_path / 'deep' / 'queries.json'
    result = evaluate(samples, save_to=str(path), topk=(1, 3))
    found = SearchResults.load(path)
    assert found.measure == 'cosine'
    assert [query.name for query in found.queries] == [sample['name'] for sample in samples if sample['is_query']]
    assert [entry.sample_idx for entry in found.gallery] == [s['sample_idx'] for s in samples if s['is_gallery']]
    scored = [score for score in found.scores if score is not None]
    assert result['reid/mAP'] == pytest.approx(100 * sum(score.average_precision for score in scored) / len(scored))
    for query, score, matches in zip(found.queries, found.scores, found.matches):
        feature = normalize(samples[query.sample_idx]['feature'].double(), dim=0)
        assert score.average_precision == pytest.approx(
            sum((k + 1) / rank for k, rank in enumerate(score.ranks)) / len(score.ranks)
        )
        assert [i + 1 for i, match in enumerate(matches) if match.correct] == [
            rank for rank in score.ranks if rank <= 3
        ]
        for match in matches:
            entry = found.gallery[match.index]
            assert match.correct == (entry.identity == query.identity)
            theirs = normalize(samples[entry.sample_idx]['feature'].double(), dim=0)
            assert match.value == pytest.approx(float(feature @ theirs), abs=1e-6)
    assert list(path.parent.iterdir()) == [path]


def test_a_search_is_as_long_as_asked_and_needs_an_evaluation():
    samples = make_samples()
    metric = ReIDMetric(topk=(1,))
    with pytest.raises(ValueError, match='evaluate first'):
        metric.search(5)
    metric.process(None, samples)
    metric.evaluate(len(samples))
    assert {len(matches) for matches in metric.search(7).matches} == {7}
    metric.process(None, samples)  # the features of the last evaluation are not held beside the next ones
    with pytest.raises(ValueError, match='evaluate first'):
        metric.search(5)


def test_euclidean_distance_of_features_as_they_are():
    samples = make_samples()
    for sample in samples:
        sample['feature'] = sample['feature'] * (1 + sample['sample_idx'] % 3)
    metric = ReIDMetric(measure='euclidean')
    metric.process(None, samples)
    result = metric.evaluate(len(samples))
    query, gallery = ([s for s in samples if s[flag]] for flag in ('is_query', 'is_gallery'))
    distance = torch.cdist(*(torch.stack([s['feature'] for s in side]).double() for side in (query, gallery)))
    labels = [[s[key] for s in side] for side in (query, gallery) for key in ('identity', 'camera')]
    loop = {f'reid/{key}': 100 * value for key, value in loop_metrics(distance.tolist(), *labels).items()}
    assert result == pytest.approx(loop, abs=1e-4)
    assert result != pytest.approx(evaluate(samples), abs=1e-4)
    found = metric.search(1)
    assert found.measure == 'euclidean'
    for row, (match,) in zip(distance, found.matches):
        assert match.value == pytest.approx(float(row[match.index]), rel=1e-5)


def _evaluate_share(rank, world, folder, spoil):
    """What this process's share of the samples gives, or the error that it ends with."""
    samples = make_samples(41)
    if spoil:
        samples[40]['feature'] = torch.full((8,), float('nan'))
    total = -(-len(samples) // world) * world  # the sampler pads with the first samples
    shown = [samples[index % len(samples)] for index in range(total)][rank::world]
    try:
        return evaluate(shown, size=len(samples), collect_dir=f'{folder}/parts{world}{spoil}')
    except ValueError as error:
        return str(error)


def _run_rank(rank, world, folder):
    torch.distributed.init_process_group('gloo', f'file://{folder}/store{world}', rank=rank, world_size=world)
    results = [_evaluate_share(rank, world, folder, spoil) for spoil in (False, True)]
    (folder / f'{world}_{rank}.json').write_text(json.dumps(results))
    torch.distributed.destroy_process_group()


def test_any_number_of_processes_gives_the_same(tmp_path):
    good, bad = (_evaluate_share(0, 1, tmp_path, spoil) for spoil in (False, True))
    assert isinstance(good, dict) and 'expected finite numbers, got NaN' in bad
    multiprocessing.set_forkserver_preload([__name__])  # what all import is imported once
    for world in (2, 3):
        mp.start_processes(_run_rank, (world, tmp_path), nprocs=world, start_method='forkserver')
        for rank in range(world):
            assert json.loads((tmp_path / f'{world}_{rank}.json').read_text()) == [good, bad]


def make_gaps(samples, seed=3):
    """Take modalities away at random; the 8 dimensions are 3 of RGB, 2 of NIR, 2 of TIR and 1 of all."""
    generator = torch.Generator().manual_seed(seed)
    modalities = torch.tensor([0, 0, 0, 1, 1, 2, 2, -1])
    for sample in samples:
        present = torch.rand(3, generator=generator) < 0.5
        present[int(torch.randint(3, (), generator=generator))] = True
        sample.update(present=present, feature_modalities=modalities)
    return samples


def shared_parts_loop(samples):
    query, gallery = ([s for s in samples if s[flag]] for flag in ('is_query', 'is_gallery'))
    distance = []
    for one in query:
        row = []
        for other in gallery:
            both = torch.cat([one['present'] & other['present'], torch.tensor([True])])[one['feature_modalities']]
            row.append(-float(torch.cosine_similarity(*(s['feature'].double()[both] for s in (one, other)), dim=0)))
        distance.append(row)
    labels = [[s[key] for s in side] for side in (query, gallery) for key in ('identity', 'camera')]
    return {f'reid/{key}': 100 * value for key, value in loop_metrics(distance, *labels).items()}


def test_gaps_compare_what_both_have_and_the_log_says_so(capsys, caplog):
    samples = make_gaps(make_samples(60))
    result = evaluate(samples)
    assert result == pytest.approx(shared_parts_loop(samples), abs=1e-4)
    lacking = sum(not bool(sample['present'].all()) for sample in samples)
    told = f'{lacking} of 60 triplets lack a modality: a query and an entry are compared over the parts'
    assert told in capsys.readouterr().out + caplog.text
    whole = evaluate(samples, over='whole features')
    assert whole == pytest.approx(expected(samples, 'same camera'), abs=1e-4)
    assert whole['reid/mAP'] != pytest.approx(result['reid/mAP'], abs=0.01)
    assert (
        "whole features are compared, absent parts too (over='whole features')" in capsys.readouterr().out + caplog.text
    )


def test_without_gaps_nothing_changes_and_nothing_is_said(capsys, caplog):
    plain = evaluate(make_samples())
    capsys.readouterr()
    samples = make_samples()
    for sample in samples:
        sample.update(
            present=torch.ones(3, dtype=torch.bool), feature_modalities=torch.tensor([0, 0, 0, 1, 1, 2, 2, -1])
        )
    assert evaluate(samples) == plain
    assert 'modality' not in capsys.readouterr().out + caplog.text


@pytest.mark.parametrize(
    ('query', 'gallery', 'warned'),
    [
        (lambda i: i % 8, lambda i: True, '5 of 10 queries and 0 of 30 gallery entries have no caption'),
        (lambda i: True, lambda i: i % 3, '0 of 10 queries and 10 of 30 gallery entries have no caption'),
        (lambda i: False, lambda i: False, None),
        (lambda i: True, lambda i: True, None),
    ],
)
def test_captions_on_one_side_are_warned_of(query, gallery, warned, capsys, caplog):
    samples = make_samples()
    for index, sample in enumerate(samples):
        has_text = bool((query if sample['is_query'] else gallery)(index))
        sample['feature_text'] = torch.tensor([has_text, False, has_text])
    evaluate(samples)
    told = capsys.readouterr().out + caplog.text
    assert (warned in told) if warned else ('caption' not in told)


def test_verification_beside_the_ranking():
    samples = make_samples(80)
    metric = ReIDMetric(verification=(0.2, 0.05))
    metric.process(None, samples)
    result = metric.evaluate(80)
    assert tuple(result) == metric.metric_names
    assert tuple(result)[-3:] == ('reid/EER', 'reid/TPR@0.2', 'reid/TPR@0.05')
    query, gallery = ([s for s in samples if s[flag]] for flag in ('is_query', 'is_gallery'))
    scores = {True: [], False: []}
    for one in query:
        for other in gallery:
            same = one['identity'] == other['identity']
            if not (same and one['camera'] == other['camera']):
                scores[same].append(
                    float(torch.cosine_similarity(one['feature'].double(), other['feature'].double(), dim=0))
                )
    for rate in (0.2, 0.05):
        strictest = sorted(scores[False], reverse=True)[
            int(rate * len(scores[False]))
        ]  # the first that must be refused
        share = sum(score > strictest for score in scores[True]) / len(scores[True])
        assert result[f'reid/TPR@{rate}'] == pytest.approx(100 * share, abs=1e-9)
    assert 0 < result['reid/EER'] < 100
    with pytest.raises(DataError, match='needs at least 30,000 pairs'):
        check_protocol(samples, *ReIDMetric(verification=(1e-4,)).protocol)
    with pytest.raises(ValueError, match=r'ReIDMetric.verification=0: expected a number above 0 to 1'):
        ReIDMetric(verification=(0,))
