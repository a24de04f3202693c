"""Image in, clean image out."""

from __future__ import annotations

import os
from dataclasses import asdict, replace
from typing import Any, overload

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ._version import __version__
from .coupling import Coupling
from .criticism import complaints, criticisms
from .errors import ChangeLimitError, ParameterError
from .inference import (
    AUTO_PRIOR,
    ENGINE_PARTS,
    ENGINES,
    Backend,
    Callback,
    Engine,
    engines_under,
    on_backend,
    pull_under,
    threads_of,
)
from .learning import (
    AUTO,
    DETECT,
    Calibration,
    Choice,
    Estimate,
    Weighed,
    choose,
    divided_by,
    earned,
    estimate,
    keep_patterns,
    weigh,
)
from .messages import LOGGER, ConvergenceWarning, heard, warn
from .model import IsingModel
from .names import AutoName, BackgroundName, EngineName, NoiseName, PriorName
from .noise import NoiseModel, NoiseSpec, field_and_offset, observed, unit_scale
from .result import DenoiseResult
from .validation import (
    RandomSource,
    as_generator,
    check_choice,
    check_mask,
    check_picture,
    check_real,
)

__all__ = ["DenoiseResult", "denoise"]

AnyEngine = str | Engine | tuple[Engine, Engine] | None

#: The field of a protected pixel beyond what all its neighbours can pull: the
#: other label keeps a probability of exp(-40), and tanh is 1 in float32.
CERTAIN = 20.0

#: Squares and sums of grey values up to this size stay finite.
LARGEST_GREY = 1e30


