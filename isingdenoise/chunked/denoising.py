"""A picture larger than memory: cleaned part by part, and put together without seams."""

from __future__ import annotations

import os
from contextlib import ExitStack
from pathlib import Path

from ..deadline import deadline
from ..errors import ParameterError
from ..pipeline import CleanOptions
from .deciding import check_options
from .grid import Cut
from .result import ChunkedResult
from .stores import Source, check_target, open_source, open_target
from .stores._zarr import load_dask
from .working import Progress, Work

__all__ = ["ChunkedResult", "denoise_chunked"]


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
    the surroundings, until it is not. A learned prior sees as far as its network or machine
    does, and that is what its surroundings are.

    Parameters
    ----------
    source : str or os.PathLike
        A Zarr array, an OME-Zarr image or a TIFF.
    target : str or os.PathLike
        The clean picture: `.zarr` (uint8, 0 and 255; a group of levels where the source is
        one) or `.tif` (one bit, in tiles). It appears when it is complete.
    options : CleanOptions, optional
        How. A mask, protected pixels, uneven light, noise of specks and engines but mean field,
        ICM and those of learned priors are refused.
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
    >>> noisy[50:150, 50:250] ^= True
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
    with deadline(options.timeout, source), ExitStack() as stack:
        opened = open_source(source, channel=options.channel, frame=options.frame)
        stack.callback(opened.close)
        _check_size(opened, options)
        places = [check_target(target, [source], overwrite=overwrite)]
        if probability is not None:
            _check_probability(Path(probability), target, options)
            places.append(check_target(Path(probability), [source], overwrite=overwrite))
        work = Work(opened, options, cut, progress)
        outputs = []
        for number, place in enumerate(places):
            output = open_target(
                place, opened, work.grid.sides, overwrite=overwrite, floats=number > 0
            )
            outputs.append(stack.enter_context(output))
        return work.run(outputs)


def _check_probability(place: Path, target: Path, options: CleanOptions) -> None:
    """Refuse probabilities that there are not, or that have no place of their own."""
    if not options.solver.traits.marginals:
        raise ParameterError("probability", f"engine {options.solver.name} has none")
    if place.resolve() == target.resolve():
        raise ParameterError("probability", "is the same as the output; give it another name")


def _check_size(source: Source, options: CleanOptions) -> None:
    """Refuse more pixels than the caller allows."""
    pixels = source.shape[0] * source.shape[1]
    if options.max_pixels is not None and pixels > options.max_pixels:
        raise ParameterError("max_pixels", f"is {options.max_pixels}, and there are {pixels}")
