"""Standard input and output as files: the name '-'."""

from __future__ import annotations

import os
import select
import sys
from pathlib import Path
from typing import Any, BinaryIO

import click

from isingdenoise.errors import ParameterError, ReadError, WriteError

from .making import make

_IN, _OUT = "standard input", "standard output"
_PART = 1 << 20


class Stream:
    """What '-' stands for; a file of that name is './-'."""

    def __str__(self) -> str:
        """Return the name as the user writes it."""
        return "-"


STREAM = Stream()
Place = Path | Stream


class StandardInput:
    """Standard input as a source of the pipeline."""

    def __str__(self) -> str:
        """Return its name in messages."""
        return _IN

    def open(self) -> BinaryIO:
        """Return the stream of bytes."""
        return _stdin()


class StandardOutput:
    """Standard output as a sink of the pipeline."""

    def __str__(self) -> str:
        """Return its name in messages."""
        return _OUT

    def send(self, content: BinaryIO) -> None:
        """Copy bytes there, past its buffer: nothing must be left there on failure.

        Raises
        ------
        WriteError
            It is full or gone.
        BrokenPipeError
            Nobody reads any more.
        """
        _send(content)


def as_source(place: Place) -> Path | StandardInput:
    """Return an input as the pipeline takes it."""
    return place if isinstance(place, Path) else StandardInput()


def as_sink(place: Place) -> Path | StandardOutput:
    """Return an output as the pipeline takes it."""
    return place if isinstance(place, Path) else StandardOutput()


class PlaceType(click.Path):
    """The name of a file, or '-'."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Return a `Path` or `STREAM`."""
        if isinstance(value, Stream) or value == "-":
            return STREAM
        if isinstance(param, click.Option) and isinstance(value, str) and _is_no_folder(value):
            if param.name == "output" and not os.path.lexists(value.rstrip("/" + os.sep)):
                make(Path(value))
                return super().convert(value, param, ctx)
            raise WriteError(value, "is no folder that exists; make it first, or name a file")
        return super().convert(value, param, ctx)


def _is_no_folder(name: str) -> bool:
    """Tell whether a name asks for a folder that is none; a `Path` forgets the final slash."""
    return name.endswith(("/", os.sep)) and not os.path.isdir(name)  # noqa: PTH112


PLACE = PlaceType(path_type=Path, readable=False)


def input_name(place: Place) -> str:
    """Return what to call an input."""
    return _IN if isinstance(place, Stream) else str(place)


def output_name(place: Place) -> str:
    """Return what to call an output."""
    return _OUT if isinstance(place, Stream) else str(place)


def paths(*places: Place | None) -> list[Path]:
    """Return those that are files."""
    return [place for place in places if isinstance(place, Path)]


def check_source(place: Place) -> None:
    """Refuse an input that cannot be read, before any work.

    Raises
    ------
    ReadError
        The file cannot be opened, or standard input is closed.
    ParameterError
        Somebody would have to type the picture.
    """
    from isingdenoise.io import check_input

    if isinstance(place, Path):
        check_input(place)
    elif _stdin().isatty():
        raise ParameterError("INPUT", f"{_IN} is a terminal; send a picture there with '<' or '|'")


def check_sink(option: str) -> None:
    """Refuse a standard output that is no place for a picture, before any work.

    Raises
    ------
    WriteError
        It is closed.
    ParameterError
        It is a terminal.
    """
    if sys.stdout is None:
        raise WriteError(_OUT, "is closed; name a file with -o")
    if sys.stdout.isatty():
        raise ParameterError(
            option, f"{_OUT} is a terminal; send it elsewhere with '>' or '|', or name a file"
        )


def source(place: Place) -> dict[str, Any]:
    """Return where to read from, as arguments of `read_picture`."""
    if isinstance(place, Path):
        return {"source": place}
    return {"source": _stdin(), "name": _IN}


def _send(waiting: BinaryIO) -> None:
    buffer: Any = sys.stdout.buffer
    buffer.flush()
    out = getattr(buffer, "raw", buffer)
    try:
        while part := waiting.read(_PART):
            left = memoryview(part)
            while left:
                if (count := out.write(left)) is None:  # not ready, and not to be waited for
                    select.select([], [out], [])
                left = left[count or 0 :]
        out.flush()
    except BrokenPipeError:
        raise
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise WriteError(_OUT, f"cannot be written ({reason}); name a file with -o") from error


def _stdin() -> BinaryIO:
    if sys.stdin is None:
        raise ReadError(_IN, "is closed; name a file")
    stream: BinaryIO = sys.stdin.buffer
    return stream
