"""One file in, its clean picture out: what `run`, `batch` and everything to come share."""

from __future__ import annotations

from .clean import Cleaned, Page, Watcher, clean
from .flat import cells, columns, rounded
from .jobs import FileJob, Job, Place, Sink, Source
from .options import CleanOptions, Prepared
from .outputs import OUTPUTS, Output, Target, targets_of
from .summary import combined, complaints, figures, light_record, noise_record, page_record, plain

__all__ = [
    "OUTPUTS",
    "CleanOptions",
    "Cleaned",
    "FileJob",
    "Job",
    "Output",
    "Page",
    "Place",
    "Prepared",
    "Sink",
    "Source",
    "Target",
    "Watcher",
    "cells",
    "clean",
    "columns",
    "combined",
    "complaints",
    "figures",
    "light_record",
    "noise_record",
    "page_record",
    "plain",
    "rounded",
    "targets_of",
]
