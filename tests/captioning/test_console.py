"""What strangers write reaches the terminal as text."""

from __future__ import annotations

import io
from pathlib import Path

from rich.console import Console

from next_mm.captioning.console import RunProgress, print_table, say
from next_mm.captioning.llm.limits import Budget
from tests.captioning.conftest import Serve, make_dataset, run_tool, write_config

HOSTILE = 'a [/INST] [red] \x1b]0;title\x07\x1b[2J \u202e b'
SHOWN = r'a [/INST] [red] \x1b]0;title\x07\x1b[2J \u202e b'


def test_text_is_neither_markup_nor_command() -> None:
    for terminal in (False, True):
        output = io.StringIO()
        console = Console(file=output, width=200, force_terminal=terminal, color_system=None)
        say(console, HOSTILE)
        print_table(console, HOSTILE, ('what', '[/b]'), [(HOSTILE, 1)])
        with RunProgress({HOSTILE: 2}, Budget(None), console) as progress:
            progress.advance(HOSTILE)
        text = output.getvalue()
        assert text.count(SHOWN) >= 2 and '\x1b]0' not in text and '\x1b[2J' not in text and '\u202e' not in text


def test_names_of_pictures_and_errors_of_servers(tmp_path: Path, serve: Serve) -> None:
    data = make_dataset(tmp_path / 'RGBNT201', 8)
    first = next((data / 'train_171/RGB').iterdir())
    for modality in ('RGB', 'NI', 'TI'):
        folder = data / 'train_171' / modality
        (folder / first.name).rename(folder / f'\x1b[2J[red]{first.name}')
    (data / 'train_171/RGB' / f'\x1b[2J[red]{first.name}').write_bytes(b'')
    url, _ = serve({'*': ['markup_and_escapes'] * 9})
    output = run_tool(write_config(tmp_path, data, url, models=('m [/x]',), max_attempts=1), 'attributes', code=3)
    assert '\x1b' not in output
    assert r'\x1b[2J[red]' in output and r'expected [/INST] \x1b]0;title\x07\x1b[2J' in output
    assert output.rstrip().splitlines()[-1].startswith('Stopped: m [/x]: 10 questions in a row failed')
