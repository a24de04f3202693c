"""One picture that is tuned: solved again for each setting, and shown as far as it is seen."""

from __future__ import annotations

import json
import math
import struct
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from ..api import denoise
from ..errors import ParameterError
from ..html import shown, shrunk
from ..io import Checked, check_output
from ..messages import collected
from ..pipeline import CleanOptions, Job, Watcher, clean, plain
from ..result import DenoiseResult
from .controls import Control

__all__ = ["Asked", "Session", "Words"]

_MOST_ROOM = 4096  # pixels of a side of what is sent
_SHOWS = ("clean", "changes", "sure")


@dataclass(frozen=True)
class Asked:
    """What the page asks for.

    Attributes
    ----------
    values : dict of str to float
        Of the sliders, by their keys.
    prior : str
        "ising" or "learned".
    crop : tuple of int
        What of the picture is seen: left, top, width, height, in its pixels.
    room : tuple of int
        Pixels of the screen that there are for it.
    show : str
        "clean", "changes" or "sure".
    noisy : bool
        Whether the noisy picture is wanted too.
    """

    values: dict[str, float]
    prior: str = "ising"
    crop: tuple[int, ...] = (0, 0, 1 << 30, 1 << 30)
    room: tuple[int, ...] = (_MOST_ROOM, _MOST_ROOM)
    show: str = "clean"
    noisy: bool = True

    @classmethod
    def parsed(cls, content: bytes, controls: Mapping[str, Control]) -> Asked:
        """Return what a request says, each number within its bounds.

        Raises
        ------
        ParameterError
            It says anything else.
        """
        try:
            given: Any = json.loads(content)
            values = {key: float(given["values"][key]) for key in controls}
            bounded = {
                key: min(max(value, controls[key].low), controls[key].high)
                for key, value in values.items()
                if not math.isnan(value)  # which would pass both
            }
            crop, room = (tuple(map(int, given[name])) for name in ("crop", "room"))
            prior, show, noisy = given["prior"], given["show"], bool(given["noisy"])
        except (ValueError, KeyError, TypeError, OverflowError, RecursionError) as error:
            raise ParameterError("request", "is none of this page") from error
        sound = len(crop) == 4 and len(room) == 2 and len(bounded) == len(controls)
        if not sound or show not in _SHOWS or prior not in ("ising", "learned"):
            raise ParameterError("request", "is none of this page")
        return cls(bounded, prior, crop, room, show, noisy)


class Words(Protocol):
    """What the front end knows: how settings become options of the work, and a command."""

    def options(self, asked: Asked) -> CleanOptions:
        """Return how to clean the picture."""
        ...

    def command(self, asked: Asked) -> str:
        """Return the command that does the same."""
        ...


class _Placed(Watcher):
    """Holds the output to what was seen of it."""

    def __init__(self, checked: Checked) -> None:
        self._checked = checked

    def open(self, places: dict[str, Any]) -> dict[str, Any]:
        return places | {"output": self._checked}


