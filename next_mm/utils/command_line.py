"""What all command lines share: the arguments of a config, and how a program ends. Nothing here loads torch."""

from __future__ import annotations

import argparse
import ast
import getpass
import logging
import os
import sys
import traceback
from collections.abc import Callable
from functools import wraps
from typing import Any, ParamSpec, TypeVar

from mmengine.config import DictAction

from next_mm.errors import CheckpointError, ConfigError, UserError
from next_mm.utils.text import printable

__all__ = [
    'add_cfg_options',
    'add_config',
    'check_host',
    'command_line',
    'command_line_with',
    'find_caller',
    'parse_launched',
    'parse_value',
]

P = ParamSpec('P')
T = TypeVar('T')

_TOLD = (UserError, CheckpointError, OSError, FloatingPointError)
_FROM_WORKER = 'Caught '
_MISTAKEN, _INTERRUPTED = 1, 130


class ConfigOptions(DictAction):
    """The argument ``--cfg-options``: KEY=VALUE, any number of times; values as configs write them.

    Raises:
        argparse.ArgumentError: a word without ``=`` or without a key, or a value whose brackets do not close.
    """

    def __call__(
        self,
        parser: argparse.ArgumentParser,
        namespace: argparse.Namespace,
        values: Any,
        option_string: str | None = None,
    ) -> None:
        """Read the words."""
        for word in values or ():
            if not word.partition('=')[0] or '=' not in word:
                raise argparse.ArgumentError(self, f'expected KEY=VALUE, got {word!r}')
        options = dict(getattr(namespace, self.dest, None) or {})
        for word in values or ():
            key, _, text = word.partition('=')
            try:
                options[key] = parse_value(text)
            except ValueError as error:
                raise argparse.ArgumentError(self, f'{word}: {error}') from None
        setattr(namespace, self.dest, options)


def parse_value(text: str) -> Any:
    """Read a value as a config writes it, without running it; else as mmengine does.

    Numbers, texts, lists, ``dict(type='X')``, and dictionaries in lists too.

    Args:
        text: what stands behind ``=`` on the command line.

    Raises:
        ValueError: brackets that do not close.
    """
    try:
        return _value_of(ast.parse(text.strip(), mode='eval').body)
    except (SyntaxError, ValueError):
        pass  # words without quotes, such as a path or [a,b]
    problem = 'expected a value such as 3, text, [1,2], or "[dict(type=\'X\')]"'
    if text.startswith(('(', '[', '{')) and any(text.count(a) != text.count(b) for a, b in ('()', '[]', '{}')):
        raise ValueError(problem)
    try:
        return DictAction._parse_iterable(text)
    except (AssertionError, RecursionError):
        raise ValueError(problem) from None


def _value_of(node: ast.expr) -> Any:
    if isinstance(node, (ast.List, ast.Tuple)):
        items = [_value_of(item) for item in node.elts]
        return items if isinstance(node, ast.List) else tuple(items)
    if isinstance(node, ast.Dict):
        return {_value_of(key): _value_of(value) for key, value in zip(node.keys, node.values) if key is not None}
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == 'dict' and not node.args:
        return {str(keyword.arg): _value_of(keyword.value) for keyword in node.keywords}
    return ast.literal_eval(node)


def command_line(main: Callable[P, T]) -> Callable[P, T]:
    """Make a function the main function of a program: where its user is at fault, it ends with the
    message alone and status 1.

    That is so where config, data, checkpoint, a file or a diverging loss is at fault. An interrupt ends it with status
    130. Anything else keeps its traceback. With ``log_level='DEBUG'`` the log has that of a mistake too.
    """
    return command_line_with(_MISTAKEN, _INTERRUPTED)(main)


def command_line_with(mistaken: int, interrupted: int) -> Callable[[Callable[P, T]], Callable[P, T]]:
    """Like :func:`command_line`, for a program whose exit codes say more.

    Args:
        mistaken: status where the user is at fault.
        interrupted: status where the user interrupts it.
    """

    def decorate(main: Callable[P, T]) -> Callable[P, T]:
        @wraps(main)
        def run(*args: P.args, **kwargs: P.kwargs) -> T:
            try:
                return main(*args, **kwargs)
            except _TOLD as error:
                if 'mmengine.logging' in sys.modules:  # it loads torch; without it there is no log yet
                    from mmengine.logging import print_log

                    print_log(traceback.format_exc(), 'current', logging.DEBUG)
                text = f'error: {printable(_message(error))}'
                if mistaken != _MISTAKEN:
                    sys.stderr.write(f'{text}\n')
                raise SystemExit(text if mistaken == _MISTAKEN else mistaken) from error
            except KeyboardInterrupt:
                sys.stderr.write('Stopped: interrupted.\n')
                raise SystemExit(interrupted) from None

        return run

    return decorate


def add_config(parser: argparse.ArgumentParser, example: str = 'configs/next_rgbnt201.py') -> None:
    """Add the arguments of a program that reads one config: its path, and ``--cfg-options``."""
    parser.add_argument('config', help=f'config file, such as {example}')
    add_cfg_options(parser)


def add_cfg_options(parser: argparse.ArgumentParser, text: str = 'change config entries') -> None:
    """Add ``--cfg-options``, with the text of its help; without them the namespace has an empty dictionary."""
    parser.add_argument('--cfg-options', nargs='+', action=ConfigOptions, default={}, metavar='KEY=VALUE', help=text)


def parse_launched(parser: argparse.ArgumentParser, script: str) -> argparse.Namespace:
    """Parse the command line of a program that may run in several processes.

    Args:
        parser: gets ``--launcher``, and ``--local_rank``, which torch's launcher may give.
        script: the script that sets the launcher, for the help.
    """
    parser.add_argument(
        '--launcher', choices=['none', 'pytorch', 'slurm', 'mpi'], default='none', help=f'set by {script}'
    )
    parser.add_argument('--local_rank', '--local-rank', type=int, default=0, help=argparse.SUPPRESS)
    args = parser.parse_args()
    os.environ.setdefault('LOCAL_RANK', str(args.local_rank))
    return args


def find_caller() -> str:
    """Return the name of who runs the program, for an audit log; a number where the machine knows no name."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # a container's user without an entry in /etc/passwd; which one, depends on the Python
        return str(os.getuid())


def check_host(host: str, protected: bool, remedy: str) -> None:
    """Refuse to let other machines in without a secret.

    Args:
        host: what the program listens on.
        protected: whether who comes in must know a secret.
        remedy: what to do where there is none.

    Raises:
        ConfigError: other machines reach the host, and nothing protects it.
    """
    if not protected and host not in ('127.0.0.1', '::1', 'localhost'):
        raise ConfigError(f'--host {host} lets other machines in: {remedy} first')


def _message(error: Exception) -> str:
    """The text of an error, without what the data loader wraps around that of a worker."""
    if isinstance(error, OSError) and error.filename is not None and error.strerror:
        return f'{error.filename}: {error.strerror}'
    text = str(error)
    return text.rpartition(f'{type(error).__name__}: ')[2].strip() if text.startswith(_FROM_WORKER) else text
