"""A folder of pictures: planned first, then one result after another, and a journal of all."""

from __future__ import annotations

from .cleaning import make_folder
from .hashing import file_sha256
from .jobs import Entry, Job, Outcome
from .journal import JOURNAL_NAME, Journal, State
from .listing import Passed
from .lock import LOCK_NAME, locked
from .planning import PICTURE_EXTENSIONS, Plan, folded, folds_case, plan, raise_refused
from .records import describe_settings
from .report import check_report, report_row, write_report
from .run import denoise_many
from .verify import Difference, Verification

__all__ = [
    "JOURNAL_NAME",
    "LOCK_NAME",
    "PICTURE_EXTENSIONS",
    "Difference",
    "Entry",
    "Job",
    "Journal",
    "Outcome",
    "Passed",
    "Plan",
    "State",
    "Verification",
    "check_report",
    "denoise_many",
    "describe_settings",
    "file_sha256",
    "folded",
    "folds_case",
    "locked",
    "make_folder",
    "plan",
    "raise_refused",
    "report_row",
    "write_report",
]
