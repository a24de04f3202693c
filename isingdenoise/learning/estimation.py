"""Noise parameters and coupling of a picture, from the picture alone."""

from __future__ import annotations

import time
from dataclasses import asdict, dataclass, replace
from typing import Any

from numpy.typing import ArrayLike

from ..coupling import Coupling
from ..names import NoiseName
from ..noise import NoiseModel, NoiseSpec
from ..validation import RandomSource, as_generator, check_picture, check_switch
from ._bootstrap import Bootstrap
from ._calibration import Calibration, calibrate
from ._held_out import HeldOut
from ._search import Search
from ._windows import window_of
from .choice import AUTO, Choice, choose
from .evidence import EARN
from .fit import LEFT_ALONE, Fit

__all__ = ["Estimate", "estimate"]

_EARN_EACH = 0.1  # nats a hidden pixel: all that a small picture can be asked for
_UNTOLD = "neighbours do not tell one another, so nothing tells noise from what is there"


@dataclass(frozen=True, eq=False)
class Estimate:
    """What a picture says about its noise and about the pull of neighbours.

    Attributes
    ----------
    noise : NoiseModel
        As estimated, or as given.
    coupling : Coupling
        The strengths that `denoise` uses: `factor` times those of the best score.
    factor : float
        By how much the strengths that decide best exceed those that predict best.
    calibration : Calibration
        Makes probabilities out of mean-field pulls.
    score : float
        Log predictive likelihood of a hidden pixel in nats, averaged, at the
        best coupling. Comparable between noise models as likelihoods are.
    curve : tuple of (Coupling, float)
        Every coupling tried, in this order, and its score.
    hidden : int
        Number of hidden pixels.
    evaluations : int
        Number of solves, each to a tolerance of 0.03.
    site_updates : int
        Work done, to be compared with that of a solve.
    seconds : float
        Time for all of it.
    fit : Fit or None
        Which hypothesis about the noise was taken; None where it was named.
    """

    noise: NoiseModel
    coupling: Coupling
    factor: float
    calibration: Calibration
    score: float
    curve: tuple[tuple[Coupling, float], ...]
    hidden: int
    evaluations: int
    site_updates: int
    seconds: float
    fit: Fit | None = None

    def record(self) -> dict[str, Any]:
        """Return all of it but the noise as plain values with stable keys."""
        return {
            "coupling": asdict(self.coupling),
            "factor": self.factor,
            "calibration": asdict(self.calibration),
            "score": self.score,
            "curve": [{**asdict(coupling), "score": score} for coupling, score in self.curve],
            "hidden": self.hidden,
            "evaluations": self.evaluations,
            "site_updates": self.site_updates,
            "seconds": self.seconds,
            "fit": None if self.fit is None else self.fit.record(),
        }


