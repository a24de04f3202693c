"""The log file: one line for each thing said, with its time and its weight."""

from __future__ import annotations

import logging
import os
import re
import stat
from collections.abc import Iterable
from contextlib import suppress
from datetime import datetime
from pathlib import Path

from isingdenoise.errors import ParameterError, WriteError

_OPTION = "--log-file"
_HEAD = 64
#: How every line of ours begins: when, and how much it matters.
_LINE = re.compile(rb"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}[+-]\d\d:\d\d(:\d\d)? [A-Z]+ ")
#: Journals and temporary files are ours, but no log files.
_OURS = ".isingdenoise-"
# A link, a pipe or a device in its place is an error, not a way out or a wait for ever.
_FLAGS = os.O_RDWR | os.O_APPEND | os.O_CREAT
for _name in ("O_NOFOLLOW", "O_NONBLOCK", "O_CLOEXEC", "O_BINARY"):
    _FLAGS |= getattr(os, _name, 0)


class LogFile(logging.Handler):
    """Lines at the end of a file.

    Parameters
    ----------
    path : pathlib.Path
        Of the file, made where there is none.
    used : iterable of path
        Files that the command reads or writes: none of them may be the log.

    Raises
    ------
    ParameterError
        `path` is one of `used`, or a file whose first line is none of a log.
    WriteError
        It cannot be written, or is no regular file.

    Attributes
    ----------
    failure : str or None
        Why nothing can be written any more.
    """

    def __init__(self, path: Path, used: Iterable[Path]) -> None:
        super().__init__(logging.DEBUG)
        self.path = path
        self.failure: str | None = None
        from isingdenoise.io import EXTENSIONS

        for other in used:
            if _same(path, other):
                raise ParameterError(_OPTION, "is a file that the command uses; choose another")
        if path.suffix.lower() in EXTENSIONS:
            raise ParameterError(_OPTION, f"is no picture and must not end in {path.suffix}")
        if path.name.startswith(_OURS) or str(path) == "-":
            raise ParameterError(_OPTION, "must name a file of its own")
        try:
            self._file = os.open(path, _FLAGS, 0o666)
        except (OSError, ValueError) as error:
            reason = getattr(error, "strerror", None) or error
            if path.is_symlink():
                reason = "it is a link"
            raise WriteError(
                path, f"cannot be the log file ({reason}); choose another name"
            ) from error
        try:
            self._check()
        except BaseException:
            os.close(self._file)
            raise

    def emit(self, record: logging.LogRecord) -> None:
        """Add a line, whole or not at all."""
        if self.failure is not None:
            return
        time = datetime.fromtimestamp(record.created).astimezone()
        text = f"{time.isoformat(timespec='milliseconds')} {record.levelname} {record.getMessage()}"
        line = text.encode("utf-8", "backslashreplace") + b"\n"
        try:
            size = os.fstat(self._file).st_size
            if os.write(self._file, line) != len(line):
                os.ftruncate(self._file, size)
                self.failure = "no space"
        except OSError as error:
            self.failure = error.strerror or str(error)

    def close(self) -> None:
        """Close the file."""
        self.failure = self.failure or "closed"
        with suppress(OSError):
            os.close(self._file)
        super().close()

    def _check(self) -> None:
        status = os.fstat(self._file)
        if not stat.S_ISREG(status.st_mode):
            raise WriteError(self.path, "is no regular file and cannot be the log file")
        if status.st_size and not _LINE.match(os.read(self._file, _HEAD)):
            message = "exists and is no log of isingdenoise; choose another name"
            raise ParameterError(_OPTION, message)
        if status.st_size:  # another run was cut off within a line
            os.lseek(self._file, -1, os.SEEK_END)
            if os.read(self._file, 1) != b"\n":
                with suppress(OSError):
                    os.write(self._file, b"\n")


def _same(first: Path, second: Path) -> bool:
    """Tell whether two names lead to one file, also while it does not exist yet."""
    with suppress(OSError, ValueError):
        return first.samefile(second)
    with suppress(OSError, ValueError):
        return os.path.realpath(first) == os.path.realpath(second)
    return False