def denoise(  # noqa: PLR0913 - the one door for everything about a picture
    image: ArrayLike,
    noise: NoiseName | NoiseModel | NoiseSpec | Choice = AUTO,
    *,
    engine: EngineName | Engine | tuple[Engine, Engine] | None = None,
    prior: PriorName | str | os.PathLike[str] = AUTO_PRIOR,
    coupling: AutoName | float | Coupling | Estimate = AUTO,
    calibration: Calibration | None = None,
    background: BackgroundName | ArrayLike | None = DETECT,
    mask: ArrayLike | None = None,
    protect: ArrayLike | None = None,
    max_change: float | None = None,
    rng: RandomSource = None,
    backend: Backend = "auto",
    callback: Callback | None = None,
) -> DenoiseResult:
    """Return the clean two-level picture behind a noisy one.

    Parameters
    ----------
    image : array_like, shape (H, W)
        The noisy picture: bool (read as -1 and +1), integer or float, on the
        scale of the noise model's levels. NaN marks a missing pixel, and so
        does a mask of `numpy.ma`. It is left as it is.
    noise : str, NoiseModel or NoiseSpec, default "auto"
        A name of `NOISE_MODELS`, its parameters estimated from the picture;
        "auto" to choose between gaussian, flip and salt-pepper as well; a
        `NoiseSpec` where some parameters are known; or a model with all of them.
    engine : str, Engine or tuple of two engines, optional
        A name of `ENGINES`, or an engine with settings of its own. None leaves it to the
        prior: mean field for the Ising model's, `Amortised` for a learned one. So do two
        engines with settings, the first for the Ising model's.
    prior : str or path, default "auto"
        "ising"; "learned", the one that comes with the package; or a file of weights, as
        `isingdenoise train` writes it. "auto" takes the learned one where no engine and no
        coupling is given and it predicts hidden pixels better than the Ising model's does.
    coupling : "auto", float, Coupling or Estimate, default "auto"
        How strongly neighbours pull. "auto" estimates it (`estimate`), and
        calibrates the probabilities of mean field and of learned priors; an `Estimate` does the
        same with what was found before; a float means four neighbours.
    calibration : Calibration, optional
        How the pulls of mean field become probabilities. None takes that of
        the estimate, and (1 + mean) / 2 where the coupling is given.
    background : "detect", "auto", None or array_like, shape (H, W), default "detect"
        Slowly varying light to divide the picture by before anything else.
        "detect" divides a picture whose noise is chosen ("auto") where one
        threshold evidently misses edges; "auto" estimates a smooth surface
        whatever the noise (`estimate_background`); None takes the light for even.
    mask : array_like of bool, shape (H, W), optional
        False where a pixel is missing: it is filled in from its neighbours.
    protect : array_like of bool, shape (H, W), optional
        True where a pixel never changes: it keeps its side of the threshold
        half way between the levels, and its neighbours take it for certain.
        The noise is estimated as if nothing were protected. Bounds are on the
        log probability of the picture together with the protected values.
    max_change : float, optional
        Largest share of the observed pixels that may change, in [0, 1].
    rng : int, numpy.random.Generator or other source, optional
        Randomness for sampling engines, as `numpy.random.default_rng` takes it. None draws a
        fresh seed, which stands in `settings`.
    backend : {"auto", "cpu", "gpu"}, default "auto"
        Where mean field, ICM and Gibbs sampling compute. "auto" takes a graphics card for much
        work where there is one; a learned prior computes on the CPU.
    callback : callable, optional
        Called with a `Step` after each round. It ends the solve by raising
        `StopIteration`: the result is then that of the rounds done, with status `stopped`.

    Returns
    -------
    DenoiseResult

    Raises
    ------
    ParameterError
        An argument is out of range, its shape does not fit, no pixel is known
        or a missing one is protected; a graphics card is asked for, and there is none.
    ChangeLimitError
        More would change than `max_change` allows.
    CardError
        A graphics card has failed, or is too small.

    Warns
    -----
    EstimationWarning
        A parameter cannot be estimated from this picture, or what came out is
        suspicious: one colour all over, nearly all of a colour lost, a noise
        model that does not fit.
    ConvergenceWarning
        The sweeps of the engine ran out, or its chains disagree: what to raise.

    Notes
    -----
    Pictures of some 0.1 megapixel and more gain by threads of the caller's own. Of smaller ones
    most of the time is Python's, whose lock lets one thread work at a time: take processes.

    The logger `isingdenoise` tells noise, coupling, engine and how it did, at level DEBUG.

    Examples
    --------
    >>> import numpy as np
    >>> clean = np.zeros((32, 32), bool)
    >>> clean[8:24, 8:24] = True
    >>> noisy = clean ^ (np.random.default_rng(0).random(clean.shape) < 0.1)
    >>> result = denoise(noisy, "flip")
    >>> int((noisy != clean).sum()), int((result.image != clean).sum())
    (96, 3)
    >>> result.probability.shape, result.probability.dtype
    ((32, 32), dtype('float32'))
    """
    x, known = check_picture(image, mask, high=LARGEST_GREY)
    protected = _check_protected(protect, x, known)
    limit = None if max_change is None else check_real("max_change", max_change, low=0, high=1)
    solvers = on_backend(engines_under(resolve_engine(engine), prior), backend)
    generator, seed = as_generator(rng)
    light, divided = divided_by(background, x, known, noise)
    with heard() as said:
        choice, strength, source, estimated = _resolve(noise, coupling, divided, known, solvers[0])
    noise_model, fit = choice.noise, choice.fit
    LOGGER.debug("noise %s, coupling %s (%s)", noise_model, strength, source)
    if calibration is not None and not isinstance(calibration, Calibration):
        raise ParameterError("calibration", f"must be a Calibration or None, not {calibration!r}")
    weighed = _weighed(solvers, divided, known, choice, strength, source)
    solver = solvers[-1] if weighed is not None and weighed.taken == "learned" else solvers[0]
    if solver.traits.learned:
        calibration = calibration or (None if weighed is None else weighed.calibration)
    else:
        calibration = (calibration or estimated) if solver.traits.factorised else None

    field, offset = field_and_offset(noise_model, divided, known)
    start = unit_scale(noise_model, divided)
    if known is not None:
        start[~known] = 0
    if source == "estimated" and not solver.traits.learned:  # which knows patterns itself
        kept = keep_patterns(field, noise_model, divided, known, strength, choice.around)
        fit = None if fit is None else replace(fit, kept=kept)
    reconsider = getattr(noise_model, "reconsider", None)
    if reconsider is not None:
        reconsider(field, divided, known, strength.pull)
    del divided
    if protected is not None:
        offset += _pin(protected, field, start, pull_under(solver, strength))
    model = IsingModel(field, strength, offset)
    bright = np.packbits(start >= 0)
    # A large picture should fit: the engine gets the only reference, and drops it.
    only = [start]
    del field, start
    LOGGER.debug("solving by %s", solver)
    solution = solver.solve(model, init=only.pop(), rng=generator, callback=callback)

    image = solution.labels > 0
    differs, changed = _differences(image, bright, observed(x, known))
    if limit is not None and changed > limit:
        raise ChangeLimitError(changed, limit)
    result = DenoiseResult(
        image=image,
        solution=solution,
        model=model,
        noise=noise_model,
        coupling=strength,
        settings={
            "version": __version__,
            "noise": {"name": noise_model.name, **_fields(noise_model)},
            "engine": {"name": solver.name, **_fields(solver)},
            "prior": _prior_record(prior, solver, weighed),
            "coupling": {**strength.record(), "source": source},
            "calibration": None if calibration is None else asdict(calibration),
            "background": background if light is None or isinstance(background, str) else "given",
            "seed": seed,
        },
        changed=changed,
        differs=differs,
        calibration=calibration,
        background=light,
        fit=fit,
    )
    given = not isinstance(noise, (str, NoiseSpec))
    for message in criticisms(result, x, known, given=given, warned=bool(said)):
        warn(message)
    for advice in complaints(result):
        warn(str(advice), ConvergenceWarning)
    LOGGER.debug("%r, %.3g s, %.2g%% changed", solution, solution.seconds, 100 * changed)
    return result


