"""Studies: several configs trained over seeds and shown in one table. Nothing here loads torch
until a study is loaded."""

from __future__ import annotations

from next_mm.analysis.studies.study import (
    Row,
    Study,
    StudyFile,
    digest_config,
    find_study,
    is_synthetic,
    list_studies,
    load_study,
)

__all__ = [
    'Row',
    'Study',
    'StudyFile',
    'digest_config',
    'find_study',
    'is_synthetic',
    'list_studies',
    'load_study',
]
