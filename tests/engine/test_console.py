"""The console of a run: long reports cut, what mmengine says about itself left out; the log file has all."""

from __future__ import annotations

from pathlib import Path

import pytest
from mmengine.logging import MMLogger

from next_mm.engine.console import shorten_console


def test_the_console_is_short_and_the_log_file_whole(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    logger = MMLogger('test_console', log_file=str(tmp_path / 'run.log'), log_level='INFO')
    shorten_console(logger)
    long = 'Config:\n' + '\n'.join(f'line {number}' for number in range(300))
    logger.info(long)
    logger.warning('Careful:\n' + long)
    logger.warning('"FileClient" will be deprecated in future. Please use io functions')
    logger.info('mAP 12.5')
    for handler in logger.handlers:
        handler.flush()
    console = capsys.readouterr().out
    assert '(301 lines, in the log file)' in console and 'mAP 12.5' in console and 'FileClient' not in console
    assert console.count('line 299') == 1  # in the warning, which is not cut
    whole = (tmp_path / 'run.log').read_text()
    assert whole.count('line 299') == 2 and 'FileClient' in whole
