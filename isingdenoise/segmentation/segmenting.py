"""A picture of a few labels in, the clean label map out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .._version import __version__
from ..coupling import Coupling
from ..errors import ParameterError
from ..inference import Callback
from ..noise import AUTO
from ..potts import POTTS_ENGINES, PottsEngine, PottsMeanField, PottsModel, PottsSolution
from ..validation import RandomSource, as_generator, check_choice
from .coupling import START, HeldOutLabels, LabelCoupling, find_coupling
from .fitting import Fitted, fit_noise, observe
from .mixture import refine_levels
from .noise import Array, GaussianLevels, LabelNoise, noise_record

__all__ = ["Segmentation", "memory_to_segment", "segment"]

_USUAL_LABELS = 8


@dataclass(frozen=True, eq=False)
class Segmentation:
    """A clean label map, and everything that led to it.

    Attributes
    ----------
    labels : ndarray, shape (H, W), int8
        0 to K - 1.
    values : tuple of float
        What stands for each label in a picture: the value in a label map, the level in a grey
        picture, 0 to K - 1 for class probabilities.
    probability : ndarray, shape (K, H, W), float32, or None
        P(z_i = k | x), approximately; None for engines that seek labels alone.
    noise : LabelNoise
        As given or estimated.
    coupling : Coupling
        As given or estimated.
    found : LabelCoupling or None
        What hidden pixels said of it; None where it was given or nothing is noise.
    solution : PottsSolution
        What the engine says of itself.
    changed : float
        Share of the observed pixels whose label is not the one that they say alone.
    notes : tuple of str
        What was seen, what was left alone and why.
    settings : mapping
        What reproduces it, as plain values.
    """

    labels: NDArray[np.int8]
    values: tuple[float, ...]
    probability: NDArray[np.float32] | None
    noise: LabelNoise
    coupling: Coupling
    found: LabelCoupling | None
    solution: PottsSolution
    changed: float
    notes: tuple[str, ...] = ()
    settings: Mapping[str, Any] = field(default_factory=dict)

    def __repr__(self) -> str:
        """Return the outcome, not the arrays."""
        height, width = self.labels.shape
        return (
            f"Segmentation({len(self.values)} labels, {height} x {width}, noise "
            f"{self.noise.name}, coupling {self.coupling}, {self.changed:.2%} changed)"
        )

    def picture(self, dtype: Any = None) -> Array:
        """Return the clean picture: the value of each pixel's label.

        Parameters
        ----------
        dtype : dtype, optional
            Of the picture; whole numbers are rounded to. By default the smallest of uint8,
            uint16, float32 and float64 that holds all values.
        """
        values = np.asarray(self.values)
        if dtype is None:
            kinds = ("uint8", "uint16", "float32", "float64")
            dtype = next(k for k in kinds if k == "float64" or _holds(k, values))
        kind = np.dtype(dtype)
        table = values if kind.kind == "f" else np.rint(values)
        return np.asarray(table.astype(kind)[self.labels])


def segment(  # noqa: PLR0913 - the one door for everything about a picture of labels
    image: ArrayLike,
    labels: int | None = None,
    *,
    noise: str | LabelNoise = AUTO,
    sigma: float | None = None,
    flip_probability: float | None = None,
    engine: str | PottsEngine = PottsMeanField.name,
    coupling: str | float | Coupling = AUTO,
    mask: ArrayLike | None = None,
    rng: RandomSource = None,
    callback: Callback | None = None,
) -> Segmentation:
    """Return the clean label map behind a noisy one, a grey picture, or class probabilities.

    Parameters
    ----------
    image : array_like, shape (H, W) or (K, H, W)
        A label map, a grey picture of a few levels, or class probabilities, which add up to 1
        over the first axis. NaN marks a missing pixel. It is left as it is.
    labels : int, optional
        K, from 2 to 127. A grey picture needs it. Of a label map, None takes all values, and
        else the most frequent ones.
    noise : str or LabelNoise, default "auto"
        "gaussian", "flip" or "probability", its numbers estimated from the picture; "auto": a
        picture of at most `labels` different values (32 without it) is a label map, others are
        grey; or a noise with its numbers.
    sigma : float, optional
        The spread of gaussian noise in grey values, where it is known.
    flip_probability : float, optional
        How likely a label is wrong, where it is known.
    engine : str or PottsEngine, default "mf"
        A name of `POTTS_ENGINES`, or an engine with settings of its own.
    coupling : "auto", float or Coupling, default "auto"
        How strongly neighbours pull: J [z_i = z_j] for each edge. "auto" takes the strength on
        4 neighbours that predicts hidden pixels best, and none where it earns less than 10
        nats. A float means four neighbours.
    mask : array_like of bool, shape (H, W), optional
        False where a pixel is missing: it is filled in from its neighbours.
    rng : as `numpy.random.default_rng` takes it, optional
        Randomness for sampling engines. None draws a fresh seed, which stands in `settings`.
    callback : callable, optional
        Called with a `Step` after each round.

    Returns
    -------
    Segmentation

    Raises
    ------
    ParameterError
        An argument is out of range, or its shape does not fit.
    EngineRefusalError
        The engine cannot solve such a model.

    Warns
    -----
    EstimationWarning
        All pixels are alike.

    Examples
    --------
    >>> import numpy as np
    >>> clean = np.repeat(np.arange(4), 256).reshape(32, 32)
    >>> rng = np.random.default_rng(0)
    >>> noisy = np.where(rng.random(clean.shape) < 0.2, rng.integers(0, 4, clean.shape), clean)
    >>> result = segment(noisy)
    >>> int((noisy != clean).sum()), int((result.picture() != clean).sum())
    (154, 5)
    >>> result.noise.name, result.probability.shape
    ('flip', (4, 32, 32))
    """
    x, known = observe(image, mask)
    solver = resolve_potts_engine(engine)
    generator, seed = as_generator(rng)
    fitted = fit_noise(x, known, labels, noise, sigma, flip_probability)
    held_out = HeldOutLabels(known, np.random.default_rng(0), getattr(solver, "parallel", None))
    if isinstance(noise, str) and isinstance(fitted.noise, GaussianLevels):
        fitted = replace(fitted, noise=refine_levels(fitted.noise, x, held_out, sigma))
    likelihood = fitted.noise.log_likelihood(x)
    likelihood[:, ~known] = 0  # missing pixels
    strength, found = _coupling(coupling, fitted, likelihood, known, held_out)
    notes = list(fitted.notes)
    if found is not None and strength.pull == 0:
        notes.append("neighbours do not tell one another, so each pixel speaks alone")
    solution = solver.solve(PottsModel(likelihood, strength), rng=generator, callback=callback)
    own = np.take_along_axis(likelihood, solution.labels[None].astype(np.intp), 0)[0]
    differs = (likelihood.max(axis=0) > own) & known
    return Segmentation(
        labels=solution.labels,
        values=fitted.noise.values,
        probability=solution.probability,
        noise=fitted.noise,
        coupling=strength,
        found=found,
        solution=solution,
        changed=float(np.count_nonzero(differs) / np.count_nonzero(known)),
        notes=tuple(notes),
        settings={
            "version": __version__,
            "noise": noise_record(fitted.noise),
            "engine": {"name": solver.name, **asdict(solver)},  # type: ignore[call-overload]
            "coupling": {
                **strength.record(),
                "source": "given" if not isinstance(coupling, str) else "estimated",
            },
            "seed": seed,
        },
    )


def memory_to_segment(pixels: int, labels: int | None) -> int:
    """Return about how many bytes `segment` takes for a picture, beside the picture.

    Parameters
    ----------
    pixels : int
        H x W.
    labels : int or None
        K; None where the picture will tell, which is taken for 8.
    """
    # at the peak: likelihoods, the model's, packed ones, probabilities twice, those of samples in
    # float64; 80 for a minimum cut
    return pixels * (32 * (labels or _USUAL_LABELS) + 80)


def resolve_potts_engine(engine: str | PottsEngine) -> PottsEngine:
    """Return the engine that `engine` names or is.

    Raises
    ------
    ParameterError
        An unknown name, or not an engine.
    """
    if isinstance(engine, str):
        return POTTS_ENGINES[check_choice("engine", engine, POTTS_ENGINES)]()
    if isinstance(engine, type) or not hasattr(engine, "solve"):
        raise ParameterError("engine", f"must be a name or an engine, not {engine!r}")
    return engine


def _coupling(
    coupling: str | float | Coupling,
    fitted: Fitted,
    likelihood: NDArray[np.float32],
    known: NDArray[np.bool_],
    held_out: HeldOutLabels,
) -> tuple[Coupling, LabelCoupling | None]:
    """Return the strengths, and what hidden pixels said of them."""
    if not isinstance(coupling, str):
        given = coupling if isinstance(coupling, Coupling) else Coupling.nearest(coupling)
        return given, None
    check_choice("coupling", coupling, [AUTO])
    if fitted.left_alone:  # observed pixels are certain, and missing ones are filled in
        return Coupling.nearest(0.0 if known.all() else START), None
    held_out.read(held_out.take(likelihood))
    found = find_coupling(held_out)
    return found.coupling, found


def _holds(kind: str, values: NDArray[np.float64]) -> bool:
    """Tell whether a type has all of these values."""
    with np.errstate(all="ignore"):
        if kind.startswith("uint") and not (values >= 0).all():
            return False
        top = np.iinfo(kind).max if kind.startswith("uint") else np.inf
        return bool((values <= top).all() and (values.astype(kind) == values).all())
