"""The lines of docs/train.md for Weights & Biases and MLflow bring a training's numbers there."""

from __future__ import annotations

import re
import sys
from pathlib import Path
from unittest.mock import MagicMock

import pytest

from next_mm.apis import load_config, train
from tests.toys import toy_config

ROOT = Path(__file__).parents[2]


def documented_backends(tmp_path: Path) -> list[dict]:
    """The visualizer's backends of the config that the document shows."""
    text = (ROOT / 'docs' / 'train.md').read_text(encoding='utf-8')
    (snippet,) = [part for part in re.findall(r'```python\n(.*?)```', text, re.DOTALL) if 'WandbVisBackend' in part]
    path = tmp_path / 'tracked.py'
    path.write_text(snippet.replace("'next_rgbnt201.py'", repr(str(ROOT / 'configs' / 'next_rgbnt201.py'))))
    return [dict(backend) for backend in load_config(path).visualizer.vis_backends]


def test_scalars_and_config_reach_both(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    wandb, mlflow = MagicMock(), MagicMock()  # the packages need a server, or an account
    monkeypatch.setitem(sys.modules, 'wandb', wandb)
    monkeypatch.setitem(sys.modules, 'mlflow', mlflow)
    backends = documented_backends(tmp_path)
    assert [backend['type'] for backend in backends][-2:] == ['WandbVisBackend', 'MLflowVisBackend']
    train(toy_config(tmp_path / 'run', visualizer__vis_backends=backends))
    assert wandb.init.call_args.kwargs['project'] == 'next-mm'
    logged = {name for call in wandb.log.call_args_list for name in call.args[0]}
    assert {'loss', 'lr', 'reid/mAP'} <= logged
    assert mlflow.set_experiment.call_args.args == ('next-mm',)
    assert {'loss', 'reid/mAP'} <= {call.args[0] for call in mlflow.log_metric.call_args_list} | {
        name for call in mlflow.log_metrics.call_args_list for name in call.args[0]
    }
