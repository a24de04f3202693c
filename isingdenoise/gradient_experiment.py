"""Estimators of one gradient, put side by side with the exact one."""

from __future__ import annotations

import time
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from .errors import ParameterError
from .inference import MeanField
from .inference.gradients import (
    ESTIMATORS,
    Belief,
    Blanket,
    Estimator,
    Local,
    Overdispersed,
    Relaxed,
    Score,
    Target,
    exact_gradient,
)
from .model import IsingModel
from .validation import RandomSource, as_generator, check_choice, check_image, check_int

__all__ = ["EVERY_ESTIMATOR", "SAMPLES", "GradientQuality", "at_two_places", "gradients"]

#: Every estimator, with and without what may be added to it.
EVERY_ESTIMATOR: tuple[Estimator, ...] = (
    Score(),
    Score(control=True),
    Blanket(),
    Blanket(control=True),
    Overdispersed(),
    Overdispersed(control=True),
    Local(),
    Relaxed(temperature=0.5),
    Relaxed(temperature=0.1),
)
#: How many samples each is tried with.
SAMPLES = (1, 4, 16, 64, 256)


@dataclass(frozen=True)
class GradientQuality:
    """An estimator of the gradient in eta, measured over repeated estimates.

    Attributes
    ----------
    estimator : str
        Its name, and its settings.
    samples : int
        Draws of the whole picture for each estimate.
    repeats : int
        Estimates that it was measured on.
    bias, bias_error : float
        Mean over sites and estimates of estimate less exact gradient, and its standard error.
    bias_rms, bias_rms_noise : float
        Root mean square over the sites of the bias of each, and what the noise of the
        estimates makes of it where there is none: without bias their ratio is about 1.
    variance, variance_worst : float
        Of an estimate: mean over the sites, and at the site where it is largest.
    mse : float
        Mean over the sites of the squared error of an estimate.
    seconds : float
        Median time of an estimate.
    """

    estimator: str
    samples: int
    repeats: int
    bias: float
    bias_error: float
    bias_rms: float
    bias_rms_noise: float
    variance: float
    variance_worst: float
    mse: float
    seconds: float

    def record(self) -> dict[str, Any]:
        """Return one row of the table, as plain values with stable keys."""
        return asdict(self)


def gradients(
    model: IsingModel,
    mean: ArrayLike,
    *,
    estimators: Iterable[str | Estimator] = EVERY_ESTIMATOR,
    samples: Sequence[int] = SAMPLES,
    repeats: int = 200,
    rng: RandomSource = None,
) -> list[GradientQuality]:
    r"""Measure estimators of the gradient of the evidence lower bound at one place.

    .. math:: \partial_{\eta_i} \mathrm{ELBO}
              = (1 - \mu_i^2) \Bigl(h_i + \sum_j J_{ij} \mu_j - \eta_i\Bigr),
              \qquad \mu_i = \tanh \eta_i

    is what all of them estimate, and is known.

    Parameters
    ----------
    model : IsingModel
        The posterior.
    mean : array_like, shape (H, W)
        The means mu at which, in [-1, 1]; they are kept within tanh(9).
    estimators : iterable of str or Estimator
        Names of `isingdenoise.inference.gradients.ESTIMATORS`, or estimators with settings
        of their own; by default all of them.
    samples : sequence of int
        Draws for each estimate, one row each.
    repeats : int
        Estimates for each row, at least 2.
    rng : int, numpy.random.Generator or other source, optional
        Source of all draws.

    Returns
    -------
    list of GradientQuality
        All samples of the first estimator, then those of the next.

    Raises
    ------
    ParameterError
        An argument is out of range, or the means do not fit the model.

    Examples
    --------
    >>> import numpy as np
    >>> from isingdenoise import IsingModel, MeanField
    >>> model = IsingModel(np.random.default_rng(0).normal(size=(8, 8)), 0.4)
    >>> optimum = MeanField(tol=1e-6).solve(model).mean
    >>> rows = gradients(model, optimum, estimators=["score", "blanket", "local"], rng=0)
    >>> variance = {(row.estimator, row.samples): row.variance for row in rows}
    >>> variance["score", 64] > 10 * variance["blanket", 64] > 30 * variance["local", 64]
    True
    """
    belief = _belief(model, mean)
    repeats = check_int("repeats", repeats, low=2)
    numbers = [check_int("samples", number, low=1) for number in samples]
    generator, _ = as_generator(rng)
    target = Target(model)
    kinds = [
        ESTIMATORS[check_choice("estimators", e, ESTIMATORS)]() if isinstance(e, str) else e
        for e in estimators
    ]
    return [
        _measured(kind, target, belief, number, repeats, generator)
        for kind in kinds
        for number in numbers
    ]


