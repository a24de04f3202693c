"""Records kept for the end of a batch: memory does not grow with what they hold."""

from __future__ import annotations

import json
import tempfile
import weakref
from array import array
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Any, overload

from isingdenoise.pipeline import plain

from .. import console


class Records(Sequence[dict[str, Any]]):
    """Plain records as JSON in a temporary file, each read when it is asked for.

    Those that the temporary folder has no room for stay in memory.
    """

    def __init__(self) -> None:
        self._file = None
        with suppress(OSError):
            self._file = tempfile.TemporaryFile(buffering=0)  # noqa: SIM115 - closed with this
            weakref.finalize(self, self._file.close)
        self._ends = array("Q", [0])  # in the file
        self._others: list[bytes] = []

    def add(self, record: Mapping[str, Any]) -> None:
        """Add one record."""
        text = json.dumps(plain(record), allow_nan=False).encode("ascii")
        if not self._others and self._write(text):
            self._ends.append(self._ends[-1] + len(text))
        else:
            self._others.append(text)

    def _write(self, text: bytes) -> bool:
        """Write at the end of the file; tell whether it took the whole."""
        with suppress(OSError):
            if self._file is not None:
                self._file.seek(self._ends[-1])
                if self._file.write(text) == len(text):
                    return True
        console.detail("the temporary folder takes no more; going on in memory")
        return False

    def __len__(self) -> int:
        """Return how many there are."""
        return len(self._ends) - 1 + len(self._others)

    @overload
    def __getitem__(self, index: int) -> dict[str, Any]: ...
    @overload
    def __getitem__(self, index: slice) -> list[dict[str, Any]]: ...
    def __getitem__(self, index: int | slice) -> dict[str, Any] | list[dict[str, Any]]:
        """Return a record, or some of them."""
        if isinstance(index, slice):
            return [self[i] for i in range(*index.indices(len(self)))]
        index = range(len(self))[index]
        stored = len(self._ends) - 1
        if index >= stored or self._file is None:
            text = self._others[index - stored]
        else:
            self._file.seek(self._ends[index])
            text = self._file.read(self._ends[index + 1] - self._ends[index])
        record: dict[str, Any] = json.loads(text)
        return record
