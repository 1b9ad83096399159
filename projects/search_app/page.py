"""The page itself."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import gradio as gr
import numpy as np

from next_mm.apis.inference import ReIDInferencer
from next_mm.errors import UserError
from next_mm.gallery import Gallery, Hit
from next_mm.retrieval.feature_set import FeatureSet
from next_mm.triplet import MODALITY_TABLE
from projects.search_app.cards import card_picture, describe, load_entry

__all__ = ['LAUNCH', 'build_page']

EMPTY = (
    'Give at least one picture, then press **Search**. What you leave out is left out on both sides of the comparison.'
)
CSS = """
.caption-label {position: static !important; max-width: 100% !important; white-space: normal !important;
    text-align: left; border: 0 !important; font-size: .85rem; line-height: 1.3;}
.thumbnail-lg {height: auto !important; aspect-ratio: auto !important;}
.thumbnail-lg img {height: auto !important; object-fit: contain !important;}
@media (max-width: 640px) {.grid-container {grid-template-columns: 1fr !important;}}
"""
LAUNCH: Mapping[str, Any] = {
    'css': CSS,
    'footer_links': [],
    'max_file_size': '32mb',
    'share': False,
    'show_error': True,
    'ssr_mode': False,
}
"""Arguments of :func:`gradio.Blocks.launch` that the page needs."""


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

    def search(self, *values: Any) -> tuple[list[tuple[Any, str]], list[str], str]:
        """Search with uploads and a caption; ``values`` follow the inputs of :func:`build_page`."""
        rgb, nir, tir, caption, *filters = values  # an untouched text box gives None
        pictures = {'rgb': rgb, 'nir': nir, 'tir': tir}
        given = {name: np.asarray(picture) for name, picture in pictures.items() if picture is not None}
        if not given:
            return [], [], EMPTY
        try:
            query = self.reid([{**given, 'id': 'query', **({'caption': caption} if caption else {})}])
        except UserError as error:
            raise gr.Error(str(error)) from error
        return self._find(query, *filters)

    def search_like(self, chosen: str, *filters: Any) -> tuple[list[tuple[Any, str]], list[str], str]:
        """Search with an entry of the gallery."""
        if not chosen:
            raise gr.Error('Choose a card first.')
        return self._find(self.gallery.features([chosen]), *filters)

    def _find(
        self,
        query: FeatureSet,
        top: float,
        camera: str | None,
        not_camera: str | None,
        after: str | None,
        before: str | None,
        min_score: float,
    ) -> tuple[list[tuple[Any, str]], list[str], str]:
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
        if not hits:
            return [], [], 'No entry passes these filters.'
        cards = [(card_picture(load_entry(hit.entry, self.root), hit.entry.parts), describe(hit)) for hit in hits]
        return cards, [hit.id for hit in hits], self._summary(query, hits)

    def _summary(self, query: FeatureSet, hits: list[Hit]) -> str:
        labels = [modality.label for modality, there in zip(MODALITY_TABLE, query.parts[0]) if there]
        made_of = ' + '.join([*labels, *(['caption'] if query.captioned[0] else [])])
        known = any(hit.verdict for hit in hits)
        verdict = '' if known else ' There are no thresholds yet (tools/calibrate.py), so no verdicts.'
        return (
            f'{len(hits)} of {self.gallery.count()} entries, compared by {made_of} where the entry has them.{verdict}'
        )


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
        ids, chosen = gr.State([]), gr.State('')
        with gr.Row():
            with gr.Column(scale=1, min_width=300):
                with gr.Row():
                    uploads = [
                        gr.Image(
                            elem_id=f'picture-{modality.key}',
                            label=modality.label,
                            type='numpy',
                            sources=['upload', 'clipboard'],
                            height=180,
                            min_width=90,
                        )
                        for modality in MODALITY_TABLE
                    ]
                caption = gr.Textbox(label='Caption (optional)', lines=2, visible=reid.backend.reads_captions)
                button = gr.Button('Search', variant='primary')
                with gr.Accordion('Filters', open=False):
                    top = gr.Slider(1, 50, 10, step=1, label='Entries')
                    camera = gr.Textbox(label='Camera')
                    not_camera = gr.Textbox(label='Not camera')
                    after = gr.Textbox(label='After', placeholder='2026-05-01T12:00')
                    before = gr.Textbox(label='Before', placeholder='2026-05-02T12:00')
                    score = gr.Slider(-1, 1, -1, step=0.01, label='Least score')
            with gr.Column(scale=2, min_width=300):
                note = gr.Markdown(EMPTY, elem_classes='card-note')
                cards = gr.Gallery(
                    show_label=False,
                    columns=2,
                    buttons=[],
                    object_fit='contain',
                    height='auto',
                    format='png',
                    preview=False,
                )
                like = gr.Button('Search with the chosen card')
        filters = [top, camera, not_camera, after, before, score]
        results = [cards, ids, note]
        button.click(page.search, [*uploads, caption, *filters], results, api_visibility='private')
        like.click(page.search_like, [chosen, *filters], results, api_visibility='private')

        def choose(event: gr.SelectData, known: list[str]) -> str:
            return known[event.index] if event.index < len(known) else ''

        cards.select(choose, ids, chosen, api_visibility='private')
    return blocks
