"""Serve a model, and a gallery, over HTTP.

Tokens come from the environment: NEXT_MM_TOKENS='desk:<token>,robot:<token>'. Without any, only this machine is served.
"""

from __future__ import annotations

import argparse
import sys

from next_mm.utils.command_line import check_host, command_line


def parse_arguments() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('model', help='a pack, the folder of a run, or an exported .onnx file')
    parser.add_argument('--gallery', help='a folder, or the address of a Milvus server; created where it is absent')
    parser.add_argument('--host', default='127.0.0.1')
    parser.add_argument('--port', type=int, default=8080)
    parser.add_argument('--device', help='such as cuda:0, or openvino for an exported file')
    parser.add_argument('--dtype', default='float32', choices=['float32', 'bfloat16'])
    parser.add_argument('--max-body-mb', type=int, default=32, help='largest request body (default: 32)')
    parser.add_argument(
        '--max-batch', type=int, default=16, help='triplets that the model takes at a time (default: 16)'
    )
    parser.add_argument('--max-queue', type=int, default=64, help='triplets that may wait (default: 64)')
    return parser.parse_args()


@command_line
def main() -> None:
    """Load model and gallery, then serve with one process."""
    args = parse_arguments()
    from next_mm.errors import ConfigError

    try:
        import uvicorn

        from next_mm.service import ServiceOptions, create_app, read_tokens
    except ImportError as error:
        raise ConfigError(f'serving needs {error.name}: pip install "next-mm[serve]"') from error
    from next_mm.apis.inference import ReIDInferencer
    from next_mm.gallery import Gallery

    tokens = read_tokens()
    check_host(args.host, bool(tokens), 'set tokens in NEXT_MM_TOKENS')
    options = ServiceOptions(
        tokens=tokens, max_body=args.max_body_mb * 2**20, max_batch=args.max_batch, max_queue=args.max_queue
    )
    reid = ReIDInferencer(args.model, device=args.device, dtype=args.dtype, batch_size=args.max_batch)
    gallery = Gallery.open(args.gallery, reid.space, who='service') if args.gallery else None
    uvicorn.run(create_app(reid, gallery, options), host=args.host, port=args.port, workers=1, server_header=False)


if __name__ == '__main__':
    sys.exit(main())
