"""The application: routes, and what they call."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from contextvars import copy_context
from functools import partial
from typing import Any

import numpy as np
from fastapi import FastAPI, Query
from fastapi.responses import HTMLResponse, JSONResponse, Response
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from pydantic import BaseModel, ConfigDict, Field
from starlette.convertors import Convertor, register_url_convertor
from starlette.exceptions import HTTPException
from starlette.requests import Request

from next_mm.apis.inference import ReIDInferencer
from next_mm.errors import DataError
from next_mm.gallery import Entry, Gallery, Hit
from next_mm.retrieval.feature_set import FeatureSet
from next_mm.service.batcher import Batcher
from next_mm.service.documentation import form_description, render_page
from next_mm.service.limits import Gatekeeper, Metrics, ServiceError
from next_mm.service.options import ServiceOptions
from next_mm.service.requests import TripletForm, read_extra, read_form, read_search
from next_mm.triplet import MODALITIES, NUM_MODALITIES

__all__ = ['create_app']


class EntryName(Convertor[str]):
    """An entry's name in a path: any characters, slashes and line breaks too."""

    regex = r'[\s\S]+'

    def convert(self, value: str) -> str:
        """Return the name."""
        return value

    def to_string(self, value: str) -> str:
        """Return the name."""
        return value


register_url_convertor('entry', EntryName())


class FeatureQuery(BaseModel):
    """A search with features that were extracted before, or with entries of the gallery."""

    model_config = ConfigDict(extra='forbid')

    features: list[list[float]] | None = Field(None, max_length=64, description='unit features without captions')
    parts: list[list[bool]] | None = Field(None, description='which modalities each is made of; default: all')
    like: list[str] | None = Field(None, max_length=64, description='ids of entries')
    top: int = 10
    camera: str | None = None
    not_camera: str | None = None
    identity: str | None = None
    after: str | float | None = None
    before: str | float | None = None
    min_score: float | None = None
    crops: bool = False


class Service:
    """What the routes share.

    Args:
        reid: the model.
        gallery: the gallery, or ``None`` for features alone.
        options: limits and tokens.
    """

    def __init__(self, reid: ReIDInferencer, gallery: Gallery | None, options: ServiceOptions) -> None:
        if gallery is not None:
            gallery.space.check(reid.space)
        self.reid, self.options = reid, options
        self._gallery = gallery
        self.metrics = Metrics()
        self.batcher = Batcher(reid, options, self.metrics)
        self.readers = ThreadPoolExecutor(4, thread_name_prefix='reader')
        self.writer = ThreadPoolExecutor(1, thread_name_prefix='writer')

    @property
    def gallery(self) -> Gallery:
        """The gallery.

        Raises:
            ServiceError: the service has none (404).
        """
        if self._gallery is None:
            raise ServiceError(404, 'this service has no gallery')
        return self._gallery

    async def features(self, form: TripletForm) -> FeatureSet:
        """Return the features of a form's pictures.

        Raises:
            ServiceError: a picture that cannot be used (422), or a full queue (503).
        """
        loop = asyncio.get_running_loop()
        triplet, packed = await loop.run_in_executor(
            self.readers, partial(self.reid.prepare, form.triplet, on_error='skip')
        )
        if isinstance(packed, DataError):
            raise ServiceError(422, str(packed))
        return await asyncio.wrap_future(self.batcher.submit(triplet, packed))

    async def read(self, call: Any, *args: Any, **kwargs: Any) -> Any:
        """Call a reading function of the gallery in a thread."""
        return await self._run(self.readers, partial(call, *args, **kwargs))

    async def write(self, call: Any, *args: Any, **kwargs: Any) -> Any:
        """Call a writing function of the gallery; one at a time."""
        return await self._run(self.writer, partial(call, *args, **kwargs))

    async def _run(self, threads: ThreadPoolExecutor, call: Any) -> Any:
        """Call a function in a thread, which sees who asks."""
        return await asyncio.get_running_loop().run_in_executor(threads, copy_context().run, call)

    def close(self) -> None:
        """Finish what waits."""
        self.batcher.close()
        self.readers.shutdown()
        self.writer.shutdown()


