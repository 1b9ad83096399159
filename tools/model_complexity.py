"""Print what a model costs: ``python tools/model_complexity.py configs/next_rgbnt201.py``."""

from __future__ import annotations

import argparse

from next_mm.utils.command_line import add_config, command_line


@command_line
def main() -> None:
    """Count and print."""
    parser = argparse.ArgumentParser(
        description='Print trainable parameters and multiply-accumulates a triplet, part by part. The weights are '
        'random: none are read.'
    )
    add_config(parser)
    args = parser.parse_args()
    from next_mm import apis  # late, so that --help is quick
    from next_mm.analysis.cost import cost_table, count_costs

    cfg = apis.load_config(args.config, args.cfg_options)
    apis.drop_weights(cfg)
    costs = count_costs(apis.build_model(cfg))
    print(cost_table(args.config, costs), end='')


if __name__ == '__main__':
    main()
