"""A gallery of the synthetic test data to start with."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from pathlib import Path

from next_mm.apis.inference import ReIDInferencer
from next_mm.gallery import Gallery
from next_mm.gallery.calibration import calibrate_gallery
from projects.synthetic.inputs import list_inputs, name_camera, name_identity

__all__ = ['fill_gallery']

FALSE_MATCH_RATE = 0.005
"""One pair of strangers in 200: of 320 entries one or two look the same by chance."""
BEGIN = datetime(2026, 5, 1, 8, tzinfo=timezone.utc)


def fill_gallery(reid: ReIDInferencer, gallery: Gallery, root: Path) -> int:
    """Add the synthetic test triplets, centre the scores and find thresholds; return how many were added.

    The times are made up, one every seven minutes, so that the page's filters have something to filter.

    Args:
        reid: the model.
        gallery: takes them; what it has is kept.
        root: folder of the synthetic data.

    Raises:
        DataError: there are no data, or they support no threshold.
    """
    features = reid(list_inputs(root), show_progress=True)
    added = gallery.add(
        features,
        identity=[name_identity(name) for name in features.ids],
        camera=[name_camera(name) for name in features.ids],
        time=[BEGIN + timedelta(minutes=7 * row) for row in range(len(features))],
        on_conflict='keep',
    )
    if added:
        gallery.fit_transform(again=True)  # scores that a person can read
        found, _ = calibrate_gallery(gallery, false_match_rate=FALSE_MATCH_RATE)
        gallery.set_thresholds({name: value.thresholds() for name, value in found.items()})
    return added
