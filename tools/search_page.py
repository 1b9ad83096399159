"""Serve a web page to search a gallery, on this machine: http://127.0.0.1:7860 (projects/search_app)."""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path

from next_mm.utils.command_line import check_host, command_line

PASSWORD = 'NEXT_MM_PAGE_PASSWORD'

PICTURES = 'only pictures in this folder are shown; where the gallery has relative paths, they begin here (default: .)'


def parse_arguments() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('model', help='a pack, the folder of a run, or an exported .onnx file')
    parser.add_argument('gallery', help='a folder, or the address of a Milvus server')
    parser.add_argument('--pictures', type=Path, default=Path(), help=PICTURES)
    parser.add_argument(
        '--synthetic',
        type=Path,
        nargs='?',
        const=Path('data/synthetic'),
        metavar='FOLDER',
        help='first add the synthetic test data to the gallery (default: of data/synthetic), and find thresholds',
    )
    parser.add_argument('--host', default='127.0.0.1')
    parser.add_argument('--port', type=int, default=7860)
    return parser.parse_args()


@command_line
def main() -> None:
    """Load model and gallery, serve the page."""
    args = parse_arguments()
    sys.path.append(str(Path(__file__).parents[1]))  # projects/ lies beside tools/
    from next_mm.errors import ConfigError

    try:
        from projects.search_app.page import LAUNCH, build_page
    except ImportError as error:
        raise ConfigError(f'the page needs {error.name}: pip install "next-mm[web]"') from error
    from next_mm.apis.inference import ReIDInferencer
    from next_mm.gallery import Gallery
    from projects.search_app.starter import fill_gallery

    password = os.environ.get(PASSWORD)
    check_host(args.host, bool(password), f'set a password in {PASSWORD}')
    reid = ReIDInferencer(args.model)
    with Gallery.open(args.gallery, reid.space, who='page', create=args.synthetic is not None) as gallery:
        if args.synthetic is not None:
            fill_gallery(reid, gallery, args.synthetic)
        build_page(reid, gallery, args.pictures).launch(
            server_name=args.host,
            server_port=args.port,
            auth=('search', password) if password else None,
            **LAUNCH,
        )


if __name__ == '__main__':
    sys.exit(main())
