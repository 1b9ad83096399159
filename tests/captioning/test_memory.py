"""The processes of a caption run stay small, however many pictures there are."""

from __future__ import annotations

import csv
import os
import subprocess
import sys
from pathlib import Path

import pytest
from PIL import Image

from next_mm.triplet import MODALITIES
from tests.captioning.conftest import ROOT

TRIPLETS = 33_333
LIMIT = 500  # MiB, for 100,000 pictures

# In a process of its own: a child counts what its parent had in memory when it started it, and pytest has torch.
MEASURE = """
import resource, sys
from next_mm.captioning.listing import list_pictures
count = sum(1 for _ in list_pictures(dict(type='OwnTriplets', data_root=sys.argv[1], list_file='list.csv'), ('train',)))
print(count, resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024)
"""


@pytest.mark.skipif(not sys.platform.startswith('linux'), reason='ru_maxrss is in KiB on Linux only')
def test_listing_100_000_pictures_stays_under_the_limit(tmp_path: Path) -> None:
    for modality in MODALITIES:  # one file under many names: the list is what takes memory
        Image.new('RGB', (8, 16)).save(tmp_path / f'{modality}.jpg')
    with (tmp_path / 'list.csv').open('w', newline='') as file:
        rows = csv.writer(file)
        rows.writerow(['split', 'identity', 'rgb', 'nir', 'tir', 'camera', 'name'])
        for index in range(TRIPLETS):
            names = [f'{index:06d}_camera_{index % 4}_{modality}.jpg' for modality in MODALITIES]
            for name, modality in zip(names, MODALITIES):  # file systems allow some 65,000 names for a file
                os.link(tmp_path / f'{modality}.jpg', tmp_path / name)
            rows.writerow(['train', f'person {index // 4}', *names, index % 4, names[0]])
    output = subprocess.check_output([sys.executable, '-c', MEASURE, str(tmp_path)], cwd=ROOT, text=True)
    count, peak = output.split()
    assert int(count) == 3 * TRIPLETS
    assert float(peak) < LIMIT


def test_no_stage_loads_torch() -> None:
    """Its CUDA build alone passes the limit."""
    code = (
        'import sys; import next_mm.captioning.pipeline, next_mm.captioning.report, next_mm.captioning.report.audit\n'
        'from next_mm.captioning import compose_caption, load_schema; compose_caption({}, load_schema("person"))\n'
        'assert "torch" not in sys.modules'
    )
    subprocess.check_call([sys.executable, '-c', code], cwd=ROOT)
