"""Histograms of the distances between same and different identities.

python tools/analysis/distances.py work_dirs/a/epoch_16.pth work_dirs/b/epoch_16.pth --labels baseline NEXT
"""

import argparse

from next_mm.utils.command_line import command_line


@command_line
def main() -> None:
    """Draw ``distances.png`` and ``distances.pdf``."""
    from next_mm.analysis import command_line as line

    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    line.add_arguments(parser, several=True)
    args = parser.parse_args()
    from next_mm.analysis.figures.distances import distance_histogram, draw_distances
    from next_mm.apis import build_test_loader, extract_features
    from next_mm.visualization.style import paper_style, save_figure

    runs = line.load_runs(args)
    out_dir = line.output_folder(args.out_dir, runs)
    histograms = {
        run.label: distance_histogram(extract_features(run.model, build_test_loader(run.cfg), run.label))
        for run in runs
    }
    with line.open_visualizer(runs[0].cfg, out_dir) as visualizer, paper_style():
        figure = draw_distances(histograms)
        print(*save_figure(figure, out_dir / 'distances', visualizer), sep='\n')


if __name__ == '__main__':
    main()
