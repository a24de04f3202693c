"""A mixture of mean fields."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, ClassVar

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..backends import packed
from ..model import IsingModel
from ..validation import check_int, check_real, check_switch, store
from ._chains import averaged
from ._loop import Round, iterate
from ._mixture_bound import Image, Mixture
from ._phases import Phases, the_last_is_done
from ._start import starting_mean
from .base import Traits
from .solution import Advice, Callback, Solution, Status, Work

if TYPE_CHECKING:
    from ..backends import Lattice, Planes

__all__ = ["MixtureMeanField"]

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


@dataclass(frozen=True)
class MixtureMeanField:
    r"""A weighted mixture of mean fields, each in a mode of its own.

    .. math:: q(z) = \sum_m a_m \prod_i q_m(z_i)

    Mean field has to choose one of several modes, and is sure of it: without a field, and
    with strong coupling, one of two pictures that are each other's negative. The mixture
    keeps several, and its means say what it is unsure of. Its bound is

    .. math:: F = \sum_m a_m \, \mathrm{ELBO}(\mu_m) + \sum_k a_k \Bigl(\sum_i r_{ki} \mu_{ki}
              - \log \sum_m a_m \prod_i (\cosh r_{ki} + \mu_{mi} \sinh r_{ki})\Bigr)

    with the second sum, at most the mutual information of component and spins, as of
    Jaakkola and Jordan. It holds for all r and a: r is found by Newton's method, a by
    multiplicative steps, and each component is the fixed point of mean field with a
    field to which these terms add, all kept only where F rises.

    The modes are looked for by mean field from `init`, from pictures that are bright or dark
    all over, from a high temperature, and from the negative of the best. The
    best is the first component, so F is never below the bound of plain mean field,
    and another is added where it raises F. K components raise it by log K nats at most:
    by much in a model that is undecided as a whole, and by next to nothing in a large picture,
    most of whose ambiguities are local.

    Parameters
    ----------
    components : int, default 2
        At most so many, 2 to 8.
    tol : float, default 1e-3
        Components are sought until max_i |tanh(a_i) - mu_i| <= tol.
    max_sweeps : int, default 3000
        Stop after so many sweeps' worth of site updates in any case, with status
        `max_sweeps` and the best mixture until then; it stops by itself when no further
        component raises F.
    parallel : bool, optional
        Whether to use threads; by default large pictures do.

    Raises
    ------
    ParameterError
        A setting is out of range.

    Notes
    -----
    Of `Solution.diagnostics`, `components` is their number, and `gain` by how much F is above the
    bound of plain mean field, in nats.

    References
    ----------
    Jaakkola and Jordan, Improving the Mean Field Approximation via the Use of Mixture
    Distributions, in Learning in Graphical Models, 1998.

    Examples
    --------
    >>> import numpy as np
    >>> from isingdenoise import Coupling, IsingModel, MeanField
    >>> from isingdenoise.inference import MixtureMeanField
    >>> model = IsingModel(np.zeros((8, 8)), Coupling.nearest(1.0))
    >>> both = MixtureMeanField().solve(model)
    >>> bool(np.abs(both.mean).max() < 0.01), both.diagnostics["components"]
    (True, 2.0)
    >>> one = MeanField().solve(model, init=np.ones((8, 8)))
    >>> round(both.lower_bound - one.lower_bound, 3)  # log 2
    0.693
    """

    name: ClassVar[str] = "mixture"
    summary: ClassVar[str] = "mixture of mean fields: several modes, and a higher bound"
    traits: ClassVar[Traits] = Traits(marginals=True, lower_bound=True)

    components: int = 2
    tol: float = 1e-3
    max_sweeps: int = 3000
    parallel: bool | None = None

    def __post_init__(self) -> None:
        store(
            self,
            components=check_int("components", self.components, low=2, high=8),
            tol=check_real("tol", self.tol, low=0),
            max_sweeps=check_int("max_sweeps", self.max_sweeps, low=1),
            parallel=check_switch("parallel", self.parallel),
        )

    def footprint(self, pixels: int) -> int:
        """Return the bytes held at the peak of `solve`; see `Engine`."""
        return int((40 + 6 * self.components) * pixels)

    def quick(self) -> MixtureMeanField:
        """Return an engine that ends soon; see `Engine`."""
        return replace(self, tol=max(self.tol, 1e-3), max_sweeps=min(self.max_sweeps, 400))

    def solve(
        self,
        model: IsingModel,
        *,
        init: ArrayLike | None = None,
        rng: np.random.Generator | int | None = None,
        callback: Callback | None = None,
    ) -> Solution:
        """Return the best mixture, `labels` being the signs of `mean`.

        Parameters and result as of `Engine.solve`. The lower bounds of the trace are F, as far
        as it is known; the residuals are those of the component under way.
        """
        with packed(model, self.parallel) as lattice:
            start = lattice.pack(starting_mean(model, init), -1, 1)
            del init  # its memory is wanted for the field
            lattice.load_field()
            course = _Course(lattice, self, start)
            del start
            trace, status = iterate(
                course.step,
                max_sweeps=self.max_sweeps,
                sites=lattice.sites,
                snapshot=course.snapshot,
                callback=callback,
            )
            lattice.temper(1.0, 1.0)  # sweeps may run out with any field
            found, bound, plain = course.answer()
            average = lattice.pack(course.snapshot())
            del course
            labels, mean, energy = averaged(lattice, average)
        updates = int(trace.site_updates[-1])
        message = f"{self.name} did not converge in {self.max_sweeps} sweeps"
        return Solution(
            labels=labels,
            mean=mean,
            energy=energy,
            lower_bound=bound,
            upper_bound=None,
            status=status,
            work=Work(-(-updates // lattice.sites), updates),
            trace=trace,
            engine=self.name,
            diagnostics={"components": float(found), "gain": bound - plain},
            advice=() if status is Status.CONVERGED else (Advice(message, ("max_sweeps", "tol")),),
        )


class _Course(Phases):
    """The search for modes, and then for the mixture that they give."""

    def __init__(self, lattice: Lattice, settings: MixtureMeanField, start: Planes) -> None:
        super().__init__()
        self.lattice, self.settings = lattice, settings
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
        yield from self.settle(self.lattice, self.plain, self.settings.tol)
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
            if len(self.best.means) < self.settings.components:
                yield from self._with(*modes.pop(0))
            else:
                modes.clear()
        found = 0
        while found < len(self.best.means) < self.settings.components and small:
            found = len(self.best.means)
            yield from self._split()

    def _flat(self, value: float) -> Planes:
        return self.lattice.pack(np.full(self.lattice.shape, value, np.float32))

    def _mode(self, mean: Planes, modes: list[tuple[float, Image]]) -> Iterator[Round]:
        """Let mean field come to rest, and add where it does so to the modes, if it is new."""
        yield from self.settle(self.lattice, mean, self.settings.tol)
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
            yield from self.settle(self.lattice, self.start, 10 * self.settings.tol, _FEW)
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
            yield from self.settle(self.lattice, half, self.settings.tol, _FEW)
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
        if np.abs(extra).max() <= self.settings.tol:
            return
        mean = self.lattice.pack(trial.means[m].reshape(extra.shape))
        self.lattice.field += self.lattice.pack(extra)
        yield from self.settle(self.lattice, mean, self.settings.tol, _FEW)
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
