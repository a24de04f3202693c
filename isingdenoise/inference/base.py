"""What an engine is, and what it says of itself."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from typing import Any, ClassVar, Protocol, get_args

from numpy.typing import ArrayLike

from ..backends import Backend
from ..coupling import Coupling
from ..errors import EngineRefusalError, ParameterError
from ..model import IsingModel
from ..validation import RandomSource, check_choice
from .solution import Callback, Solution

__all__ = [
    "ENGINE_PARTS",
    "Engine",
    "Traits",
    "check_engine_can_solve",
    "in_sweeps",
    "objection_to",
    "on_backend",
    "on_threads",
    "pull_under",
    "threads_of",
]


@dataclass(frozen=True)
class Traits:
    """What an engine's solutions hold; whoever asks reads it here, never the engine's name.

    Attributes
    ----------
    marginals : bool
        `mean` is there, and with it probabilities.
    lower_bound, upper_bound : bool
        The bound is there.
    exact : bool
        The answer is exact, not an approximation: labels without means are the
        optimum, means the marginals, and bounds log Z + c.
    stochastic : bool
        The answer depends on `rng`.
    factorised : bool
        Means are those of independent spins at a fixed point of
        mu = tanh(J mu + h), the lower bound is their `elbo`. They are too sure of
        themselves in a known way: calibration and reaction term apply.
    learned : bool
        The prior is not the model's but one that was trained: of the model only the field
        counts for means and labels.
    """

    marginals: bool = False
    lower_bound: bool = False
    upper_bound: bool = False
    exact: bool = False
    stochastic: bool = False
    factorised: bool = False
    learned: bool = False


#: What an engine has beside its settings.
ENGINE_PARTS = ("name", "summary", "traits", "footprint", "quick", "solve")


class Engine(Protocol):
    """A frozen dataclass of settings that solves a model.

    Its fields are its settings: the command line lists, parses and completes
    them from their names, types (`int`, `float`, `bool`, `str`, `Literal`, and
    each of them `| None`) and defaults. An engine that cannot solve every model
    has a method `objection(model)`, which says why in a few words ("needs ...;
    this picture has ..."), or returns None. One whose rounds may be several sweeps can have
    a method `in_sweeps()`, which returns an engine that does them one by one. One with couplings
    of its own has a method `pull(coupling)`, the most that a pixel can be pulled by. Of the names
    that several engines share, `parallel` says whether to use threads, None leaving it to
    the picture's size (the answer is the same bit for bit), `max_sweeps` how many sweeps
    are allowed, `tol` the stopping rule, and `backend` where to compute.

    Attributes
    ----------
    name : str
        Name in `ENGINES` and on the command line.
    summary : str
        One line for the list of engines.
    traits : Traits
        What its solutions hold.
    """

    name: ClassVar[str]
    summary: ClassVar[str]
    traits: ClassVar[Traits]

    def footprint(self, pixels: int) -> int:
        """Return the bytes held at the peak of `solve`, those of field and `init` among them."""
        ...

    def quick(self) -> Engine:
        """Return an engine that ends soon on a small picture, for warming up and for tests.

        On its way it does all that `solve` may do with these settings.
        """
        ...

    def solve(
        self,
        model: IsingModel,
        *,
        init: ArrayLike | None = None,
        rng: RandomSource = None,
        callback: Callback | None = None,
    ) -> Solution:
        """Solve `model`.

        Parameters
        ----------
        model : IsingModel
            The posterior.
        init : array_like, shape (H, W), optional
            Means or labels to start from, in [-1, 1]; tanh(h) by default.
            Where an engine starts from labels, their signs count, 0 being +1.
        rng : int, numpy.random.Generator or other source, optional
            Source of the seed of stochastic engines, a fresh one by default;
            the others do not use it.
        callback : callable, optional
            Called with a `Step` after each round. Where it raises `StopIteration`, as callbacks
            of `scipy.optimize.minimize` do, the solve ends with status `stopped` and the state
            reached so far. An engine that has no answer before its last round goes on to it.

        Returns
        -------
        Solution
            Not converging is a status and an advice, never an exception.

        Raises
        ------
        ParameterError
            `init` has another shape than the model, or holds no real numbers.
        EngineRefusalError
            The engine has an `objection` to the model.
        """
        ...


def objection_to(engine: Engine, model: IsingModel) -> str | None:
    """Return why an engine cannot solve a model; None where it can."""
    asked = getattr(engine, "objection", None)
    said: str | None = None if asked is None else asked(model)
    return said


def check_engine_can_solve(engine: Engine, model: IsingModel) -> None:
    """Refuse a model that an engine has an objection to.

    Raises
    ------
    EngineRefusalError
        With the objection.
    """
    reason = objection_to(engine, model)
    if reason is not None:
        raise EngineRefusalError(engine.name, reason)


def in_sweeps(engine: Engine) -> Engine:
    """Return the engine that does one sweep a round, where an engine has such; else as it is."""
    asked = getattr(engine, "in_sweeps", None)
    found: Engine = engine if asked is None else asked()
    return found


def on_backend(engines: tuple[Engine, ...], backend: Backend) -> tuple[Engine, ...]:
    """Return the engines with where to compute, as they are where they know nothing of it.

    Parameters
    ----------
    engines : tuple of Engine
        Those that may solve a picture.
    backend : {"auto", "cpu", "gpu"}
        "auto" leaves each engine's own setting.

    Raises
    ------
    ParameterError
        "gpu" goes with none of them, or an engine's own setting is another.
    """
    check_choice("backend", backend, get_args(Backend))
    if backend == "auto":
        return engines
    found: list[Engine] = []
    for engine in engines:
        settings: Any = engine
        own = getattr(engine, "backend", None)
        if own not in (None, "auto", backend):
            raise ParameterError("backend", f"{backend} differs from the engine's own, {own}")
        found.append(engine if own is None else replace(settings, backend=backend))
    if backend == "gpu" and not any(hasattr(engine, "backend") for engine in found):
        message = f"gpu does not go with engine {engines[0].name}, which computes on the CPU"
        raise ParameterError("backend", message)
    return tuple(found)


def pull_under(engine: Engine, coupling: Coupling) -> float:
    """Return the most that a pixel can be pulled by: a field beyond it decides alone."""
    asked = getattr(engine, "pull", None)
    most: float = coupling.pull if asked is None else asked(coupling)
    return most


def threads_of(engine: Engine) -> bool | None:
    """Return the setting `parallel`, None where an engine has none."""
    wanted: bool | None = getattr(engine, "parallel", None)
    return wanted


def on_threads(engine: Engine, parallel: bool) -> Engine:
    """Return the engine with or without threads; as it is where it knows none."""
    settings: Any = engine
    known = {setting.name for setting in fields(settings)}
    changed: Engine = replace(settings, parallel=parallel) if "parallel" in known else engine
    return changed
