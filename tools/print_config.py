"""Print a config with all its bases merged and checked: ``python tools/print_config.py configs/next_synthetic.py``."""

from __future__ import annotations

import argparse

from next_mm.utils.command_line import ConfigOptions


def main() -> None:
    """Print."""
    parser = argparse.ArgumentParser(description='Print a config with all its bases merged, after checking every key.')
    parser.add_argument('config', help='config file, e.g. configs/next_synthetic.py')
    parser.add_argument(
        '--cfg-options', nargs='+', action=ConfigOptions, metavar='KEY=VALUE', help='change config entries'
    )
    args = parser.parse_args()
    from next_mm import apis  # late, so that --help is quick

    with apis.mistakes_in_one_line():
        print(apis.load_config(args.config, args.cfg_options).pretty_text)


if __name__ == '__main__':
    main()
