"""How a mixture of mean fields is found: modes first, then their weights and tilts."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from ._loop import Round
from ._mixture_bound import Image, Mixture
from ._phases import Phases, the_last_is_done

if TYPE_CHECKING:
    from ..backends import Lattice, Planes

#: Values of beta from which one of the starts is followed to the model.
_BETAS = (0.1, 0.25, 0.4, 0.55, 0.7, 0.85)
#: A component whose bound is so much lower, in nats, cannot raise that of the mixture.
_FAR_BELOW = 25.0
#: Components whose means are nowhere further apart are one.
_SAME = 0.02
#: Sweeps at a temperature, or in a field that changes again.
_FEW = 60
#: Ascent ends, and a component is not worth its while, where F rises by less, in nats; and
#: by less than rounding, relative to F.
_RISE, _ROUNDING = 1e-4, 1e-7
_HALVINGS = 4
#: The field that settles a spin.
_FIXED = 12.0
#: In a larger picture one spin is not worth a component.
_SMALL = 4096
#: Most rounds of ascent in tilts, weights and components.
_ASCENTS = 12


class Search(Phases):
    """The search for modes, and then for the mixture that they give.

    Parameters
    ----------
    lattice : Lattice
        The model.
    start : ndarray
        Packed means to start from; they are used up.
    components : int
        At most so many.
    tol : float
        Where mean field comes to rest.
    """

    def __init__(self, lattice: Lattice, start: Planes, components: int, tol: float) -> None:
        super().__init__()
        self.lattice, self.components, self.tol = lattice, components, tol
        self.start = start
        self.plain = start.copy()
        self.best: Mixture | None = None  # None until plain mean field has come to rest

    def snapshot(self) -> NDArray[np.float32]:
        """Return the means of the best mixture so far."""
        return self.lattice.unpack(self.plain) if self.best is None else self.best.mean()

    def answer(self) -> tuple[int, float, float]:
        """Return the number of components, F, and the bound of plain mean field."""
        plain = self.lattice.elbo(self.plain)
        if self.best is None:
            return 1, plain, plain
        return len(self.best.means), max(self.best.bound(), plain), plain

    def rounds(self) -> Iterator[Round]:
        """Yield the rounds of the whole course."""
        return the_last_is_done(self._rounds_of_all())

    def _rounds_of_all(self) -> Iterator[Round]:
        yield from self.settle(self.lattice, self.plain, self.tol)
        modes = [(self.lattice.elbo(self.plain), self.lattice.unpack(self.plain))]
        self.best = Mixture([modes[0][1]], [modes[0][0]])
        side = 1.0 if float(np.sum(modes[0][1], dtype=np.float64)) >= 0 else -1.0
        for value in (side, -side):
            yield from self._mode(self._flat(value), modes)
        yield from self._annealed(modes)
        yield from self._mode(self.lattice.pack(-self.best.mean()), modes)
        small = self.lattice.sites <= _SMALL
        modes.sort(key=lambda mode: -mode[0])
        while modes:  # each one's memory is wanted for the next
            if len(self.best.means) < self.components:
                yield from self._with(*modes.pop(0))
            else:
                modes.clear()
        found = 0
        while found < len(self.best.means) < self.components and small:
            found = len(self.best.means)
            yield from self._split()

    def _flat(self, value: float) -> Planes:
        return self.lattice.pack(np.full(self.lattice.shape, value, np.float32))

    def _mode(self, mean: Planes, modes: list[tuple[float, Image]]) -> Iterator[Round]:
        """Let mean field come to rest, and add where it does so to the modes, if it is new."""
        yield from self.settle(self.lattice, mean, self.tol)
        found = self.lattice.elbo(mean), self.lattice.unpack(mean)
        if all(_differ(found[1], other) for _, other in modes):
            modes.append(found)
            assert self.best is not None  # plain mean field came first
            if found[0] > self.best.bound():
                self.best = Mixture([found[1]], [found[0]])
            least = self.best.bound() - _FAR_BELOW
            modes[:] = [mode for mode in modes if mode[0] >= least]

    def _annealed(self, modes: list[tuple[float, Image]]) -> Iterator[Round]:
        """Follow mean field from a high temperature to a mode."""
        for beta in _BETAS:
            self.lattice.temper(beta, beta)
            yield from self.settle(self.lattice, self.start, 10 * self.tol, _FEW)
        self.lattice.temper(1.0, 1.0)
        yield from self._mode(self.start, modes)

    def _with(self, elbo: float, mean: Image) -> Iterator[Round]:
        """Add a component where F rises by it."""
        best = self.best
        assert best is not None  # plain mean field came first
        shaped = [other.reshape(mean.shape) for other in best.means]
        known = any(not _differ(mean, other) for other in shaped)
        if known or elbo < best.elbos.max() - _FAR_BELOW:
            return
        yield from self._ascend(Mixture([*shaped, mean], [*best.elbos, elbo]))

    def _split(self) -> Iterator[Round]:
        """Part the heaviest component in two, between which the least certain spin is settled.

        Before any ascent F is then above what it was: with a spin fixed, mean field is closer
        to each half than to the whole (Weller and Domke, 2016).
        """
        best = self.best
        assert best is not None  # plain mean field came first
        m = best.heaviest()
        means = [other.reshape(self.lattice.shape) for other in best.means]
        whole, elbos = means.pop(m), [float(elbo) for elbo in np.delete(best.elbos, m)]
        site = np.unravel_index(int(np.argmin(np.abs(whole))), whole.shape)
        for sign in (1, -1):
            fixed = np.zeros_like(whole)
            fixed[site] = sign * _FIXED
            half = self.lattice.pack(whole)
            self.lattice.field += self.lattice.pack(fixed)
            yield from self.settle(self.lattice, half, self.tol, _FEW)
            self.lattice.temper(1.0, 1.0)
            means.append(self.lattice.unpack(half))
            elbos.append(self.lattice.elbo(half))
        trial = Mixture(means, elbos)
        for k, sign in ((-2, 1), (-1, -1)):
            fixed[site] = sign * _FIXED
            trial.tilt(len(means) + k, fixed)
        yield from self._ascend(trial)

    def _ascend(self, trial: Mixture) -> Iterator[Round]:
        """Raise the F of a mixture, and keep it where it is the best."""
        best = self.best
        assert best is not None  # plain mean field came first
        for _ in range(_ASCENTS):
            before = trial.bound()
            trial.seek_weights()
            trial.seek_tilts()
            for m in range(len(trial.means)):
                yield from self._move(trial, m)
            if trial.bound() < before + _RISE:
                break
        trial.seek_weights()
        if trial.bound() > best.bound() + _RISE + _ROUNDING * abs(best.bound()):
            self.best = trial

    def _move(self, trial: Mixture, m: int) -> Iterator[Round]:
        """Let a component come to rest in its field, to which the mixture adds."""
        extra = trial.extra_field(m)
        if np.abs(extra).max() <= self.tol:
            return
        mean = self.lattice.pack(trial.means[m].reshape(extra.shape))
        self.lattice.field += self.lattice.pack(extra)
        yield from self.settle(self.lattice, mean, self.tol, _FEW)
        self.lattice.temper(1.0, 1.0)
        for _ in range(_HALVINGS):
            new = self.lattice.unpack(mean)
            if trial.replace(m, new, self.lattice.elbo(mean)):
                break
            # the field was that of the old means: half the way may raise F where all does not
            new += trial.means[m].reshape(extra.shape)
            new /= 2
            mean = self.lattice.pack(new, -1, 1)


def _differ(a: Image, b: Image) -> bool:
    """Tell whether two components are further apart than fixed points of one mode are."""
    return float(np.max(np.abs(a - b))) > _SAME
