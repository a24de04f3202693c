"""What many pages of one scanner have in common."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from ...coupling import Coupling
from ...noise import AUTO, NoiseModel, parameters_of
from .._calibration import Calibration, Floats
from ..patterns import are_patterns_kept
from ._state import State, values_of
from ._vector import COUPLING, coordinates

__all__ = ["Learned", "PageFit", "Spread"]


@dataclass(frozen=True)
class Spread:
    """How sure a number is.

    Attributes
    ----------
    value : float
        What all pages have in common.
    pages : float
        Standard deviation of what single pages say, about it; the error of their own
        estimates is part of it. Pages far off do not count.
    error : float
        Standard deviation of `value`, if the pages' errors are independent: what they
        all have wrong alike does not show.
    """

    value: float
    pages: float
    error: float


@dataclass(frozen=True)
class PageFit:
    """How one page fits to all.

    Attributes
    ----------
    page : int
        Its number in the call, from 0.
    assumed : str or None
        Its own noise model, or "leave alone"; None where it could not be read.
    score : float or None
        Log likelihood of a hidden pixel under what all have in common, in nats.
    own : float or None
        The same under the page's own estimate.
    fits : bool
        Whether it is a page like the others.
    reason : str or None
        Why not.
    error : Exception or None
        What kept it from being read.
    """

    page: int
    assumed: str | None = None
    score: float | None = None
    own: float | None = None
    fits: bool = True
    reason: str | None = None
    error: Exception | None = None

    def record(self) -> dict[str, Any]:
        """Return it as plain values with stable keys."""
        known = {name: getattr(self, name) for name in ("page", "assumed", "score", "own", "fits")}
        return {**known, "reason": self.reason}


@dataclass(frozen=True, eq=False)
class Learned:
    """Noise and coupling of many pages.

    Attributes
    ----------
    noise : NoiseModel or None
        Of all pages; None where no noise model is that of more than half of them, or most
        need no cleaning: then each page is to be asked.
    coupling : Coupling or None
        The strengths to use; None without a noise model.
    factor : float
        By how much these exceed the strengths that predict best.
    calibration : Calibration
        Makes probabilities out of mean-field pulls, the mean of all pages that fit.
    spread : mapping of str to Spread
        Of each number of the noise model, and of the strengths.
    pages : int
        How many were looked at, those before an `update` too.
    fits : tuple of PageFit
        One for each page of this call.
    notes : tuple of str
        What was seen, in short sentences.
    state : State
        What is needed to go on.
    settings : mapping of str to object
        Arguments of `learn`.
    learn : callable
        `learn` itself.
    """

    noise: NoiseModel | None
    coupling: Coupling | None
    factor: float
    calibration: Calibration
    spread: Mapping[str, Spread]
    pages: int
    fits: tuple[PageFit, ...]
    notes: tuple[str, ...]
    state: State
    settings: Mapping[str, Any]
    learn: Callable[..., Learned]

    @property
    def apart(self) -> tuple[PageFit, ...]:
        """The pages that could be read and do not fit."""
        return tuple(fit for fit in self.fits if not fit.fits and fit.error is None)

    @property
    def failed(self) -> tuple[PageFit, ...]:
        """The pages that could not be read."""
        return tuple(fit for fit in self.fits if fit.error is not None)

    def update(self, pages: Iterable[ArrayLike], **changed: Any) -> Learned:
        """Return what further pages make of it; the earlier ones are not needed.

        Each further page counts as much as each of those before.

        Parameters
        ----------
        pages : iterable of array_like
            As in `learn`.
        **changed
            Other settings of `learn`.
        """
        return self.learn(pages, start=self.state, **{**self.settings, **changed})

    def options(self) -> dict[str, Any]:
        """Return noise and coupling by the options of `Parameter`, as plain values.

        Without a noise model that is noise "auto" alone, so that each page is asked. Where
        noise is so rare that pixels of patterns that repeat are kept, the coupling is left
        to each page: they are not looked for where it is given.
        """
        if self.noise is None or self.coupling is None:
            return {"noise": AUTO}
        found: dict[str, Any] = {"noise": self.noise.name}
        for name, known in parameters_of(type(self.noise)).items():
            if known.option is None:
                continue
            value = getattr(self.noise, name)
            numbers = list(value) if isinstance(value, tuple) else [value]
            numbers = [float(number / known.factor) for number in numbers]
            found.setdefault(known.option, []).extend(numbers)
        if not are_patterns_kept(self.noise):
            c = self.coupling
            found["coupling"] = [c.horizontal, c.vertical, c.diagonal][: c.neighbours // 4 + 1]
        return {name: v[0] if len(v) == 1 else v for name, v in found.items()}

    def record(self) -> dict[str, Any]:
        """Return all but the state as plain values with stable keys."""
        noise: Any = self.noise
        return {
            "noise": None if noise is None else {"name": noise.name, **values_of(noise)},
            "coupling": None if self.coupling is None else self.coupling.record(),
            "factor": self.factor,
            "calibration": asdict(self.calibration),
            "spread": {name: asdict(each) for name, each in self.spread.items()},
            "pages": self.pages,
            "fits": [fit.record() for fit in self.fits],
            "notes": list(self.notes),
        }


def spread_of(state: State) -> dict[str, Spread]:
    """Return what is known of each number, in the units of the parameters."""
    group = state.winner
    if group is None:
        return {}
    mean, pages, error = (getattr(group.hierarchy, name) for name in ("mean", "spread", "error"))
    found = {}
    known = coordinates(type(group.like))
    for k, each in enumerate(known):
        apart = [
            (each.back(mean[k] + by[k]) - each.back(mean[k] - by[k])) / 2 for by in (pages, error)
        ]
        found[each.label] = Spread(each.back(float(mean[k])), *map(float, apart))
    first = len(known)
    by_pages = pages[first : first + 3]
    if state.scatter is not None:
        by_pages = state.scatter
    by_error = by_pages / np.sqrt(max(state.climbed or group.votes, 1))
    each_page, common = (_of_strengths(state.coupling, by) for by in (by_pages, by_error))
    for k, name in enumerate(COUPLING):
        found[name] = Spread(getattr(state.coupling, name), each_page[k], common[k])
    return found


def _of_strengths(coupling: Coupling, by: Floats) -> list[float]:
    """Return deviations of strengths, of those of the coordinates of a coupling."""
    along = np.sqrt(coupling.horizontal * coupling.vertical)
    across = np.hypot(along * by[2], coupling.diagonal * np.hypot(by[0], by[1]) / 2)
    return [float(coupling.horizontal * by[0]), float(coupling.vertical * by[1]), float(across)]
