"""The errors that the library raises on purpose.

Everything that goes wrong because of what a caller passed in (an argument, a
file, a folder) is a child of `IsingDenoiseError`, carries one line that says
what is wrong and what to do, and maps to one exit code of the command line.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from types import MappingProxyType

__all__ = [
    "HINTS",
    "CardError",
    "ChangeLimitError",
    "ClusterError",
    "EngineRefusalError",
    "IsingDenoiseError",
    "OverwriteError",
    "ParameterError",
    "ReadError",
    "TimeLimitError",
    "WriteError",
]

_NAME, _PATH = 255, 4096  # the longest name of a file, and the longest way to it
_SHOWN = 200  # characters of what can be no name

HINTS: Mapping[str, str] = MappingProxyType(
    {
        "channel": "choose one by its channel",
        "channels": "it has {}, and channel counts from 0",
        "frame": "choose one by its frame",
        "frames": "it has {}, and frame counts from 0",
        "levels": "give its own levels, or none and let NoiseSpec(...) estimate them",
        "max_change": "check the noise model and its parameters, lower the coupling, or raise "
        "max_change",
        "max_pages": "raise max_pages if the file can be trusted",
        "max_pixels": "raise max_pixels if the file can be trusted",
        "other_format": "write it as {}",
        "one_page": "write a TIFF, or one page by its frame",
        "overwrite": "allow it to be overwritten",
        "overwrite_all": "allow it to be overwritten (and {} more)",
        "shared_pages": "let max_pixels be {} if the file can be trusted",
    }
)
"""What helps, in the words of the library, by the keys that errors carry."""


class IsingDenoiseError(Exception):
    """Base of every error raised on purpose by this package.

    Attributes
    ----------
    hint : str or None
        What would help: a key of `HINTS`, perhaps with a value after a colon. Front ends
        have their own words for it (`worded`).
    """

    exit_code = 1
    hint: str | None = None

    def __str__(self) -> str:
        """Return what is wrong and what helps, in one line."""
        return self.worded(HINTS)

    def worded(self, hints: Mapping[str, str], what: str | None = None) -> str:
        """Return the line in other words.

        Parameters
        ----------
        hints : mapping of str to str
            What helps, by key; `{}` stands for the value. Where it lacks the key, nothing
            is said of it.
        what : str, optional
            What is wrong, in the place of the error's own words.

        Returns
        -------
        str
            One line.
        """
        said = what if what is not None else str(self.args[0]) if self.args else ""
        key, _, value = (self.hint or "").partition(":")
        return f"{said}; {hints[key].format(value)}" if key in hints else said

    def __reduce__(self) -> tuple[object, ...]:
        """Pickle by state, so that errors travel between processes whole."""
        return (_rebuild, (type(self), self.args, self.__dict__.copy()))


class ParameterError(IsingDenoiseError, ValueError):
    """An argument has a wrong value, type or shape.

    Parameters
    ----------
    parameter : str
        Name of the argument, as in the signature (`"sigma"`, `"coupling"`).
    message : str
        What is wrong and which values are allowed.
    hint : str, optional
        As of the base class.
    """

    exit_code = 2

    def __init__(self, parameter: str, message: str, hint: str | None = None) -> None:
        super().__init__(f"{parameter}: {message}")
        self.parameter = parameter
        self.message = message
        self.hint = hint


class EngineRefusalError(ParameterError):
    """An engine cannot solve this model, whatever its settings are.

    Parameters
    ----------
    engine : str
        Name of the engine.
    reason : str
        What the model has that the engine cannot do, and what it could do.
    """

    def __init__(self, engine: str, reason: str) -> None:
        super().__init__("engine", f"{engine} {reason}")
        self.engine = engine
        self.reason = reason


class ChangeLimitError(IsingDenoiseError):
    """More pixels would change than the caller allows.

    Parameters
    ----------
    changed, limit : float
        Share of the observed pixels that would change, and the largest allowed.
    path : object, optional
        The picture's file, for the message.
    """

    exit_code = 6
    hint = "max_change"

    def __init__(self, changed: float, limit: float, path: object = None) -> None:
        name = "" if path is None else f"{printable(path)}: "
        super().__init__(
            f"{name}{100 * changed:.4g}% of the pixels would change, more than the "
            f"{100 * limit:.4g}% allowed"
        )
        self.changed = changed
        self.limit = limit
        self.path = path

    def about(self, path: object) -> ChangeLimitError:
        """Return the same error, of a file."""
        return type(self)(self.changed, self.limit, path)


class TimeLimitError(IsingDenoiseError):
    """A picture took longer than the caller allows.

    Parameters
    ----------
    seconds : float
        What was allowed.
    path : object, optional
        The picture's file, for the message.
    """

    exit_code = 3

    def __init__(self, seconds: float, path: object = None) -> None:
        name = "" if path is None else f"{printable(path)}: "
        super().__init__(f"{name}took longer than {seconds:g} s; raise the timeout or leave it out")
        self.seconds = seconds
        self.path = path


class CardError(IsingDenoiseError):
    """A graphics card that was to compute has failed, or has too little memory.

    Parameters
    ----------
    reason : str
        What it did, or lacks, and what to do.
    """

    exit_code = 3

    def __init__(self, reason: str) -> None:
        super().__init__(f"graphics card: {reason}")
        self.reason = reason


class ClusterError(IsingDenoiseError):
    """A cluster cannot be reached, cannot do the work, or has gone while it did.

    Parameters
    ----------
    address : str
        Of its scheduler, or of a worker.
    reason : str
        What is wrong, and what to do.
    """

    exit_code = 7

    def __init__(self, address: str, reason: str) -> None:
        super().__init__(f"{printable(address)}: {reason}")
        self.address = address
        self.reason = reason


class _FileError(IsingDenoiseError, OSError):
    """An error about one file; `path` is printed escaped, on one line."""

    def __init__(self, path: object, message: str, hint: str | None = None) -> None:
        super().__init__(f"{named(path)}: {message}")
        self.path = path
        self.message = message
        self.hint = hint


class ReadError(_FileError):
    """A file cannot be read, or what it holds is not a picture."""

    exit_code = 3


class WriteError(_FileError):
    """A file cannot be written."""

    exit_code = 5


class OverwriteError(WriteError):
    """A file would be overwritten, and nobody asked for that."""

    exit_code = 4


def nearest(word: str, known: Iterable[str]) -> str:
    """Return how a line about an unknown word goes on: with the known one spelt most like it.

    Parameters
    ----------
    word : str
        As somebody wrote it.
    known : iterable of str
        What there is.

    Returns
    -------
    str
        "; the nearest is ..."; nothing where none is like it.
    """
    import difflib  # most words are known

    near = difflib.get_close_matches(word, [*known], 1, 0.5)
    return f"; the nearest is {near[0]}" if near else ""


def printable(path: object) -> str:
    r"""Return `path` as text that fits one terminal line.

    Control characters, newlines and undecodable bytes come out as escapes
    (`\n`, `\udcff`), everything else as it is.

    Parameters
    ----------
    path : str or os.PathLike or object
        The name to show.

    Returns
    -------
    str
        Text without control characters.
    """
    text = str(path)
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)


def can_be_a_name(name: str) -> bool:
    """Return whether a file may have this name."""
    encoded = name.encode("utf-8", "surrogatepass")
    return len(encoded) < _PATH and max(map(len, encoded.split(os.sep.encode()))) <= _NAME


def named(path: object) -> str:
    """Return `path` as of `printable`; of what is too long for a name the beginning."""
    name = str(path)
    return printable(name if can_be_a_name(name) else f"{name[:_SHOWN]}...")


def counted(count: int, what: str) -> str:
    """Return a number of things in words: "1 sweep", "2 sweeps"."""
    return f"{count} {what}" if count == 1 else f"{count} {what}s"


def _rebuild(
    cls: type[IsingDenoiseError], args: tuple[object, ...], state: dict[str, object]
) -> IsingDenoiseError:
    """Make an error again from its pickled parts, without calling `__init__`."""
    error = cls.__new__(cls, *args)
    error.args = args
    error.__dict__.update(state)
    return error