def _resolve(
    noise: str | NoiseModel | NoiseSpec | Choice,
    coupling: str | float | Coupling | Estimate,
    x: NDArray[Any],
    mask: NDArray[np.bool_] | None,
    engine: Engine,
) -> tuple[Choice, Coupling, str, Calibration | None]:
    """Return noise model and fit, coupling, where it comes from, and a calibration."""
    choice = choose(noise, x, mask)
    if isinstance(coupling, str):
        check_choice("coupling", coupling, [AUTO])
        coupling = estimate(x, choice, mask=mask, parallel=threads_of(engine))
    if isinstance(coupling, Estimate):
        choice = replace(choice, fit=coupling.fit or choice.fit)
        return choice, coupling.coupling, "estimated", coupling.calibration
    strength = coupling if isinstance(coupling, Coupling) else Coupling.nearest(coupling)
    return choice, strength, "given", None


def _weighed(
    solvers: tuple[Engine, ...],
    x: NDArray[Any],
    mask: NDArray[np.bool_] | None,
    choice: Choice,
    coupling: Coupling,
    source: str,
) -> Weighed | None:
    """Return how a learned prior does against the Ising model's; None where nothing is weighed.

    Nothing is where a coupling is given, or nothing pulls.
    """
    solver = solvers[-1]
    if not solver.traits.learned or source != "estimated" or coupling.pull == 0:
        return None

    def infer(field: NDArray[np.float32]) -> NDArray[np.float32]:
        mean = solver.solve(IsingModel(field, coupling)).mean
        assert mean is not None  # a trait of these engines
        return mean

    weighed = weigh(x, mask, choice.noise, coupling, infer, np.random.default_rng(0))
    if len(solvers) == 1 and weighed.taken != "learned":
        if weighed.gain < -earned(weighed.error):
            warn(
                f"hidden pixels speak against the learned prior by {-weighed.gain:.4g} nats: "
                "let the picture choose (prior auto), or take ising"
            )
        weighed = replace(weighed, taken="learned")
    return weighed


