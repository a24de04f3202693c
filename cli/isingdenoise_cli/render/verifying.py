"""`batch --verify`: the files of a batch, compared with its journal."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from pathlib import Path

from isingdenoise.errors import ParameterError, printable

from .. import console
from .json import print_json

SOME_DIFFER = 1


def verify(target: Path, as_json: bool, others: Mapping[str, object]) -> int:
    """Name every file that is not as a batch made it; nothing is written.

    Parameters
    ----------
    target : pathlib.Path
        The folder of results.
    as_json : bool
        Whether the end is JSON.
    others : mapping
        Options that promise what is not done here, and whether each was given.

    Returns
    -------
    int
        The exit code: 0 where all are as they were made, else 1.
    """
    from isingdenoise.batch import Verification

    if given := next((option for option, value in others.items() if value), None):
        raise ParameterError(given, "does nothing beside --verify; leave one of them out")
    files = Verification(target)
    with console.progress(files, len(files), "verifying") as progress:
        for _ in progress:
            pass
    for difference in files.differences:
        console.error(difference.line)
    if files.unread:
        lines = "1 line" if files.unread == 1 else f"{files.unread} lines"
        console.warning(
            target, f"{lines} of the journal cannot be read; what they spoke of is unknown"
        )
    if as_json:
        failed = len(files.differences)
        ends = {"checked": len(files), "failed": failed, "unread": files.unread}
        rows = [
            {"output": found.path, "state": found.state, "error": found.line}
            for found in files.differences
        ]
        print_json({"files": rows, **ends})
    else:
        console.result(_counted(target, len(files), [found.state for found in files.differences]))
    return SOME_DIFFER if files.differences else 0


def _counted(target: Path, checked: int, states: list[str]) -> str:
    """Return the end in words."""
    folder = printable(target)
    if not checked:
        return f"no file in {folder} was made by a batch"
    if not states:
        return f"all {checked} files in {folder} are as they were made"
    counts = [f"{count} {state}" for state, count in sorted(Counter(states).items())]
    good = f"{checked - len(states)} of {checked} files in {folder} are as they were made"
    return ", ".join([good, *counts])
