"""What the same queries find with each of several checkpoints (Fig. 10, 11): right and wrong
framed, all three modalities.

python tools/analysis/rank_list.py work_dirs/a/epoch_16.pth work_dirs/b/epoch_16.pth --labels baseline NEXT --queries 4
"""

import argparse

from next_mm.utils.command_line import command_line


@command_line
def main() -> None:
    """Draw one ``rank_list_<query>.png`` and ``.pdf`` a query, the checkpoints below each other."""
    from next_mm.analysis import command_line as line

    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    line.add_arguments(parser, several=True)
    parser.add_argument(
        '--queries', type=int, default=4, help="queries, from the first run's worst to its best (default: 4)"
    )
    parser.add_argument('--names', nargs='+', help='these queries instead, by name')
    parser.add_argument('--topk', type=int, default=10, help='gallery entries a query (default: 10)')
    args = parser.parse_args()
    from next_mm.analysis.figures.rank_lists import compare_rank_lists

    runs = line.load_runs(args)
    out_dir = line.output_folder(args.out_dir, runs)
    with line.open_visualizer(runs[0].cfg, out_dir) as visualizer:
        for path in compare_rank_lists(runs, out_dir, args.queries, args.names, args.topk, visualizer):
            print(path)


if __name__ == '__main__':
    main()
