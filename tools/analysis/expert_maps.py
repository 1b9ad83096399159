"""What the experts look at: sampling masks and structure weights over the pictures (Fig. 9).

python tools/analysis/expert_maps.py work_dirs/next_synthetic/epoch_16.pth --samples 3
"""

import argparse

from next_mm.utils.command_line import command_line


@command_line
def main() -> None:
    """Draw ``expert_maps.png`` and ``expert_maps.pdf``."""
    from next_mm.analysis import command_line as line

    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    line.add_arguments(parser, several=False)
    parser.add_argument('--samples', type=int, default=3, help='triplets, of different identities (default: 3)')
    parser.add_argument('--names', nargs='+', help='these triplets instead, by name')
    args = parser.parse_args()
    from next_mm.apis import build_test_loader
    from next_mm.methods.next.figures.expert_maps import draw_expert_views
    from next_mm.methods.next.figures.expert_views import choose_samples, collect_views
    from next_mm.visualization.style import paper_style, save_figure

    (run,) = line.load_runs(args)
    out_dir = line.output_folder(args.out_dir, [run])
    dataset = build_test_loader(run.cfg).dataset
    views = collect_views(run.model, dataset, choose_samples(dataset, args.samples, args.names))
    with line.open_visualizer(run.cfg, out_dir) as visualizer, paper_style():
        figure = draw_expert_views(views)
        print(*save_figure(figure, out_dir / 'expert_maps', visualizer), sep='\n')


if __name__ == '__main__':
    main()
