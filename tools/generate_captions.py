"""Generate captions from pictures with multi-modal LLMs, or look at captions that are there.

python tools/generate_captions.py CONFIG [attributes] [merge] [compose] [report] [options]   # no stage: all
python tools/generate_captions.py audit FOLDER [--schema person|vehicle] [--dataset-config CONFIG]
python tools/generate_captions.py report FOLDER [--schema person|vehicle] [--out FOLDER]
"""

from __future__ import annotations

import argparse
import importlib.util
import re
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from next_mm.errors import ConfigError, UserError
from next_mm.utils.command_line import add_cfg_options, command_line_with

if TYPE_CHECKING:
    from next_mm.captioning.context import Services
    from next_mm.captioning.settings import CaptionSettings

DONE, INCOMPLETE, NOT_RUN, STOPPED = range(4)
"""Exit codes: all well; at its end, but pictures have no answer or cannot be read; nothing could be run; stopped early.
"""


def parse_shard(text: str) -> tuple[int, int]:
    """``i/n`` with i from 1 to n."""
    try:
        index, count = map(int, text.split('/'))
    except ValueError:
        raise argparse.ArgumentTypeError(f'expected i/n such as 1/4, got {text!r}') from None
    if not 1 <= index <= count:
        raise argparse.ArgumentTypeError(f'expected 1 <= i <= n, got {text!r}')
    return index, count


def positive(kind: Callable[[str], float]) -> Callable[[str], float]:
    """An argument type: a finite number of ``kind`` above 0."""

    def parse(text: str) -> float:
        try:
            number = kind(text)
        except ValueError:
            raise argparse.ArgumentTypeError(f'expected a number, got {text!r}') from None
        if not 0 < number < float('inf'):
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
    add_cfg_options(parser)
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
        help='caption config whose dataset names the pictures: audit compares with it, report shows ten of them',
    )
    return parser


def load_settings(path: str, options: dict[str, Any] | None) -> CaptionSettings:
    """Read a caption config.

    Args:
        path: a Python file, or one of the project's own (``configs/captions/...``) from anywhere.
        options: entries to change, as ``--cfg-options`` gives them.

    Raises:
        FileNotFoundError: no such file.
        ConfigError: it cannot be read, or an entry is wrong; the text names it.
    """
    from mmengine.config import Config

    from next_mm.captioning.settings import parse_settings
    from next_mm.utils.files import find_config

    file = find_config(path)
    try:
        config = Config.fromfile(str(file), import_custom_modules=False)
    except SyntaxError as error:
        raise ConfigError(f'{path}: not valid Python: {error}') from error
    except Exception as error:  # a config is a program of the user's, and so is whatever goes wrong in it
        raise ConfigError(f'{path}: reading this config ended with {type(error).__name__}: {error}') from error
    try:
        config.merge_from_dict(options or {})
    except (AssertionError, AttributeError, IndexError, KeyError, TypeError) as error:
        raise ConfigError(f'--cfg-options: one of {list(options or ())} leads nowhere ({error})') from error
    return parse_settings(config.to_dict(), path)


def run_config(arguments: argparse.Namespace, services: Services | None) -> int:
    """Run the stages; returns the exit code."""
    from next_mm.captioning.context import Services
    from next_mm.captioning.pipeline import CaptionRun
    from next_mm.captioning.store import Selection

    run = CaptionRun(
        load_settings(arguments.config, arguments.cfg_options),
        Selection(arguments.limit, arguments.shard, arguments.retry_failed),
        arguments.budget,
        arguments.absorb,
        services or Services(),
    )
    if arguments.dry_run:
        run.dry_run()
        return DONE
    outcome = run.run(choose_stages(arguments.stages, arguments.shard))
    return STOPPED if outcome.stopped else DONE if outcome.complete else INCOMPLETE


def choose_stages(named: list[str], shard: tuple[int, int]) -> tuple[str, ...]:
    """The stages to run, in their order; a share alone cannot be merged.

    Raises:
        UserError: a name that is no stage, or a stage that takes all shares.
    """
    from next_mm.captioning.pipeline import STAGES

    unknown = sorted(set(named) - set(STAGES))
    if unknown:
        raise UserError(f'unknown stage {unknown[0]!r}; the stages are {", ".join(STAGES)}')
    if shard != (1, 1):
        if set(named) - {'attributes'}:
            raise UserError(
                'with --shard only the stage attributes runs; '
                'bring the shares together with --absorb, then run the others'
            )
        return ('attributes',)
    return tuple(stage for stage in STAGES if stage in named or not named)


def look_at_folder(arguments: argparse.Namespace) -> int:
    """Audit or report; an audit that finds something exits with 1."""
    from next_mm.captioning.attributes.schema import load_schema

    schema = load_schema(arguments.schema)
    expected = load_settings(arguments.dataset_config, None) if arguments.dataset_config else None
    if arguments.what == 'report':
        from next_mm.captioning.report import write_folder_report

        out = arguments.out or arguments.folder / 'report'
        print('report:', write_folder_report(arguments.folder, schema, out, arguments.identity, expected))
        return DONE
    from next_mm.captioning.report.audit import audit_folder, print_audit

    return print_audit(audit_folder(arguments.folder, schema, expected))


def require_extra() -> None:
    """See that what captions need beside the rest is installed.

    Raises:
        UserError: it is not.
    """
    missing = [name for name in ('aiohttp', 'filelock') if importlib.util.find_spec(name) is None]
    if missing:
        raise UserError(f'{" and ".join(missing)} not installed; captions need: pip install -e ".[captions]"')


@command_line_with(mistaken=NOT_RUN, interrupted=STOPPED)
def main(argv: list[str], services: Services | None = None) -> int:
    """Command line.

    Args:
        argv: the words behind the program's name.
        services: lister, token counter and endpoints, where they are not the usual ones.
    """
    on_folder = bool(argv) and argv[0] in ('audit', 'report')
    arguments = (folder_parser() if on_folder else run_parser()).parse_args(argv)
    if on_folder:
        return look_at_folder(arguments)
    require_extra()
    return run_config(arguments, services)


if __name__ == '__main__':
    sys.exit(main(sys.argv[1:]))
