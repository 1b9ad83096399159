"""A run as one self-contained HTML page: results, curves, pictures, configuration, environment."""

from __future__ import annotations

import base64
import io
import re
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import cv2
from jinja2 import Environment, PackageLoader
from markupsafe import Markup
from matplotlib import pyplot as plt
from matplotlib.figure import Figure
from mmengine.config import Config

from next_mm.analysis.run_logs import (
    METRICS,
    RunLog,
    find_config,
    find_pictures,
    log_folders,
    read_environment,
    read_run_log,
    run_name,
)
from next_mm.analysis.studies import is_synthetic
from next_mm.errors import ConfigError, DataError
from next_mm.triplet import MODALITIES
from next_mm.visualization.style import COLOURS, MODALITY_COLOURS, paper_style

LINES = ('-', '--', ':', '-.')
MAX_WIDTH = 1600
"""Pictures wider than this are shrunk before they go into the page, pixels."""


def write_report(work_dir: str | Path, out: str | Path | None = None, max_pictures: int = 24) -> Path:
    """Write the page of a run.

    Args:
        work_dir: the run's work directory.
        out: the page; ``report.html`` in the work directory by default.
        max_pictures: how many pictures go into it.

    Raises:
        FileNotFoundError: ``work_dir`` is not the work directory of a run.
        ConfigError: its configuration has no model.
    """
    work_dir = Path(work_dir)
    log = read_run_log(work_dir)
    config_path = find_config(work_dir)
    cfg = Config.fromfile(str(config_path), import_custom_modules=False)  # only read: nothing is built
    if cfg.get('model') is None:
        raise ConfigError(f'{config_path}: no model in it; is {work_dir} the work directory of a run?')
    pictures = find_pictures(work_dir)
    page = (
        Environment(loader=PackageLoader('next_mm.analysis', '.'), autoescape=True)
        .get_template('report.html.j2')
        .render(
            name=run_name(work_dir),
            model=cfg.model.type,
            dataset=_dataset(cfg),
            synthetic=is_synthetic(cfg),
            epochs=_progress(cfg, log),
            when=_when(work_dir),
            parts=('Results', 'Curves', 'Pictures', 'Configuration', 'Environment'),
            last={key: value for key, value in log.last().items() if key in METRICS},
            best=log.best(),
            results=log.results,
            curves=draw_curves(log),
            pictures=[
                {'name': str(path.relative_to(work_dir)), 'data': embed_picture(path)}
                for path in pictures[:max_pictures]
            ],
            left_out=max(0, len(pictures) - max_pictures),
            config_name=config_path.name,
            config=config_path.read_text(encoding='utf-8'),
            environment=read_environment(work_dir),
        )
    )
    path = Path(out) if out else work_dir / 'report.html'
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(page, encoding='utf-8')
    return path


def draw_curves(log: RunLog) -> list[Markup]:
    """Losses, metrics, learning rates, tokens of each expert and time of a step: one SVG for each that was logged."""
    losses = sorted({key for entry in log.train for key in entry if key.startswith('loss')})
    tokens = sorted({key for entry in log.epochs for key in entry if key.startswith('val_tokens/')})
    groups: list[tuple[str, str, str, list[str]]] = [
        ('Loss', 'iteration', '', losses),
        ('Test metrics', 'epoch', '%', ['mAP', 'R-1', 'mINP']),
        ('Accuracy on the training batches', 'iteration', '%', ['accuracy']),
        ('Learning rate', 'iteration', '', ['base_lr', 'lr']),
        ('Tokens taken by each expert', 'epoch', 'tokens', tokens),
        ('Time of a training step', 'iteration', 's', ['time', 'data_time']),
    ]
    drawn = []
    with paper_style():
        for title, step, unit, keys in groups:
            curves = {key.removeprefix('val_tokens/').replace('_', ' '): log.curve(key) for key in keys}
            curves = {key: curve for key, curve in curves.items() if curve[0]}
            if curves:
                drawn.append(_svg(_draw_curves(title, step, unit, curves)))
    return drawn


def _draw_curves(title: str, step: str, unit: str, curves: dict[str, tuple[list[float], list[float]]]) -> Figure:
    figure, axes = plt.subplots(figsize=(5.0, 3.0))
    for number, (key, (steps, values)) in enumerate(curves.items()):
        style, colour = _line(number, key)
        marker = 'o' if len(steps) < 15 else None
        axes.plot(steps, values, style, color=colour, label=key, linewidth=1.5, marker=marker, markersize=3.5)
    axes.set_title(title, loc='left')
    axes.set_xlabel(step)
    axes.set_ylabel(unit)
    axes.grid(alpha=0.3)
    if len(curves) > 4:
        figure.legend(loc='outside right center', fontsize=8)
    elif len(curves) > 1:
        axes.legend()
    return figure


def _line(number: int, key: str) -> tuple[str, str]:
    """Style and colour of a curve; those of the experts' tokens tell modality by colour and expert by style."""
    expert = re.fullmatch(r'expert(\d+) (\w+)', key)
    if expert:
        return LINES[(int(expert[1]) - 1) % len(LINES)], MODALITY_COLOURS[MODALITIES.index(expert[2])]
    return LINES[number // len(COLOURS) % len(LINES)], COLOURS[number % len(COLOURS)]


def _svg(figure: Figure) -> Markup:
    text = io.StringIO()
    figure.savefig(text, format='svg', metadata={'Date': None})
    svg = text.getvalue()
    return Markup(svg[svg.index('<svg') :])


def embed_picture(path: Path) -> str:
    """A picture as a ``data:`` address, shrunk to :data:`MAX_WIDTH`.

    Raises:
        DataError: it cannot be read.
    """
    picture = cv2.imread(str(path))
    if picture is None:
        raise DataError(f'{path} is not a readable picture')
    height, width = picture.shape[:2]
    if width > MAX_WIDTH:
        picture = cv2.resize(picture, (MAX_WIDTH, round(height * MAX_WIDTH / width)), interpolation=cv2.INTER_AREA)
    data = cv2.imencode('.png', picture)[1].tobytes()
    return 'data:image/png;base64,' + base64.b64encode(data).decode()


def _dataset(cfg: Config) -> str:
    dataset: dict[str, Any] = cfg.test_dataloader.dataset
    return f'{dataset["type"]} ({dataset["data_root"]})' if dataset.get('data_root') else dataset['type']


def _progress(cfg: Config, log: RunLog) -> str:
    done, wanted = log.last().get('step', 0), (cfg.get('train_cfg') or {}).get('max_epochs', 0)
    return f'epoch {int(done)} of {wanted}'


def _when(work_dir: Path) -> str:
    folders: Sequence[Path] = log_folders(work_dir)
    starts = [datetime.strptime(folder.name, '%Y%m%d_%H%M%S') for folder in folders]
    if not starts:
        return 'never started'
    return f'started {starts[0]:%d %B %Y, %H:%M}' + (f', resumed {len(starts) - 1} times' if len(starts) > 1 else '')
