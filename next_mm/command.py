"""The one command of an installed next_mm: ``next-mm train configs/next_rgbnt201.py`` runs ``tools/train.py``."""

from __future__ import annotations

import sys
from pathlib import Path
from types import ModuleType

from next_mm import __version__
from next_mm.utils.options import did_you_mean

__all__ = ['COMMANDS', 'find_tools', 'main']

COMMANDS = {
    'train': ('train.py', 'train a model'),
    'test': ('test.py', 'test a checkpoint'),
    'check-dataset': ('check_dataset.py', 'check the data of a config'),
    'browse-dataset': ('browse_dataset.py', 'show augmented triplets with their captions'),
    'print-config': ('print_config.py', 'print a config with all that it inherits'),
    'list-methods': ('list_methods.py', 'list the methods'),
    'convert': ('convert_checkpoint.py', "convert an authors' checkpoint"),
    'pack': ('pack_model.py', 'pack a trained model into one folder'),
    'extract': ('extract_features.py', 'extract features of many triplets'),
    'gallery': ('gallery.py', 'add to a gallery, search it, delete from it'),
    'calibrate': ('calibrate.py', 'find thresholds for a gallery'),
    'export': ('export.py', 'export a model to ONNX'),
    'serve': ('serve.py', 'serve a model and a gallery over HTTP'),
    'page': ('search_page.py', 'serve a web page to search a gallery'),
    'captions': ('generate_captions.py', 'write captions with multi-modal LLMs'),
    'study': ('run_study.py', 'run a study of several trainings'),
    'report': ('report.py', 'write the report of a run'),
}
"""Name to tool and what it does."""


def find_tools() -> Path:
    """Return the folder of the tools: in the wheel inside the package, in a clone beside it."""
    inside = Path(__file__).parent / 'tools'
    return inside if inside.is_dir() else Path(__file__).parents[1] / 'tools'


def main() -> None:
    """Run the tool that the first argument names."""
    words = sys.argv[1:]
    if words == ['--version']:
        sys.stdout.write(f'next-mm {__version__}\n')
        return
    if not words or words[0] in ('-h', '--help'):
        sys.stdout.write(usage())
        return
    if words[0] not in COMMANDS:
        raise SystemExit(f'next-mm: unknown command {words[0]!r}{did_you_mean(words[0], COMMANDS)}\n{usage()}')
    tool = find_tools() / COMMANDS[words[0]][0]
    sys.argv = [f'next-mm {words[0]}', *words[1:]]
    run_tool(tool)


def run_tool(tool: Path) -> None:
    """Run a tool as the main program; unlike ``runpy``, which names it by its file, this leaves ``sys.argv`` alone."""
    program = ModuleType('__main__')
    program.__file__ = str(tool)
    sys.modules['__main__'] = program  # worker processes and pickles ask for it by this name
    exec(compile(tool.read_bytes(), str(tool), 'exec'), vars(program))


def usage() -> str:
    """Return the list of commands."""
    lines = [f'  {name:16}{text}' for name, (_, text) in COMMANDS.items()]
    return '\n'.join(['usage: next-mm COMMAND ...', '', *lines, '', 'next-mm COMMAND --help says more.', ''])


if __name__ == '__main__':
    main()
