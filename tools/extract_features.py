"""Extract the features of many triplets into numbered files.

Start it once, or as several processes (torchrun, Slurm): each takes its share of the files. Started again, it
computes what is missing.
"""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path

from next_mm.utils.command_line import command_line


def parse_arguments() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('model', help='a pack, the folder of a run, or an exported .onnx file')
    parser.add_argument('inputs', type=Path, help='a folder {rgb,nir,tir}/<name>, own data, or a .csv or .json list')
    parser.add_argument('-o', '--output', type=Path, required=True, help='folder of the files')
    parser.add_argument('--shard-size', type=int, default=10_000, help='triplets a file (default: 10000)')
    parser.add_argument('--batch-size', type=int, default=16)
    parser.add_argument('--num-workers', type=int, default=2, help='threads that read pictures (default: 2)')
    parser.add_argument('--device', help='such as cuda:0; default: a GPU for each process, where there are any')
    parser.add_argument('--dtype', default='float32', choices=['float32', 'bfloat16'])
    return parser.parse_args()


def find_rank() -> tuple[int, int]:
    """Return the number of this process and of all, as torchrun or Slurm names them."""
    for rank, size in (('RANK', 'WORLD_SIZE'), ('SLURM_PROCID', 'SLURM_NTASKS')):
        if rank in os.environ and size in os.environ:
            return int(os.environ[rank]), int(os.environ[size])
    return 0, 1


def find_device() -> str | None:
    """Return the GPU of this process among those of its machine; ``None`` without any."""
    import torch

    if not torch.cuda.is_available():
        return None
    local = int(os.environ.get('LOCAL_RANK', os.environ.get('SLURM_LOCALID', 0)))
    return f'cuda:{local % torch.cuda.device_count()}'


@command_line
def main() -> int:
    """Extract; exits with 1 where an input could not be used."""
    args = parse_arguments()
    from next_mm.apis.inference import ReIDInferencer
    from next_mm.apis.inference.shards import extract_shards, list_inputs

    rank, world_size = find_rank()
    inputs = list_inputs(args.inputs)
    reid = ReIDInferencer(
        args.model,
        device=args.device or find_device(),
        dtype=args.dtype,
        batch_size=args.batch_size,
        num_workers=args.num_workers,
    )
    counts = extract_shards(reid, inputs, args.output, shard_size=args.shard_size, rank=rank, world_size=world_size)
    print(
        f'{args.output}: {counts.features} features in {counts.computed} new files, {counts.finished} files were '
        'there, '
        f'{counts.errors} inputs cannot be used' + (' (errors-*.jsonl)' if counts.errors else '')
    )
    return 1 if counts.errors else 0


if __name__ == '__main__':
    sys.exit(main())
