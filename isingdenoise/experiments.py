"""Several engines on one picture, as tidy records."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .api import denoise, resolve_engine
from .coupling import Coupling
from .inference import ENGINES, Engine
from .learning import AUTO, Choice, Estimate, choose, estimate
from .metrics import bit_error_rate, psnr
from .noise import NoiseModel, NoiseSpec
from .result import DenoiseResult
from .validation import check_choice, check_image
from .warmup import compile_for

__all__ = ["Comparison", "compare"]


@dataclass(frozen=True, eq=False)
class Comparison:
    """One engine's result on a picture, measured.

    Attributes
    ----------
    engine : str
        Name of the engine.
    result : DenoiseResult
        What it returned.
    bit_error_rate, psnr : float or None
        Share of wrong pixels and peak signal-to-noise ratio in dB; None
        without a clean picture.
    """

    engine: str
    result: DenoiseResult
    bit_error_rate: float | None
    psnr: float | None

    def record(self) -> dict[str, Any]:
        """Return one row of the table, as plain values with stable keys."""
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
        In the order of `engines`.

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
        compile_for(solver, strength, x.size)
        result = denoise(x, choice, engine=solver, coupling=coupling, rng=rng)
        rows.append(_measured(solver.name, result, reference))
    return rows


def _measured(name: str, result: DenoiseResult, clean: NDArray[Any] | None) -> Comparison:
    if clean is None:
        return Comparison(name, result, None, None)
    return Comparison(name, result, bit_error_rate(result.image, clean), psnr(result.image, clean))
