"""Noise and coupling of many pages of one scanner."""

from __future__ import annotations

from collections.abc import Generator, Iterable
from dataclasses import asdict
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from ...noise import AUTO, NoiseModel, NoiseSpec
from ...validation import RandomSource, as_generator, check_choice, check_int
from ..choice import choose
from ..light import DETECT, LIGHTS
from ..patterns import are_patterns_kept
from ._climb import METHODS
from ._learner import Learner
from ._looks import PageReader
from ._plan import Plan, mean_calibration
from ._rates import STEPS
from ._source import Source
from ._state import State
from .learned import Learned, spread_of

__all__ = ["learn", "learn_stepwise", "visits"]

_BATCH, _EPOCHS = 16, 2


def learn(
    pages: Iterable[ArrayLike],
    noise: str | NoiseSpec | NoiseModel = AUTO,
    **settings: Any,
) -> Learned:
    r"""Return the noise and the coupling that many pages of one scanner have in common.

    Each page is looked at by `estimate`, through a window of at most 200,000
    pixels. What it says, on scales that a normal distribution suits (levels,
    log sigma, log odds of flips, log strengths), is the noisy observation of
    what all have in common, with Student's t for pages of another kind: a
    conjugate hierarchy, learned by natural-gradient steps from minibatches,

    .. math:: \lambda \leftarrow (1 - \rho_t) \lambda + \rho_t \hat\lambda_B .

    Expected statistics of the pixels under the posterior of mean field are not
    used for it: on text with 10 % of flips they put the log odds of a flip off by
    0.18, calibrated ones by 0.18, those of hidden pixels by 0.37, the pages'
    own estimates by less than 0.01 (means that are too sure of themselves).

    The coupling then climbs the mean score of hidden pixels (`estimate`) of
    all pages by stochastic gradients. Last, each page is scored under what
    all have in common: one whose hidden pixels were likelier by 0.02 nats
    under its own estimate is told of (`Learned.apart`). In memory is one minibatch
    of pages, and a dozen numbers of each.

    Parameters
    ----------
    pages : iterable of array_like, each of shape (H, W)
        Noisy pages as `estimate` takes them. With `len` and indices they are
        taken at random, each several times; one that raises an
        `IsingDenoiseError` is passed over. An iterator is gone through once:
        then the coupling is the mean of the pages' own, and scores are those
        under what is known by then.
    noise : str, NoiseSpec or NoiseModel, default "auto"
        As in `estimate`. With "auto" each page chooses its model, and that of
        more than half of them is taken.
    background : str or None, default "detect"
        With "detect" a page in evidently uneven light does not count, because
        light is not divided out where the noise is known; with "auto" all
        pages are divided by their light; None takes it for even.
    batch_size : int, default 16
        Pages of a minibatch.
    epochs : int, default 2
        Passes over all pages for the coupling; with 0 it is the mean of the
        pages' own.
    step : {"robbins-monro", "adaptive"}
        Rates that fall as t^-0.7, or that follow how much the directions agree.
    method : {"plain", "svrg"}
        Gradients of the coupling as they are, or with their variance reduced
        by a snapshot of all pages; then each epoch takes two passes, and the rate
        is 0.5 throughout.
    rng : int, numpy.random.Generator or other source, default 0
        Chooses order, windows and hidden pixels.
    start : State, optional
        What earlier pages have left (`Learned.state`).

    Returns
    -------
    Learned

    Raises
    ------
    ParameterError
        A setting is out of range.

    References
    ----------
    Hoffman, Blei, Wang and Paisley, "Stochastic variational inference", JMLR 14 (2013).
    Ranganath, Wang, Blei and Xing, "An adaptive learning rate for stochastic variational
    inference", ICML (2013). Johnson and Zhang, "Accelerating stochastic gradient
    descent using predictive variance reduction", NIPS (2013).

    Examples
    --------
    >>> import numpy as np
    >>> clean = np.zeros((48, 48), bool)
    >>> clean[8:24, 8:40] = clean[30:40, 4:20] = True
    >>> rng = np.random.default_rng(0)
    >>> found = learn([clean ^ (rng.random(clean.shape) < 0.1) for _ in range(6)], "flip")
    >>> found.noise.name, 0.08 < found.noise.probability < 0.12, found.pages
    ('flip', True, 6)
    >>> found.apart
    ()
    """
    steps = learn_stepwise(pages, noise, **settings)
    while True:
        try:
            next(steps)
        except StopIteration as end:
            found: Learned = end.value
            return found


def learn_stepwise(  # noqa: PLR0913 - the settings of `learn`
    pages: Iterable[ArrayLike],
    noise: str | NoiseSpec | NoiseModel = AUTO,
    *,
    background: str | None = DETECT,
    batch_size: int = _BATCH,
    epochs: int = _EPOCHS,
    step: str = "robbins-monro",
    method: str = "plain",
    rng: RandomSource = 0,
    start: State | None = None,
) -> Generator[int, None, Learned]:
    """Do the work of `learn`, and yield the number of each page after each visit.

    Parameters are those of `learn`, which are checked at once.

    Returns
    -------
    generator
        Its value at the end is the `Learned`. How many visits there are at most
        tells `visits`.
    """
    plan = Plan(
        check_int("batch_size", batch_size, low=1),
        check_int("epochs", epochs, low=0),
        check_choice("step", step, STEPS),
        check_choice("method", method, METHODS),
    )
    settings = {"noise": noise, "background": background, **asdict(plan)}
    if isinstance(noise, str):
        noise = NoiseSpec(noise)
    elif not isinstance(noise, NoiseSpec):
        choose(noise, np.zeros((1, 1)))  # refuses what is no noise model
    if background is not None:
        check_choice("background", background, LIGHTS)
    generator, _ = as_generator(rng)
    state = State() if start is None else State.from_record(start.record())  # the caller's stays
    reader = PageReader(noise, background, int(generator.integers(1 << 32)))
    learner = Learner(Source(pages), reader, plan, state, generator)
    return _learned(learner, settings)


def visits(pages: int, *, epochs: int = _EPOCHS, method: str = "plain") -> int:
    """Return how often pages are taken in all, so many of them, that can be had again."""
    return Plan(_BATCH, epochs, "", method).visits(pages)


def _learned(learner: Learner, settings: dict[str, Any]) -> Generator[int, None, Learned]:
    yield from learner.run()
    state = learner.state
    group = state.winner
    fits = tuple(learner.fits())
    good = {fit.page for fit in fits if fit.fits}
    calibrations = [c for page, c in learner.calibrations.items() if page in good]
    return Learned(
        noise=None if group is None else group.noise,
        coupling=None if group is None else state.coupling,
        factor=1.0 if group is None else group.factor,
        calibration=mean_calibration(calibrations),
        spread=spread_of(state),
        pages=state.seen,
        fits=fits,
        notes=tuple(_notes(state)),
        state=state,
        settings=settings,
        learn=learn,
    )


def _notes(state: State) -> list[str]:
    """Return what was seen of all pages."""
    notes = []
    if state.winner is not None and are_patterns_kept(state.winner.noise):
        notes.append("noise is rare: the coupling is left to each page, which keeps what repeats")
    if state.seen and state.winner is None:
        if 2 * state.left_alone >= state.seen:
            notes.append(f"{state.left_alone} of {state.seen} pages need no cleaning")
        elif 2 * state.uneven >= state.seen:
            notes.append(f"{state.uneven} of {state.seen} pages lie in uneven light")
        else:
            votes = ", ".join(f"{name} {g.votes}" for name, g in state.groups.items())
            notes.append(f"no noise model is that of most of {state.seen} pages ({votes})")
    return notes
