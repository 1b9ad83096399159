"""The OpenAPI description of forms, and a page of it that needs nothing from outside."""

from __future__ import annotations

from collections.abc import Mapping
from html import escape
from typing import Any

from next_mm.apis.inference.inputs import CAPTIONS
from next_mm.triplet import MODALITY_TABLE

__all__ = ['form_description', 'render_page']

GROUPS: Mapping[str, Mapping[str, str]] = {
    'caption': {
        'caption': 'one caption for all modalities',
        **dict.fromkeys(CAPTIONS, 'the caption of one modality'),
        'camera': 'the camera: of a query that the model reads, or of an entry; in a search entries of this camera '
        'alone',
    },
    'search': {
        'top': 'entries to return (default 10)',
        'not_camera': 'leave entries of this camera out',
        'identity': 'entries of this identity alone',
        'after': 'seen at this time or later (ISO text or seconds)',
        'before': 'seen before this time',
        'min_score': 'least cosine similarity',
        'crops': 'true searches the crops of tracklets instead of their means',
    },
    'entry': {
        'id': 'unique name (required)',
        'identity': 'the identity, where known',
        'time': 'when it was seen (ISO text or seconds)',
        'tracklet': 'the tracklet of the crop',
        'extra': 'a JSON object',
        'on_conflict': 'error (default), replace or keep',
    },
}


def form_description(*groups: str) -> dict[str, Any]:
    """Return the OpenAPI description of a multipart form with the pictures and groups of text fields."""
    properties: dict[str, Any] = {
        modality.key: {'type': 'string', 'format': 'binary', 'description': f'the {modality.label} picture'}
        for modality in MODALITY_TABLE
    }
    for group in groups:
        properties.update({name: {'type': 'string', 'description': text} for name, text in GROUPS[group].items()})
    schema = {'type': 'object', 'properties': properties}
    return {'requestBody': {'required': True, 'content': {'multipart/form-data': {'schema': schema}}}}


STYLE = (
    'body{font:16px/1.5 system-ui,sans-serif;max-width:56rem;margin:2rem auto;padding:0 1rem;color:#222}'
    'h2{margin-top:2rem;border-top:1px solid #ddd;padding-top:1rem}code,pre{background:#f5f5f5;border-radius:4px}'
    'code{padding:.1rem .3rem}pre{padding:.8rem;overflow:auto}td,th{text-align:left;padding:.2rem .8rem .2rem 0;'
    'vertical-align:top}.method{color:#05577a;font-weight:600}'
)


def render_page(description: Mapping[str, Any]) -> str:
    """Return an HTML page of an OpenAPI description; it loads nothing."""
    parts = [
        '<!doctype html><html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">',
        f'<title>{escape(description["info"]["title"])}</title><style>{STYLE}</style>',
        f'<h1>{escape(description["info"]["title"])}</h1>',
        '<p>Errors are <code>{"error": text, "field": name}</code>. The whole description in JSON: '
        '<a href="openapi.json">openapi.json</a>.</p>',
    ]
    for path, methods in description['paths'].items():
        for method, operation in methods.items():
            parts.append(f'<h2><span class="method">{method.upper()}</span> <code>{escape(path)}</code></h2>')
            parts.append(f'<p>{escape(operation.get("summary", ""))}</p>')
            parts += _fields(description, operation)
    return ''.join(parts) + '</html>'


def _fields(description: Mapping[str, Any], operation: Mapping[str, Any]) -> list[str]:
    rows = [(value['name'], value['in'], value.get('description', '')) for value in operation.get('parameters', [])]
    for kind, content in operation.get('requestBody', {}).get('content', {}).items():
        schema = content['schema']
        if '$ref' in schema:
            schema = description['components']['schemas'][schema['$ref'].rpartition('/')[2]]
        rows += [(name, kind, value.get('description', '')) for name, value in schema.get('properties', {}).items()]
    if not rows:
        return []
    lines = ''.join(
        f'<tr><td><code>{escape(name)}</code><td>{escape(place)}<td>{escape(text)}' for name, place, text in rows
    )
    return [f'<table><tr><th>field<th>in<th>meaning{lines}</table>']
