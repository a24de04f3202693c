"""The transfer matrix of a model, row by row along its longer side."""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ..._kernels import transfer
from ...model import IsingModel

Message = NDArray[np.float64]

#: Logarithm of the weight of states that cannot be; a sum of several stays finite.
_NEVER = -1e300


class Links(NamedTuple):
    """Field of each site and its strengths to those before it, 0 where there are none.

    Attributes
    ----------
    field, left, up, up_left, up_right : ndarray, shape (rows, width), float64
        Row by row, the rows being the shorter side.
    """

    field: Message
    left: Message
    up: Message
    up_left: Message
    up_right: Message


class Transfer:
    """Steps over one row of a model at a time.

    Messages are logarithms of weights, one for each state of a row, less what they can be at
    most; the spin in column x of the shorter side is bit `width - 1 - x`, 1 for +1.

    Parameters
    ----------
    model : IsingModel
        The model.
    parallel : bool
        Whether kernels run on threads.
    """

    def __init__(self, model: IsingModel, parallel: bool) -> None:
        self.turned = model.shape[1] > model.shape[0]
        self.links = links_of(model, self.turned)
        self.rows, self.width = self.links.field.shape
        self.eight = model.coupling.neighbours == 8
        self.parallel = parallel
        #: What was left out of the weights, that of the rows' largest ones not counted.
        self.most = math.fsum(float(np.abs(link).sum()) for link in self.links)

    def start(self) -> Message:
        """Return the message before the first row: one state above it, which pulls at nothing."""
        message = np.full(1 << self.width, _NEVER)
        message[0] = 0
        return message

    def forward(self, row: int, message: Message, soft: float = 1.0) -> tuple[Message, float]:
        """Return the message of all rows up to `row` and its largest entry, which it lacks.

        Parameters
        ----------
        row : int
            The row to add.
        message : ndarray, shape (2^width,), float64
            That of the rows before.
        soft : float
            1 for sums over the states of those rows, 0 for the largest.
        """
        if self.eight:  # one more spin, up left of the row, of which there is but one state
            old = np.concatenate([message, np.full_like(message, _NEVER)])
        else:
            old = message.copy()
        new = np.empty_like(old)
        for column in range(self.width):
            self._step(transfer.forward, row, column, old, new, soft)
            old, new = new, old
        if self.eight:
            dark, bright = np.split(old, 2)
            old = np.logaddexp(dark, bright) if soft else np.maximum(dark, bright)
        largest = float(old.max())
        old -= largest
        return old, largest

    def backward(self, row: int, message: Message) -> Message:
        """Return the weights of `row` and all that follow, for each state of the row before.

        Parameters
        ----------
        row : int
            The row.
        message : ndarray, shape (2^width,), float64
            That of the rows that follow, for each state of `row`.
        """
        old = np.concatenate([message, message]) if self.eight else message.copy()
        new = np.empty_like(old)
        for column in reversed(range(self.width)):
            self._step(transfer.backward, row, column, old, new, 1.0)
            old, new = new, old
        if self.eight:
            old = old[: old.size // 2]
        old -= old.max()
        return old

    def pull(self, row: int, states: NDArray[Any]) -> Message:
        """Return what the spins of a row pull at those of the row before.

        Parameters
        ----------
        row : int
            The row, not the first.
        states : ndarray, shape (n, width)
            Its spins, n times.

        Returns
        -------
        ndarray, shape (n, width), float64
        """
        pull = self.links.up[row] * states
        pull[:, :-1] += self.links.up_left[row, 1:] * states[:, 1:]
        pull[:, 1:] += self.links.up_right[row, :-1] * states[:, :-1]
        return np.asarray(pull)

    def _step(
        self, kernel: Any, row: int, column: int, old: Message, new: Message, soft: float
    ) -> None:
        field, left, up, up_left, up_right = (float(link[row, column]) for link in self.links)
        top = np.uintp(max(self.width - 1, 0)), np.uintp(max(self.width - 2, 0))
        stay, leave = ((up, up_right), up_left) if self.eight else ((0.0, 0.0), up)
        kernel(old, new, top, field, left, *stay, leave, soft, parallel=self.parallel)


def links_of(model: IsingModel, turned: bool) -> Links:
    """Return field and strengths of a model, `turned` telling whether its columns are the rows."""
    height, width = model.shape
    arriving = np.zeros((4, height, width))
    for plane, ((dy, dx), strength) in zip(arriving, model.coupling.planes, strict=False):
        around = np.zeros((height + 1, width + 2))
        around[dy : dy + height, 1 + dx : 1 + dx + width] = strength
        plane[...] = around[:height, 1:-1]
    field, (left, up, up_left, up_right) = model.field.astype(np.float64), arriving
    if turned:
        other = np.zeros_like(up_right)  # the edge belongs to its other end now
        other[:-1, 1:] = up_right[1:, :-1]
        field, left, up, up_left, up_right = field.T, up.T, left.T, up_left.T, other.T
    return Links(*map(np.ascontiguousarray, (field, left, up, up_left, up_right)))
