"""Test a checkpoint: ``python tools/test.py configs/next_synthetic.py work_dirs/next_synthetic/epoch_16.pth``."""

from __future__ import annotations

import argparse
import json
import os
from pathlib import Path

from next_mm.utils.command_line import add_cfg_options, command_line, parse_launched


def parse_args() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description='Test a checkpoint on the test set of a config.')
    parser.add_argument('config', help='config file, e.g. configs/next_synthetic.py')
    parser.add_argument('checkpoint', nargs='?', help='checkpoint file')
    parser.add_argument(
        '--untrained', action='store_true', help='instead of a checkpoint: test the model as a training would start it'
    )
    parser.add_argument('--work-dir', help='folder of the logs (default: work_dirs/<config>)')
    parser.add_argument('--out', metavar='FILE.json', help='write the metrics here')
    parser.add_argument('--show-dir', metavar='FOLDER', help='draw rank lists into this folder')
    parser.add_argument('--without-captions', action='store_true', help='compare all triplets as if none had a caption')
    add_cfg_options(parser, 'change config entries: test_dataloader.batch_size=16')
    args = parse_launched(parser, 'tools/dist_test.sh')
    if args.untrained == bool(args.checkpoint):
        parser.error('expected a checkpoint file, or --untrained in its place')
    if args.out and not args.out.endswith('.json'):
        parser.error(f'--out: expected a name that ends with .json, got {args.out}')
    return args


@command_line
def main() -> None:
    """Test."""
    args = parse_args()
    from next_mm import apis  # late, so that --help is quick

    cfg = apis.load_config(args.config, args.cfg_options, work_dir=args.work_dir)
    cfg.launcher = args.launcher
    if args.without_captions:
        apis.drop_captions(cfg)
    if args.show_dir:
        apis.show_rank_lists(cfg, args.show_dir)
    metrics = apis.test(cfg, args.checkpoint)
    if args.out and int(os.environ.get('RANK', 0)) == 0:
        report = {'config': args.config, 'checkpoint': args.checkpoint, 'metrics': metrics}
        Path(args.out).parent.mkdir(parents=True, exist_ok=True)
        Path(args.out).write_text(json.dumps(report, indent=1) + '\n')


if __name__ == '__main__':
    main()