def create_app(reid: ReIDInferencer, gallery: Gallery | None = None, options: ServiceOptions | None = None) -> FastAPI:
    """Build the application; serve it with one worker process, as the model is in memory once.

    Args:
        reid: the model.
        gallery: the gallery to search and to add to.
        options: limits and tokens.

    Raises:
        DataError: the gallery holds features of another model.
    """
    options = options or ServiceOptions()
    service = Service(reid, gallery, options)

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        yield
        service.close()

    app = FastAPI(title='NEXT-MM', version='1', docs_url=None, redoc_url=None, lifespan=lifespan)
    app.state.service = service
    app.add_middleware(Gatekeeper, options=options, metrics=service.metrics)
    _add_errors(app)
    _add_state_routes(app, service)
    _add_search_routes(app, service)
    _add_entry_routes(app, service)
    return app


def _add_errors(app: FastAPI) -> None:
    @app.exception_handler(ServiceError)
    async def service_error(request: Request, error: ServiceError) -> JSONResponse:
        headers = {} if error.retry_after is None else {'Retry-After': str(error.retry_after)}
        return JSONResponse(error.body(), error.status, headers)

    @app.exception_handler(DataError)
    async def data_error(request: Request, error: DataError) -> JSONResponse:
        return JSONResponse({'error': str(error), 'field': None}, 422)

    @app.exception_handler(HTTPException)
    async def http_error(request: Request, error: HTTPException) -> JSONResponse:
        return JSONResponse({'error': str(error.detail), 'field': None}, error.status_code)

    from fastapi.exceptions import RequestValidationError

    @app.exception_handler(RequestValidationError)
    async def validation_error(request: Request, error: RequestValidationError) -> JSONResponse:
        first = error.errors()[0]
        place = '.'.join(str(part) for part in first['loc'] if part != 'body')
        return JSONResponse({'error': first['msg'], 'field': place or None}, 422)

    @app.exception_handler(Exception)
    async def fault(request: Request, error: Exception) -> JSONResponse:
        return JSONResponse({'error': 'the service failed at this request; its log says why', 'field': None}, 500)


def _add_state_routes(app: FastAPI, service: Service) -> None:
    @app.get('/v1/health', tags=['state'], summary='Whether the service runs')
    async def health() -> dict[str, str]:
        return {'status': 'ok'}

    @app.get('/v1/ready', tags=['state'], summary='Whether the service takes requests')
    async def ready() -> dict[str, str]:
        if not service.batcher.alive():
            raise ServiceError(503, 'the model has stopped')
        return {'status': 'ready'}

    @app.get('/v1/metrics', tags=['state'], summary='Counters for Prometheus')
    async def metrics() -> Response:
        return Response(generate_latest(service.metrics.registry), media_type=CONTENT_TYPE_LATEST)

    @app.get('/v1/stats', tags=['state'], summary='The model, and the numbers of what is in the gallery')
    async def stats() -> dict[str, Any]:
        space = service.reid.space
        found = {'model': space.model, 'digest': space.digest, 'dim': space.dim, 'card': service.reid.card}
        if service._gallery is not None:
            found['gallery'] = await service.read(service.gallery.stats)
        return found

    @app.get('/docs', include_in_schema=False)
    async def page() -> HTMLResponse:
        return HTMLResponse(render_page(app.openapi()))


def _add_search_routes(app: FastAPI, service: Service) -> None:
    @app.post(
        '/v1/features', tags=['features'], summary='Features of a triplet', openapi_extra=form_description('caption')
    )
    async def features(request: Request) -> dict[str, Any]:
        form = await read_form(request, service.options.max_pixels)
        found = await service.features(form)
        return {
            'features': found.features[0].tolist(),
            'text_free': None if found.text_free is None else found.text_free[0].tolist(),
            'parts': found.parts[0].tolist(),
            'has_text': found.has_text[0].tolist(),
            'digest': found.space.digest,
        }

    @app.post(
        '/v1/search',
        tags=['search'],
        summary='Search with a triplet',
        openapi_extra=form_description('caption', 'search'),
    )
    async def search(request: Request) -> dict[str, Any]:
        gallery = service.gallery
        form = await read_form(request, service.options.max_pixels)
        search_options = read_search(form.fields, service.options.max_top)
        query = await service.features(form)
        (hits,) = await service.read(gallery.search, query, **search_options)
        return {'hits': [describe_hit(hit) for hit in hits]}

    @app.post('/v1/search/features', tags=['search'], summary='Search with features or entries')
    async def search_features(query: FeatureQuery) -> dict[str, Any]:
        gallery = service.gallery
        search_options = read_search(query.model_dump(exclude={'features', 'parts', 'like'}), service.options.max_top)
        features = await service.read(_query_features, gallery, query)
        results = await service.read(gallery.search, features, **search_options)
        return {'results': [[describe_hit(hit) for hit in hits] for hits in results]}


