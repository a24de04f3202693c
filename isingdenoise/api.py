"""Image in, clean image out."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ._version import __version__
from .coupling import Coupling
from .errors import ChangeLimitError, ParameterError
from .inference import ENGINES, Callback, Engine, Solution
from .model import IsingModel
from .noise import NOISE_MODELS, NoiseModel, field_and_offset, observed, unit_scale
from .validation import as_generator, check_choice, check_image, check_mask, check_real

__all__ = ["DEFAULT_COUPLING", "DenoiseResult", "denoise"]

#: What `coupling="auto"` stands for as long as it is not estimated: a middle way
#: between small text (best near 0.35) and silhouettes (best near 1.3).
DEFAULT_COUPLING = Coupling.nearest(0.6)

#: The field of a protected pixel beyond what all its neighbours can pull: the
#: other label keeps a probability of exp(-40), and tanh is 1 in float32.
CERTAIN = 20.0

#: Squares and sums of grey values up to this size stay finite.
LARGEST_GREY = 1e30


@dataclass(frozen=True, eq=False)
class DenoiseResult:
    """A clean picture, and everything that led to it.

    Attributes
    ----------
    image : ndarray, shape (H, W), bool
        The clean picture, True where bright.
    probability : ndarray, shape (H, W), float32, or None
        P(z_i = +1 | x), the probability that a pixel is bright; None for
        engines that seek only labels.
    solution : Solution
        What the engine found, with its status and trace.
    model : IsingModel
        The posterior that was solved.
    noise : NoiseModel
        As estimated or given.
    coupling : Coupling
        As chosen or given.
    settings : dict
        Plain values that reproduce the result: version, noise, engine,
        coupling (with its `source`: "default" or "given") and seed (None
        where the caller passed a generator). The mask and the protected
        pixels are not among them.
    changed : float
        Share of the observed pixels that differ from the noisy picture
        thresholded half way between its levels.
    differs : ndarray, shape (ceil(H W / 8),), uint8
        Which pixels these are, one bit each (`numpy.packbits` of the rows);
        `change_map` unpacks it.
    """

    image: NDArray[np.bool_]
    probability: NDArray[np.float32] | None
    solution: Solution
    model: IsingModel
    noise: NoiseModel
    coupling: Coupling
    settings: dict[str, Any]
    changed: float
    differs: NDArray[np.uint8]

    @property
    def change_map(self) -> NDArray[np.int8]:
        """What became of each pixel: shape (H, W), made anew at each call.

        +1 from black to white, -1 from white to black, against the noisy
        picture thresholded half way between its levels; 0 where unchanged or
        missing.
        """
        labels = self.solution.labels
        bits = np.unpackbits(self.differs, count=labels.size)
        return bits.view(np.int8).reshape(labels.shape) * labels

    @property
    def changes(self) -> tuple[int, int]:
        """Numbers of pixels that went from black to white, and from white to black."""
        white = np.packbits(self.solution.labels > 0)
        counts = (np.bitwise_count(self.differs & bits).sum() for bits in (white, ~white))
        to_white, to_black = (int(count) for count in counts)
        return to_white, to_black

    def __repr__(self) -> str:
        """Return the outcome, not the arrays."""
        height, width = self.image.shape
        source = self.settings["coupling"]["source"]
        return (
            f"DenoiseResult({height} x {width}, {self.noise}, "
            f"coupling {self.coupling} ({source}), {self.solution})"
        )


def denoise(  # noqa: PLR0913 - the one door for everything about a picture
    image: ArrayLike,
    noise: str | NoiseModel = "gaussian",
    *,
    engine: str | Engine = "mf",
    coupling: str | float | Coupling = "auto",
    mask: ArrayLike | None = None,
    protect: ArrayLike | None = None,
    max_change: float | None = None,
    rng: np.random.Generator | int | None = None,
    callback: Callback | None = None,
) -> DenoiseResult:
    """Return the clean two-level picture behind a noisy one.

    Parameters
    ----------
    image : array_like, shape (H, W)
        The noisy picture: bool (read as -1 and +1), integer or float, on the
        scale of the noise model's levels. NaN marks a missing pixel. It is
        left as it is.
    noise : str or NoiseModel, default "gaussian"
        A name of `NOISE_MODELS`, its parameters estimated from the picture,
        or a model with known parameters.
    engine : str or Engine, default "mf"
        A name of `ENGINES`, or an engine with settings of its own.
    coupling : "auto", float or Coupling, default "auto"
        How strongly neighbours pull. "auto" is 0.6 on four neighbours and is
        not estimated yet; a float means four neighbours.
    mask : array_like of bool, shape (H, W), optional
        False where a pixel is missing: it is filled in from its neighbours.
    protect : array_like of bool, shape (H, W), optional
        True where a pixel never changes: it keeps its side of the threshold
        half way between the levels, and its neighbours take it for certain.
        The noise is estimated as if nothing were protected. Bounds are on the
        log probability of the picture together with the protected values.
    max_change : float, optional
        Largest share of the observed pixels that may change, in [0, 1].
    rng : numpy.random.Generator or int, optional
        Randomness for sampling engines. None draws a fresh seed, which stands
        in `settings`.
    callback : callable, optional
        Called with a `Step` after each round.

    Returns
    -------
    DenoiseResult

    Raises
    ------
    ParameterError
        An argument is out of range, its shape does not fit, no pixel is known
        or a missing one is protected.
    ChangeLimitError
        More would change than `max_change` allows.

    Warns
    -----
    EstimationWarning
        A parameter cannot be estimated from this picture.
    """
    x = check_image("image", image, high=LARGEST_GREY)
    known = check_mask(mask, x.shape)
    held = _check_protected(protect, x, known)
    limit = None if max_change is None else check_real("max_change", max_change, low=0, high=1)
    settled = resolve_noise(noise, x, known)
    solver = resolve_engine(engine)
    strength, source = resolve_coupling(coupling)
    generator, seed = as_generator(rng)

    field, offset = field_and_offset(settled, x, known)
    start = unit_scale(settled, x)
    if known is not None:
        start[~known] = 0
    if held is not None:
        offset += _hold(held, field, start, strength)
    model = IsingModel(field, strength, offset)
    solution = solver.solve(model, init=start, rng=generator, callback=callback)

    image = solution.labels > 0
    differs, changed = _differences(image, start, observed(x, known))
    if limit is not None and changed > limit:
        raise ChangeLimitError(changed, limit)
    mean = solution.mean
    return DenoiseResult(
        image=image,
        probability=None if mean is None else (mean + np.float32(1)) * np.float32(0.5),
        solution=solution,
        model=model,
        noise=settled,
        coupling=strength,
        settings={
            "version": __version__,
            "noise": {"name": settled.name, **_fields(settled)},
            "engine": {"name": solver.name, **_fields(solver)},
            "coupling": {**asdict(strength), "source": source},
            "seed": seed,
        },
        changed=changed,
        differs=differs,
    )


def resolve_noise(
    noise: str | NoiseModel, x: NDArray[Any], mask: NDArray[np.bool_] | None = None
) -> NoiseModel:
    """Return the noise model that `noise` names or is.

    Raises
    ------
    ParameterError
        An unknown name, or not a noise model.
    """
    if isinstance(noise, str):
        return NOISE_MODELS[check_choice("noise", noise, NOISE_MODELS)].from_image(x, mask=mask)
    if isinstance(noise, type) or not hasattr(noise, "log_likelihood"):
        raise ParameterError("noise", f"must be a name or a noise model, not {noise!r}")
    return noise


def resolve_engine(engine: str | Engine) -> Engine:
    """Return the engine that `engine` names or is.

    Raises
    ------
    ParameterError
        An unknown name, or not an engine.
    """
    if isinstance(engine, str):
        return ENGINES[check_choice("engine", engine, ENGINES)]()
    if isinstance(engine, type) or not hasattr(engine, "solve"):
        raise ParameterError("engine", f"must be a name or an engine, not {engine!r}")
    return engine


def resolve_coupling(coupling: str | float | Coupling) -> tuple[Coupling, str]:
    """Return the coupling, and whether it is the "default" or "given".

    Raises
    ------
    ParameterError
        Neither "auto" nor a number nor a `Coupling`.
    """
    if isinstance(coupling, Coupling):
        return coupling, "given"
    if isinstance(coupling, str):
        check_choice("coupling", coupling, ["auto"])
        return DEFAULT_COUPLING, "default"
    return Coupling.nearest(coupling), "given"


def _check_protected(
    protect: ArrayLike | None, x: NDArray[Any], known: NDArray[np.bool_] | None
) -> NDArray[np.bool_] | None:
    """Return the protected pixels, or None; refuse missing ones, and a mask that leaves none.

    Raises
    ------
    ParameterError
        No bools, another shape, or pixels without a value.
    """
    if known is not None and not observed(x, known).any():
        raise ParameterError("mask", "leaves no pixel known; mark the known ones True (not 0)")
    try:
        held = check_mask(protect, x.shape)
    except ParameterError as error:
        raise ParameterError("protect", error.message) from None
    if held is not None:
        empty = int(np.count_nonzero(held & ~observed(x, known)))
        if empty:
            raise ParameterError(
                "protect", f"covers missing pixels ({empty}), which have no value to keep"
            )
    return held


def _hold(
    held: NDArray[np.bool_],
    field: NDArray[np.float32],
    start: NDArray[np.float32],
    coupling: Coupling,
) -> float:
    """Make protected pixels certain, in place; return what that adds to the offset.

    With s the kept label and H the new field, h becomes H s and c becomes
    c + h s - H: the log likelihood h s + c of the kept label stays, and that
    of the other one falls by 2 H.
    """
    c = coupling
    pull = 2 * sum(map(abs, (c.horizontal, c.vertical, c.diagonal, c.antidiagonal)))
    strong = np.float32(CERTAIN + pull)
    kept = np.where(start[held] >= 0, np.float32(1), np.float32(-1))
    gain = float(np.sum(kept * field[held], dtype=np.float64)) - float(strong) * kept.size
    field[held] = strong * kept
    start[held] = kept
    return gain


def _differences(
    image: NDArray[np.bool_], start: NDArray[np.float32], known: NDArray[np.bool_]
) -> tuple[NDArray[np.uint8], float]:
    """Return which known pixels differ from the sign of `start`, as bits, and their share."""
    count = int(np.count_nonzero(known))
    bits = np.packbits((image != (start >= 0)) & known)
    return bits, int(np.bitwise_count(bits).sum()) / count if count else 0.0


def _fields(settings: Any) -> dict[str, Any]:
    """Return a settings dataclass as plain values."""
    return dict(asdict(settings))
