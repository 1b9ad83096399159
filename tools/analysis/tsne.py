"""t-SNE of features by identity, several checkpoints side by side (Fig. 7).

python tools/analysis/tsne.py work_dirs/a/epoch_16.pth work_dirs/b/epoch_16.pth --labels baseline NEXT
"""

import argparse

from next_mm.utils.command_line import command_line


@command_line
def main() -> None:
    """Draw ``tsne.png`` and ``tsne.pdf``."""
    from next_mm.analysis import command_line as line

    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    line.add_arguments(parser, several=True)
    parser.add_argument(
        '--identities', type=int, default=12, help='number of identities, those with most samples (default: 12)'
    )
    parser.add_argument('--seed', type=int, default=0, help='seed of t-SNE')
    args = parser.parse_args()
    from next_mm.analysis.figures.embedding import draw_embeddings
    from next_mm.apis import build_test_loader, extract_features
    from next_mm.visualization.style import paper_style, save_figure

    runs = line.load_runs(args)
    out_dir = line.output_folder(args.out_dir, runs)
    features = {run.label: extract_features(run.model, build_test_loader(run.cfg), run.label) for run in runs}
    with line.open_visualizer(runs[0].cfg, out_dir) as visualizer, paper_style():
        figure = draw_embeddings(features, args.identities, args.seed)
        print(*save_figure(figure, out_dir / 'tsne', visualizer), sep='\n')


if __name__ == '__main__':
    main()
