"""Image in, clean image out."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ._version import __version__
from .coupling import Coupling
from .errors import ParameterError
from .inference import ENGINES, Callback, Engine, Solution
from .model import IsingModel
from .noise import NOISE_MODELS, NoiseModel, field_and_offset, observed, unit_scale
from .validation import as_generator, check_choice, check_image, check_mask

__all__ = ["DEFAULT_COUPLING", "DenoiseResult", "denoise"]

#: What `coupling="auto"` stands for as long as it is not estimated: a middle way
#: between small text (best near 0.35) and silhouettes (best near 1.3).
DEFAULT_COUPLING = Coupling.nearest(0.6)


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
        where the caller passed a generator).
    changed : float
        Share of the observed pixels that differ from the noisy picture
        thresholded half way between its levels.
    """

    image: NDArray[np.bool_]
    probability: NDArray[np.float32] | None
    solution: Solution
    model: IsingModel
    noise: NoiseModel
    coupling: Coupling
    settings: dict[str, Any]
    changed: float

    def __repr__(self) -> str:
        """Return the outcome, not the arrays."""
        height, width = self.image.shape
        source = self.settings["coupling"]["source"]
        return (
            f"DenoiseResult({height} x {width}, {self.noise}, "
            f"coupling {self.coupling} ({source}), {self.solution})"
        )


def denoise(
    image: ArrayLike,
    noise: str | NoiseModel = "gaussian",
    *,
    engine: str | Engine = "mf",
    coupling: str | float | Coupling = "auto",
    mask: ArrayLike | None = None,
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
        An argument is out of range, or its shape does not fit.

    Warns
    -----
    EstimationWarning
        A parameter cannot be estimated from this picture.
    """
    x = check_image("image", image, high=LARGEST_GREY)
    known = check_mask(mask, x.shape)
    settled = resolve_noise(noise, x, known)
    solver = resolve_engine(engine)
    strength, source = resolve_coupling(coupling)
    generator, seed = as_generator(rng)

    field, offset = field_and_offset(settled, x, known)
    model = IsingModel(field, strength, offset)
    start = unit_scale(settled, x)
    if known is not None:
        start[~known] = 0
    solution = solver.solve(model, init=start, rng=generator, callback=callback)

    image = solution.labels > 0
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
        changed=_share_changed(image, start, observed(x, known)),
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


def _share_changed(
    image: NDArray[np.bool_], start: NDArray[np.float32], known: NDArray[np.bool_]
) -> float:
    """Return the share of the known pixels that differ from the sign of `start`."""
    count = int(np.count_nonzero(known))
    return float(np.count_nonzero((image != (start >= 0)) & known)) / count if count else 0.0


def _fields(settings: Any) -> dict[str, Any]:
    """Return a settings dataclass as plain values."""
    return dict(asdict(settings))
