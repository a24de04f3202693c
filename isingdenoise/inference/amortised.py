"""Means by a learned prior: a convolutional network over the field."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import ClassVar

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..backends import convolutions, packed
from ..errors import ParameterError
from ..model import IsingModel
from ..prior import SHIFTS, prior_of
from ..validation import RandomSource, check_int, check_switch, check_text, store
from ._loop import Round, iterate
from ._start import checked_init
from .base import Traits
from .solution import Callback, Solution, Status, Trace, Work

__all__ = ["Amortised"]


@dataclass(frozen=True)
class Amortised:
    r"""Amortised inference: a network that has learned the posterior's log odds from pictures.

    The prior of the couplings says only that neighbours agree. A network that was trained on clean
    pictures and noisy fields of them knows more of what pictures look like. It takes the field h,
    half of the likelihood's log odds, and gives half of the posterior's:

    .. math:: a = h + f(h), \quad \mu = \tanh(a)

    The couplings do not count for the means, whatever they are; they do for energy and bound. The
    lower bound is the model's evidence lower bound of independent spins with these means: it
    holds for any means. The field is taken in tiles with their surroundings, so large
    pictures take no more memory beside themselves than one tile does.

    Parameters
    ----------
    prior : str, optional
        Path of a file of weights, as of `isingdenoise.prior.read_network`; by default the one
        that comes with the package.
    tile : int, default 1024
        Side of a tile in pixels, rounded up to a multiple of 16. The answer does not depend on it.
    passes : int, default 2
        Passes of the network, 1 or 2. It works on a grid of cells of 8 x 8 pixels; a second pass
        has it begin elsewhere, and a is the mean of both: fewer errors for twice the time.
    parallel : bool, optional
        Whether to use threads; by default large pictures do.

    Raises
    ------
    ParameterError
        A setting is out of range.

    References
    ----------
    Gershman and Goodman, Amortized Inference in Probabilistic Reasoning, CogSci 2014. Zhang, Zuo,
    Chen, Meng and Zhang, Beyond a Gaussian Denoiser, IEEE TIP 26, 2017.

    Examples
    --------
    >>> import numpy as np
    >>> from isingdenoise import IsingModel
    >>> field = np.full((16, 16), -4.0)
    >>> Amortised().solve(IsingModel(field, 0.5)).labels.max()
    np.int8(-1)
    """

    name: ClassVar[str] = "amortised"
    summary: ClassVar[str] = "a network that was trained on pictures; no couplings"
    traits: ClassVar[Traits] = Traits(marginals=True, lower_bound=True, learned=True)

    prior: str | None = None
    tile: int = 1024
    passes: int = 2
    parallel: bool | None = None

    def __post_init__(self) -> None:
        store(
            self,
            prior=check_text("prior", self.prior),
            tile=check_int("tile", self.tile, low=1),
            passes=check_int("passes", self.passes, low=1, high=len(SHIFTS)),
            parallel=check_switch("parallel", self.parallel),
        )

    def footprint(self, pixels: int) -> int:
        """Return the bytes held at the peak of `solve`; see `Engine`."""
        # field, start and log odds beside the maps of a tile; later field, means, planes and labels
        tiles = prior_of(self.prior).memory(self.tile, pixels) if pixels else 0
        return max(int(13.6 * pixels), 12 * pixels + tiles)

    @property
    def surroundings(self) -> int:
        """Pixels around a part of a picture that is solved by itself: what the network sees."""
        return prior_of(self.prior).surroundings

    def quick(self) -> Amortised:
        """Return an engine that ends soon; see `Engine`."""
        return replace(self, tile=64)

    def solve(
        self,
        model: IsingModel,
        *,
        init: ArrayLike | None = None,
        rng: RandomSource = None,
        callback: Callback | None = None,
    ) -> Solution:
        """Return tanh of the mean of h + f(h); the callback sees each tile of a pass as a step.

        Parameters and result as of `Engine.solve`; `init` and `rng` are not used. Where no
        tile has been yet, a snapshot holds tanh(h), and where the second pass has not been, the
        first one's answer; so does the answer where the callback stops.

        Raises
        ------
        ReadError
            The weights cannot be read.
        ParameterError
            They give log odds that are not finite.
        """
        checked_init(model, init)
        del init  # a large picture needs its memory
        with packed(model, self.parallel) as lattice:
            odds, trace, status = self._log_odds(model, lattice.parallel, callback)
            mean = lattice.pack(np.tanh(odds, out=odds), -1, 1)
            del odds
            bound = lattice.elbo(mean)
            labels, means, energy = lattice.answer(mean)
        return Solution(
            labels=labels,
            mean=means,
            energy=energy,
            lower_bound=bound,
            upper_bound=None,
            status=status,
            work=Work(self.passes, int(trace.site_updates[-1])),
            trace=trace,
            engine=self.name,
        )

    def _log_odds(
        self, model: IsingModel, parallel: bool, callback: Callback | None
    ) -> tuple[NDArray[np.float32], Trace, Status]:
        """Return a = h + f(h), the course of its tiles, and how that ended."""
        odds = model.field.copy()
        network = prior_of(self.prior)
        tiles = convolutions(network, self.tile, parallel)(model.field, odds, self.passes)
        trace, status = iterate(
            lambda _: Round(next(tiles)),
            max_sweeps=self.passes,
            sites=odds.size,
            snapshot=lambda: np.tanh(odds),
            callback=callback,
        )
        if not bool(np.isfinite(odds.sum(dtype=np.float64))):
            raise ParameterError("prior", "its weights give log odds that are not finite")
        if status is Status.MAX_SWEEPS:  # all tiles of all passes have been
            status = Status.CONVERGED
        return odds, trace, status
