"""List a dataset's pictures as JSON lines, in a process of its own, which gives its memory back at its end.

The datasets of this project are listed by their layouts, which need no torch; custom dataset classes may import it.

``python -m next_mm.captioning.listing`` reads ``{"dataset": ..., "splits": ..., "custom_imports": ...}``.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from next_mm.captioning.store.tables import Picture
from next_mm.errors import ConfigError, DataError, UserError
from next_mm.layouts import LAYOUTS
from next_mm.triplet import MODALITIES, TripletRecord

__all__ = ['list_pictures']

_PICTURE, _ERROR = 'next_mm-picture ', 'next_mm-error '
"""Begin of the lines that matter; a dataset may print others."""

_OTHER_OPTIONS = (
    'caption_dir',
    'captions_required',
    'caption_quality',
    'cache_gib',
    'pipeline',
    'metainfo',
    'serialize_data',
    'lazy_init',
)
"""Options of the dataset classes that do not change which pictures there are."""


def list_pictures(
    dataset: dict[str, Any], splits: Sequence[str], custom_imports: dict[str, Any] | None = None
) -> Iterator[Picture]:
    """The pictures of a dataset, triplet by triplet.

    Args:
        dataset: config of a dataset class; its split is set here, and captions and pipeline do not count.
        splits: which ones.
        custom_imports: mmengine's, for a class of one's own.

    Raises:
        ConfigError: the config holds more than plain values.
        DataError: the dataset cannot be listed; the text is the dataset's own.
    """
    try:
        question = json.dumps(dict(dataset=dataset, splits=splits, custom_imports=custom_imports))
    except TypeError as error:
        raise ConfigError(f'dataset: expected plain values, as in a config ({error})') from None
    command = [sys.executable, '-m', __name__]
    # a session of its own: the terminal's Ctrl-C is ours to handle
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, start_new_session=True
    ) as process:
        assert process.stdin is not None and process.stdout is not None  # they are pipes
        try:
            process.stdin.write(question)
            process.stdin.close()
            for line in process.stdout:
                if line.startswith(_ERROR):
                    raise DataError(json.loads(line[len(_ERROR) :]))
                if line.startswith(_PICTURE):
                    yield Picture(*json.loads(line[len(_PICTURE) :]))
        except BaseException:
            process.kill()  # leaving the block waits for it
            raise
    if process.returncode:
        raise DataError(f'listing the dataset ended with exit code {process.returncode}; its messages are above')


def _records(dataset: dict[str, Any], split: str, own_classes: bool) -> Iterable[TripletRecord]:
    try:
        if dataset.get('type') in LAYOUTS and not own_classes:
            options = {key: value for key, value in dataset.items() if key != 'type' and key not in _OTHER_OPTIONS}
            return LAYOUTS[dataset['type']](**{**options, 'split': split}).list_records()
        from next_mm.registry import DATASETS  # its classes load torch

        options = {'split': split, 'caption_dir': None, 'captions_required': False, 'pipeline': []}
        built = DATASETS.build({**dataset, **options})
    except (TypeError, KeyError) as error:  # options that the class does not know, a class that nobody knows
        raise DataError(f'{type(error).__name__}: {error}') from error
    return map(built.get_data_info, range(len(built)))


def _pictures(records: Iterable[TripletRecord], split: str) -> Iterator[Picture]:
    for record in records:
        for panel, (modality, path) in enumerate(zip(MODALITIES, record['img_paths'])):
            if path is not None:
                yield Picture(
                    split,
                    record['name'],
                    modality,
                    str(record['identity']),
                    str(path),
                    panel if record['side_by_side'] else -1,
                )


def main() -> None:
    """List what standard input asks for. A mistake of the user becomes a line, a fault keeps its traceback."""
    question = json.load(sys.stdin)
    try:
        if question['custom_imports']:
            from mmengine.utils import import_modules_from_strings

            import_modules_from_strings(**question['custom_imports'])
        for split in question['splits']:
            for picture in _pictures(_records(question['dataset'], split, bool(question['custom_imports'])), split):
                sys.stdout.write(f'{_PICTURE}{json.dumps(picture)}\n')
    except (UserError, OSError, ImportError) as error:
        plain = isinstance(error, UserError) or (isinstance(error, OSError) and error.errno is None)
        text = str(error) if plain else f'{type(error).__name__}: {error}'
        sys.stdout.write(f'{_ERROR}{json.dumps(text)}\n')


if __name__ == '__main__':
    main()
