"""Stands for ``tools/test.py CONFIG --untrained`` in tests of the study runner."""

from __future__ import annotations

import argparse
import json
from pathlib import Path

parser = argparse.ArgumentParser()
parser.add_argument('config')
parser.add_argument('--untrained', action='store_true', required=True)
parser.add_argument('--work-dir', type=Path)
parser.add_argument('--out', type=Path)
parser.add_argument('--cfg-options', nargs='+')
args = parser.parse_args()

seed = int(args.cfg_options[0].removeprefix('randomness.seed='))
with (args.out.parents[2] / 'untrained.txt').open('a') as log:
    log.write(f'{Path(args.config).stem} {seed}\n')
args.out.write_text(json.dumps({'metrics': {'reid/mAP': 4.0 + seed}}))
