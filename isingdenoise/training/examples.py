"""Where the examples come from: drawn, or cut out of clean pictures."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple

import numpy as np
from torch import nn

from .batches import Example, Sample
from .coupled import coupled
from .drawing import KINDS, Picture, draw
from .fields import noisy_field
from .folder import Cut, cut_from
from .plan import Plan
from .validation import Row, elbo_gap, validate

__all__ = ["Judged", "Pictures", "of_folder", "of_own_drawing"]

_APART = 2**31  # added to seeds: the pictures of the validation are others
#: To draw a picture takes longer than to spoil it: each has noise several times, the next time
#: after so many others, which are kept meanwhile (8 MB of 128 x 128 pixels).
_USES, _KEPT = 3, 512


class Judged(NamedTuple):
    """How good a network is.

    Attributes
    ----------
    rows : list of Row
        Errors by kind of picture and noise.
    elbo : tuple of float or None
        Evidence lower bound of converged mean field and of the network, in nats a pixel;
        None where it was trained on another objective.
    """

    rows: list[Row]
    elbo: tuple[float, float] | None


@dataclass(frozen=True)
class Pictures:
    """Pictures to train on, and others to judge by.

    Attributes
    ----------
    name : str
        What they are.
    training : callable
        The example of a number.
    kinds : tuple of (str, callable)
        What the validation draws: a name, and the picture of a generator.
    """

    name: str
    training: Example
    kinds: tuple[tuple[str, Cut], ...]

    def judged(self, network: nn.Module, plan: Plan) -> Judged:
        """Return how good a network is on the pictures kept apart."""
        if plan.objective == "elbo":
            other = _examples(self.kinds[0][1], plan.seed + _APART)
            return Judged([], elbo_gap(network, plan.coupling, lambda number: other(number).field))
        return Judged(list(validate(network, iter(self.kinds), plan.seed + _APART)), None)


def of_own_drawing(plan: Plan) -> Pictures:
    """Return drawn pictures."""

    def made(kind: str) -> Cut:
        return lambda rng: draw(rng, plan.side, kind)

    def any_kind(rng: np.random.Generator) -> Picture:
        return draw(rng, plan.side)

    kinds = tuple((kind, made(kind)) for kind in KINDS)
    if plan.kind == "machine":
        training = coupled(any_kind, plan.seed, plan.steps * plan.size)
    else:
        training = _repeated(any_kind, plan.seed)
    return Pictures("drawn", training, kinds)


def of_folder(plan: Plan, count: int, read: Callable[[int], Picture]) -> Pictures:
    """Return parts of clean pictures.

    Parameters
    ----------
    plan : Plan
        Seed and side.
    count, read
        As in `cut_from`.
    """
    training, other = cut_from(count, read, plan.side)
    if plan.kind == "machine":
        examples = coupled(training, plan.seed, plan.steps * plan.size)
    else:
        examples = _examples(training, plan.seed)
    return Pictures(f"{count} clean pictures", examples, (("own", other),))


def _examples(make: Cut, seed: int) -> Example:
    """Return the source of examples of what a generator draws."""

    def example(number: int) -> Sample:
        rng = np.random.default_rng([seed, number])
        picture = make(rng)
        return Sample(picture, noisy_field(picture, rng))

    return example


def _repeated(make: Cut, seed: int) -> Example:
    """Return the source of examples that have every picture _USES times, with other noise."""

    @lru_cache(maxsize=_KEPT)
    def picture(number: int) -> Picture:
        return make(np.random.default_rng([seed, number, 1]))

    def example(number: int) -> Sample:
        block, within = divmod(number, _KEPT * _USES)
        clean = picture(block * _KEPT + within % _KEPT)
        return Sample(clean, noisy_field(clean, np.random.default_rng([seed, number])))

    return example