def _prior_record(
    prior: str | os.PathLike[str], solver: Engine, weighed: Weighed | None
) -> dict[str, Any]:
    """Return the prior that was taken, and what spoke for it, as plain values."""
    name = "learned" if solver.traits.learned else "ising"
    figures = {} if weighed is None else weighed.figures()
    return {"name": name, "source": "chosen" if prior == AUTO_PRIOR else "given", **figures}


@overload
def resolve_engine(engine: str | Engine) -> Engine: ...
@overload
def resolve_engine(engine: AnyEngine) -> Engine | tuple[Engine, Engine] | None: ...
def resolve_engine(engine: AnyEngine) -> Engine | tuple[Engine, Engine] | None:
    """Return the engine that `engine` names or is; None, and both of two, as they are.

    Raises
    ------
    ParameterError
        An unknown name, or not an engine.
    """
    if engine is None:
        return None
    if isinstance(engine, tuple):
        if len(engine) != 2:
            raise ParameterError("engine", f"must be one engine or two, not {len(engine)}")
        return resolve_engine(engine[0]), resolve_engine(engine[1])
    if isinstance(engine, str):
        return ENGINES[check_choice("engine", engine, ENGINES)]()
    if isinstance(engine, type) or not hasattr(engine, "solve"):
        raise ParameterError("engine", f"must be a name or an engine, not {engine!r}")
    lacking = [part for part in ENGINE_PARTS if not hasattr(engine, part)]
    if lacking:
        raise ParameterError("engine", f"{type(engine).__name__} lacks {', '.join(lacking)}")
    return engine


def _check_protected(
    protect: ArrayLike | None, x: NDArray[Any], known: NDArray[np.bool_] | None
) -> NDArray[np.bool_] | None:
    """Return the protected pixels, or None; refuse missing ones, and a mask that leaves none.

    Raises
    ------
    ParameterError
        No bools, another shape, or pixels without a value.
    """
    if (known is not None or x.dtype.kind == "f") and not observed(x, known).any():
        if known is None:
            raise ParameterError("image", "has no known pixel: all of them are missing (NaN)")
        raise ParameterError("mask", "leaves no pixel known; mark the known ones True (not 0)")
    try:
        protected = check_mask(protect, x.shape)
    except ParameterError as error:
        raise ParameterError("protect", error.message) from None
    if protected is not None:
        empty = int(np.count_nonzero(protected & ~observed(x, known)))
        if empty:
            raise ParameterError(
                "protect", f"covers missing pixels ({empty}), which have no value to keep"
            )
    return protected


def _pin(
    protected: NDArray[np.bool_],
    field: NDArray[np.float32],
    start: NDArray[np.float32],
    pull: float,
) -> float:
    """Make protected pixels certain, in place; return what that adds to the offset.

    `pull` is the most that others can do to one.

    With s the kept label and H the new field, h becomes H s and c becomes
    c + h s - H: the log likelihood h s + c of the kept label stays, and that
    of the other one falls by 2 H.
    """
    strong = np.float32(CERTAIN + pull)
    kept = np.where(start[protected] >= 0, np.float32(1), np.float32(-1))
    gain = float(np.sum(kept * field[protected], dtype=np.float64)) - float(strong) * kept.size
    field[protected] = strong * kept
    start[protected] = kept
    return gain


def _differences(
    image: NDArray[np.bool_], bright: NDArray[np.uint8], known: NDArray[np.bool_]
) -> tuple[NDArray[np.uint8], float]:
    """Return which known pixels differ from the bits of `bright`, as bits, and their share."""
    count = int(np.count_nonzero(known))
    bits = (np.packbits(image) ^ bright) & np.packbits(known)
    return bits, int(np.bitwise_count(bits).sum()) / count if count else 0.0


def _fields(settings: Any) -> dict[str, Any]:
    """Return a settings dataclass as plain values."""
    return dict(asdict(settings))
