"""What KL annealing and a flow on q are worth: models that differ in them alone, side by side."""

from __future__ import annotations

import time
from collections.abc import Generator, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from ..validation import check_int
from .model import Architecture
from .patches import glyph_split
from .scoring import bounds_by_samples, validate
from .training import Training, train_stepwise

__all__ = ["BOUNDS", "VaeQuality", "annealing_and_flow"]

#: Samples of the bounds on log p(x).
BOUNDS = (1, 8, 64, 512)
_FLOW = 4
_PATCHES, _JUDGED, _BOUNDED = 20_000, 1000, 200


@dataclass(frozen=True)
class VaeQuality:
    """A model that learned glyphs, judged by glyphs that it has not seen.

    Attributes
    ----------
    model : str
        What it was learned with.
    flow, warmup, steps, latent : int
        As of `Architecture` and `Training`.
    reconstruction, divergence : float
        Terms of the ELBO over 1000 patches, in nats a patch.
    active_units : int
        Latent numbers in use.
    bound_1, bound_8, bound_64, bound_512 : float
        L_K over 200 of these patches, all from the same draws, in nats a patch.
    seconds : float
        Of learning.
    """

    model: str
    flow: int
    warmup: int
    steps: int
    latent: int
    reconstruction: float
    divergence: float
    active_units: int
    bound_1: float
    bound_8: float
    bound_64: float
    bound_512: float
    seconds: float

    def record(self) -> dict[str, Any]:
        """Return one row of the table, as plain values with stable keys."""
        return asdict(self)


def annealing_and_flow(
    *, steps: int = 1500, latent: int = 32, patches: int = _PATCHES, seed: int = 0
) -> Generator[int, None, list[VaeQuality]]:
    """Learn four models: with and without KL annealing, with and without a flow of four steps.

    Parameters
    ----------
    steps : int
        Steps of Adam for each, at least 5; a fifth of them is the warmup, where there is one.
    latent : int
        Latent numbers of each.
    patches : int
        How many glyphs they learn from.
    seed : int
        Of glyphs, weights and draws, the same for all four.

    Yields
    ------
    int
        1, 2, up to four times `steps`: a step was taken.

    Returns
    -------
    list of VaeQuality
        The value of the generator when it ends.

    Raises
    ------
    ParameterError
        A number is out of range.
    """
    check_int("steps", steps, low=5)
    learned, judged = glyph_split((patches, min(patches, _JUDGED)), rng=np.random.default_rng(seed))
    rows: list[VaeQuality] = []
    for flow in (0, _FLOW):
        for warmup in (0, steps // 5):
            started = time.perf_counter()
            plan = Training(steps=steps, batch_size=64, warmup=warmup)
            sizes = Architecture(latent=latent, flow=flow)
            training = train_stepwise(learned, sizes, plan, seed=seed)
            taken = len(rows) * steps
            while True:
                try:
                    step = next(training)
                except StopIteration as end:
                    model = end.value.model
                    break
                yield taken + step
            seconds = time.perf_counter() - started
            found = validate(model, judged, samples=1, seed=seed)
            bounds = bounds_by_samples(model, judged[:_BOUNDED], BOUNDS, seed=seed)
            rows.append(
                VaeQuality(
                    model=_name(flow, warmup),
                    flow=flow,
                    warmup=warmup,
                    steps=steps,
                    latent=latent,
                    reconstruction=found.reconstruction,
                    divergence=found.divergence,
                    active_units=found.active_units,
                    **{f"bound_{size}": value for size, value in bounds.items()},
                    seconds=seconds,
                )
            )
    return rows


def _name(flow: int, warmup: int) -> str:
    parts: Sequence[str] = (f"flow of {flow}" if flow else "", "annealed" if warmup else "")
    return ", ".join(part for part in parts if part) or "plain"
