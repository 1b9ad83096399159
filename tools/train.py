"""Train a model: ``python tools/train.py configs/next_synthetic.py``."""

from __future__ import annotations

import argparse

from next_mm.utils.command_line import add_cfg_options, command_line, parse_launched


def parse_args() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description='Train a model and test it on unseen identities.')
    parser.add_argument('config', help='config file, e.g. configs/next_synthetic.py')
    parser.add_argument('--work-dir', help='folder of checkpoints and logs (default: work_dirs/<config>)')
    parser.add_argument(
        '--resume',
        nargs='?',
        const='auto',
        metavar='CHECKPOINT',
        help='go on with a run: from its latest checkpoint, or from the one given',
    )
    parser.add_argument(
        '--amp', nargs='?', const='bf16', choices=['bf16', 'fp16'], help='mixed precision (bf16; fp16 needs a GPU)'
    )
    parser.add_argument(
        '--auto-scale-lr', action='store_true', help='scale the learning rates by the batch over all processes'
    )
    add_cfg_options(parser, 'change config entries: train_cfg.max_epochs=2')
    return parse_launched(parser, 'tools/dist_train.sh and slurm_train.sh')


@command_line
def main() -> None:
    """Train."""
    args = parse_args()
    from next_mm import apis  # late, so that --help is quick

    cfg = apis.load_config(args.config, args.cfg_options, work_dir=args.work_dir)
    cfg.launcher = args.launcher
    if args.amp:
        apis.apply_amp(cfg, args.amp)
    if args.auto_scale_lr:
        if cfg.get('auto_scale_lr') is None:
            raise apis.ConfigError(f'{args.config}: --auto-scale-lr needs auto_scale_lr.base_batch_size in the config')
        cfg.auto_scale_lr.enable = True
    if args.resume:
        apis.resume_from(cfg, args.resume)
    apis.train(cfg)


if __name__ == '__main__':
    main()
