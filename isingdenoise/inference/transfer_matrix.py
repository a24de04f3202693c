"""Exact answers for narrow pictures."""

from __future__ import annotations

from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from ..backends import packed
from ..errors import ParameterError
from ..model import IsingModel
from ..validation import RandomSource, as_generator, check_int, check_switch
from ._passes import Passes

__all__ = ["WIDEST", "TransferMatrix"]

#: Pixels of the shorter side at most: a message has 2^18 numbers, 2 MiB.
WIDEST = 18


class TransferMatrix:
    r"""Exact marginals, normaliser, best state and samples of a narrow model.

    The sum over all states is done row by row, along the longer side: with
    :math:`s` the states of one row, :math:`2^W` of them,

    .. math:: A_y(s) = \log \sum_{s'} \exp\bigl(A_{y-1}(s') + J(s', s) + h_y(s)\bigr)

    is found spin by spin, in :math:`O(W 2^W)` steps for a row. Strengths may have any sign.

    Parameters
    ----------
    model : IsingModel
        A model whose shorter side is at most 18 pixels.
    parallel : bool, optional
        Whether to use threads; by default wide models do. The answer is the
        same bit for bit.

    Raises
    ------
    ParameterError
        The model is wider.

    References
    ----------
    Kramers and Wannier, Statistics of the Two-Dimensional Ferromagnet, Phys. Rev. 60, 1941;
    for a field at each site, the forward-backward pass of Reeves and Pettitt, Biometrika 91, 2004.

    Examples
    --------
    >>> import numpy as np
    >>> from isingdenoise import Coupling, IsingModel
    >>> exact = TransferMatrix(IsingModel(np.array([[0.5, -0.2]]), Coupling.nearest(1.0)))
    >>> weights = [np.exp(1.3), np.exp(0.7), np.exp(-1.7), np.exp(-0.3)]  # ++, --, -+, +-
    >>> bool(np.isclose(exact.log_z, np.log(sum(weights))))
    True
    >>> exact.map().tolist(), exact.sample(3, rng=0).shape
    ([[1, 1]], (3, 1, 2))
    """

    def __init__(self, model: IsingModel, parallel: bool | None = None) -> None:
        reason = too_wide(model)
        if reason is not None:
            raise ParameterError("model", reason)
        self.model = model
        self._parallel = threads_wanted(model, check_switch("parallel", parallel))

    @property
    def log_z(self) -> float:
        """Log Z + c in nats, of the sum of exp(-E(z)) over all states and the model's offset."""
        return self._marginals[0]

    @property
    def mean(self) -> NDArray[np.float64]:
        """Exact posterior means, (H, W) float64, read-only."""
        return self._marginals[1]

    def map(self) -> NDArray[np.int8]:
        """Return a state of least energy.

        Returns
        -------
        ndarray, shape (H, W), int8
            Of several such states, the same one each time.
        """
        with packed(self.model, self._parallel) as lattice:
            passes = Passes(lattice.transfer(), soft=0.0)
            for _ in passes.forward():
                pass
            return passes.turned(passes.best())

    def sample(self, number: int = 1, rng: RandomSource = None) -> NDArray[np.int8]:
        """Return independent samples from the posterior.

        Parameters
        ----------
        number : int, default 1
            How many.
        rng : int, numpy.random.Generator or other source, optional
            A generator or a seed; a fresh seed by default.

        Returns
        -------
        ndarray, shape (number, H, W), int8

        Raises
        ------
        ParameterError
            `number` is below 1, or `rng` is neither.
        """
        number = check_int("number", number, low=1)
        generator, _ = as_generator(rng)
        with packed(self.model, self._parallel) as lattice:
            passes = Passes(lattice.transfer())
            for _ in passes.forward():
                pass
            return passes.turned(passes.draw(number, generator))

    @cached_property
    def _marginals(self) -> tuple[float, NDArray[np.float64]]:
        with packed(self.model, self._parallel) as lattice:
            passes = Passes(lattice.transfer())
            for _ in passes.forward():
                pass
            log_z = passes.log_z + self.model.offset
            for _ in passes.backward():
                pass
            mean = passes.turned(passes.mean)
        mean.flags.writeable = False
        return log_z, mean


def too_wide(model: IsingModel) -> str | None:
    """Return why a model is too wide; None where it is not."""
    height, width = model.shape
    side = min(height, width)
    if side <= WIDEST:
        return None
    return (
        f"needs a picture whose shorter side has at most {WIDEST} pixels; "
        f"this picture has {height} x {width}, and 2^{side} states for each line: cut out a strip"
    )


def threads_wanted(model: IsingModel, parallel: bool | None) -> bool:
    """Return whether to ask for threads: the setting, or what the width says."""
    return min(model.shape) >= WIDEST - 1 if parallel is None else parallel