class Session:
    """A picture, and the last result; one request at a time is worked on.

    Parameters
    ----------
    pixels : ndarray, shape (H, W)
        The noisy picture.
    light : ndarray, shape (H, W), or None
        What it is divided by.
    controls : list of Control
        The sliders.
    words : Words
        Of the front end.
    job : Job
        What is written when the result is saved.
    force : bool
        Whether an existing file may be replaced.
    """

    def __init__(
        self,
        pixels: NDArray[Any],
        light: NDArray[np.float32] | None,
        controls: list[Control],
        words: Words,
        job: Job,
        *,
        force: bool = False,
    ) -> None:
        self.controls = {control.key: control for control in controls}
        self.shape = pixels.shape
        self._pixels, self._light = pixels, light
        self._display = shown(pixels, 1)
        self._words, self._job, self._force = words, job, force
        self._lock = threading.Lock()
        self._last: tuple[Any, DenoiseResult, list[str]] | None = None
        self._made: Any = None

    @property
    def start(self) -> Asked:
        """What the page begins with."""
        return Asked({key: control.value for key, control in self.controls.items()})

    def answer(self, asked: Asked) -> bytes:
        """Return what is seen: a length, JSON of that length, and one byte a pixel and plane."""
        started = time.perf_counter()
        with self._lock:
            result, warnings = self._solved(asked)
        left, top, width, height = self._crop(asked.crop)
        part = np.s_[top : top + height, left : left + width]
        most = [min(max(side, 1), _MOST_ROOM) for side in asked.room]
        factor = max(1, -(-width // most[0]), -(-height // most[1]))
        planes = {name: _bytes(plane, factor) for name, plane in self._planes(result, part, asked)}
        rows, columns = next(iter(planes.values())).shape
        told = {
            "crop": [left, top, width, height],
            "factor": factor,
            "width": columns,
            "height": rows,
            "planes": list(planes),
            "changed": result.changed,
            "changes": result.changes,
            "status": result.solution.status.value,
            "command": self._words.command(asked),
            "warnings": warnings,
            "seconds": time.perf_counter() - started,
        }
        head = json.dumps(plain(told)).encode("ascii")
        head += b" " * (-len(head) % 4)
        return struct.pack("<I", len(head)) + head + b"".join(p.tobytes() for p in planes.values())

    def save(self, asked: Asked) -> str:
        """Write the clean picture as the command would; return the name of the file.

        What this session wrote before may be replaced, another file only with `force`.

        Raises
        ------
        IsingDenoiseError
            As `isingdenoise.pipeline.clean`; an existing file is an `OverwriteError`.
        """
        with self._lock:
            target: Any = self._job.target
            mine = self._made is not None
            mine = mine and check_output(target, overwrite=True).stamp == self._made
            allowed = self._force or mine
            checked = check_output(target, [self._job.source], overwrite=allowed)  # type: ignore[list-item]
            options = self._words.options(asked)
            clean(self._job, options, overwrite=allowed, watcher=_Placed(checked))
            self._made = check_output(target, overwrite=True).stamp
        return str(target)

    def _solved(self, asked: Asked) -> tuple[DenoiseResult, list[str]]:
        """Return the result, the last one where nothing but the view has changed."""
        key = (asked.prior, tuple(asked.values.items()))
        if self._last is None or self._last[0] != key:
            options = self._words.options(asked)
            with collected() as said:
                result = denoise(
                    self._pixels,
                    options.noise,
                    coupling=options.coupling,
                    prior=options.prior,
                    background=self._light,
                    rng=options.seed,
                )
            self._last = key, result, [*map(str, said)]
        return self._last[1], self._last[2]

    def _planes(self, result: DenoiseResult, part: Any, asked: Asked) -> Any:
        yield "clean", result.image[part]
        if asked.show == "changes":
            changes = result.change_map[part]
            yield "white", changes > 0
            yield "black", changes < 0
        if asked.show == "sure" and result.probability is not None:
            p = result.probability[part]
            yield "sure", 2 * np.maximum(p, 1 - p) - 1
        if asked.noisy:
            yield "noisy", self._display[part]

    def _crop(self, asked: tuple[int, ...]) -> tuple[int, int, int, int]:
        """Return a rectangle inside the picture."""
        left, top, width, height = asked
        left, top = (
            min(max(at, 0), size - 1)
            for at, size in zip((left, top), reversed(self.shape), strict=True)
        )
        return (
            left,
            top,
            min(max(width, 1), self.shape[1] - left),
            min(max(height, 1), self.shape[0] - top),
        )


def _bytes(plane: NDArray[Any], factor: int) -> NDArray[np.uint8]:
    """Return a plane as bytes, shrunk by area: bools are 0 and 255, and so are 0 and 1."""
    if factor == 1 and plane.dtype == np.bool_:
        return plane.view(np.uint8) * np.uint8(255)
    if factor == 1 and plane.dtype == np.uint8:
        return plane
    scale = 1.0 if plane.dtype == np.uint8 else 255.0
    small = shrunk(plane, factor)
    small *= np.float32(scale)
    small += np.float32(0.5)
    return small.astype(np.uint8)
