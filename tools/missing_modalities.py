"""Test trained models with each modality missing (six cases and all), without captions, and with random gaps.

python tools/missing_modalities.py work_dirs/next_synthetic --out-dir work_dirs/analysis
"""

import argparse
import os
from pathlib import Path

from next_mm.utils.command_line import command_line


@command_line
def main() -> None:
    """Write ``missing_modalities.md``, ``.csv`` and ``.tex``."""
    from next_mm.analysis import command_line as line

    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    line.add_arguments(parser, several=True)
    parser.add_argument('--doc', type=Path, help='Markdown file whose block "missing-modalities" gets the table')
    parser.add_argument(
        '--gaps',
        type=float,
        default=0.3,
        help='how often a modality is missing at random (default: 0.3; 0: no such cases)',
    )
    parser.add_argument('--seed', type=int, default=0, help='of the random gaps')
    args = parser.parse_args()
    if not 0 <= args.gaps < 1:
        parser.error(f'--gaps: expected a number from 0 to below 1, got {args.gaps:g}')
    from next_mm.analysis.missing import evaluate_case, missing_cases, missing_table
    from next_mm.analysis.studies import is_synthetic
    from next_mm.analysis.tables import replace_block
    from next_mm.utils.machine import describe_machine

    runs = line.load_runs(args)
    results = []
    for run in runs:
        cases = missing_cases(run.model.reads_captions, args.gaps)
        results.append(
            (run.label, {case.missing: evaluate_case(run.cfg, run.model, case, args.seed) for case in cases})
        )
    synthetic = ', synthetic' if is_synthetic(runs[0].cfg) else ''
    table = missing_table(f'Missing modalities at test, %{synthetic}', results)
    print(table.markdown())
    print(*table.write(line.output_folder(args.out_dir, runs) / 'missing_modalities'), sep='\n')
    if args.doc:
        command = 'python tools/missing_modalities.py ' + ' '.join(os.path.relpath(run.checkpoint) for run in runs)
        replace_block(args.doc, 'missing-modalities', f'`{command}`; {describe_machine()}.\n\n{table.markdown()}')


if __name__ == '__main__':
    main()
