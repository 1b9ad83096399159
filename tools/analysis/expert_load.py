"""Tokens that each semantic expert takes from each modality of the test set (Fig. 6).

python tools/analysis/expert_load.py work_dirs/a/epoch_16.pth work_dirs/b/epoch_16.pth --labels 'p = 60 %' 'p = 75 %'
"""

import argparse

from next_mm.utils.command_line import command_line


@command_line
def main() -> None:
    """Draw ``expert_load.png`` and ``.pdf``, and write the table beside them."""
    from next_mm.analysis import command_line as line

    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    line.add_arguments(parser, several=True)
    args = parser.parse_args()
    from next_mm.analysis.tables import Table
    from next_mm.apis import build_test_loader, predict
    from next_mm.methods.next.figures.expert_load import (
        LOAD_HEADER,
        draw_expert_load,
        expert_load_rows,
        measure_expert_load,
    )
    from next_mm.visualization.style import paper_style, save_figure

    runs = line.load_runs(args)
    out_dir = line.output_folder(args.out_dir, runs)
    loads = {
        run.label: measure_expert_load(run.model, predict(run.model, build_test_loader(run.cfg), run.label))
        for run in runs
    }
    rows, columns = runs[0].model.backbone.grid
    title = 'Tokens taken from a triplet by each semantic expert'
    table = Table(title, list(LOAD_HEADER), expert_load_rows(loads))
    table.write(out_dir / 'expert_load')
    print(table.markdown())
    with line.open_visualizer(runs[0].cfg, out_dir) as visualizer, paper_style():
        figure = draw_expert_load(loads, rows * columns)
        print(*save_figure(figure, out_dir / 'expert_load', visualizer), sep='\n')


if __name__ == '__main__':
    main()
