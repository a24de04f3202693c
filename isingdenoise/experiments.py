"""Several engines on one picture, as tidy records."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .api import denoise, resolve_engine
from .coupling import Coupling
from .errors import EngineRefusalError
from .inference import ENGINES, Engine
from .learning import AUTO, Choice, Estimate, choose, estimate
from .metrics import bit_error_rate, psnr
from .noise import NoiseModel, NoiseSpec
from .result import DenoiseResult
from .validation import check_choice, check_image
from .warmup import compile_for

__all__ = ["REFUSED", "Comparison", "Sandwich", "compare", "sandwich"]

#: The status of an engine that cannot solve the model.
REFUSED = "refused"
_KEYS = (
    *("engine", "bit_error_rate", "psnr", "energy", "bound", "sweeps", "seconds"),
    *("effective_sample_size", "r_hat", "status", "upper_bound", "refusal"),
)


@dataclass(frozen=True, eq=False)
class Comparison:
    """One engine's result on a picture, measured.

    Attributes
    ----------
    engine : str
        Name of the engine.
    result : DenoiseResult or None
        What it returned; None where it refused the model.
    bit_error_rate, psnr : float or None
        Share of wrong pixels and peak signal-to-noise ratio in dB; None
        without a clean picture.
    refusal : str or None
        Why the engine cannot solve this model.
    """

    engine: str
    result: DenoiseResult | None
    bit_error_rate: float | None = None
    psnr: float | None = None
    refusal: str | None = None

    def record(self) -> dict[str, Any]:
        """Return one row of the table, as plain values with stable keys."""
        if self.result is None:
            unknown = dict.fromkeys(_KEYS)
            return {**unknown, "engine": self.engine, "status": REFUSED, "refusal": self.refusal}
        solution = self.result.solution
        return {
            "engine": self.engine,
            "bit_error_rate": self.bit_error_rate,
            "psnr": self.psnr,
            "energy": solution.energy,
            "bound": solution.lower_bound,
            "sweeps": solution.work.sweeps,
            "seconds": solution.seconds,
            "effective_sample_size": solution.diagnostics.get("effective_sample_size"),
            "r_hat": solution.diagnostics.get("r_hat"),
            "status": solution.status.value,
            "upper_bound": solution.upper_bound,
            "refusal": None,
        }


def compare(
    image: ArrayLike,
    noise: str | NoiseModel | NoiseSpec | Choice = AUTO,
    *,
    engines: Iterable[str | Engine] | None = None,
    coupling: str | float | Coupling | Estimate = AUTO,
    clean: ArrayLike | None = None,
    rng: int | None = None,
) -> list[Comparison]:
    """Run several engines on one model of one picture.

    Noise parameters and coupling are estimated once, so that all engines solve the same
    model. Kernels are compiled before the clock starts.

    Parameters
    ----------
    image : array_like, shape (H, W)
        The noisy picture.
    noise, coupling
        As in `denoise`.
    engines : iterable of str or Engine, optional
        By default one of each kind.
    clean : array_like of bool, shape (H, W), optional
        The clean picture, to measure against.
    rng : int, optional
        Seed, the same for each engine.

    Returns
    -------
    list of Comparison
        In the order of `engines`; one that refuses the model has a row that says why.

    Raises
    ------
    ParameterError
        An argument is out of range, or the pictures differ in size.

    Examples
    --------
    >>> import numpy as np
    >>> clean = np.zeros((32, 32), bool)
    >>> clean[8:24, 8:24] = True
    >>> noisy = clean ^ (np.random.default_rng(0).random(clean.shape) < 0.1)
    >>> rows = compare(noisy, "flip", engines=["mf", "icm"], coupling=0.6, clean=clean)
    >>> [row.engine for row in rows], all(row.record()["bit_error_rate"] < 0.1 for row in rows)
    (['mf', 'icm'], True)
    """
    x = check_image("image", image)
    choice = choose(noise, x)
    reference = None if clean is None else np.asarray(clean)
    solvers = [resolve_engine(e) for e in (ENGINES if engines is None else engines)]
    rows = []
    if isinstance(coupling, str):
        check_choice("coupling", coupling, [AUTO])
        coupling = estimate(x, choice)
    strength = coupling.coupling if isinstance(coupling, Estimate) else coupling
    strength = strength if isinstance(strength, Coupling) else Coupling.nearest(strength)
    for solver in solvers:
        try:
            compile_for(solver, strength, x.size)
            result = denoise(x, choice, engine=solver, coupling=coupling, rng=rng)
        except EngineRefusalError as refusal:
            rows.append(Comparison(solver.name, None, refusal=refusal.reason))
        else:
            rows.append(_measured(solver.name, result, reference))
    return rows


@dataclass(frozen=True)
class Sandwich:
    """What several engines together say of the log evidence, in nats a pixel.

    Attributes
    ----------
    lower, upper : float or None
        The best bounds on (log Z + c) / (H W); None where no engine gives one.
    lower_engine, upper_engine : str or None
        Whose they are.
    exact : float or None
        The value itself, where an engine has found it.
    total : float or None
        Between the best lower bound and the exact value, or else the best upper
        bound, in nats for the whole picture. The posterior of the engine with
        the lower bound is at most so far from the true one, in Kullback-Leibler
        divergence.
    """

    lower: float | None
    lower_engine: str | None
    upper: float | None
    upper_engine: str | None
    exact: float | None
    total: float | None


def sandwich(rows: Iterable[Comparison]) -> Sandwich | None:
    """Return the best bounds on the log evidence of one model.

    Parameters
    ----------
    rows : iterable of Comparison
        Engines on one model, as `compare` returns them.

    Returns
    -------
    Sandwich or None
        None where no engine gives a bound. Bounds that are exact are given as
        `exact`, and not among the others.
    """
    lowers: list[tuple[float, str]] = []
    uppers: list[tuple[float, str]] = []
    exact, sites = None, 1
    for row in rows:
        if row.result is None:
            continue
        solution, sites = row.result.solution, row.result.image.size
        low, high = solution.lower_bound, solution.upper_bound
        if low is not None and low == high:
            exact = low
            continue
        if low is not None:
            lowers.append((low, row.engine))
        if high is not None:
            uppers.append((high, row.engine))
    if not lowers and not uppers and exact is None:
        return None
    lower, lower_engine = max(lowers, default=(None, None))
    upper, upper_engine = min(uppers, default=(None, None))
    most = upper if exact is None else exact
    total = None if lower is None or most is None else max(most - lower, 0.0)
    a_pixel = (None if bound is None else bound / sites for bound in (lower, upper, exact))
    low, high, value = a_pixel
    return Sandwich(low, lower_engine, high, upper_engine, value, total)


def _measured(name: str, result: DenoiseResult, clean: NDArray[Any] | None) -> Comparison:
    if clean is None:
        return Comparison(name, result)
    return Comparison(name, result, bit_error_rate(result.image, clean), psnr(result.image, clean))
