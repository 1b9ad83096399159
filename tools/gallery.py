"""A gallery on the command line: add, search, list, delete, export."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

from next_mm.utils.command_line import command_line, find_caller

FOLDERS = {
    'add': 'of the files that tools/extract_features.py wrote',
    'export': 'to write the files to',
    'import': 'of an export',
}
PATTERNS = {'identity': '^([0-9]+)_', 'camera': 'cam([0-9]+)', 'tracklet': '_t([0-9]+)_'}
CONFLICT = 'what happens to an id that is there already (default: keep)'


def parse_arguments() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    commands = parser.add_subparsers(dest='command', required=True)
    for name, text in (
        ('add', 'add extracted features (tools/extract_features.py); creates the gallery'),
        ('search', 'search with the features of a file or of entries'),
        ('delete', 'delete entries; their bytes are gone from the disk'),
        ('stats', 'print the numbers of what is there'),
        ('compact', 'give disk space back'),
        ('center', 'centre the features once, so that scores of unrelated entries lie near 0'),
        ('export', 'write all entries to plain files'),
        ('import', 'add the entries of an export'),
        ('audit', 'print the audit log and check that it is unchanged'),
    ):
        command = commands.add_parser(name, help=text, description=text)
        command.add_argument('gallery', help='a folder, or the address of a Milvus server')
        if name in ('add', 'export', 'import'):
            command.add_argument('folder', type=Path, help=FOLDERS[name])
        if name in ('add', 'import'):
            command.add_argument('--on-conflict', choices=['error', 'replace', 'keep'], default='keep', help=CONFLICT)
        if name == 'add':
            command.add_argument('--camera')
            command.add_argument('--tracklet')
            command.add_argument('--identity')
            command.add_argument('--time', help='such as 2026-05-01T12:30:00 (UTC)')
            for key, example in PATTERNS.items():
                text = f'expression whose first group is the {key} in an id, such as {example}'
                command.add_argument(f'--{key}-pattern', metavar='REGEX', help=text)
        if name == 'search':
            command.add_argument('--like', nargs='+', metavar='ID', help='search with these entries')
            command.add_argument('--features', type=Path, help='a features-*.safetensors file')
            command.add_argument('--top', type=int, default=10, help='hits of each query (default: 10)')
            command.add_argument('--min-score', type=float)
        if name == 'center':
            command.add_argument('--dim', type=int, help='keep this many dimensions, such as 256 (default: all)')
            command.add_argument('--again', action='store_true', help='anew, where it was done before')
        if name == 'delete':
            command.add_argument('--ids', nargs='+')
            command.add_argument('--tracklet')
        if name in ('search', 'delete'):
            command.add_argument('--camera')
            command.add_argument('--not-camera')
            command.add_argument('--identity')
            command.add_argument('--after', help='such as 2026-05-01T12:30:00 (UTC)')
            command.add_argument('--before')
    return parser.parse_args()


@command_line
def main() -> None:
    """Run one command; results are JSON lines."""
    args = parse_arguments()
    from next_mm.errors import ConfigError
    from next_mm.gallery import Gallery
    from next_mm.gallery.exchange import add_feature_files, export_gallery, import_gallery
    from next_mm.retrieval.feature_files import read_features

    space = None
    if args.command in ('add', 'import'):
        first = min(args.folder.glob('features-*.safetensors'), default=args.folder / 'features-000000.safetensors')
        space = read_features(first)[0].space
    filters = {name: getattr(args, name, None) for name in ('camera', 'not_camera', 'identity', 'after', 'before')}
    with Gallery.open(args.gallery, space, who=find_caller(), create=space is not None) as gallery:
        if args.command == 'add':
            values = {name: getattr(args, name) for name in ('camera', 'tracklet', 'identity', 'time')}
            given = {name: getattr(args, f'{name}_pattern') for name in ('identity', 'camera', 'tracklet')}
            patterns = {name: pattern for name, pattern in given.items() if pattern}
            added = add_feature_files(gallery, args.folder, on_conflict=args.on_conflict, patterns=patterns, **values)
            show(added=added)
        elif args.command == 'import':
            show(added=import_gallery(gallery, args.folder, on_conflict=args.on_conflict))
        elif args.command == 'export':
            show(written=export_gallery(gallery, args.folder))
        elif args.command == 'search':
            if not args.features and not args.like:
                raise ConfigError('search: expected --like ID ... or --features FILE, got neither')
            query = read_features(args.features)[0] if args.features else gallery.features(args.like)
            for name, hits in zip(query.ids, gallery.search(query, top=args.top, min_score=args.min_score, **filters)):
                show(query=name, hits=[describe(hit) for hit in hits])
        elif args.command == 'delete':
            show(deleted=gallery.delete(args.ids, tracklet=args.tracklet, **filters))
        elif args.command == 'center':
            centring = gallery.fit_transform(args.dim, again=args.again)
            show(version=centring.version, entries=centring.entries, dim=len(centring.modalities))
        elif args.command == 'compact':
            gallery.compact()
            show(**gallery.stats())
        elif args.command == 'audit':
            for line in gallery.audit():
                show(**vars(line))
        else:
            show(**gallery.stats())


def describe(hit) -> dict:
    """Return a hit as JSON values."""
    entry = hit.entry
    return {
        'rank': hit.rank, 'id': hit.id, 'score': round(hit.score, 6), 'verdict': hit.verdict,
        'identity': entry.identity, 'camera': entry.camera, 'time': entry.time, 'compared': hit.compared.name(),
    }  # fmt: skip


def show(**values: object) -> None:
    """Print values as one JSON line, in ASCII: names are data, whatever characters they have."""
    print(json.dumps(values, ensure_ascii=True))


if __name__ == '__main__':
    sys.exit(main())
