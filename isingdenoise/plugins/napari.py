"""A napari plugin: a noisy layer in, labels and probabilities out.

*Plugins > Denoise two levels* shows a form of the arguments of `denoise_layer`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, cast

import numpy as np
from numpy.typing import NDArray

from ..errors import ParameterError
from ..inference import DEFAULT_ENGINE
from ..names import EngineName, NoiseName

if TYPE_CHECKING:
    import napari

    from ..inference import Callback
    from ..result import DenoiseResult

__all__ = ["denoise_layer"]

#: Parts of a layer that say where its pixels lie.
_PLACE = ("scale", "translate", "rotate", "shear", "units", "axis_labels")

_ENGINE = cast(EngineName, DEFAULT_ENGINE)

LayerData = tuple[NDArray[Any], dict[str, Any], str]


def denoise_layer(
    layer: napari.layers.Image,
    noise: NoiseName = "auto",
    engine: EngineName = _ENGINE,
    coupling: float = 0.0,
) -> list[napari.types.LayerDataTuple]:
    """Denoise a two-level image, or the probabilities of a classifier, plane by plane.

    Parameters
    ----------
    layer : napari.layers.Image
        Of grey values, or of probabilities between 0 and 1; the last two axes are the picture.
    noise : str
        A name of `NOISE_MODELS`; "auto" chooses, and takes values that crowd at 0 and 1 for
        probabilities.
    engine : str
        A name of `ENGINES`.
    coupling : float
        How strongly neighbours pull; 0 estimates it from each plane.

    Returns
    -------
    list of layer data tuples
        Labels (0 dark, 1 bright), and P(bright) where the engine has it. Where the bar is
        cancelled, the planes that were not done are missing: label 0, probability NaN.

    Raises
    ------
    ParameterError
        The layer has colours, or fewer than two axes.
    """
    stack = _pixels_of(layer)
    labels = np.zeros(stack.shape, np.uint8)
    probability = np.full(stack.shape, np.nan, np.float32)
    said: list[str] = []
    with _watched(stack.shape[:-2]) as (planes, callback):
        for place in planes:
            result = _solved(np.asarray(stack[place]), noise, engine, coupling, callback, said)
            labels[place] = result.image
            if result.probability is not None:
                probability[place] = result.probability
    _tell(said)
    lying = {name: getattr(layer, name) for name in _PLACE if hasattr(layer, name)}
    found: list[LayerData] = [(labels, {"name": f"{layer.name} clean", **lying}, "labels")]
    if not np.isnan(probability).all():
        shown = {"colormap": "gray", "contrast_limits": (0.0, 1.0), "visible": False}
        found.append((probability, {"name": f"{layer.name} P(bright)", **shown, **lying}, "image"))
    return found


def _pixels_of(layer: Any) -> Any:
    """Return the pixels of a layer, of a pyramid the finest; they may be lazy."""
    if getattr(layer, "rgb", False):
        raise ParameterError("layer", "has colours; split them (Layer > Split RGB) and take one")
    pixels = layer.data[0] if getattr(layer, "multiscale", False) else layer.data
    if pixels.ndim < 2:
        raise ParameterError("layer", f"must have two axes or more, not {pixels.ndim}")
    return pixels


def _solved(
    plane: NDArray[Any],
    noise: NoiseName,
    engine: EngineName,
    coupling: float,
    callback: Callback,
    said: list[str],
) -> DenoiseResult:
    """Solve one plane; add to what is said of it."""
    from ..api import denoise
    from ..messages import collected

    with collected() as messages:
        result = denoise(
            plane, noise, engine=engine, coupling=coupling or "auto", rng=0, callback=callback
        )
    said += [*messages, *map(str, result.solution.advice)]
    return result


@contextmanager
def _watched(shape: tuple[int, ...]) -> Iterator[tuple[Iterable[Any], Callback]]:
    """Yield the places of planes, counted by a bar, and a callback that ends what it cancels."""
    from napari.utils import cancelable_progress

    with cancelable_progress([*np.ndindex(*shape)], desc="denoising") as bar:

        def callback(_: object) -> None:
            bar.update(0)  # so that a click is heard
            if bar.is_canceled:
                raise StopIteration

        yield bar, callback


def _tell(said: list[str]) -> None:
    from napari.utils.notifications import show_warning

    for message in dict.fromkeys(said):
        show_warning(message)
