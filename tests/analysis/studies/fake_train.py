"""Stands for tools/train.py in tests of the study runner: same command line, same files, milliseconds."""

from __future__ import annotations

import argparse
import json
import os
import runpy
import time
from pathlib import Path

parser = argparse.ArgumentParser()
parser.add_argument('config')
parser.add_argument('--work-dir', type=Path)
parser.add_argument('--resume', action='store_true')
parser.add_argument('--cfg-options', nargs='+')
args = parser.parse_args()

name = Path(args.config).stem
content = runpy.run_path(args.config)  # a config that can be read, and no more than one
seed = int(args.cfg_options[0].removeprefix('randomness.seed='))
with (args.work_dir.parents[1] / 'starts.txt').open('a') as log:
    gpu = os.environ.get('CUDA_VISIBLE_DEVICES')
    log.write(f'{name} {seed} resume={args.resume} batch={content["train_dataloader"]["batch_size"]} gpu={gpu}\n')
if 'bad' in name and not os.environ.get('FAKE_MENDED'):
    raise ValueError('the row is bad')
if os.environ.get('FAKE_HANG') == name and not args.resume:
    (args.work_dir / 'last_checkpoint').write_text('epoch_1.pth')
    time.sleep(60)
folder = args.work_dir / '20260102_030405' / 'vis_data'
folder.mkdir(parents=True)
lines = [
    {'loss': 2.0, 'time': 0.5, 'step': 1},
    {'reid/mAP': 10.0 + seed, 'reid/R-1': 20.0 + seed, 'time': 0.25, 'step': 1},
    {'reid/mAP': 8.0 + seed, 'reid/R-1': 30.0, 'time': 0.25, 'step': 2},
]
(folder / 'scalars.json').write_text('\n'.join(json.dumps(line) for line in lines))
