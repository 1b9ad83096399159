"""Reports on a caption run, or on caption files alone: tables, pictures, and one self-contained HTML page."""

from next_mm.captioning.report.folder_report import write_folder_report
from next_mm.captioning.report.run_report import write_run_report

__all__ = ['write_folder_report', 'write_run_report']
