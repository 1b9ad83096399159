"""The page itself."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import gradio as gr
import numpy as np

from next_mm.apis.inference import ReIDInferencer
from next_mm.errors import UserError
from next_mm.gallery import Comparison, Entry, Gallery, Hit
from next_mm.retrieval.feature_set import FeatureSet
from next_mm.triplet import MODALITIES, MODALITY_TABLE
from projects.search_app.cards import compared_by, entry_card, hit_card, load_entry, query_card

__all__ = ['LAUNCH', 'build_page']

EMPTY = (
    'Give at least one picture, then press **Search**. What you leave out is left out on both sides of the comparison.'
)
FIRST = 6
"""Entries that the page shows before anybody has searched."""
CHOOSE = """element.addEventListener('click', event => {
    const button = event.target.closest('button[data-place]');
    if (button) trigger('select', {place: Number(button.dataset.place)});
});"""
LAUNCH: Mapping[str, Any] = {
    'css_paths': Path(__file__).with_name('page.css'),
    'footer_links': [],
    'max_file_size': '32mb',
    'share': False,
    'show_error': True,
    'ssr_mode': False,
}
"""Arguments of :func:`gradio.Blocks.launch` that the page needs."""

Results = tuple[str, list[str], str]
"""The cards, the ids of their entries, and the line above them."""


class Page:
    """What the page's buttons call.

    Args:
        reid: the model.
        gallery: the gallery.
        root: folder of the gallery's pictures; nothing outside is shown.
    """

    def __init__(self, reid: ReIDInferencer, gallery: Gallery, root: Path) -> None:
        gallery.space.check(reid.space)
        self.reid, self.gallery, self.root = reid, gallery, root

    def begin(self) -> Results:
        """Show a few entries: one can be chosen without a picture at hand."""
        entries = _of_many_identities(next(self.gallery.iterate(16 * FIRST), ([], None))[0], FIRST)
        cards = [entry_card(entry, load_entry(entry, self.root), place) for place, entry in enumerate(entries)]
        note = f'{EMPTY} Or begin with an entry of the gallery:' if cards else f'{EMPTY} The gallery is empty.'
        return _join(cards), [entry.id for entry in entries], note

    def search(self, *values: Any) -> Results:
        """Search with uploads and a caption; ``values`` follow the inputs of :func:`build_page`."""
        *images, caption, top, camera, not_camera, after, before, min_score = values
        given = {name: np.asarray(image) for name, image in zip(MODALITIES, images) if image is not None}
        if not given:
            return self.begin()
        try:
            query = self.reid([{**given, 'id': 'query', **({'caption': caption} if caption else {})}])
        except UserError as error:
            raise gr.Error(str(error)) from error
        shown = query_card('Your query', [given.get(name) for name in MODALITIES], list(given))
        return self._find(query, shown, top, camera, not_camera, after, before, min_score)

    def search_like(self, event: gr.EventData, ids: list[str], *filters: Any) -> Results:
        """Search with the entry whose button was pressed."""
        place = event._data.get('place')
        if not isinstance(place, int) or not 0 <= place < len(ids):
            raise gr.Error('That card is gone. Search again.')
        (entry,) = self.gallery.get([ids[place]])
        shown = query_card(f'Query: {entry.id}', load_entry(entry, self.root), entry.parts)
        return self._find(self.gallery.features([entry.id]), shown, *filters)

    def _find(
        self,
        query: FeatureSet,
        shown: str,
        top: float,
        camera: str | None,
        not_camera: str | None,
        after: str | None,
        before: str | None,
        min_score: float,
    ) -> Results:
        """Search; an untouched text box gives ``None`` or an empty text."""
        try:
            (hits,) = self.gallery.search(
                query,
                top=int(top),
                camera=camera or None,
                not_camera=not_camera or None,
                after=after or None,
                before=before or None,
                min_score=min_score if min_score > -1 else None,
            )
        except UserError as error:
            raise gr.Error(str(error)) from error
        cards = [hit_card(hit, load_entry(hit.entry, self.root), place) for place, hit in enumerate(hits)]
        return _join([shown, *cards]), [hit.id for hit in hits], self._note(query, hits)

    def _note(self, query: FeatureSet, hits: list[Hit]) -> str:
        if not hits:
            return 'No entry passes these filters.'
        parts = tuple(name for name, there in zip(MODALITIES, query.parts[0]) if there)
        made_of = compared_by(Comparison(parts, bool(query.captioned[0])))
        known = any(hit.verdict for hit in hits)
        verdict = '' if known else ' No thresholds for this comparison (tools/calibrate.py), so no verdicts.'
        return (
            f'{len(hits)} of {self.gallery.count()} entries, compared by {made_of} where the entry has them.{verdict}'
        )


def _of_many_identities(entries: list[Entry], count: int) -> list[Entry]:
    """Return some entries, of as many identities as there are."""
    first = {entry.identity or entry.id: entry for entry in reversed(entries)}
    chosen = list(first.values())[::-1]
    return [*chosen, *(entry for entry in entries if entry not in chosen)][:count]


def _join(cards: list[str]) -> str:
    return f'<div class="cards">{"".join(cards)}</div>'


def build_page(reid: ReIDInferencer, gallery: Gallery, root: Path) -> gr.Blocks:
    """Build the page; serve it with :func:`gradio.Blocks.launch`.

    Args:
        reid: the model.
        gallery: the gallery.
        root: folder of the gallery's pictures.

    Raises:
        DataError: the gallery holds features of another model.
    """
    page = Page(reid, gallery, root)
    with gr.Blocks(title='NEXT-MM search', analytics_enabled=False) as blocks:
        gr.Markdown(f'## Search a gallery\nModel {gallery.space.model}, {gallery.count()} entries.')
        ids = gr.State([])
        with gr.Row():
            with gr.Column(scale=2, min_width=300):
                uploads, caption, button = _query_inputs(reid)
                filters = _filter_inputs()
            with gr.Column(scale=5, min_width=300):
                note = gr.Markdown(EMPTY, elem_classes='note')
                cards = gr.HTML(js_on_load=CHOOSE)
        results = [cards, ids, note]
        blocks.load(page.begin, None, results, api_visibility='private')
        button.click(page.search, [*uploads, caption, *filters], results, api_visibility='private')
        cards.select(page.search_like, [ids, *filters], results, api_visibility='private')
    return blocks


def _query_inputs(reid: ReIDInferencer) -> tuple[list[gr.Image], gr.Textbox, gr.Button]:
    with gr.Row():
        uploads = [
            gr.Image(
                elem_id=f'picture-{modality.key}',
                label=modality.label,
                type='numpy',
                sources=['upload'],
                placeholder='drop, or\nclick',
                buttons=[],
                height=170,
                min_width=70,
            )
            for modality in MODALITY_TABLE
        ]
    caption = gr.Textbox(label='Caption (optional)', lines=2, visible=reid.backend.reads_captions)
    return uploads, caption, gr.Button('Search', variant='primary')


def _filter_inputs() -> list[Any]:
    with gr.Accordion('Filters', open=False):
        return [
            gr.Slider(1, 50, 10, step=1, label='Entries'),
            gr.Textbox(label='Camera'),
            gr.Textbox(label='Not camera'),
            gr.Textbox(label='After', placeholder='2026-05-01T12:00'),
            gr.Textbox(label='Before', placeholder='2026-05-02T12:00'),
            gr.Slider(-1, 1, -1, step=0.01, label='Least score'),
        ]
