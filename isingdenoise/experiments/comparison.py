"""Several engines on one picture, as tidy records."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, fields, replace
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..api import denoise, resolve_engine
from ..coupling import Coupling
from ..errors import EngineRefusalError, ParameterError
from ..inference import ENGINES, Engine
from ..learning import AUTO, Choice, Estimate, choose, estimate
from ..messages import collected
from ..metrics import bit_error_rate, psnr
from ..noise import NoiseModel, NoiseSpec
from ..result import DenoiseResult
from ..validation import check_choice, check_picture
from ..warmup import compile_for
from .course import Course, Watch

__all__ = ["REFUSED", "Comparison", "compare", "compare_levels", "label_of"]

#: The status of an engine that cannot solve the model.
REFUSED = "refused"
_KEYS = (
    *("engine", "bit_error_rate", "psnr", "energy", "bound", "sweeps", "seconds"),
    *("effective_sample_size", "r_hat", "status", "upper_bound", "refusal"),
    *("label", "level", "seed"),
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
        Share of wrong pixels, of those known, and peak signal-to-noise ratio in dB; None
        without a clean picture.
    refusal : str or None
        Why the engine cannot solve this model.
    label : str
        The name, and the settings that are not the engine's defaults (`label_of`).
    level : float or None
        Noise that the clean picture was given, see `compare_levels`; None where the picture
        was noisy already.
    seed : int or None
        Of the noise and of the engine.
    course : Course or None
        How the answer came about; None where it was not asked for.
    """

    engine: str
    result: DenoiseResult | None
    bit_error_rate: float | None = None
    psnr: float | None = None
    refusal: str | None = None
    label: str = ""
    level: float | None = None
    seed: int | None = None
    course: Course | None = None

    def record(self) -> dict[str, Any]:
        """Return one row of the table, as plain values with stable keys."""
        known = {
            "engine": self.engine,
            "label": self.label or self.engine,
            "level": self.level,
            "seed": self.seed,
        }
        if self.result is None:
            unknown = dict.fromkeys(_KEYS)
            return {**unknown, **known, "status": REFUSED, "refusal": self.refusal}
        solution = self.result.solution
        found = {
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
        return {key: {**known, **found}[key] for key in _KEYS}


def compare(
    image: ArrayLike,
    noise: str | NoiseModel | NoiseSpec | Choice = AUTO,
    *,
    engines: Iterable[str | Engine] | None = None,
    coupling: str | float | Coupling | Estimate = AUTO,
    clean: ArrayLike | None = None,
    mask: ArrayLike | None = None,
    rng: int | None = None,
    courses: bool = False,
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
        By default one of each kind; one may be there several times, with other settings.
    clean : array_like of bool, shape (H, W), optional
        The clean picture, to measure against.
    mask : array_like of bool, shape (H, W), optional
        False where a pixel is missing: it is filled in, and does not count as an error.
    rng : int, optional
        Seed, the same for each engine.
    courses : bool
        Whether each solve is watched, see `Course`. The first engine solves the model twice for
        that.

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
    x, known = check_picture(image, mask)
    choice = choose(noise, x, known)
    reference = None if clean is None else np.asarray(clean)
    solvers = [resolve_engine(e) for e in (ENGINES if engines is None else engines)]
    if isinstance(coupling, str):
        check_choice("coupling", coupling, [AUTO])
        coupling = estimate(x, choice, mask=known)
    strength = coupling.coupling if isinstance(coupling, Estimate) else coupling
    strength = strength if isinstance(strength, Coupling) else Coupling.nearest(strength)
    given: dict[str, Any] = {"coupling": coupling, "mask": known, "rng": rng}
    rows: list[Comparison] = []
    for solver in solvers:
        row = Comparison(solver.name, None, label=label_of(solver), seed=rng)
        # all solve the model of the first one that has a result
        model = next((done.result.model for done in rows if done.result), None)
        watch = None if model is None else Watch(solver, model, reference, known)
        callback = watch if courses else None
        try:
            compile_for(solver, strength, x.size)
            result = denoise(x, choice, engine=solver, callback=callback, **given)
        except EngineRefusalError as refusal:
            rows.append(replace(row, refusal=refusal.reason))
            continue
        row = _measured(replace(row, result=result), reference, known)
        if courses:
            solution = result.solution
            if watch is None:
                watch = Watch(solver, result.model, reference, known)
                with collected():  # it was warned of before
                    again = denoise(x, choice, engine=solver, callback=watch, **given)
                solution = again.solution
            row = replace(row, course=watch.course(solution.trace))
        rows.append(row)
    return rows


def compare_levels(
    clean: ArrayLike,
    levels: Sequence[tuple[float | None, NoiseModel]],
    seeds: Iterable[int],
    *,
    noise: NoiseSpec | NoiseModel | str | None = None,
    courses: Callable[[float | None, int], bool] | None = None,
    **options: Any,
) -> Iterator[list[Comparison]]:
    """Give a clean picture noise of several levels, and compare the engines on each.

    Parameters
    ----------
    clean : array_like of bool, shape (H, W)
        The clean picture, True where bright.
    levels : sequence of (float or None, NoiseModel)
        What each level is called in the records, and the model that its noise is drawn from.
    seeds : iterable of int
        One noisy picture each, for each level; the engines have the same seed.
    noise : str, NoiseSpec or NoiseModel, optional
        What the engines are told, as in `denoise`; by default the name of the model, so that
        its parameters are estimated.
    courses : callable, optional
        Tells from level and seed whether there are courses; by default there are none.
    **options
        `engines`, `coupling` and `mask` of `compare`.

    Yields
    ------
    list of Comparison
        For each level and, within it, each seed.

    Raises
    ------
    ParameterError
        As `compare`, or the clean picture is not of bool.

    Examples
    --------
    >>> import numpy as np
    >>> from isingdenoise import FlipNoise
    >>> clean = np.zeros((32, 32), bool)
    >>> clean[8:24, 8:24] = True
    >>> levels = [(p, FlipNoise(p)) for p in (0.05, 0.1)]
    >>> found = compare_levels(clean, levels, range(3), engines=["icm"], coupling=0.6)
    >>> [(row.level, row.seed) for (row,) in found]
    [(0.05, 0), (0.05, 1), (0.05, 2), (0.1, 0), (0.1, 1), (0.1, 2)]
    """
    truth = np.asarray(clean)
    if truth.dtype != np.bool_:
        raise ParameterError("clean", f"must be of bool, not {truth.dtype}")
    every = list(seeds)
    for level, model in levels:
        for seed in every:
            noisy = model.sample(truth, np.random.default_rng(seed))
            told = model.name if noise is None else noise
            watched = courses is not None and courses(level, seed)
            rows = compare(noisy, told, clean=truth, rng=seed, courses=watched, **options)
            yield [replace(row, level=level) for row in rows]


def label_of(engine: Engine) -> str:
    """Return an engine's name and the settings that are not its defaults.

    Examples
    --------
    >>> from isingdenoise import MeanField
    >>> label_of(MeanField()), label_of(MeanField(damping=0.5, schedule="jacobi"))
    ('mf', 'mf:damping=0.5:schedule=jacobi')
    """
    settings: Any = engine
    own = [f"{f.name}={_text(getattr(engine, f.name))}" for f in fields(settings)
           if getattr(engine, f.name) != f.default]  # fmt: skip
    return ":".join([engine.name, *own])


def _text(value: Any) -> str:
    if value is None:
        return "auto"
    return str(value).lower() if isinstance(value, bool) else f"{value}"


def _measured(
    row: Comparison, clean: NDArray[Any] | None, known: NDArray[np.bool_] | None
) -> Comparison:
    """Return a row with its errors, over the known pixels."""
    if clean is None or row.result is None:
        return row
    image = row.result.image
    bit_error_rate(image, clean)  # refuses what does not fit
    if known is not None and known.any():
        image, clean = image[known][None], clean[known][None]
    return replace(row, bit_error_rate=bit_error_rate(image, clean), psnr=psnr(image, clean))
