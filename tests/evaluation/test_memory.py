"""The evaluation holds the features once, whatever the number of processes."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
NUM_GALLERY, NUM_QUERIES, WIDTH, BATCH = 30000, 100, 1536, 128
FEATURES_MIB = (NUM_GALLERY + NUM_QUERIES) * WIDTH * 4 / 2**20

EVALUATE = """
import json, sys
from pathlib import Path
import torch
from next_mm.evaluation import ReIDMetric

rank, world, num_queries, num_gallery, width, batch = map(int, sys.argv[1:7])
if world > 1:
    torch.distributed.init_process_group('gloo', f'file://{sys.argv[7]}/store', rank=rank, world_size=world)

def peak():
    return next(int(line.split()[1]) / 1024 for line in open('/proc/self/status') if line.startswith('VmHWM'))

def evaluate(num_queries, num_gallery):
    metric = ReIDMetric(collect_dir=f'{sys.argv[7]}/parts{num_gallery}')
    size = num_queries + num_gallery
    indices = [index % size for index in range(-(-size // world) * world)][rank::world]  # padded, as the sampler does
    generator = torch.Generator().manual_seed(rank)
    for start in range(0, len(indices), batch):
        samples = []
        for index, row in zip(indices[start:start + batch], torch.randn(batch, width, generator=generator)):
            junk = index == num_queries  # the rows behind it move up
            samples.append(dict(sample_idx=index, name=f'{index:06d}', identity=-1 if junk else index % 50,
                                camera=index % 3, scene=0, is_query=index < num_queries,
                                is_gallery=index >= num_queries, feature=row))
        metric.process(None, samples)
    return metric.evaluate(size)

evaluate(20, 200)  # whatever is loaded at the first use
before = peak()
result = evaluate(num_queries, num_gallery)
assert 0 < result['reid/mAP'] < 100
if world > 1:  # nobody leaves while another still reads
    torch.distributed.barrier()
    torch.distributed.destroy_process_group()
print(json.dumps(peak() - before))
"""


def start(rank: int, world: int, folder: Path) -> subprocess.Popen:
    numbers = (rank, world, NUM_QUERIES, NUM_GALLERY, WIDTH, BATCH)
    command = [sys.executable, '-c', EVALUATE, *map(str, numbers), str(folder)]
    environment = {**os.environ, 'OMP_NUM_THREADS': '1'}
    return subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True, env=environment)


@pytest.mark.skipif(not Path('/proc/self/status').exists(), reason='reads the peak of the resident memory from /proc')
@pytest.mark.parametrize('world', [1, 2])
def test_features_are_held_once(world: int, tmp_path: Path):
    processes = [start(rank, world, tmp_path) for rank in range(world)]
    added = []
    for process in processes:
        out, _ = process.communicate(timeout=240)
        assert process.returncode == 0
        added.append(json.loads(out.splitlines()[-1]))
    assert added[0] <= 1.35 * FEATURES_MIB
    assert all(other <= 1.0 * FEATURES_MIB for other in added[1:])  # half of the features, and what passes through
