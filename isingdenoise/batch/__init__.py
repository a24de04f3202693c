"""A folder of pictures: planned first, then one result after another, and a journal of all."""

from __future__ import annotations

from .jobs import Entry, Job, Outcome
from .journal import JOURNAL_NAME, Journal, State, file_sha256
from .lock import LOCK_NAME, locked
from .planning import PICTURE_EXTENSIONS, Plan, plan
from .records import describe_settings
from .report import check_report, report_row, write_report
from .run import denoise_many, make_folder

__all__ = [
    "JOURNAL_NAME",
    "LOCK_NAME",
    "PICTURE_EXTENSIONS",
    "Entry",
    "Job",
    "Journal",
    "Outcome",
    "Plan",
    "State",
    "check_report",
    "denoise_many",
    "describe_settings",
    "file_sha256",
    "locked",
    "make_folder",
    "plan",
    "report_row",
    "write_report",
]
