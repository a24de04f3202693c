"""How an engine came to its answer, as a film: a few rounds, and the site updates done so far."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .errors import ParameterError, counted
from .inference import DEFAULT_ENGINE, ENGINES, Engine, Status, Step, in_sweeps
from .io import Film
from .noise import unit_scale
from .result import DenoiseResult

__all__ = ["RoundsFilm", "check_rounds", "film_of"]

#: The next round that is shown is so many times the last one: few frames for any number of rounds.
_RATIO = 1.2
_FIRST, _EACH, _LAST = 1.2, 0.35, 2.5  # seconds
#: Settings of engines that go on round after round.
_ROUNDS = {"max_sweeps", "sweeps"}


def check_rounds(engine: Engine) -> None:
    """Refuse an engine that has no rounds to show, before any work.

    Raises
    ------
    ParameterError
        With the engines that have some.
    """
    if _has_rounds(engine):
        return
    others = ", ".join(name for name, kind in ENGINES.items() if _has_rounds(kind))
    raise ParameterError(
        "animation", f"engine {engine.name} has no sweeps to show; take prior ising, or of {others}"
    )


def film_of(result: DenoiseResult, image: NDArray[Any]) -> Film:
    """Return a film of how the engine of a result converges on its model.

    The model is solved once more, a sweep at a time where the engine can, from the same
    start, so that watching changes nothing of the result. Where the engine has no rounds (a
    learned prior), mean field under the Ising prior is shown.

    Parameters
    ----------
    result : DenoiseResult
        Of `image`.
    image : ndarray, shape (H, W)
        The noisy picture; its first frame.

    Returns
    -------
    Film
        P(bright) at the start, after a few rounds (1, 2, 3, 4, 5, 6, 8, 10, 12, 15, ...), and
        in the end.
    """
    engine = in_sweeps(_engine_of(result))
    divided = image
    if result.background is not None and image.dtype != np.bool_:
        divided = np.asarray(image / result.background, np.float32)
    start = unit_scale(result.noise, divided)
    start[result.model.field == 0] = 0  # missing
    film = RoundsFilm(engine.name)
    film.film.add((start + 1) / 2, f"{engine.name}: 0 site updates", _FIRST)
    only = [start]
    del start, divided  # the engine gets the only reference, and drops it
    solution = engine.solve(
        result.model, init=only.pop(), rng=result.settings["seed"], callback=film
    )
    words = {Status.CONVERGED: "converged after", Status.MAX_SWEEPS: "stopped after"}
    state = solution.labels if solution.mean is None else solution.mean
    film.end(state, words.get(solution.status, "did"), *solution.work)
    return film.film


class RoundsFilm:
    """A callback that films a few rounds.

    Parameters
    ----------
    name : str
        Of the engine.

    Attributes
    ----------
    film : Film
        What was filmed.
    """

    def __init__(self, name: str) -> None:
        self.film = Film()
        self._name, self._next = name, 1

    def __call__(self, step: Step) -> None:
        """Film the round, if it is one of those that are shown."""
        if step.round < self._next:
            return
        self._next = max(self._next + 1, round(_RATIO * self._next))
        self._add(step.snapshot(), _done(step.site_updates, step.sweeps))

    def end(self, state: NDArray[Any], what: str, sweeps: int, updates: int) -> None:
        """Film the end."""
        self._add(state, f"{what} {_done(updates, sweeps)}", _LAST)

    def _add(self, state: NDArray[Any], text: str, seconds: float = _EACH) -> None:
        # of several chains, what they have in common
        mean = np.asarray(state.mean(axis=0) if state.ndim == 3 else state, np.float32)
        self.film.add((mean + np.float32(1)) / 2, f"{self._name}: {text}", seconds)


def _done(updates: int, sweeps: int) -> str:
    return f"{updates:,} site updates ({counted(sweeps, 'sweep')})"


def _engine_of(result: DenoiseResult) -> Engine:
    """Return the engine of a result; where it has no rounds, the default one."""
    settings = dict(result.settings["engine"])
    kind = ENGINES[settings.pop("name")]
    return kind(**settings) if _has_rounds(kind) else ENGINES[DEFAULT_ENGINE]()


def _has_rounds(engine: Any) -> bool:
    return bool(_ROUNDS & {setting.name for setting in dataclasses.fields(engine)})