def estimate(
    image: ArrayLike,
    noise: NoiseName | NoiseModel | NoiseSpec | Choice = AUTO,
    *,
    mask: ArrayLike | None = None,
    rng: RandomSource = 0,
    parallel: bool | None = None,
) -> Estimate:
    r"""Return noise parameters and coupling of a noisy two-level picture.

    The noise model's own estimate (`NoiseModel.from_image`) comes first. Then
    a fifth of the pixels is hidden (field 0, no two of them neighbours), the
    rest is solved by mean field, and the coupling is the one under which the
    grey values of the hidden pixels are likeliest,

    .. math:: \sum_i \log \sum_{s = \pm 1} \sigma(2 s u_i) \, p(x_i \mid z_i = s),
              \qquad u_i = \sum_j J_{ij} \mu_j

    sought over the strength on 4 neighbours, over unequal horizontal and
    vertical strengths and over diagonals of either sign, in at most eight
    solves. Unequal strengths must earn 10 nats, negative diagonals 8, positive
    ones, which smooth more, 20. A parametric bootstrap on half of the pixels
    (six solves) then chooses between 1 and 1.2 times these strengths, and one
    more solve calibrates. Each goes to a tolerance of 0.03: together they cost
    4 to 12 full solves mostly. Of pictures beyond 200,000 pixels as many
    are taken, in parts of 64 x 64.

    Levels, sigma and probabilities are not fitted once more to the solved
    picture (the M-step of variational EM): means that are too sure of
    themselves make them up to five times worse.

    Parameters
    ----------
    image : array_like, shape (H, W)
        The noisy picture, as `denoise` takes it.
    noise : str, NoiseModel or NoiseSpec, default "auto"
        A name of `NOISE_MODELS`; "auto" to choose one, or to leave the picture
        alone (`choose_noise`); a `NoiseSpec` where some parameters are known; or a model.
    mask : array_like of bool, shape (H, W), optional
        False where a pixel is missing.
    rng : int, numpy.random.Generator or other source, default 0
        Chooses windows and hidden pixels.
    parallel : bool, optional
        As in `MeanField`.

    Returns
    -------
    Estimate

    Raises
    ------
    ParameterError
        An argument is out of range, or its shape does not fit.

    Warns
    -----
    EstimationWarning
        A parameter cannot be estimated from this picture.

    References
    ----------
    Besag, "On the statistical analysis of dirty pictures", J. R. Stat. Soc. B
    48 (1986), for estimating the interaction from the picture; Platt (1999) and
    Guo et al. (2017) for calibrating with one slope.

    Examples
    --------
    >>> import numpy as np
    >>> clean = np.zeros((32, 32), bool)
    >>> clean[8:24, 8:24] = True
    >>> found = estimate(clean ^ (np.random.default_rng(0).random(clean.shape) < 0.1), "flip")
    >>> found.noise.name, 0.05 < found.noise.probability < 0.15
    ('flip', True)
    >>> found.coupling.neighbours, found.coupling.horizontal > 0.3
    (4, True)
    """
    started = time.perf_counter()
    x, known = check_picture(image, mask)
    generator, _ = as_generator(rng)
    parallel = check_switch("parallel", parallel)
    choice = choose(noise, x, known)
    if choice.fit is not None and choice.fit.left_alone:
        return _nothing_to_pull(choice, started)
    window = window_of(x, known, generator)
    noise_model = choice.noise
    held_out = HeldOut(window, noise_model, parallel)
    search = Search(held_out)
    search.strength()
    alike = search.best
    if not search.positive_diagonals():
        search.direction()
        search.negative_diagonals()
    if search.best is not alike:
        search.finer()
    needed = min(EARN, _EARN_EACH * held_out.x.size)
    if choice.open and search.best.score < held_out.alone() + needed:
        return _nothing_to_pull(choice, started, held_out)
    bootstrap = Bootstrap(window, noise_model, generator, parallel)
    factor = bootstrap.factor(search.best.coupling)
    chosen = search.best.coupling.scaled(factor)
    calibration = calibrate(held_out.predict(chosen).pull, held_out.evidence)
    return Estimate(
        noise=noise_model,
        coupling=chosen,
        factor=factor,
        calibration=calibration,
        score=_each(search.best.score, held_out),
        curve=tuple((c, _each(score, held_out)) for c, score in search.curve),
        hidden=held_out.x.size,
        evaluations=held_out.evaluations + bootstrap.evaluations,
        site_updates=held_out.site_updates + bootstrap.site_updates,
        seconds=time.perf_counter() - started,
        fit=choice.fit,
    )


def _each(score: float, held_out: HeldOut) -> float:
    """Return a score of all hidden pixels for one of them."""
    return (score + held_out.constant) / max(held_out.x.size, 1)


def _nothing_to_pull(choice: Choice, started: float, held_out: HeldOut | None = None) -> Estimate:
    """Return the estimate of a picture that is left alone: no coupling at all."""
    fit = choice.fit
    if held_out is not None and fit is not None:
        fit = replace(fit, assumed=LEFT_ALONE, notes=(_UNTOLD,))
    return Estimate(
        noise=choice.noise,
        coupling=Coupling.nearest(0.0),
        factor=1.0,
        calibration=Calibration(),
        score=0.0 if held_out is None else _each(held_out.alone(), held_out),
        curve=(),
        hidden=0 if held_out is None else held_out.x.size,
        evaluations=0 if held_out is None else held_out.evaluations,
        site_updates=0 if held_out is None else held_out.site_updates,
        seconds=time.perf_counter() - started,
        fit=fit,
    )
