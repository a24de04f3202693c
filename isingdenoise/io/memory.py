"""How much memory a picture takes, and how much there is."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable
from pathlib import Path

from isingdenoise.errors import ParameterError, ReadError

__all__ = ["Besides", "available_memory", "check_memory", "memory_needed"]

Besides = Callable[[int, str], int]

# Bytes a pixel at the peak of reading: what the decoder keeps and the result.
_BYTES = {
    "1": 1,  # unpacked where it stays
    "1 unpacked": 2,
    "L": 2,
    "P": 2,
    "I;16": 4,
    "F": 8,
    "F;16": 10,
    "F;64": 24,
    "I": 12,
    "write": 2,  # a two-level picture, with its array
}
# The array that comes out: its type, and bytes a pixel.
_KEPT = {
    "1": ("bool", 1),
    "1 unpacked": ("bool", 1),
    "I;16": ("uint16", 2),
    "F": ("float32", 4),
    "F;16": ("float32", 4),
    "F;64": ("float64", 8),
    "I": ("float64", 8),
}
_COLOUR = 5  # colour is stored in four bytes whatever it has, and becomes one of grey
_BESIDES = {"WEBP": 12, "JPEG": 2}  # what these decoders keep for themselves
_CONSTANT = 32 << 20  # decoders, and the part of a picture that is worked on at a time


def memory_needed(
    pixels: int,
    kind: str,
    format: str = "",  # noqa: A002
    *,
    besides: Besides | None = None,
) -> int:
    """Estimate the memory that reading or writing a picture takes at its peak.

    Parameters
    ----------
    pixels : int
        Width x height.
    kind : str
        Pillow's name of the pixel type as stored (`"1"`, `"L"`, `"RGB"`), or
        `"write"` for writing a two-level picture.
    format : str
        Pillow's name of the file format; some decoders need more.
    besides : callable, optional
        Returns the bytes that the caller takes afterwards beside the array, for
        a number of pixels and the name of their NumPy type.

    Returns
    -------
    int
        Bytes, the array of pixels included.

    Raises
    ------
    ParameterError
        `pixels` is negative.

    Examples
    --------
    >>> memory_needed(10**9, "1") < memory_needed(10**9, "RGB")
    True
    """
    if pixels < 0:
        raise ParameterError("pixels", f"must be at least 0, not {pixels}")
    short = "I;16" if kind.startswith("I;16") else kind
    decoding = _BYTES.get(short, _COLOUR) + _BESIDES.get(format, 0)
    if besides is None:
        return pixels * decoding + _CONSTANT
    kept, size = _KEPT.get(short, ("uint8", 1))
    return max(pixels * decoding, pixels * size + besides(pixels, kept)) + _CONSTANT


def check_memory(path: object, needed: int, *, available: int | None = None) -> None:
    """Refuse a picture for which there is not enough memory, before any work.

    Parameters
    ----------
    path : object
        The picture's name, for the message.
    needed : int
        Bytes, such as `memory_needed` estimates.
    available : int or None
        Bytes that there are; None asks `available_memory`.

    Raises
    ------
    ReadError
        More is needed than there is. The message has both figures.
    """
    if available is None:
        available = available_memory()
    if available is not None and needed > available:
        raise ReadError(
            path,
            f"needs about {needed / 1e9:.3g} GB of memory, but {available / 1e9:.3g} GB are free; "
            "cut it into parts or free some",
        )


def available_memory() -> int | None:
    """Return how many bytes this process can still take, or None where nothing says so.

    The least of what the machine has free, what the control
    groups of the process leave, and what its limit of address space leaves.
    """
    found = [_of_the_machine(), _of_the_address_space(), *_of_the_groups()]
    known = [value for value in found if value is not None]
    return max(0, min(known)) if known else None


def _of_the_machine() -> int | None:
    """Return what can be taken without swapping, on any system that tells."""
    with contextlib.suppress(ImportError, OSError, RuntimeError, ValueError):
        import psutil  # here, so that help and version need not wait for it

        return int(psutil.virtual_memory().available)
    return None


def _of_the_address_space() -> int | None:
    """Return what RLIMIT_AS leaves."""
    with contextlib.suppress(ImportError, OSError, ValueError, IndexError):
        import resource

        limit = resource.getrlimit(resource.RLIMIT_AS)[0]
        if limit != resource.RLIM_INFINITY:
            pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[0])
            return limit - pages * os.sysconf("SC_PAGE_SIZE")
    return None


def _of_the_groups(root: Path = Path("/sys/fs/cgroup"), own: str | None = None) -> list[int]:
    """Return what each control group above the process leaves (versions 2 and 1).

    `own` is the text of /proc/self/cgroup. Files kept in memory count as free
    where the group says how many can be dropped.
    """
    found = []
    with contextlib.suppress(OSError, ValueError):
        text = Path("/proc/self/cgroup").read_text(encoding="utf-8") if own is None else own
        for line in text.splitlines():
            _, controllers, path = line.split(":", 2)
            if controllers not in ("", "memory"):
                continue
            base = root if controllers == "" else root / "memory"
            names = ("memory.max", "memory.current")
            if controllers:
                names = ("memory.limit_in_bytes", "memory.usage_in_bytes")
            inner = path.strip("/").split("/") if path.strip("/") else []
            for depth in range(len(inner) + 1):
                found += _left(base.joinpath(*inner[:depth]), *names)
    return found


def _left(group: Path, limit: str, usage: str) -> list[int]:
    """Return what one group leaves: one number, or none where it has no limit."""
    with contextlib.suppress(OSError, ValueError):
        most = int((group / limit).read_text(encoding="ascii"))  # "max" is a ValueError
        left = most - int((group / usage).read_text(encoding="ascii"))
        with contextlib.suppress(OSError):
            for line in (group / "memory.stat").read_text(encoding="ascii").splitlines():
                if line.startswith("inactive_file "):
                    left += int(line.split()[1])
        return [left]
    return []
