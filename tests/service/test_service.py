"""The HTTP service: right answers, and clear refusals of what strangers send."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

pytest.importorskip('fastapi', reason='needs the extra serve')
pytest.importorskip('httpx', reason='needs the extra test-all')

from fastapi.testclient import TestClient

from next_mm.apis.inference import ReIDInferencer
from next_mm.errors import ConfigError
from next_mm.gallery import Gallery
from next_mm.service import ServiceOptions, create_app, read_tokens
from tests.apis.inference.conftest import run_dir  # noqa: F401 (a fixture)
from tests.apis.inference.test_inferencer import records
from tests.service.hostile import TOKEN, picture, png

pytestmark = pytest.mark.extra('fastapi', 'httpx')
TOLERANCE = 2e-6  # unit features through four float32 layers, in another batch


@pytest.fixture
def service(run_dir: Path, tmp_path: Path) -> Iterator[tuple[TestClient, ReIDInferencer, Path]]:  # noqa: F811
    reid = ReIDInferencer(run_dir)
    options = ServiceOptions(tokens={'desk': TOKEN}, max_body=200_000, max_pixels=10_000, body_timeout=5)
    with Gallery.open(tmp_path / 'gallery', reid.space) as gallery:
        app = create_app(reid, gallery, options)
        headers = {'Authorization': f'Bearer {TOKEN}'}
        with TestClient(app, raise_server_exceptions=False, headers=headers) as client:
            yield client, reid, run_dir


def files(row: dict[str, Any], *names: str) -> dict[str, Any]:
    return {name: (f'{name}.jpg', Path(row[name]).read_bytes()) for name in names or ('rgb', 'nir', 'tir')}


def test_features_entries_and_search(service: tuple[TestClient, ReIDInferencer, Path]) -> None:
    client, reid, folder = service
    rows = records(folder)
    row = rows[0]
    caption = dict(caption_rgb=row['caption_rgb'], caption_nir=row['caption_nir'], caption_tir=row['caption_tir'])
    found = client.post('/v1/features', files=files(row), data=caption)
    assert found.status_code == 200, found.text
    expected = reid([row])
    np.testing.assert_allclose(found.json()['features'], expected.features[0], atol=TOLERANCE)
    np.testing.assert_allclose(found.json()['text_free'], expected.text_free[0], atol=TOLERANCE)
    for number, other in enumerate(rows[:3]):
        data = dict(
            id=f'e{number}', camera=f'gate {number}', time='2026-05-01T12:00:00', identity='"x"\n', extra='{"n": 1}'
        )
        added = client.post('/v1/entries', files=files(other), data=data)
        assert (added.status_code, added.json()) == (201, {'added': 1, 'id': f'e{number}'}), added.text
    hits = client.post('/v1/search', files=files(row), data={'top': '2'}).json()['hits']
    assert (hits[0]['entry']['id'], round(hits[0]['score'], 5)) == ('e0', 1.0)
    assert hits[0]['entry']['identity'] == '"x"\n'
    assert len(hits) == 2
    hits = client.post('/v1/search', files=files(row), data={'not_camera': 'gate 0'}).json()['hits']
    assert {hit['entry']['id'] for hit in hits} == {'e1', 'e2'}
    again = client.post('/v1/search/features', json={'features': [expected.text_free[0].tolist()], 'top': 1})
    assert again.json()['results'][0][0]['entry']['id'] == 'e0', again.text
    like = client.post('/v1/search/features', json={'like': ['e1'], 'top': 1}).json()
    assert like['results'][0][0]['entry']['id'] == 'e1'
    assert client.get('/v1/entries/e2').json()['time'] == 1777636800.0
    assert client.delete('/v1/entries/e2').json() == {'deleted': 1}
    assert client.get('/v1/entries/e2').status_code == 404
    assert client.get('/v1/stats').json()['gallery']['entries'] == 2
    assert 'next_mm_requests_total{path="/v1/search",status="200"}' in client.get('/v1/metrics').text
    assert {line.who for line in client.app.state.service.gallery.audit()} == {'desk'}


def test_a_token_is_needed_but_for_health(service: tuple[TestClient, ReIDInferencer, Path]) -> None:
    client, _, _ = service
    for header in ('', 'Bearer wrong', f'Basic {TOKEN}', 'Bearer ', 'Bearer \xff'):
        response = client.get('/v1/stats', headers={'Authorization': header.encode('latin-1')})
        assert (response.status_code, response.json()['field']) == (401, None)
    assert client.get('/v1/health', headers={'Authorization': ''}).status_code == 200
    assert client.get('/v1/ready', headers={'Authorization': ''}).status_code == 200


HOSTILE = {
    'no picture': (dict(data={'id': 'x'}, files={'x': b''}), 422),
    'not multipart': (dict(content=b'{}', headers={'Content-Type': 'application/json'}), 415),
    'broken multipart': (dict(content=b'--x', headers={'Content-Type': 'multipart/form-data; boundary=y'}), 400),
    'no boundary': (dict(content=b'--x', headers={'Content-Type': 'multipart/form-data'}), 400),
    'empty file': (dict(files={'rgb': b''}), 422),
    'text as picture': (dict(files={'rgb': b'hello'}), 422),
    'bomb': (dict(files={'rgb': png(50_000, 50_000)}), 422),
    'large body': (dict(files={'rgb': b'\xff\xd8' + b'0' * 300_000}), 413),
    'unknown picture': (dict(files={'uv': b'x'}), 422),
    'unknown field': (dict(files={'rgb': b'x'}, data={'sql': "'; drop"}), 422),
    'text for a file': (dict(files={'nir': b'x'}, data={'rgb': 'x'}), 422),
    '16 bit': (dict(files={'rgb': picture(Image.fromarray(np.zeros((8, 8), np.uint16)))}), 422),
    'half a JPEG': (dict(files={'rgb': picture(Image.new('RGB', (64, 64)), 'JPEG')[:300]}), 422),
}


@pytest.mark.parametrize('path', ['/v1/features', '/v1/search', '/v1/entries'])
def test_hostile_requests_get_a_clear_no(path: str, service: tuple[TestClient, ReIDInferencer, Path]) -> None:
    client, _, folder = service
    for name, (request, status) in HOSTILE.items():
        response = client.post(path, **request)
        assert response.status_code == status, (name, response.text)
        assert set(response.json()) == {'error', 'field'}, name
        text = response.text
        assert str(folder) not in text, name
        assert 'Traceback' not in text, name
    cmyk = {'rgb': picture(Image.new('CMYK', (32, 16)), 'JPEG')}
    good = client.post('/v1/features', files={**cmyk, 'nir': picture(Image.new('L', (32, 16)))})
    assert good.status_code == 200, good.text


@pytest.mark.parametrize(
    ('fields', 'field'),
    [
        ({'top': 'many'}, 'top'),
        ({'top': '1e9'}, 'top'),
        ({'min_score': 'nan'}, 'min_score'),
        ({'crops': 'maybe'}, 'crops'),
        ({'after': 'yesterday'}, None),
    ],
)
def test_wrong_fields_are_named(
    fields: dict, field: str | None, service: tuple[TestClient, ReIDInferencer, Path]
) -> None:
    client, _, folder = service
    response = client.post('/v1/search', files=files(records(folder)[0]), data=fields)
    assert (response.status_code, response.json()['field']) == (422, field), response.text


def test_wrong_features_are_refused(service: tuple[TestClient, ReIDInferencer, Path]) -> None:
    client, reid, _ = service
    for body in (
        {},
        {'features': []},
        {'features': [[1.0]]},
        {'features': [['x']]},
        {'like': ['nobody']},
        {'features': [[0.0] * reid.space.dim]},
        {'features': [[1.0] * reid.space.dim], 'parts': [[True]]},
        {'features': [[1.0] * reid.space.dim], 'sql': 1},
    ):
        response = client.post('/v1/search/features', json=body)
        assert response.status_code == 422, (body, response.text)
    nan = json.dumps({'features': [[1.0] * reid.space.dim]}).replace('1.0', 'NaN', 1)
    response = client.post('/v1/search/features', content=nan, headers={'Content-Type': 'application/json'})
    assert response.status_code == 422


def test_large_lists_and_too_many_bodies_are_refused(run_dir: Path) -> None:  # noqa: F811
    app = create_app(ReIDInferencer(run_dir), None, ServiceOptions(max_json=1000, max_held=5000))
    with TestClient(app, raise_server_exceptions=False) as client:
        assert client.post('/v1/search/features', json={'like': ['x' * 2000]}).status_code == 413
        full = client.post('/v1/features', files={'rgb': b'x' * 6000})
        assert (full.status_code, full.headers['Retry-After']) == (503, '1')
        for _ in range(3):  # what was held is given back
            assert client.post('/v1/features', files={'rgb': b'x' * 4000}).status_code == 422


def test_a_full_queue_says_when_to_come_back(run_dir: Path) -> None:  # noqa: F811
    reid = ReIDInferencer(run_dir)
    gate, entered = threading.Event(), threading.Event()
    forward = reid.forward

    def slow(chunk: Any) -> Any:
        entered.set()
        gate.wait(30)
        return forward(chunk)

    reid.forward = slow  # type: ignore[method-assign]
    app = create_app(reid, None, ServiceOptions(max_queue=1, max_batch=1))
    row = records(run_dir)[0]
    with TestClient(app, raise_server_exceptions=False) as client:
        statuses: list[int] = []
        threads = [
            threading.Thread(target=lambda: statuses.append(client.post('/v1/features', files=files(row)).status_code))
            for _ in range(2)
        ]
        threads[0].start()
        entered.wait(30)
        threads[1].start()
        while app.state.service.batcher._queue.qsize() < 1:
            pass
        refused = client.post('/v1/features', files=files(row))
        assert (refused.status_code, refused.headers['Retry-After']) == (503, '1')
        gate.set()
        for thread in threads:
            thread.join()
        assert statuses == [200, 200]
        assert client.post('/v1/search', files=files(row)).status_code == 404  # no gallery


def test_a_failing_batch_costs_only_the_one_at_fault(run_dir: Path) -> None:  # noqa: F811
    reid = ReIDInferencer(run_dir)
    forward = reid.forward

    def failing(chunk: Any) -> Any:
        if any(triplet.id == 'query' and triplet.captions[0] == 'fail' for triplet, _ in chunk):
            raise RuntimeError('/secret/path')
        return forward(chunk)

    reid.forward = failing  # type: ignore[method-assign]
    with TestClient(create_app(reid), raise_server_exceptions=False) as client:
        row = records(run_dir)[0]
        bad = client.post('/v1/features', files=files(row), data={'caption': 'fail'})
        assert (bad.status_code, '/secret' in bad.text) == (500, False)
        assert client.post('/v1/features', files=files(row)).status_code == 200


def test_the_page_needs_nothing_from_outside(service: tuple[TestClient, ReIDInferencer, Path]) -> None:
    client, _, _ = service
    page = client.get('/docs').text
    assert '/v1/search' in page
    assert 'http' not in page.replace('http-', '')
    assert client.get('/openapi.json').json()['paths']['/v1/entries']['post']['requestBody']


def test_tokens_come_from_the_environment() -> None:
    assert read_tokens({}) == {}
    assert read_tokens({'NEXT_MM_TOKENS': f'a:{TOKEN},b:{TOKEN}x'}) == {'a': TOKEN, 'b': TOKEN + 'x'}
    for bad in ('a', 'a:short', f':{TOKEN}', f'a:{TOKEN},a:{TOKEN}'):
        with pytest.raises(ConfigError, match='NEXT_MM_TOKENS'):
            read_tokens({'NEXT_MM_TOKENS': bad})
