"""Print a config with all its bases merged and checked: ``python tools/print_config.py configs/next_synthetic.py``."""

from __future__ import annotations

import argparse

from next_mm.utils.command_line import add_config, command_line


@command_line
def main() -> None:
    """Print."""
    parser = argparse.ArgumentParser(description='Print a config with all its bases merged, after checking every key.')
    add_config(parser, 'configs/next_synthetic.py')
    args = parser.parse_args()
    from next_mm import apis  # late, so that --help is quick

    print(apis.load_config(args.config, args.cfg_options).pretty_text)


if __name__ == '__main__':
    main()
