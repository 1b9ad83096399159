"""SyntheticData: what a synthetic config prepares before it trains."""

from __future__ import annotations

import hashlib
import json
import shutil
from pathlib import Path
from typing import Any

from filelock import FileLock

from next_mm.errors import ConfigError
from next_mm.registry import TASK_UTILS
from next_mm.utils.files import staged, write_atomically
from projects.synthetic.clip_training import CLIP_CONFIG, train_clip
from projects.synthetic.dataset import write_dataset

GENERATOR_VERSION = 5
"""Raised when the renderer, the captions or the CLIP training change, so that stale data are made anew."""

_STAMP = 'synthetic.json'


@TASK_UTILS.register_module()
class SyntheticData:
    """Make the synthetic data's synthetic dataset and its small CLIP, where they are absent or
    were made by other options.

    Both appear whole or not at all: they are built aside and renamed, so a killed run leaves nothing half made. Two
    processes that start at once wait for one another.

    Args:
        root: folder that takes ``RGBNT201/`` and ``clip.pt``.
        train_identities, test_identities: number of people; they are different people.
        triplets: triplets of each person, over four cameras.
        clip_identities, clip_triplets: the people that the small CLIP is trained on, none of them in the dataset.
        clip_steps, clip_batch_size, clip_lr: its training. clip_grounding_steps: further steps of its text tower alone.
        seed: of everything.
    """

    def __init__(
        self,
        *,
        root: str,
        train_identities: int = 80,
        test_identities: int = 40,
        triplets: int = 8,
        clip_identities: int = 1500,
        clip_triplets: int = 2,
        clip_steps: int = 1000,
        clip_batch_size: int = 32,
        clip_lr: float = 7e-4,
        clip_grounding_steps: int = 600,
        seed: int = 0,
    ) -> None:
        self.root = Path(root)
        self.data_options = dict(
            train_identities=train_identities, test_identities=test_identities, triplets=triplets, seed=seed
        )
        self.clip_options = dict(
            identities=clip_identities,
            triplets=clip_triplets,
            steps=clip_steps,
            batch_size=clip_batch_size,
            lr=clip_lr,
            grounding_steps=clip_grounding_steps,
            seed=seed,
        )
        clip_options = {f'clip_{name}': value for name, value in self.clip_options.items() if name != 'seed'}
        for name, value in {**self.data_options, **clip_options}.items():
            if value <= 0 and name != 'seed':
                raise ConfigError(f'SyntheticData: {name}={value}, expected a positive number')

    def __call__(self) -> None:
        """Make what is missing; tell that the data are synthetic."""
        self.root.mkdir(parents=True, exist_ok=True)
        with FileLock(self.root / '.lock'):
            self._make_dataset()
            self._make_clip()
        print(f'Synthetic data are ready in {self.root}; figures measured on them say nothing about real cameras.')

    def _make_dataset(self) -> None:
        target, building = self.root / 'RGBNT201', self.root / '.building'
        stamp = {'version': GENERATOR_VERSION, **self.data_options}
        if _read_stamp(target / _STAMP) == stamp:
            return
        for leftover in (building, self.root / '.outdated'):
            shutil.rmtree(leftover, ignore_errors=True)
        write_dataset(building, **self.data_options)
        _write_stamp(building / _STAMP, stamp)
        if target.exists():
            target.rename(self.root / '.outdated')
        building.rename(target)
        shutil.rmtree(self.root / '.outdated', ignore_errors=True)

    def _make_clip(self) -> None:
        target, stamp_file = self.root / 'clip.pt', self.root / 'clip.json'
        config = hashlib.sha256(CLIP_CONFIG.read_bytes()).hexdigest()[:16]
        stamp = {'version': GENERATOR_VERSION, 'config': config, **self.clip_options}
        if (
            target.is_file()
            and {key: value for key, value in _read_stamp(stamp_file).items() if key != 'retrieval'} == stamp
        ):
            return
        stamp_file.unlink(missing_ok=True)
        with staged(target) as building:
            figures = train_clip(building, **self.clip_options)
        _write_stamp(stamp_file, {**stamp, 'retrieval': figures})


def _read_stamp(path: Path) -> dict[str, Any]:
    try:
        return json.loads(path.read_text(encoding='utf-8'))
    except (FileNotFoundError, json.JSONDecodeError):
        return {}


def _write_stamp(path: Path, stamp: dict[str, Any]) -> None:
    write_atomically(path, [json.dumps(stamp, indent=1)])
