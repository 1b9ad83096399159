"""The tool with a lister and a token counter that load nothing: tests that start it many times would mostly wait for them.

``test_parts.py`` covers the real lister, ``test_texts.py`` the real counter.
"""

import sys
from contextlib import contextmanager
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))

from next_mm.captioning import compose_stage, pipeline, template
from next_mm.captioning.listing import Picture
from tools.generate_captions import main


def list_pictures(dataset, splits, custom_imports=None):
    """The pictures of a folder in RGBNT201's layout."""
    for split in splits:
        folder = Path(dataset['data_root']) / {'train': 'train_171', 'test': 'test'}[split]
        for path in sorted((folder / 'RGB').iterdir()):
            for modality, name in (('rgb', 'RGB'), ('nir', 'NI'), ('tir', 'TI')):
                yield Picture(split, path.name, modality, path.name[:6], str(folder / name / path.name), -1)


def count_words(text):
    """Words for tokens."""
    return len(text.split())


@contextmanager
def light_parts():
    """Put the light parts in place for a while."""
    lister, composer = pipeline.list_pictures, compose_stage.compose_caption
    pipeline.list_pictures = list_pictures
    compose_stage.compose_caption = lambda attributes, schema, budget: template.compose_caption(
        attributes, schema, budget, count_words
    )
    try:
        yield
    finally:
        pipeline.list_pictures, compose_stage.compose_caption = lister, composer


if __name__ == '__main__':
    with light_parts():
        sys.exit(main(sys.argv[1:]))
