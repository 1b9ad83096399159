"""What the documents tell a user to type: commands, options, names of files, and Python."""

from __future__ import annotations

import ast
import itertools
import re
import shlex
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[1]
DOCUMENTS = [
    ROOT / 'README.md',
    ROOT / 'CONTRIBUTING.md',
    *sorted(ROOT.glob('docs/*.md')),
    *sorted(ROOT.glob('projects/*/README.md')),
]
CONFIGS = sorted(ROOT.glob('configs/**/*.py'))
TOOLS = [path for path in sorted(ROOT.glob('tools/**/*')) if path.suffix in ('.py', '.sh')]

# Programs that are not ours. How they are called is not checked, but a line that begins with another word is a mistake.
FOREIGN = (
    'codespell',
    'curl',
    'docker',
    'mypy',
    'next-mm',
    'ollama',
    'ruff',
    'source',
    'sphinx-build',
    'srun',
    'tensorboard',
    'torchrun',
    'vllm',
)
PROGRAMS = ('env', 'export', 'pip', 'pytest', 'python', 'python3', *FOREIGN)

_FENCE = re.compile(r'^```(\w*)\n(.*?)^```', re.MULTILINE | re.DOTALL)
_CODE = re.compile(r'(`+)((?:(?!`|\n\s*\n).)+)\1', re.DOTALL)
_VARIABLE = re.compile(r'[A-Z_]+=.*', re.DOTALL)
# Docstrings and headers of scripts show a usage: [options].
_OPTIONAL = re.compile(r' \[[^]]*\]')
_ENVIRONMENT = r'\s*(env( -u \w+)* |[A-Z_]+=\S+ )*'
# In prose, a span that is a program of ours with arguments; its name alone is no command.
_SPAN = re.compile(_ENVIRONMENT + r'(pip|pytest|python3?|[\w/]+\.(py|sh)) \S')
# Among the words of a comment, a line that begins with a program.
_LINE = re.compile(_ENVIRONMENT + r'(python3?|tools/\w+\.sh) \S')


@dataclass(frozen=True)
class Command:
    """One command, without what comes before the program.

    Attributes:
        place: the file, below the root, and the line.
        words: the program and its arguments; none where only variables are set.
        variables: ``NAME=value``, set for the command.
    """

    place: str
    words: tuple[str, ...]
    variables: tuple[str, ...] = ()

    def __str__(self) -> str:
        return f'{self.place}: {shlex.join([*self.variables, *self.words])}'


@dataclass(frozen=True)
class Passage:
    """A piece of a document: a fenced block of some language, or a span of code in the text
    (``language`` is ``None``)."""

    path: Path
    line: int
    language: str | None
    text: str

    @property
    def place(self) -> str:
        """Where it stands."""
        return f'{self.path.relative_to(ROOT)}:{self.line}'


def passages(path: Path, text: str | None = None) -> Iterator[Passage]:
    """The blocks and spans of code of a document, in no certain order."""
    text = path.read_text(encoding='utf-8') if text is None else text
    for match in _FENCE.finditer(text):
        yield Passage(path, text.count('\n', 0, match.start()) + 2, match[1], match[2])
    prose = _FENCE.sub(lambda match: '\n' * match[0].count('\n'), text)
    for match in _CODE.finditer(prose):
        yield Passage(path, prose.count('\n', 0, match.start()) + 1, None, ' '.join(match[2].split()))


def document_commands(path: Path) -> Iterator[Command]:
    """The commands of a Markdown file: every line of its shell blocks, and the spans of code
    that are whole commands."""
    for passage in passages(path):
        if passage.language is None:
            yield from _span_commands(passage)
        elif passage.language not in ('python', 'text'):
            lines = list(_joined(enumerate(passage.text.splitlines(), passage.line)))
            # A block without a language may be a list of files or a table.
            if passage.language == 'bash' or any(_is_command(_split(text)) for _, text in lines):
                for line, text in lines:
                    yield from _line_commands(path, line, text)


def comment_commands(path: Path) -> Iterator[Command]:
    """The commands of a Python file's docstring, or of the comment that a config or a shell script begins with."""
    text = path.read_text(encoding='utf-8')
    if path in CONFIGS or path.suffix == '.sh':
        text = '\n'.join(line[1:] for line in itertools.takewhile(lambda line: line.startswith('#'), text.splitlines()))
    else:
        text = ast.get_docstring(ast.parse(text)) or ''
    text = _OPTIONAL.sub('', text)
    for line, command in _joined(enumerate(text.splitlines(), 1)):
        if _LINE.match(command):
            yield from _line_commands(path, line, command)
    for passage in passages(path, text):
        yield from _span_commands(passage)


def option_names(path: Path) -> Iterator[tuple[str, str]]:
    """Place and name of each option in a span of code that begins with one, such as ``--limit 20``."""
    for passage in passages(path):
        if passage.language is None and passage.text.startswith('--'):
            for word in shlex.split(passage.text):
                if word.startswith('--'):
                    yield passage.place, word.partition('=')[0]


def file_names(path: Path) -> Iterator[Passage]:
    """Spans of code that name a file or folder of the repository, and links to files."""
    for passage in passages(path):
        if passage.language is None and re.fullmatch(
            r'(configs|docs|next_mm|projects|tests|tools)/[\w./*-]+', passage.text
        ):
            yield passage
    text = path.read_text(encoding='utf-8')
    for match in re.finditer(r'\]\(([^)#:]+)\)', text):
        target = (path.parent / match[1]).resolve()
        yield Passage(path, text.count('\n', 0, match.start()) + 1, None, str(target.relative_to(ROOT)))


def _span_commands(passage: Passage) -> Iterator[Command]:
    if _SPAN.match(passage.text):
        yield from _line_commands(passage.path, passage.line, passage.text)


def _line_commands(path: Path, line: int, text: str) -> Iterator[Command]:
    words: list[str] = []
    for word in [*_split(text), '&&']:
        if word != '&&':
            words.append(word)
        elif words:
            yield _command(f'{path.relative_to(ROOT)}:{line}', words)
            words = []


def _split(text: str) -> list[str]:
    """Words as a shell sees them, without its comment and the ``&`` at the end."""
    words = shlex.split(text.replace('$PWD', str(ROOT)), comments=True)
    return words[:-1] if words[-1:] == ['&'] else words


def _is_command(words: list[str]) -> bool:
    return bool(words) and (words[0] in PROGRAMS or words[0].startswith('tools/'))


def _command(place: str, words: list[str]) -> Command:
    if words[0] == 'env':
        words = words[1:]
        while words[0] == '-u':
            words = words[2:]
    if words[0] == 'export':
        return Command(place, (), tuple(words[1:]))
    variables = []
    while _VARIABLE.fullmatch(words[0]):
        variables.append(words[0])
        words = words[1:]
    return Command(place, tuple(words), tuple(variables))


def _joined(lines: Iterable[tuple[int, str]]) -> Iterator[tuple[int, str]]:
    """Lines with those that a backslash continues joined to them."""
    start, text = 0, ''
    for number, line in lines:
        start, text = start or number, text + line
        if not text.endswith('\\'):
            yield start, text
            start, text = 0, ''
        text = text.removesuffix('\\')
