"""A noisy stack in, the clean volume out."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .._version import __version__
from ..coupling import Coupling
from ..errors import ParameterError
from ..inference import Callback
from ..learning import AUTO, Choice
from ..messages import LOGGER, ConvergenceWarning, warn
from ..names import AutoName, NoiseName
from ..noise import NoiseModel, NoiseSpec, field_and_offset, observed, unit_scale
from ..validation import RandomSource, as_generator, check_choice, check_span
from .between import PlaneCoupling
from .coupling import Spacing, VolumeCoupling, check_spacing
from .estimation import resolve
from .gibbs import VolumeGibbs
from .icm import VolumeICM
from .mean_field import VolumeMeanField
from .model import VolumeModel, check_volume
from .result import VolumeResult
from .solution import VolumeEngine

__all__ = ["VOLUME_ENGINES", "denoise_volume", "memory_to_denoise_volume"]

#: Every engine by its name on the command line.
VOLUME_ENGINES: dict[str, type[VolumeEngine]] = {
    kind.name: kind for kind in (VolumeMeanField, VolumeICM, VolumeGibbs)
}

_LARGEST_GREY = 1e30  # squares and sums of grey values up to this size stay finite
_ESTIMATES = 256 << 20  # bytes that estimates and kernels take at most


def denoise_volume(  # noqa: PLR0913 - the one door for everything about a volume
    volume: ArrayLike,
    noise: NoiseName | NoiseModel | NoiseSpec | Choice = AUTO,
    *,
    engine: str | VolumeEngine = VolumeMeanField.name,
    coupling: AutoName | float | Coupling | VolumeCoupling = AUTO,
    between: AutoName | float = AUTO,
    neighbours: int = 6,
    spacing: Spacing = (1.0, 1.0, 1.0),
    mask: ArrayLike | None = None,
    rng: RandomSource = None,
    callback: Callback | None = None,
) -> VolumeResult:
    """Return the clean two-level volume behind a noisy stack of planes.

    The noise and the strengths within planes are estimated as `denoise` does, from planes that
    stand for all, taken at even distances: all planes are taken to have one noise, one pair of
    levels and even light. How strongly planes pull at one another is what predicts hidden voxels
    best, and nothing where that earns less than 10 nats: then each plane is a picture of its own.

    Parameters
    ----------
    volume : array_like, shape (D, H, W)
        The noisy planes: bool, integer or float, as of `denoise`. NaN marks a missing voxel. It is
        left as it is.
    noise : str, NoiseModel or NoiseSpec, default "auto"
        As of `denoise`.
    engine : str or VolumeEngine, default "mf"
        A name of `VOLUME_ENGINES`, or an engine with settings of its own.
    coupling : "auto", float, Coupling or VolumeCoupling, default "auto"
        Strengths within planes; or all strengths, and then `between` and `spacing` say nothing.
    between : "auto" or float, default "auto"
        Factor of the strengths between planes, which fall with the distance as of
        `VolumeCoupling.over`. 0 leaves every plane by itself, to the same result as `denoise`
        has with these strengths.
    neighbours : {6, 18, 26}, default 6
        Which voxels of the next plane pull: the nearest, the 5 nearest, or 9.
    spacing : tuple of 3 float, default (1, 1, 1)
        Distances (dz, dy, dx) between neighbouring voxels, in any one unit.
    mask : array_like of bool, shape (D, H, W), optional
        False where a voxel is missing: it is filled in from its neighbours.
    rng : as `numpy.random.default_rng` takes it, optional
        Randomness for sampling engines. None draws a fresh seed, which stands in `settings`.
    callback : callable, optional
        Called with a `Step` after each round; it ends the solve by raising `StopIteration`.

    Returns
    -------
    VolumeResult

    Raises
    ------
    ParameterError
        An argument is out of range, or its shape does not fit.

    Warns
    -----
    EstimationWarning
        A parameter cannot be estimated from this volume.
    ConvergenceWarning
        The sweeps of the engine ran out, or its chains disagree: what to raise.

    Examples
    --------
    >>> import numpy as np
    >>> z, y, x = np.ogrid[-16:16, -16:16, -16:16]
    >>> clean = x**2 + y**2 + z**2 < 100
    >>> noisy = clean ^ (np.random.default_rng(0).random(clean.shape) < 0.15)
    >>> result = denoise_volume(noisy, "flip")
    >>> int((noisy != clean).sum()), int((result.image != clean).sum()) < 200
    (4928, True)
    >>> result.found.between > 0
    True
    """
    x, known = _checked(volume, mask)
    solver = resolve_volume_engine(engine)
    generator, seed = as_generator(rng)
    spacing = check_spacing(spacing)
    choice, strength, found, source = resolve(
        x, known, noise, coupling, between, (neighbours, spacing)
    )
    LOGGER.debug("noise %s, coupling %s (%s)", choice.noise, strength, source)
    model, bright, only = _model(x, known, choice.noise, strength)
    solution = solver.solve(model, init=only.pop(), rng=generator, callback=callback)
    image = solution.labels > 0
    result = VolumeResult(
        image=image,
        solution=solution,
        model=model,
        noise=choice.noise,
        coupling=strength,
        found=found,
        fit=choice.fit,
        changed=_changed(image, bright, x, known),
        notes=_notes(choice, found),
        settings={
            "version": __version__,
            "noise": {"name": choice.noise.name, **asdict(choice.noise)},  # type: ignore[call-overload]
            "engine": {"name": solver.name, **asdict(solver)},  # type: ignore[call-overload]
            "coupling": {**strength.record(), "source": source},
            "spacing": list(spacing),
            "seed": seed,
        },
    )
    for advice in solution.advice:
        warn(str(advice), ConvergenceWarning)
    return result


def memory_to_denoise_volume(
    voxels: int, engine: str | VolumeEngine = VolumeMeanField.name, *, probability: bool = False
) -> int:
    """Return about how many bytes `denoise_volume` takes at its peak, beside volume and mask.

    Parameters
    ----------
    voxels : int
        D x H x W.
    engine : str or VolumeEngine
        As of `denoise_volume`.
    probability : bool
        Whether the result's `probability` will be asked for.
    """
    solver = resolve_volume_engine(engine)
    # the model's field, the bits of the threshold, and then what the engine holds, or the result
    solved = 4.2 * voxels + max(solver.footprint(voxels), 8.5 * voxels)
    told = (4 + 4 + 1 + 1 + 4 * probability) * voxels
    return int(max(solved, told)) + _ESTIMATES


def resolve_volume_engine(engine: str | VolumeEngine) -> VolumeEngine:
    """Return the engine that `engine` names or is.

    Raises
    ------
    ParameterError
        An unknown name, or not an engine.
    """
    if isinstance(engine, str):
        return VOLUME_ENGINES[check_choice("engine", engine, VOLUME_ENGINES)]()
    if isinstance(engine, type) or not hasattr(engine, "solve"):
        raise ParameterError("engine", f"must be a name or an engine, not {engine!r}")
    return engine


def _checked(
    volume: ArrayLike, mask: ArrayLike | None
) -> tuple[NDArray[Any], NDArray[np.bool_] | None]:
    """Return a contiguous volume of native bools or real numbers, and which voxels are known."""
    x = check_volume("volume", volume)
    if x.dtype.kind == "f" and x.dtype.itemsize < 4:
        x = x.astype(np.float32)
    x = np.ascontiguousarray(x, x.dtype.newbyteorder("="))
    # fmin and fmax pass over NaN, and need no temporary
    far = (
        max(-np.fmin.reduce(x, axis=None), np.fmax.reduce(x, axis=None))
        if x.dtype.kind == "f"
        else 0
    )
    if far > _LARGEST_GREY:
        raise ParameterError("volume", f"holds values beyond {_LARGEST_GREY:g}; scale it down")
    known = None
    if mask is not None:
        known = np.asarray(mask)
        if known.dtype != np.bool_ or known.shape != x.shape:
            raise ParameterError(
                "mask",
                f"must be bools of shape {x.shape}, not {known.dtype} of shape {known.shape}",
            )
        known = np.ascontiguousarray(known)
    if not any(
        observed(plane, None if known is None else known[z]).any() for z, plane in enumerate(x)
    ):
        raise ParameterError("volume", "has no known voxel: all of them are missing")
    check_span("volume", _flat(x), None if known is None else _flat(known))
    return x, known


def _model(
    x: NDArray[Any],
    known: NDArray[np.bool_] | None,
    noise: NoiseModel,
    coupling: VolumeCoupling,
) -> tuple[VolumeModel, NDArray[np.uint8], list[NDArray[np.float32]]]:
    """Return the model, the bits of the threshold, and the start: the only reference to it."""
    flat, seen = _flat(x), None if known is None else _flat(known)
    field, offset = field_and_offset(noise, flat, seen)
    start = unit_scale(noise, flat)
    if seen is not None:
        start[~seen] = 0
    reconsider = getattr(noise, "reconsider", None)
    if reconsider is not None:  # it looks at pictures
        for z, plane in enumerate(field.reshape(x.shape)):
            reconsider(plane, x[z], None if known is None else known[z], coupling.pull)
    field.flags.writeable = False  # so that the model keeps it and makes no copy
    model = VolumeModel(field.reshape(x.shape), coupling, offset)
    return model, np.packbits(start >= 0), [start.reshape(x.shape)]


def _changed(
    image: NDArray[np.bool_],
    bright: NDArray[np.uint8],
    x: NDArray[Any],
    known: NDArray[np.bool_] | None,
) -> float:
    """Return the share of observed voxels that differ from the bits of `bright`."""
    there = observed(_flat(x), None if known is None else _flat(known))
    differs = (np.packbits(image) ^ bright) & np.packbits(there)
    return int(np.bitwise_count(differs).sum()) / max(int(np.count_nonzero(there)), 1)


def _notes(choice: Choice, found: PlaneCoupling | None) -> tuple[str, ...]:
    """Return in words what was left alone and why."""
    notes = [] if choice.fit is None else list(choice.fit.notes)
    if found is not None and not any(map(any, found.coupling.between)):
        notes.append("planes do not tell one another, so each is a picture of its own")
    return tuple(notes)


def _flat(stack: NDArray[Any]) -> NDArray[Any]:
    """Return the planes of a contiguous volume below one another, without copying."""
    return stack.reshape(-1, stack.shape[2])
