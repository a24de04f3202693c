"""A picture larger than memory: cleaned part by part, and put together without seams."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from contextvars import copy_context
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from ..deadline import check_deadline, deadline
from ..errors import ChangeLimitError, ParameterError
from ..inference import Amortised
from ..pipeline import CleanOptions
from ..prior import prior_of
from ..result import DenoiseResult
from .borders import Place, across_borders
from .deciding import check_options, decide
from .grid import Cut, Grid
from .recipe import Recipe
from .solving import Part, solve_part
from .stores import Source, Target, check_target, open_source, open_target
from .stores._zarr import load_dask

__all__ = ["ChunkedResult", "denoise_chunked"]

Progress = Callable[[int, int], None]

_HALO = 64
_MOST = 4096  # pixels of surroundings: where parts do not fit together even so, they stay


@dataclass(eq=False)
class ChunkedResult:
    """What became of a picture in parts.

    Attributes
    ----------
    shape : tuple of int
        (H, W).
    sides : tuple of int
        Height and width of a part.
    parts : int
        How many there were.
    halo : int
        Surroundings of a part in pixels, where borders asked for no more.
    widest : int
        The largest surroundings that a border asked for.
    again : int
        Parts that were solved again with larger ones.
    workers : int
        Parts that were worked on at a time.
    sample : DenoiseResult
        What `denoise` made of the sample that decided noise, coupling and prior.
    solver : Engine
        What solved the parts.
    to_white, to_black : int
        Pixels that changed against the thresholded picture.
    known : int
        Pixels that are not missing.
    bright : int
        Pixels that came out bright.
    updates : int
        Updates of sites, those of surroundings too.
    residual : float
        The largest |tanh(a) - mean| within parts and over their borders.
    over_borders : float
        The same over borders alone.
    converged : bool
        Whether both are within the engine's tolerance.
    missing : int
        Chunks of the source that were never written.
    seconds : dict of str to float
        Time for the estimates, the parts and what follows from the whole.
    """

    shape: tuple[int, int]
    sides: tuple[int, int]
    parts: int
    halo: int
    workers: int
    sample: DenoiseResult
    solver: Any
    missing: int = 0
    widest: int = 0
    again: int = 0
    to_white: int = 0
    to_black: int = 0
    known: int = 0
    bright: int = 0
    updates: int = 0
    residual: float = 0.0
    over_borders: float = 0.0
    converged: bool = True
    seconds: dict[str, float] = field(default_factory=dict)

    @property
    def changed(self) -> float:
        """Share of the known pixels that changed."""
        return (self.to_white + self.to_black) / self.known if self.known else 0.0


def denoise_chunked(
    source: str | os.PathLike[str],
    target: str | os.PathLike[str],
    options: CleanOptions | None = None,
    *,
    probability: str | os.PathLike[str] | None = None,
    cut: Cut | None = None,
    overwrite: bool = False,
    progress: Progress | None = None,
) -> ChunkedResult:
    r"""Clean a picture that need not fit into memory, and write it.

    Noise, coupling, calibration and prior are chosen once, from 64 parts of 256 x 256 pixels
    (the whole picture up to 4 million pixels). Then each part is solved with its surroundings
    and written. Under the Ising prior the order of updates is that of plain checkerboard sweeps,
    whose first 16 carry no further than the surroundings: up to there a part is what it is in the
    whole picture, to the bit, and from there on a pixel hears of the end of its surroundings only
    by what 64 pixels in a row pass on. The residual

    .. math:: \max_i |\tanh(\sum_j J_{ij} \mu_j + h_i) - \mu_i|

    is then taken over all borders, and parts where it is beyond `tol` are solved again with twice
    the surroundings, until it is not. A learned prior sees as far as its network does, and
    that is what its surroundings are.

    Parameters
    ----------
    source : str or os.PathLike
        A Zarr array, an OME-Zarr image or a TIFF.
    target : str or os.PathLike
        The clean picture: `.zarr` (uint8, 0 and 255; a group of levels where the source is
        one) or `.tif` (one bit, in tiles). It appears when it is complete.
    options : CleanOptions, optional
        How. A mask, protected pixels, uneven light, noise of specks and engines but mean field,
        ICM and the learned prior's are refused.
    probability : str or os.PathLike, optional
        Where P(bright) goes too, as float32.
    cut : Cut, optional
        Sides of parts, surroundings, and parts at a time.
    overwrite : bool
        Whether existing outputs may be replaced.
    progress : callable, optional
        Called with how many parts are done, and of how many.

    Returns
    -------
    ChunkedResult

    Raises
    ------
    IsingDenoiseError
        Whatever is wrong with the source, the target or the options, or zarr or dask are not
        installed. Nothing has been written.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> import numpy as np
    >>> import zarr
    >>> from isingdenoise.pipeline import CleanOptions
    >>> folder = tempfile.TemporaryDirectory()
    >>> here = Path(folder.name)
    >>> noisy = np.random.default_rng(0).random((200, 300)) < 0.1
    >>> zarr.save_array(here / "noisy.zarr", noisy)
    >>> options = CleanOptions(noise="flip", coupling=1.0)
    >>> found = denoise_chunked(here / "noisy.zarr", here / "clean.zarr", options)
    >>> found.converged, zarr.open_array(here / "clean.zarr").shape
    (True, (200, 300))
    >>> folder.cleanup()
    """
    source, target = Path(source), Path(target)
    options, cut = options or CleanOptions(), cut or Cut()
    check_options(options)
    load_dask()
    with deadline(options.timeout, source):
        opened = open_source(source, channel=options.channel, frame=options.frame)
        try:
            _check_size(opened, options)
            sure = None if probability is None else Path(probability)
            if sure is not None and not options.solver.traits.marginals:
                raise ParameterError("probability", f"engine {options.solver.name} has none")
            places = [check_target(target, [source], overwrite=overwrite)]
            if sure is not None:
                if sure.resolve() == target.resolve():
                    raise ParameterError("probability", "is the same as the output")
                places.append(check_target(sure, [source], overwrite=overwrite))
            work = _Work(opened, options, cut, progress)
            with ExitStack() as stack:
                outputs = [
                    stack.enter_context(
                        open_target(place, opened, work.grid.sides, overwrite=overwrite, floats=n > 0)
                    )
                    for n, place in enumerate(places)
                ]
                return work.run(outputs)
        finally:
            opened.close()


def _check_size(source: Source, options: CleanOptions) -> None:
    """Refuse more pixels than the caller allows."""
    pixels = source.shape[0] * source.shape[1]
    if options.max_pixels is not None and pixels > options.max_pixels:
        raise ParameterError("max_pixels", f"is {options.max_pixels}, and there are {pixels}")


class _Work:
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
        least = 16
        if isinstance(recipe.solver, Amortised):
            least = prior_of(recipe.solver.prior).halo
        wanted = _HALO if self.cut.halo is None else self.cut.halo
        return max(least, -(-wanted // 16) * 16)

    def _solve(
        self, places: Sequence[Place], recipe: Recipe, targets: Sequence[Target]
    ) -> None:
        """Solve parts on threads, and write each as soon as it is there."""
        array = load_dask()
        index = np.arange(len(places))
        blocks = array.from_array(index, chunks=1, name=False)
        context = copy_context()  # deadlines, and who hears of warnings

        def work(block: Any) -> Any:
            for number in block:
                if self._stop.is_set():
                    break
                context.copy().run(self._one, places[int(number)], recipe, targets)
            return block

        try:
            self._done, self._of = 0, len(places)
            done = blocks.map_blocks(work, dtype=index.dtype, meta=index[:0])
            done.compute(scheduler="threads", num_workers=self.workers, optimize_graph=False)
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
            residual=max(borders, max(part["residual"] for part in parts)),
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
