"""Measure the caption pipeline against simulated models.

    python tools/benchmarks/captioning.py speed [--pictures 20000] [--latency 0.2] [--concurrency 64]
    python tools/benchmarks/captioning.py hostile [--rounds 3]
    python tools/benchmarks/captioning.py quality data/synthetic/RGBNT201/attributes.json [--models NAME NAME ...]

``speed`` asks a local server, in a process of its own, about tiny pictures and reports answers a second, peak memory,
and whether every process of the pipeline stayed under 500 MiB. ``hostile`` asks a server that does whatever a server
can do wrong, each wrong to pictures of its own, and reports what became of them, the money booked, and peak memory.
``quality`` compares simulated models, whose errors are known, with what merging and complementing make of them.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).parents[2]

MEMORY_LIMIT = 500
"""MiB that no process of the pipeline may pass, however many pictures there are."""


def make_pictures(root: Path, count: int) -> None:
    """Write ``count`` tiny pictures, all different, as triplets in RGBNT201's layout."""
    from PIL import Image

    picture = Image.effect_noise((64, 128), 60).convert('RGB')
    for index in range(-(-count // 3)):
        split = 'train_171' if index % 5 else 'test'
        for number, modality in enumerate(('RGB', 'NI', 'TI')):
            folder = root / split / modality
            if index < 6:
                folder.mkdir(parents=True, exist_ok=True)
            for bit in range(24):  # its number as black and white squares, which JPEG leaves apart
                grey = 255 * ((3 * index + number) >> bit & 1)
                picture.paste((grey, grey, grey), (bit % 8 * 8, bit // 8 * 8, bit % 8 * 8 + 8, bit // 8 * 8 + 8))
            path = folder / f'{index // 4 + 1:06d}_cam{index % 4 + 1}_0_{index % 4:02d}.jpg'
            picture.save(path, quality=75)


def start_server(latency: float) -> tuple[subprocess.Popen, str]:
    """Start the simulated models; returns the process and its base URL."""
    command = [sys.executable, '-m', 'next_mm.captioning.simulation.server', '--port', '0', '--latency', str(latency)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env={**os.environ, 'PYTHONPATH': str(ROOT)})
    return process, process.stdout.readline().split()[-1] + '/v1'


def measure_speed(arguments: argparse.Namespace) -> dict:
    """Run all stages and read rate and memory off their processes."""
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        make_pictures(root / 'RGBNT201', arguments.pictures)
        server, url = start_server(arguments.latency)
        model = dict(name='m', model='clothing-expert', base_url=url, max_concurrency=arguments.concurrency)
        config = root / 'config.py'
        config.write_text(
            f'dataset = dict(type="RGBNT201", data_root={str(root / "RGBNT201")!r})\nschema = "person"\nmodels = '
            f'[{model!r}]\n'
            f'store = {str(root / "store.sqlite")!r}\ncaptions = {str(root / "text")!r}\n'
        )
        try:
            began = time.monotonic()
            process = subprocess.Popen(
                [sys.executable, str(ROOT / 'tools/generate_captions.py'), str(config)],
                env={**os.environ, 'PYTHONPATH': str(ROOT)},
                stdout=subprocess.DEVNULL,
            )
            stages, lister = watch_memory(process)
            total = time.monotonic() - began
        finally:
            server.kill()
            server.wait()
            server.stdout.close()
        if process.returncode:
            raise SystemExit(f'the run failed with status {process.returncode}')
        usage = resource.getrusage(resource.RUSAGE_CHILDREN)
        return {
            'pictures': arguments.pictures,
            **read_rate(root / 'store.sqlite'),
            'ideal answers/s': arguments.concurrency / arguments.latency,
            'peak memory MiB, all stages': stages,
            'peak memory MiB, lister': lister,
            f'every process under {MEMORY_LIMIT} MiB': 'yes' if max(stages, lister) < MEMORY_LIMIT else 'NO',
            'CPU s, server included': usage.ru_utime + usage.ru_stime,
            'whole run s': total,
        }


def measure_hostile(arguments: argparse.Namespace) -> dict:
    """Run the attribute stage against every misbehaviour there is, and read answers, money and memory off it."""
    import sqlite3

    from next_mm.captioning.pictures import picture_key
    from next_mm.captioning.simulation.misbehaviour import MISBEHAVIOURS

    fatal = {'wrong_key', 'elsewhere', 'too_many_tomorrow'}  # they stop the run at once, as they should
    names = [name for name in MISBEHAVIOURS if name not in fatal] * arguments.rounds
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        make_pictures(
            root / 'RGBNT201', 6 * len(names)
        )  # as many answered well, so that no row of failures stops the run
        pictures = sorted((root / 'RGBNT201').rglob('*.jpg'))
        plan = {picture_key(path.read_bytes(), -1): [name] * 2 for path, name in zip(pictures[::6], names)}
        (root / 'plan.json').write_text(json.dumps(plan))
        command = [
            sys.executable,
            '-m',
            'next_mm.captioning.simulation.unruly',
            str(root / 'log'),
            str(root / 'plan.json'),
        ]
        server = subprocess.Popen(
            command, stdout=subprocess.PIPE, text=True, env={**os.environ, 'PYTHONPATH': str(ROOT)}
        )
        model = dict(
            name='m', model='m', base_url=server.stdout.readline().split()[-1] + '/v1', api_key_env='HOSTILE_KEY'
        )
        model |= dict(max_concurrency=16, max_attempts=2, timeout=10.0, price_input=1.0, price_output=1.0)
        config = root / 'config.py'
        config.write_text(
            f'dataset = dict(type="RGBNT201", data_root={str(root / "RGBNT201")!r})\n'
            f'schema = "person"\nmodels = [{model!r}]\n'
            f'store = {str(root / "store.sqlite")!r}\ncaptions = {str(root / "text")!r}\n'
        )
        try:
            process = subprocess.Popen(
                [sys.executable, str(ROOT / 'tools/generate_captions.py'), str(config), 'attributes'],
                env={**os.environ, 'PYTHONPATH': str(ROOT), 'HOSTILE_KEY': 'sk-hostile-5ecret-key'},
                stdout=subprocess.DEVNULL,
            )
            peak, lister = watch_memory(process)
        finally:
            server.kill()
            server.wait()
            server.stdout.close()
        asked = sum(line.startswith('asked') for line in (root / 'log').read_text().splitlines())
        with sqlite3.connect(root / 'store.sqlite') as db:
            states = dict(db.execute('SELECT status, COUNT(*) FROM answers GROUP BY status'))
            booked, cost, least = db.execute('SELECT COUNT(*), TOTAL(cost), MIN(cost) FROM requests').fetchone()
        return {
            'misbehaviours': len(set(names)),
            'pictures': len(pictures),
            **{f'answers {status}': count for status, count in sorted(states.items())},
            'pictures without any state': len(pictures) - sum(states.values()),
            'requests at the server': asked,
            'requests booked': booked,
            'US dollars': cost,
            'least cost of a request': least,
            'exit code': process.returncode,
            'peak memory MiB': peak,
            'peak memory MiB, lister': lister,
            f'every process under {MEMORY_LIMIT} MiB': 'yes' if max(peak, lister) < MEMORY_LIMIT else 'NO',
        }


def watch_memory(process: subprocess.Popen) -> tuple[float, float]:
    """Wait for a process; returns the peak of its resident memory and the largest of the processes that it
    starts, in MiB (Linux)."""
    own = others = 0.0
    while process.poll() is None:
        own = max(own, read_peak(process.pid))
        for children in Path(f'/proc/{process.pid}/task').glob('*/children'):
            others = max([others, *(read_peak(int(child)) for child in children.read_text().split())])
        time.sleep(0.05)
    return own, others


def read_peak(process_id: int) -> float:
    """Peak of a process's resident memory so far, in MiB; 0 where it has ended."""
    try:
        lines = Path(f'/proc/{process_id}/status').read_text().splitlines()
    except (FileNotFoundError, ProcessLookupError):
        return 0.0
    return max([0.0, *(int(line.split()[1]) / 1024 for line in lines if line.startswith('VmHWM'))])


def read_rate(store: Path) -> dict:
    """Answers a second between the first and the last answer in a store."""
    import sqlite3

    with sqlite3.connect(store) as db:
        count, first, last = db.execute(
            "SELECT COUNT(*), MIN(at), MAX(at) FROM requests WHERE outcome='complete'"
        ).fetchone()
    return {'answers': count, 'answers/s': (count - 1) / (last - first)}


class Score:
    """Answers against the truth: unknown, right, wrong."""

    def __init__(self) -> None:
        self.total = self.unknown = self.right = 0

    def add(self, value: str | None, true: str) -> None:
        """Count one answer."""
        self.total += 1
        self.unknown += value is None
        self.right += value == true

    def columns(self) -> list[float | None]:
        """Percent unknown, percent right of all, percent right of what is stated; None where
        there is nothing to count."""
        told = self.total - self.unknown
        return [
            100 * part / whole if whole else None
            for part, whole in ((self.unknown, self.total), (self.right, self.total), (self.right, told))
        ]


def measure_quality(arguments: argparse.Namespace) -> dict[str, dict[tuple[str, str], Score]]:
    """Simulate the models on every picture of a dataset whose truth is known, merge, complement, and score every step.

    Returns:
        step (a model, merged, complemented) -> (modality, attribute) -> score.
    """
    from next_mm.captioning import complement_modalities, load_schema, merge_models, parse_answer
    from next_mm.captioning.simulation import BEHAVIOURS, simulate_answer
    from next_mm.captioning.simulation.truth import read_truth

    schema = load_schema(arguments.schema)
    triplets: dict[tuple[str, str], dict] = {}
    for picture in read_truth(arguments.truth):
        triplets.setdefault((picture.split, picture.item), {})[picture.modality] = picture
    scores: dict[str, dict[tuple[str, str], Score]] = {}

    def score(step: str, pictures: dict, sets: dict) -> None:
        for modality, attributes in sets.items():
            for name, observation in attributes.items():
                true = pictures[modality].attributes.get(name)
                if true is not None:
                    scores.setdefault(step, {}).setdefault((modality, name), Score()).add(observation.value, true)

    for pictures in triplets.values():
        answers: dict[str, list] = {}
        for modality, picture in pictures.items():
            for model in arguments.models:
                text = json.dumps(
                    simulate_answer(
                        BEHAVIOURS[model],
                        picture.attributes,
                        modality,
                        schema,
                        f'{model} {picture.split}/{picture.item} {modality}',
                    )
                )
                answers.setdefault(modality, []).append(parse_answer(text, schema, modality, model).attributes)
        for index, model in enumerate(arguments.models):
            score(model, pictures, {m: said[index] for m, said in answers.items()})
        merged = {m: merge_models(said) for m, said in answers.items()}
        score('merged', pictures, merged)
        score('complemented', pictures, complement_modalities(merged, schema))
    return scores


def quality_rows(scores: dict[str, dict[tuple[str, str], Score]]) -> list[dict]:
    """All attributes, by modality, by attribute; percents of each step, None where there is nothing to count."""
    cells = list(next(iter(scores.values())))
    groups = {
        'all': cells,
        **{m: [c for c in cells if c[0] == m] for m in dict.fromkeys(m for m, _ in cells)},
        **{n: [c for c in cells if c[1] == n] for n in dict.fromkeys(n for _, n in cells)},
    }
    rows = []
    for label, members in groups.items():
        row: dict = {'of': label}
        for step, by_cell in scores.items():
            total = Score()
            for cell in members:
                part = by_cell[cell]
                total.total, total.unknown, total.right = (
                    total.total + part.total,
                    total.unknown + part.unknown,
                    total.right + part.right,
                )
            row |= {
                f'{step}: {kind}': value
                for kind, value in zip(('unknown', 'right of all', 'right of stated'), total.columns())
            }
        rows.append(row)
    return rows


def print_quality(steps: list[str], rows: list[dict]) -> None:
    """One table (Markdown)."""
    print('percent: unknown / right of all / right of what is stated\n')
    print('| | ' + ' | '.join(steps) + ' |\n|---|' + '---|' * len(steps))
    for row in rows:
        label, *values = ('-' if value is None else value for value in row.values())
        shown = [f'{value:.1f}' if isinstance(value, float) else value for value in values]
        print(
            f'| {label} | '
            + ' | '.join(' / '.join(shown[start : start + 3]) for start in range(0, len(shown), 3))
            + ' |'
        )


def write(title: str, rows: list[dict], arguments: argparse.Namespace) -> None:
    """Write the rows as the other benchmarks do."""
    if arguments.out is not None:
        import common  # only here: it loads torch, which no caption needs

        arguments.device, arguments.threads = 'cpu', os.cpu_count()
        common.write([{'title': title, 'rows': rows}], arguments)


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = parser.add_subparsers(dest='command', required=True)
    speed = commands.add_parser('speed')
    speed.add_argument('--pictures', type=int, default=20000)
    speed.add_argument('--latency', type=float, default=0.2)
    speed.add_argument('--concurrency', type=int, default=64)
    hostile = commands.add_parser('hostile')
    hostile.add_argument('--rounds', type=int, default=3, help='pictures that each wrong is done to')
    quality = commands.add_parser('quality')
    quality.add_argument('truth', type=Path)
    quality.add_argument('--schema', default='person')
    quality.add_argument('--models', nargs='+', default=['clothing-expert', 'accessory-expert'])
    for command in (speed, hostile, quality):
        command.add_argument('--out', type=Path, help='JSON file to write')
    arguments = parser.parse_args()
    if arguments.command == 'quality':
        scores = measure_quality(arguments)
        rows = quality_rows(scores)
        print_quality(list(scores), rows)
        write('Captions, quality', rows, arguments)
        return
    result = measure_speed(arguments) if arguments.command == 'speed' else measure_hostile(arguments)
    for name, value in result.items():
        shown = value if isinstance(value, str) else f'{value:,.1f}' if isinstance(value, float) else f'{value:,}'
        print(f'{name:36} {shown}')
    write(f'Captions, {arguments.command}', [result], arguments)


if __name__ == '__main__':
    main()
