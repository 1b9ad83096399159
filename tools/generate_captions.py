"""Generate captions from pictures with multi-modal LLMs, or look at captions that are there.

python tools/generate_captions.py CONFIG [attributes] [merge] [compose] [report] [options]   # no stage: all
python tools/generate_captions.py audit FOLDER [--schema person|vehicle] [--dataset-config CONFIG]
python tools/generate_captions.py report FOLDER [--schema person|vehicle] [--out FOLDER]
"""

from __future__ import annotations

import argparse
import re
import sys
from pathlib import Path

from next_mm.utils.command_line import ConfigOptions


def parse_shard(text: str) -> tuple[int, int]:
    """``i/n`` with i from 1 to n."""
    try:
        index, count = map(int, text.split('/'))
    except ValueError:
        raise argparse.ArgumentTypeError(f'expected i/n such as 1/4, got {text!r}') from None
    if not 1 <= index <= count:
        raise argparse.ArgumentTypeError(f'expected 1 <= i <= n, got {text!r}')
    return index, count


def positive(kind: type):
    """An argument type: a number of ``kind`` above 0."""

    def parse(text: str):
        try:
            number = kind(text)
        except ValueError:
            raise argparse.ArgumentTypeError(f'expected a number, got {text!r}') from None
        if not number > 0:
            raise argparse.ArgumentTypeError(f'expected a number above 0, got {text!r}')
        return number

    return parse


def identity_pattern(text: str) -> str:
    """A regular expression with a group."""
    try:
        groups = re.compile(text).groups
    except re.error as error:
        raise argparse.ArgumentTypeError(f'not a regular expression: {text!r} ({error})') from None
    if not groups:
        raise argparse.ArgumentTypeError(f'expected a group in parentheses that is the identity, got {text!r}')
    return text


def run_parser() -> argparse.ArgumentParser:
    """Arguments of a run over a config."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('config', help='a config under configs/captions')
    parser.add_argument(
        'stages', nargs='*', metavar='stage', help='attributes, merge, compose, report; all of them where none is named'
    )
    parser.add_argument(
        '--dry-run', action='store_true', help='say how many requests and tokens and how much money, and send nothing'
    )
    parser.add_argument(
        '--budget', type=positive(float), metavar='USD', help='stop before the store has cost more than this'
    )
    parser.add_argument('--limit', type=positive(int), metavar='N', help='the first N triplets only')
    parser.add_argument(
        '--shard', type=parse_shard, default=(1, 1), metavar='I/N', help='share I of N, in a store of its own'
    )
    parser.add_argument(
        '--absorb',
        type=Path,
        nargs='+',
        default=[],
        metavar='STORE',
        help='take over the answers of other stores first',
    )
    parser.add_argument(
        '--retry-failed', action='store_true', help='ask again where an answer was refused, invalid or rejected'
    )
    parser.add_argument(
        '--cfg-options', nargs='+', action=ConfigOptions, metavar='KEY=VALUE', help='change entries of the config'
    )
    return parser


def folder_parser() -> argparse.ArgumentParser:
    """Arguments of audit and report over caption files."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('what', choices=('audit', 'report'))
    parser.add_argument('folder', type=Path, help='folder with {train,test}_{RGB,NI,TI}.json')
    parser.add_argument('--schema', default='person', help='person, vehicle or a YAML file')
    parser.add_argument('--out', type=Path, help='where the report goes (default: FOLDER/report)')
    parser.add_argument(
        '--identity',
        type=identity_pattern,
        default=r'^0*(\d+)',
        metavar='REGEX',
        help='report: where a picture name holds its identity',
    )
    parser.add_argument(
        '--dataset-config',
        metavar='CONFIG',
        help='audit: caption config whose dataset names the pictures to be captioned',
    )
    return parser


def load_settings(path: str, options: dict | None):
    """Read a caption config.

    Args:
        path: a Python file.
        options: entries to change, as ``--cfg-options`` gives them.

    Raises:
        FileNotFoundError: no such file.
        ValueError: the file cannot be read, or an entry is wrong; the text names it.
    """
    from mmengine.config import Config

    from next_mm.captioning.settings import parse_settings

    if not Path(path).is_file():
        raise FileNotFoundError(f'{path}: no such config file')
    try:
        config = Config.fromfile(path, import_custom_modules=False)
    except SyntaxError as error:
        raise ValueError(f'{path}: not valid Python: {error}') from error
    if options:
        config.merge_from_dict(options)
    return parse_settings(config.to_dict(), path)


def run_config(arguments: argparse.Namespace) -> int:
    """Run the stages; the exit code is 3 where the run stopped early, 1 where it came to its end but pictures could not be used."""
    from next_mm.captioning.attributes_stage import Selection
    from next_mm.captioning.pipeline import CaptionRun

    settings = load_settings(arguments.config, arguments.cfg_options)
    run = CaptionRun(
        settings,
        Selection(arguments.limit, arguments.shard, arguments.retry_failed),
        arguments.budget,
        arguments.absorb,
    )
    if arguments.dry_run:
        run.dry_run()
        return 0
    stopped = run.run(choose_stages(arguments.stages, arguments.shard))
    return 3 if stopped else int(bool(run.problems))


def choose_stages(named: list[str], shard: tuple[int, int]) -> tuple[str, ...]:
    """The stages to run, in their order; a share alone cannot be merged.

    Raises:
        ValueError: a name that is no stage, or a stage that takes all shares.
    """
    from next_mm.captioning.pipeline import STAGES

    strangers = set(named) - set(STAGES)
    if strangers:
        raise ValueError(f'unknown stage {sorted(strangers)[0]!r}; the stages are {", ".join(STAGES)}')
    if shard != (1, 1):
        if set(named) - {'attributes'}:
            raise ValueError(
                'with --shard only the stage attributes runs; bring the shares together with --absorb, then run the others'
            )
        return ('attributes',)
    return tuple(stage for stage in STAGES if stage in named) if named else STAGES


def look_at_folder(arguments: argparse.Namespace) -> int:
    """Audit or report; an audit that finds something exits with 1."""
    from next_mm.captioning.schema import load_schema

    schema = load_schema(arguments.schema)
    if arguments.what == 'report':
        from next_mm.captioning.report import write_folder_report

        print(
            'report:',
            write_folder_report(
                arguments.folder, schema, arguments.out or arguments.folder / 'report', arguments.identity
            ),
        )
        return 0
    from next_mm.captioning.audit import audit_folder, print_audit

    expected = load_settings(arguments.dataset_config, None) if arguments.dataset_config else None
    return print_audit(audit_folder(arguments.folder, schema, expected))


def main(argv: list[str]) -> int:
    """Command line; a user's mistake is one line of text, not a traceback."""
    on_folder = bool(argv) and argv[0] in ('audit', 'report')
    arguments = (folder_parser() if on_folder else run_parser()).parse_args(argv)
    try:
        return look_at_folder(arguments) if on_folder else run_config(arguments)
    except (ValueError, OSError) as error:
        print(f'error: {error}', file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print('Stopped: interrupted.', file=sys.stderr)
        return 3


if __name__ == '__main__':
    sys.exit(main(sys.argv[1:]))