def _query_features(gallery: Gallery, query: FeatureQuery) -> FeatureSet:
    if (query.features is None) == (query.like is None):
        raise ServiceError(422, 'expected either features or like', field='features')
    if query.like is not None:
        return gallery.features(query.like)
    width = gallery.space.dim
    if not query.features or any(len(row) != width for row in query.features):
        raise ServiceError(422, f'expected rows of {width} numbers', field='features')
    parts = query.parts or [[True] * NUM_MODALITIES] * len(query.features)
    if len(parts) != len(query.features) or any(len(row) != NUM_MODALITIES for row in parts):
        raise ServiceError(422, f'expected {NUM_MODALITIES} values for each feature', field='parts')
    rows = np.array(query.features, np.float64).astype(np.float32)
    ids = [f'query {row}' for row in range(len(rows))]
    return FeatureSet(gallery.space, ids, rows, np.array(parts, bool), np.zeros((len(rows), NUM_MODALITIES), bool))


def _add_entry_routes(app: FastAPI, service: Service) -> None:
    @app.post(
        '/v1/entries',
        status_code=201,
        tags=['entries'],
        summary='Add an entry',
        openapi_extra=form_description('caption', 'entry'),
    )
    async def add(request: Request) -> dict[str, Any]:
        gallery = service.gallery
        form = await read_form(request, service.options.max_pixels)
        fields = form.fields
        if not fields.get('id'):
            raise ServiceError(422, 'expected the name of the entry', field='id')
        conflict = fields.get('on_conflict', 'error')
        if conflict not in ('error', 'replace', 'keep'):
            raise ServiceError(422, 'expected error, replace or keep', field='on_conflict')
        values = {name: fields.get(name) or None for name in ('identity', 'camera', 'time', 'tracklet')}
        features = await service.features(form)
        added = await service.write(gallery.add, features, extra=read_extra(fields), on_conflict=conflict, **values)
        return {'added': added, 'id': fields['id']}

    @app.get('/v1/entries/{name:entry}', tags=['entries'], summary='One entry')
    async def get(name: str) -> dict[str, Any]:
        try:
            (entry,) = await service.read(service.gallery.get, [name])
        except DataError as error:
            raise ServiceError(404, 'no such entry', field='id') from error
        return describe_entry(entry)

    @app.delete('/v1/entries/{name:entry}', tags=['entries'], summary='Delete one entry')
    async def delete(name: str) -> dict[str, int]:
        return {'deleted': await service.write(service.gallery.delete, [name])}

    @app.delete('/v1/entries', tags=['entries'], summary='Delete all entries that pass the filters')
    async def delete_all(
        identity: str | None = Query(None), camera: str | None = Query(None), before: str | None = Query(None)
    ) -> dict[str, int]:
        return {'deleted': await service.write(service.gallery.delete, identity=identity, camera=camera, before=before)}


def describe_entry(entry: Entry) -> dict[str, Any]:
    """Return an entry as JSON values; where its pictures lie is not told."""
    return {
        'id': entry.id,
        'identity': entry.identity,
        'camera': entry.camera,
        'time': entry.time,
        'tracklet': entry.tracklet,
        'parts': [name for name in MODALITIES if name in entry.parts],
        'text': entry.text,
        'extra': dict(entry.extra),
    }


def describe_hit(hit: Hit) -> dict[str, Any]:
    """Return a hit as JSON values."""
    return {
        'rank': hit.rank,
        'score': hit.score,
        'verdict': hit.verdict,
        'compared': {'parts': list(hit.compared.parts), 'text': hit.compared.text},
        'entry': describe_entry(hit.entry),
    }
