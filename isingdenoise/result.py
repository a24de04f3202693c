"""What `denoise` returns."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .coupling import Coupling
from .errors import counted
from .inference import Solution
from .learning import Calibration, Fit
from .model import IsingModel
from .noise import NoiseModel, parameters_of

Figure = Any  # of matplotlib, which only `plotting` knows

__all__ = ["DenoiseResult", "probability_of"]

_PIXELS_AT_ONCE = 1 << 18  # so that temporaries stay small

_SURE = np.float32(1 - 1e-7)  # of means

BELOW_HALF = np.nextafter(np.float32(0.5), np.float32(0))


@dataclass(frozen=True, eq=False)
class DenoiseResult:
    """A clean picture, and everything that led to it.

    Attributes
    ----------
    image : ndarray, shape (H, W), bool
        The clean picture, True where bright.
    solution : Solution
        What the engine found, with its status and trace.
    model : IsingModel
        The posterior that was solved.
    noise : NoiseModel
        As estimated or given.
    coupling : Coupling
        As chosen or given.
    settings : dict
        Plain values that reproduce the result: version, noise, engine,
        coupling (with its `source`: "estimated" or "given"), background
        ("auto", "given" or None) and seed (None where the caller passed a
        generator). The mask and the protected pixels are not among them.
    changed : float
        Share of the observed pixels that differ from the noisy picture
        thresholded half way between its levels.
    differs : ndarray, shape (ceil(H W / 8),), uint8
        Which pixels these are, one bit each (`numpy.packbits` of the rows);
        `change_map` unpacks it.
    calibration : Calibration or None
        How mean-field pulls became probabilities; None where the coupling was
        given and for other engines, whose probabilities are as solved.
    background : ndarray, shape (H, W), float32, or None
        The light that the picture was divided by.
    fit : Fit or None
        What was assumed of the noise, and how much speaks for it; None where
        a model was named or given.
    """

    image: NDArray[np.bool_]
    solution: Solution
    model: IsingModel
    noise: NoiseModel
    coupling: Coupling
    settings: dict[str, Any]
    changed: float
    differs: NDArray[np.uint8]
    calibration: Calibration | None = None
    background: NDArray[np.float32] | None = None
    fit: Fit | None = None

    @cached_property
    def probability(self) -> NDArray[np.float32] | None:
        r"""P(z_i = +1 | x), shape (H, W), float32; None for engines that seek only labels.

        Without a calibration it is (1 + mean) / 2. With one it is the mean of
        two probabilities that err on opposite sides: what the calibration
        makes of the neighbours' pull, in which an echo of the pixel's own
        value is left, and what is left of mean field when Onsager's reaction
        term takes the echo to first order,
        :math:`u_i - \mu_i \sum_j J_{ij}^2 (1 - \mu_j^2)`. It is never on the
        other side of 1/2 than `image`.

        References
        ----------
        Thouless, Anderson and Palmer, Phil. Mag. 35 (1977), for the reaction.
        """
        mean = self.solution.mean
        if mean is None:
            return None
        learned = self.settings["prior"]["name"] == "learned"
        return probability_of(mean, self.solution.labels, self.model, self.calibration, learned)

    @property
    def change_map(self) -> NDArray[np.int8]:
        """What became of each pixel; shape (H, W), made anew at each call.

        +1 from black to white, -1 from white to black, against the noisy
        picture thresholded half way between its levels; 0 where unchanged or
        missing.
        """
        labels = self.solution.labels
        bits = np.unpackbits(self.differs, count=labels.size)
        return bits.view(np.int8).reshape(labels.shape) * labels

    @property
    def changes(self) -> tuple[int, int]:
        """Numbers of pixels that went from black to white, and from white to black."""
        white = np.packbits(self.solution.labels > 0)
        counts = (np.bitwise_count(self.differs & bits).sum() for bits in (white, ~white))
        to_white, to_black = (int(count) for count in counts)
        return to_white, to_black

    def __repr__(self) -> str:
        """Return the outcome, not the arrays."""
        height, width = self.image.shape
        source = self.settings["coupling"]["source"]
        return (
            f"DenoiseResult({height} x {width}, {self.noise}, "
            f"coupling {self.coupling} ({source}), {self.solution})"
        )

    def plot(self) -> Figure:
        """Return a figure: the clean picture, how sure, what changed, and how it converged.

        A notebook shows it where it is the last value of a cell; `figure.savefig(path)` keeps it.

        Returns
        -------
        matplotlib.figure.Figure
            Of `isingdenoise.plotting.result_figure`; no state of `pyplot` is touched.
        """
        from .plotting import result_figure

        return result_figure(self.image, self.change_map, self.solution.trace, self.probability)

    def _repr_png_(self) -> bytes:
        """Return the clean picture, as small as a page shows it."""
        from ._notebook import png

        return png(self.image)

    def _repr_html_(self) -> str:
        """Return the clean picture, its doubtful pixels and what led to them, for notebooks."""
        from ._notebook import page

        pictures = {"clean": self.image.astype(np.float32)}
        if self.probability is not None:
            pictures["how sure: dark where in doubt"] = np.abs(2 * self.probability - 1)
        solution, coupling = self.solution, self.settings["coupling"]
        facts = {
            "size": f"{self.image.shape[0]} x {self.image.shape[1]}",
            "noise": f"{self.noise.name}: {_parameters(self.noise)}",
            "coupling": f"{self.coupling} ({coupling['source']})",
            "engine": f"{solution.engine}: {solution.status.value} after "
            f"{counted(solution.work.sweeps, 'sweep')}, {solution.seconds:.2g} s",
            "changed": f"{self.changed:.2%} of the pixels",
        }
        return page(pictures, facts)


def probability_of(
    mean: NDArray[np.float32],
    labels: NDArray[np.int8],
    model: IsingModel,
    calibration: Calibration | None,
    learned: bool,
) -> NDArray[np.float32]:
    """Return P(z_i = +1 | x) as `DenoiseResult.probability` explains it.

    Parameters
    ----------
    mean, labels : ndarray, shape (H, W)
        What was solved.
    model : IsingModel
        The posterior that was solved.
    calibration : Calibration or None
        None where means are probabilities as they are.
    learned : bool
        Whether the means are those of a learned prior.
    """
    if calibration is None:
        return (mean + np.float32(1)) * np.float32(0.5)
    fill = _calibrate_learned if learned else _calibrate
    p = np.empty_like(mean)
    rows = max(1, _PIXELS_AT_ONCE // p.shape[1])
    for start in range(0, len(p), rows):
        band = slice(start, start + rows)
        fill(band, mean, model, calibration, p)
        bright = labels[band] > 0
        np.maximum(p[band], np.float32(0.5), out=p[band], where=bright)
        np.minimum(p[band], BELOW_HALF, out=p[band], where=~bright)
    return p


def _parameters(noise: NoiseModel) -> str:
    """Return the parameters of a noise model in four digits."""
    known = {name: getattr(noise, name) for name in parameters_of(type(noise))}
    return ", ".join(
        f"{name} {' and '.join(f'{part:.4g}' for part in np.atleast_1d(value))}"
        for name, value in known.items()
        if value is not None
    )


def _calibrate(
    band: slice,
    mean: NDArray[np.float32],
    model: IsingModel,
    calibration: Calibration,
    out: NDArray[np.float32],
) -> None:
    """Write the mean of the calibrated probability and that with the reaction term into a band."""
    first = max(band.start - 1, 0)
    around = mean[first : band.stop + 1]
    inner = slice(band.start - first, band.stop - first)
    mu, field = mean[band], model.field[band]
    c = model.coupling.rows(first, first + len(around))
    nothing = np.zeros_like(around)
    pull = IsingModel(nothing, c).local_field(around)[inner]
    p = calibration.probability(pull, field)
    echo = IsingModel(nothing, c.squared()).local_field(1 - around * around)[inner]
    echo *= mu
    pull -= echo
    p += Calibration().probability(pull, field)
    np.multiply(p, np.float32(0.5), out=out[band])


def _calibrate_learned(
    band: slice,
    mean: NDArray[np.float32],
    model: IsingModel,
    calibration: Calibration,
    out: NDArray[np.float32],
) -> None:
    """Write the calibrated probability of a learned prior into a band.

    Its pull is half the log odds of the means, less the field.
    """
    field = model.field[band]
    pull = np.arctanh(np.clip(mean[band], -_SURE, _SURE)) - field
    out[band] = calibration.probability(pull, field)
