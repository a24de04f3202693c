"""The passes over the pages: a look at each, the coupling of all, and how each one fits."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from ...errors import IsingDenoiseError, ParameterError
from .._calibration import Calibration, Floats
from ._climb import METHODS
from ._hierarchy import Hierarchy
from ._judge import judged
from ._looks import Look, PageReader, Slopes
from ._plan import Batch, Plan, counts
from ._rates import STEPS, Rate
from ._source import Source
from ._state import Group, State
from ._vector import coupling_of, floors_of
from .learned import PageFit

__all__ = ["Learner"]

_FEWEST = 5  # pages of a noise model to begin with
_PASSES = 10  # over what the pages have said
_USABLE = 6.0  # spreads of noise parameters: pages beyond say nothing of the coupling


class Learner:
    """Goes through the pages and keeps what they say.

    Parameters
    ----------
    source : Source
        The pages.
    reader : PageReader
        Looks at one.
    plan : Plan
        How often, and with which steps.
    state : State
        What earlier pages have left; it is changed.
    rng : numpy.random.Generator
        Chooses the order.
    """

    def __init__(
        self,
        source: Source,
        reader: PageReader,
        plan: Plan,
        state: State,
        rng: np.random.Generator,
    ) -> None:
        self._source, self._reader, self._plan, self._rng = source, reader, plan, rng
        self.state = state
        self._goes_on = state.seen > 0
        self._rates: dict[str, Rate] = {}
        self._waiting: dict[str, list[Look]] = {}
        self.looks: dict[int, Look] = {}
        self.scores: dict[int, float] = {}
        self.errors: dict[int, IsingDenoiseError] = {}
        self.calibrations: dict[int, Calibration] = {}
        self.moves: list[float] = []

    def run(self) -> Iterator[int]:
        """Do all of it; yield the number of each page after each visit."""
        for batch in self._plan.batches(self._source.visit(self._rng)):
            yield from self._look_at(batch)
            if not self._source.again:
                self._score(batch)
        self._begin(fewest=1)
        if not self._goes_on:
            self._settle()
        if self._source.again and self.state.winner is not None:
            if self._plan.epochs:
                yield from self._climb()
            for page, image in self._visit(set(self.looks)):
                self._score([(page, image)])
                yield page

    def fits(self) -> list[PageFit]:
        """Return how each page fits, in their order."""
        failed = [PageFit(p, fits=False, reason=str(e), error=e) for p, e in self.errors.items()]
        found = judged(self.looks, self.scores, self.state)
        return sorted([*found, *failed], key=lambda fit: fit.page)

    # ------------------------------------------------------------------- looks

    def _look_at(self, batch: Batch) -> Iterator[int]:
        """Look at the pages of a minibatch, and take a step."""
        found: dict[str, list[Look]] = {}
        for page, image in batch:
            look = self._look(page, image)
            yield page
            if look is None:
                continue
            self.looks[page] = look
            self.state.seen += 1
            self.state.left_alone += look.left_alone and not look.uneven
            self.state.uneven += look.uneven
            if not (look.left_alone or look.uneven):
                found.setdefault(look.noise.name, []).append(look)
        for name, looks in found.items():
            self._waiting.setdefault(name, []).extend(looks)
        self._begin(fewest=_FEWEST)

    def _look(self, page: int, image: Any) -> Look | None:
        try:
            if isinstance(image, IsingDenoiseError):
                raise image
            return self._reader.look(page, image)
        except IsingDenoiseError as error:
            self.errors[page] = error
        except MemoryError:
            text = "needs more memory than there is; cut it into parts"
            self.errors[page] = ParameterError("image", text)
        return None

    def _begin(self, fewest: int) -> None:
        """Take the pages that wait into their groups, where these are there or can begin."""
        for name in [*self._waiting]:
            group, looks = self.state.groups.get(name), self._waiting[name]
            if group is None and len(looks) < fewest:
                continue
            said = np.stack([look.vector for look in looks])
            if group is None:
                like = looks[0].noise
                group = Group(like, Hierarchy.begin(said, floors_of(like)), 0)
                self.state.groups[name] = group
            group.votes += len(looks)
            self._step(name, group, said)
            del self._waiting[name]

    def _step(self, name: str, group: Group, said: Floats) -> None:
        length = self._source.length
        if self._goes_on or length is None:
            group.hierarchy = group.hierarchy.added(said)
            return
        share = group.votes / max(self.state.seen, 1)
        pages = max(length * share, float(group.votes))
        group.hierarchy = group.hierarchy.step(said, pages, self._rate(name))

    def _settle(self) -> None:
        """Go on with steps over what the pages of each group have said, which is kept."""
        size = self._plan.batch_size
        for name, group in self.state.groups.items():
            said = np.stack([k.vector for k in self.looks.values() if counts(k, name)])
            for _ in range(_PASSES):
                order = self._rng.permutation(len(said))
                for rows in np.array_split(order, -(-len(said) // size)):
                    group.hierarchy = group.hierarchy.step(
                        said[rows], float(group.votes), self._rate(name)
                    )

    def _rate(self, name: str) -> Rate:
        return self._rates.setdefault(name, STEPS[self._plan.step]())

    # ---------------------------------------------------------------- coupling

    def _climb(self) -> Iterator[int]:
        """Seek the coupling of all pages."""
        group = self.state.winner
        assert group is not None
        usable = self._usable(group)
        if not usable:
            return
        began, before = self.state.predicts, self.state.climbed
        climb = METHODS[self._plan.method](began, STEPS[self._plan.step]())
        for _ in range(self._plan.epochs):
            if climb.snapshots:
                at = climb.strengths
                slopes: dict[int, Slopes] = {}
                for page, image in self._visit(usable):
                    slopes |= self._slopes([(page, image)], group, at)
                    yield page
                if slopes:
                    climb.snapshot(slopes)
            for batch in self._plan.batches(self._visit(usable)):
                found = self._slopes(batch, group, climb.strengths)
                if found:
                    climb.step(list(found), list(found.values()))
                yield from (page for page, _ in batch)
        self.moves += climb.moves
        total = before + len(usable)
        self.state.strengths = (before * began + len(usable) * climb.strengths) / total
        if climb.scatter is not None:
            earlier = 0.0 if self.state.scatter is None else before * self.state.scatter**2
            whole = total if self.state.scatter is not None else len(usable)
            self.state.scatter = np.sqrt((earlier + len(usable) * climb.scatter**2) / whole)
        self.state.climbed = total

    def _usable(self, group: Group) -> set[int]:
        """Return the pages of the group whose noise is like that of the others."""
        return {
            page
            for page, look in self.looks.items()
            if counts(look, group.like.name)
            and np.all(group.hierarchy.apart(look.vector)[:-4] < _USABLE)
        }

    def _slopes(self, batch: Batch, group: Group, at: Floats) -> dict[int, Slopes]:
        found = {}
        for page, image in batch:
            try:
                found[page] = self._reader.slopes(page, image, group.noise, at)
            except IsingDenoiseError:  # told when its score is asked for
                continue
        return found

    # ------------------------------------------------------------------ scores

    def _score(self, batch: Batch) -> None:
        """Note the scores of pages under what all have in common, as far as that is known."""
        group = self.state.winner
        if group is None:
            return
        noise, predicts = group.noise, coupling_of(self.state.predicts)
        for page, image in batch:
            look = self.looks.get(page)
            if look is None or look.left_alone or look.noise.two_valued != noise.two_valued:
                continue
            try:
                self.scores[page], self.calibrations[page] = self._reader.score(
                    page, image, noise, predicts, self.state.coupling
                )
            except IsingDenoiseError:
                self.scores[page] = -np.inf

    # ------------------------------------------------------------------- pages

    def _visit(self, wanted: set[int]) -> Iterator[tuple[int, Any]]:
        """Yield pages that can be had, of those wanted."""
        for page, image in self._source.visit(self._rng):
            if page in wanted and not isinstance(image, IsingDenoiseError):
                yield page, image