def at_two_places(
    *, repeats: int = 200, rng: RandomSource = None
) -> dict[str, list[GradientQuality]]:
    """Measure all estimators where mean field ends and where nothing is known yet.

    The model is a picture of 16 x 16 of black and white squares under normal noise as
    strong as the levels, the coupling 0.5.

    Parameters
    ----------
    repeats, rng
        As of `gradients`; the picture is the same for all of them.

    Returns
    -------
    dict of str to list of GradientQuality
        "at the optimum" and "away from it": means of a random belief there.
    """
    picture = np.random.default_rng(0)
    levels = np.kron(np.where(picture.random((4, 4)) < 0.5, -1.0, 1.0), np.ones((4, 4)))
    model = IsingModel(levels + picture.normal(size=levels.shape), 0.5)
    optimum = MeanField(tol=1e-6, max_sweeps=10_000, parallel=False).solve(model).mean
    assert optimum is not None
    places = {
        "at the optimum": optimum,
        "away from it": np.tanh(picture.normal(size=levels.shape)),
    }
    generator, _ = as_generator(rng)
    return {
        place: gradients(model, mean, repeats=repeats, rng=generator)
        for place, mean in places.items()
    }


def _belief(model: IsingModel, mean: ArrayLike) -> Belief:
    mu = check_image("mean", mean)
    if mu.shape != model.shape:
        raise ParameterError("mean", f"has shape {mu.shape}, the model has {model.shape}")
    if not bool(np.all(np.abs(mu.astype(np.float64)) <= 1)):  # NaN is no mean either
        raise ParameterError("mean", "must be in [-1, 1]")
    return Belief.of_mean(mu)


def _measured(
    kind: Estimator,
    target: Target,
    belief: Belief,
    samples: int,
    repeats: int,
    rng: np.random.Generator,
) -> GradientQuality:
    exact = exact_gradient(target, belief)
    total, squares = np.zeros_like(exact), np.zeros_like(exact)
    means, seconds = np.empty(repeats), np.empty(repeats)
    for k in range(repeats):
        started = time.perf_counter()
        found = kind.gradient(target, belief, rng, samples)
        seconds[k] = time.perf_counter() - started
        found -= exact
        total += found
        squares += found * found
        means[k] = found.mean()
    bias = total / repeats
    variance = np.maximum(squares - repeats * bias * bias, 0) / (repeats - 1)
    return GradientQuality(
        estimator=label_of(kind),
        samples=samples,
        repeats=repeats,
        bias=float(means.mean()),
        bias_error=float(means.std(ddof=1) / np.sqrt(repeats)),
        bias_rms=float(np.sqrt(np.mean(bias * bias))),
        bias_rms_noise=float(np.sqrt(variance.mean() / repeats)),
        variance=float(variance.mean()),
        variance_worst=float(variance.max()),
        mse=float(squares.mean() / repeats),
        seconds=float(np.median(seconds)),
    )


def label_of(kind: Estimator) -> str:
    """Return an estimator's name and what tells it from others of the name."""
    temperature = getattr(kind, "temperature", None)
    heat = "" if temperature is None else f" {temperature:g}"
    return f"{kind.name}{heat}{' + control' if getattr(kind, 'control', False) else ''}"
