"""The audit of caption files."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from next_mm.captioning import load_schema
from next_mm.captioning.report.audit import audit_folder, print_audit
from next_mm.errors import DataError
from tests.captioning.conftest import make_dataset, minimal_settings

SCHEMA = load_schema('person')


def write_folder(folder: Path, captions: dict[str, list[tuple[str, str]]]) -> Path:
    folder.mkdir()
    for name, entries in captions.items():
        (folder / name).write_text(
            json.dumps([{'item': i, 'description': d} for i, d in entries], ensure_ascii=False), encoding='utf-8'
        )
    return folder


def test_audit_finds_each_fault_where_it_is(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = write_folder(
        tmp_path / 'text',
        {
            'train_RGB.json': [
                ('1.jpg', 'A man.'),
                ('2.jpg', 'Plate AB12 CDE.'),
                ('3.jpg', 'word ' * 80),
                ('4.jpg', 'Hair unknown.'),
                ('5.jpg', 'Changan 长安.'),
                ('1.jpg', 'Again.'),
                ('6.jpg', ''),
                ('7.jpg', 'A Citroën – café.'),
            ],
            'train_NI.json': [('1.jpg', 'A man.')],
        },
    )
    findings = audit_folder(folder, load_schema('vehicle'))
    items = findings['train_RGB.json'].items
    assert (
        items['licence plate'] == ['2.jpg']
        and items['overflow'] == ['3.jpg']
        and items['unknown'] == ['4.jpg']
        and items['non-Latin'] == ['5.jpg']
    )
    assert items['duplicate'] == ['1.jpg'] and len(items['malformed']) == 1
    assert findings['train_NI.json'].items['partial triplet'] == ['2.jpg', '3.jpg', '4.jpg', '5.jpg', '7.jpg']
    assert print_audit(findings) == 1
    assert 'AB12' not in capsys.readouterr().out  # an audit does not spread what it finds
    clean = write_folder(tmp_path / 'clean', {'train_RGB.json': [('1.jpg', 'A man.')]})
    assert print_audit(audit_folder(clean, load_schema('vehicle'))) == 0
    with pytest.raises(DataError, match='no caption files'):
        audit_folder(tmp_path, load_schema('vehicle'))


def test_audit_compares_with_the_dataset(tmp_path: Path) -> None:
    data = make_dataset(tmp_path / 'RGBNT201', 4)
    names = [path.name for path in sorted((data / 'train_171/RGB').iterdir())]
    folder = write_folder(tmp_path / 'text', {'train_RGB.json': [(names[0], 'A man.'), ('stranger.jpg', 'A man.')]})
    findings = audit_folder(folder, SCHEMA, minimal_settings(data, splits=['train']))
    assert findings['train_RGB.json'].items == {'missing': names[1:], 'extra': ['stranger.jpg']}
    assert findings['train_TI.json'].items == {'missing': names}
