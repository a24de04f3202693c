"""A line of the journal: JSON, and nothing but what belongs there."""

from __future__ import annotations

import json
import math
from dataclasses import asdict, fields
from typing import NoReturn

from ..pipeline.summary import are_figures
from .jobs import Entry

__all__ = ["LONGEST", "encoded", "parsed"]

#: Bytes of a line. That of a TIFF of 65,000 pages fits; a file of zeros is not held in memory.
LONGEST = 1 << 25


def encoded(entry: Entry) -> bytes:
    """Return an entry as a line, ASCII only."""
    return json.dumps(asdict(entry), allow_nan=False).encode("ascii") + b"\n"


def parsed(line: bytes) -> Entry | None:
    """Return the entry on a line, or None where there is none.

    Anybody may have edited the file: values of a wrong type, and numbers that
    JSON lacks, make a line none of ours.
    """
    try:
        record = _DECODER.decode(line.decode("utf-8"))
        known = (field.name for field in fields(Entry))  # older lines may lack some
        entry = Entry(**{name: record[name] for name in known if name in record})
    except (ValueError, KeyError, TypeError, RecursionError):
        return None
    texts = (entry.input, entry.output)
    perhaps = (entry.input_sha256, entry.error, *entry.made, *entry.made.values())
    sound = (
        all(isinstance(text, str) for text in texts)
        and all(text is None or isinstance(text, str) for text in perhaps)
        and isinstance(entry.settings, dict)
        and (entry.result is None or are_figures(entry.result))
    )
    return entry if sound else None


def _finite(text: str) -> float:
    number = float(text)
    return number if math.isfinite(number) else _refuse(text)


def _refuse(text: str) -> NoReturn:
    raise ValueError(text)


_DECODER = json.JSONDecoder(parse_constant=_refuse, parse_float=_finite)
