"""Stochastic variational inference on the same posterior: to measure gradients, not to be fast."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from typing import Any, ClassVar, Literal, get_args

import numpy as np
from numpy.typing import ArrayLike

from ..errors import ParameterError
from ..model import IsingModel
from ..validation import (
    RandomSource,
    as_generator,
    check_choice,
    check_int,
    check_real,
    check_switch,
    store,
)
from ._climb import Climb
from ._loop import iterate
from .base import Traits
from .gradients import ESTIMATORS, Estimator
from .solution import Callback, Solution, Work, ran_out

__all__ = ["BlackBox"]

Kind = Literal["local", "blanket", "score", "relaxed", "overdispersed"]
Schedule = Literal["robbins-monro", "adaptive"]


@dataclass(frozen=True)
class BlackBox:
    r"""Stochastic gradient ascent on the evidence lower bound of mean field.

    .. math:: \eta_i \leftarrow \eta_i + \rho_t \hat g_i, \qquad \mu_i = \tanh \eta_i

    with an unbiased (but for "relaxed") Monte Carlo estimate g of the gradient. What mean
    field finds is known, and so is the exact gradient (`gradients`): the engine is there to
    see what each estimator costs. Its answer is mean field's, and noise.

    Parameters
    ----------
    estimator : {"local", "blanket", "score", "relaxed", "overdispersed"}
        Of the gradient: with the site's own spin summed out; the score function with the
        site's Markov blanket; the same with the whole joint; through relaxed spins, which is
        biased; `blanket` drawn from a wider distribution.
    control : bool, default True
        Whether the score function has a control variate; the other estimators take none.
    samples : int, default 4
        Draws of the whole picture for each gradient; each is a sweep.
    natural : bool, default True
        Whether gradients are divided by the Fisher information 1 - mu^2.
    step : {"adaptive", "robbins-monro"}
        "robbins-monro": rho_t = (t + delay)^-kappa. "adaptive": site by site as
        large as the gradient is sure, the square of its mean over the mean of its square.
    kappa : float, default 0.7
        In (0.5, 1], of Robbins and Monro's steps.
    delay : float, default 1
        At least 1, the same.
    temperature : float, optional
        Of the estimators "relaxed" (default 0.5) and "overdispersed" (1.5); the others
        have none.
    look_every : int, default 10
        Look at residual and bound after so many gradients: a round.
    tol : float, default 0.005
        Stop when the root of the mean over the picture of (tanh(a_i) - mu_i)^2 is at most
        tol, a the exact local field. Noise is part of it, and falls with the root of all
        samples drawn; the largest of so many, which is the trace's `residual`, says
        more of the size of the picture than of how far the ascent is.
    max_sweeps : int, default 3000
        Stop after so many draws of the whole picture in any case, with status `max_sweeps`.

    Raises
    ------
    ParameterError
        A setting is out of range.

    Notes
    -----
    eta is kept in [-9, 9], where tanh is 1 in float32. Where a gradient has heavy tails
    (all but "local") a step is at most 1 long; a natural gradient of the score function needs
    its control variate, for the tails are heavier still where 1 - mu^2 is small. All is done
    by NumPy, in float64 and on one thread.

    The means are those of mean field up to `tol`, and as sure of themselves: the calibration
    and the reaction term, which smooth over the neighbours' noise, improve them as much. Noise
    may end in another of the posterior's fixed points, mostly as good a one.

    References
    ----------
    Ranganath, Gerrish and Blei, Black Box Variational Inference, AISTATS 2014. Hoffman,
    Blei, Wang and Paisley, Stochastic Variational Inference, JMLR 14, 2013. Those of the
    estimators are with `isingdenoise.inference.gradients`.

    Examples
    --------
    >>> import numpy as np
    >>> from isingdenoise import Coupling, IsingModel
    >>> model = IsingModel(np.array([[4.0, -0.1, 4.0]]), Coupling.nearest(2.0))
    >>> solution = BlackBox().solve(model, rng=0)
    >>> solution.labels.tolist()
    [[1, 1, 1]]
    >>> solution.status.value, solution.lower_bound is not None
    ('converged', True)
    """

    name: ClassVar[str] = "bbvi"
    summary: ClassVar[str] = "black-box variational inference: mean field by noisy gradients"
    traits: ClassVar[Traits] = Traits(
        marginals=True, lower_bound=True, stochastic=True, factorised=True
    )

    estimator: Kind = "local"
    control: bool = True
    samples: int = 4
    natural: bool = True
    step: Schedule = "adaptive"
    kappa: float = 0.7
    delay: float = 1.0
    temperature: float | None = None
    look_every: int = 10
    tol: float = 0.005
    max_sweeps: int = 3000

    def __post_init__(self) -> None:
        temperature = self.temperature
        if temperature is not None:
            temperature = check_real("temperature", temperature, low=1e-3, high=1e3)
        store(
            self,
            estimator=check_choice("estimator", self.estimator, get_args(Kind)),
            control=_check_bool("control", self.control),
            samples=check_int("samples", self.samples, low=1),
            natural=_check_bool("natural", self.natural),
            step=check_choice("step", self.step, get_args(Schedule)),
            kappa=check_real("kappa", self.kappa, low=0.5, high=1, low_open=True),
            delay=check_real("delay", self.delay, low=1),
            temperature=temperature,
            look_every=check_int("look_every", self.look_every, low=1),
            tol=check_real("tol", self.tol, low=0),
            max_sweeps=check_int("max_sweeps", self.max_sweeps, low=1),
        )

    def gradient_estimator(self) -> Estimator:
        """Return the estimator with these settings."""
        kind: Any = ESTIMATORS[self.estimator]
        given = {"control": self.control, "temperature": self.temperature}
        taken = {setting.name for setting in fields(kind)}
        made: Estimator = kind(**{k: v for k, v in given.items() if k in taken and v is not None})
        return made

    def footprint(self, pixels: int) -> int:
        """Return the bytes held at the peak of `solve`; see `Engine`."""
        drawn = 80 + self.gradient_estimator().draw_bytes * self.samples
        return (max(100, drawn) + 24 * (self.step == "adaptive")) * pixels

    def quick(self) -> BlackBox:
        """Return an engine that follows two gradients of as many draws; see `Engine`."""
        return replace(self, look_every=1, max_sweeps=2 * self.samples)

    def solve(
        self,
        model: IsingModel,
        *,
        init: ArrayLike | None = None,
        rng: RandomSource = None,
        callback: Callback | None = None,
    ) -> Solution:
        """Return where the ascent from `init` ended, `labels` being the signs of `mean`.

        Parameters and result as of `Engine.solve`.
        """
        generator, _ = as_generator(rng)
        climb = Climb(model, self, init, generator)
        del init
        trace, status = iterate(
            climb.step,
            max_sweeps=self.max_sweeps,
            sites=model.field.size,
            snapshot=climb.snapshot,
            callback=callback,
        )
        mean, rms = climb.snapshot(), climb.rms
        del climb
        labels = np.where(mean >= 0, np.int8(1), np.int8(-1))
        updates = int(trace.site_updates[-1])
        message = f"{self.name} did not converge in {self.max_sweeps} sweeps"
        return Solution(
            labels=labels,
            mean=mean,
            energy=model.energy(labels),
            lower_bound=float(trace.lower_bound[-1]),
            upper_bound=None,
            status=status,
            work=Work(updates // model.field.size, updates),
            trace=trace,
            engine=self.name,
            diagnostics={"residual": float(trace.residual[-1]), "rms_residual": rms},
            advice=ran_out(status, message, "max_sweeps", "tol"),
        )


def _check_bool(name: str, value: Any) -> bool:
    """Return a value that is True or False.

    Raises
    ------
    ParameterError
        It is something else.
    """
    if value is None:
        raise ParameterError(name, "must be True or False, not None")
    return bool(check_switch(name, value))
