"""A folder of pictures: planned first, then one result after another, and a journal of all."""

from __future__ import annotations

from ..io.hashing import file_sha256
from ..pipeline import CleanOptions, FileJob
from .cluster import Cluster
from .jobs import Entry, Outcome
from .journal import JOURNAL_NAME, Journal, State
from .listing import PassedOver
from .lock import LOCK_NAME, locked
from .pages import FolderPages
from .places import make_folder
from .planning import PICTURE_EXTENSIONS, Plan, folded, folds_case, plan, raise_refused
from .report import check_report, report_row, write_report
from .run import denoise_many
from .verify import Difference, Verification

__all__ = [
    "JOURNAL_NAME",
    "LOCK_NAME",
    "PICTURE_EXTENSIONS",
    "CleanOptions",
    "Cluster",
    "Difference",
    "Entry",
    "FileJob",
    "FolderPages",
    "Journal",
    "Outcome",
    "PassedOver",
    "Plan",
    "State",
    "Verification",
    "check_report",
    "denoise_many",
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
