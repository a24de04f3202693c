"""The work on a picture in parts: all of them solved, and those again whose borders do not fit."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from typing import Any

import numpy as np

from ..deadline import check_deadline
from ..errors import ChangeLimitError
from ..pipeline import CleanOptions
from ..result import DenoiseResult
from .borders import Place, across_borders
from .deciding import decide
from .grid import Cut, Grid
from .recipe import Recipe
from .result import ChunkedResult
from .solving import Part, solve_part
from .stores import Source, Target
from .stores._zarr import load_dask

__all__ = ["Progress", "Work"]

Progress = Callable[[int, int], None]

_MOST = 4096  # pixels of surroundings: where parts do not fit together even so, they stay


class Work:
    """One picture under way."""

    def __init__(
        self, source: Source, options: CleanOptions, cut: Cut, progress: Progress | None
    ) -> None:
        self.source, self.options, self.cut = source, options, cut
        self.progress = progress or (lambda done, parts: None)
        self.grid = Grid(source.shape, cut.sides(source.stored))
        self.workers = cut.workers or len(getattr(os, "sched_getaffinity", _all_cores)(0))
        self.parts: dict[Place, Any] = {}
        self.halos: dict[Place, int] = {}
        self._lock, self._stop = threading.Lock(), threading.Event()

    def run(self, targets: Sequence[Target]) -> ChunkedResult:
        """Decide, solve all parts, look across borders, and finish the outputs."""
        started = time.perf_counter()
        recipe, sample = decide(self.source, self.options)
        recipe.prepare()
        decided = time.perf_counter()
        halo = self._halo(recipe)
        rows, columns = self.grid.counts
        everywhere = [(i, j) for i in range(rows) for j in range(columns)]
        self.halos = dict.fromkeys(everywhere, halo)
        self._solve(everywhere, recipe, targets)
        again, over = self._mend(recipe, targets)
        solved = time.perf_counter()
        result = self._result(recipe, sample, halo, again, over)
        limit = self.options.max_change
        if limit is not None and result.changed > limit:
            raise ChangeLimitError(result.changed, limit, self.source.path)
        for target in targets:
            target.finish(check_deadline)
        result.seconds = {
            "estimating": decided - started,
            "solving": solved - decided,
            "finishing": time.perf_counter() - solved,
        }
        return result

    def _halo(self, recipe: Recipe) -> int:
        """Return the surroundings that parts begin with."""
        own: int = recipe.solver.surroundings  # type: ignore[attr-defined] # `check_options`
        least = own if recipe.learned else 16
        wanted = own if self.cut.halo is None else self.cut.halo
        return max(least, -(-wanted // 16) * 16)

    def _solve(self, places: Sequence[Place], recipe: Recipe, targets: Sequence[Target]) -> None:
        """Solve parts on threads, and write each as soon as it is there."""
        array, get = load_dask()
        index = np.arange(len(places))
        blocks = array.from_array(index, chunks=1, name=False)
        context = copy_context()  # deadlines, and who hears of warnings

        def work(block: Any) -> Any:
            for number in block:
                if self._stop.is_set():
                    break
                context.copy().run(self._one, places[int(number)], recipe, targets)
            return block

        self._done, self._of = 0, len(places)
        done = blocks.map_blocks(work, dtype=index.dtype, meta=index[:0])
        # not dask's own threads: one that Ctrl-C meets while it starts would wait for ever
        with ThreadPoolExecutor(self.workers) as pool:
            try:
                done.compute(scheduler=get, pool=pool, optimize_graph=False)
            finally:
                self._stop.set()  # those that have begun are the last
        self._stop.clear()

    def _one(self, place: Place, recipe: Recipe, targets: Sequence[Target]) -> None:
        """Solve one part and write it."""
        check_deadline()
        core = self.grid.part(*place)
        window = self.grid.window(core, self.halos[place])
        x = self.source.read(window)
        part = solve_part(recipe, x, window, core, probability=len(targets) > 1)
        targets[0].write(core, part.bright)
        if part.probability is not None:
            targets[1].write(core, part.probability)
        with self._lock:
            self.parts[place] = _figures(part)
            self._done += 1
            self.progress(self._done, self._of)

    def _mend(self, recipe: Recipe, targets: Sequence[Target]) -> tuple[int, dict[Place, float]]:
        """Solve parts again whose borders do not fit, with larger surroundings."""
        again = 0
        if recipe.learned:
            return again, {}
        labels = not recipe.solver.traits.factorised
        tol = 0.0 if labels else float(recipe.solver.tol)  # type: ignore[attr-defined]
        while True:
            edges = {place: figures["edges"] for place, figures in self.parts.items()}
            over = across_borders(self.grid, edges, recipe.coupling, labels=labels)
            most = min(_MOST, max(self.grid.shape))
            wrong = [p for p, value in over.items() if value > tol and self.halos[p] < most]
            if not wrong:
                return again, over
            for place in wrong:
                self.halos[place] *= 2
            again += len(wrong)
            self._solve(wrong, recipe, targets)

    def _result(
        self,
        recipe: Recipe,
        sample: DenoiseResult,
        halo: int,
        again: int,
        over: dict[Place, float],
    ) -> ChunkedResult:
        """Return the sum of all parts."""
        parts = list(self.parts.values())
        borders = max(over.values(), default=0.0)
        tol = float(getattr(recipe.solver, "tol", 0.0))
        result = ChunkedResult(
            shape=self.source.shape,
            sides=self.grid.sides,
            parts=len(parts),
            halo=halo,
            workers=self.workers,
            sample=sample,
            solver=recipe.solver,
            missing=self.source.missing,
            widest=max(self.halos.values()),
            again=again,
            residual=max([borders, *(part["residual"] for part in parts)]),
            over_borders=borders,
            converged=all(part["converged"] for part in parts) and borders <= tol,
        )
        for name in ("to_white", "to_black", "known", "bright", "updates"):
            setattr(result, name, sum(part[name] for part in parts))
        return result


def _figures(part: Part) -> dict[str, Any]:
    """Return what is kept of a part that has been written."""
    names = ("edges", "to_white", "to_black", "known", "updates", "residual", "converged")
    kept = {name: getattr(part, name) for name in names}
    return {**kept, "bright": int(np.count_nonzero(part.bright))}


def _all_cores(_: int) -> range:
    return range(os.cpu_count() or 1)
