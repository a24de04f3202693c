"""How pictures are cleaned: everything that decides what comes out, in one value."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .._version import __version__
from ..api import denoise, resolve_engine
from ..coupling import Coupling
from ..errors import ParameterError
from ..inference import AUTO_PRIOR, PRIORS, Amortised, Backend, Engine, engines_under, on_backend
from ..io import DEFAULT_MAX_PAGES, read_mask
from ..io.hashing import file_sha256
from ..learning import DETECT, LIGHTS, Choice, choose, divided_by
from ..memory import memory_to_denoise
from ..names import AutoName, EngineName, NoiseName, PriorName
from ..noise import AUTO, NOISE_MODELS, Meaning, NoiseModel, NoiseSpec, observed
from ..result import DenoiseResult
from ..validation import as_generator, check_choice, check_image, check_real, check_span
from .outputs import OUTPUTS

__all__ = ["CleanOptions", "Prepared"]

#: What is estimated from values up to this size is within the limits of the noise models.
_LARGEST_GREY = 1e28
_CLEAN: Mapping[str, str | None] = MappingProxyType({"output": None})


@dataclass(frozen=True)
class Prepared:
    """What was estimated of a picture before it is solved.

    Attributes
    ----------
    picture : ndarray, shape (H, W)
        The picture, divided by its light.
    choice : Choice
        The noise model of the divided picture, and what speaks for it.
    light : ndarray, shape (H, W), float32, or None
        None where it is even, or was not asked for.
    """

    picture: NDArray[Any]
    choice: Choice
    light: NDArray[Any] | None

    @property
    def noise(self) -> NoiseModel:
        """The noise model."""
        return self.choice.noise


@dataclass(frozen=True, kw_only=True)
class CleanOptions:
    """How pictures are cleaned.

    It pickles, so that other processes can do the work, and `fingerprint` tells whether
    two of them give the same result.

    Attributes
    ----------
    noise : str, NoiseSpec or NoiseModel
        As in `denoise`.
    background : str or None
        As in `denoise`: "detect", "auto", or None for even light.
    engine : str, Engine, tuple of two engines, or None
        As in `denoise`.
    prior : str or pathlib.Path
        As in `denoise`.
    coupling : str, float or Coupling
        As in `denoise`.
    backend : {"auto", "cpu", "gpu"}
        As in `denoise`.
    mask, protect : pathlib.Path or None
        Pictures of the known and of the protected pixels, for all pictures alike.
    max_change : float or None
        Largest share of the observed pixels that may change.
    seed : int or None
        Of everything random; each page starts from it.
    frame : int or None
        The only page or frame to take, from 0; None takes all pages.
    channel : int or None
        The only channel to take, from 0; None as in `read_picture`.
    max_pixels : int or None
        Files with more pixels, on all pages, are refused; None: as `read_pages`.
    max_pages : int
        Files of more pages are refused.
    timeout : float or None
        Seconds that a file may take. It ends where that is safe: while the file is read,
        and between rounds of the engine.
    compression : str or None
        Of the clean pictures; None: that of the input, or the format's own.

    Raises
    ------
    ParameterError
        A value is out of range, or two do not go together.

    Examples
    --------
    >>> options = CleanOptions(noise="flip", engine="gibbs", seed=1)
    >>> options.noise_name, options.solver.name
    ('flip', 'gibbs')
    >>> options.fingerprint()["seed"]
    1
    """

    noise: NoiseName | NoiseSpec | NoiseModel = AUTO
    background: str | None = DETECT
    engine: EngineName | Engine | tuple[Engine, Engine] | None = None
    prior: PriorName | str | Path = AUTO_PRIOR
    coupling: AutoName | float | Coupling = AUTO
    backend: Backend = "auto"
    mask: Path | None = None
    protect: Path | None = None
    max_change: float | None = None
    seed: int | None = None
    frame: int | None = None
    channel: int | None = None
    max_pixels: int | None = None
    max_pages: int = DEFAULT_MAX_PAGES
    timeout: float | None = None
    compression: str | None = None
    solvers: tuple[Engine, ...] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        put: Any = object.__setattr__
        engine = resolve_engine(self.engine)
        put(self, "engine", engine)
        put(self, "solvers", on_backend(engines_under(engine, self.prior), self.backend))
        if isinstance(self.coupling, str):
            check_choice("coupling", self.coupling, [AUTO])
        elif not isinstance(self.coupling, Coupling):
            put(self, "coupling", Coupling.nearest(self.coupling))  # a number
        if isinstance(self.noise, str):
            put(self, "noise", NoiseSpec(self.noise))
        if self.max_change is not None:
            put(self, "max_change", check_real("max_change", self.max_change, low=0, high=1))
        if self.background is not None:
            check_choice("background", self.background, LIGHTS)
            kind = NOISE_MODELS.get(self.noise_name)  # None: auto
            if self.background == AUTO and kind is not None and kind.meaning is not Meaning.GREY:
                message = f"does not go with noise {self.noise_name}, whose values have a meaning"
                raise ParameterError("background", message)
        if self.timeout is not None:
            put(self, "timeout", check_real("timeout", self.timeout, low=0, low_open=True))
        as_generator(self.seed)

    @property
    def solver(self) -> Engine:
        """The engine, built; where the picture chooses the prior, that of the Ising model's."""
        return self.solvers[0]

    @property
    def noise_name(self) -> str:
        """The name of the noise model, or "auto"."""
        noise: Any = self.noise
        return str(noise.name)

    @property
    def chosen(self) -> bool:
        """Whether the picture chooses the noise model."""
        return self.noise_name == AUTO

    @property
    def files(self) -> list[Path]:
        """The files that are read beside each picture."""
        weights = None if self.prior in PRIORS else Path(self.prior)
        return [path for path in (self.mask, self.protect, weights) if path is not None]

    def reading(self) -> dict[str, Any]:
        """Return the arguments of `isingdenoise.io.read_pages`."""
        return {"frame": self.frame, "channel": self.channel, **self.bounds()}

    def bounds(self) -> dict[str, Any]:
        """Return the arguments of `isingdenoise.io.read_mask` and `read_clean`."""
        return {"max_pixels": self.max_pixels, "max_pages": self.max_pages}

    def prepare(self, x: NDArray[Any], known: NDArray[Any] | None = None) -> Prepared:
        """Return light and noise of a picture, unknown pixels left out of the estimates.

        The light comes first: levels and noise are those of the picture without it.

        Raises
        ------
        ParameterError
            No pixel is known, or a value is out of range.
        """
        check_image("image", x, high=_LARGEST_GREY)
        check_span("image", x, known)
        if not observed(x, known).any():
            if known is None:
                raise ParameterError("image", "has no known pixel: all of them are missing (NaN)")
            raise ParameterError("mask", "leaves no pixel known")
        light, divided = divided_by(self.background, x, known, self.noise)
        return Prepared(divided, choose(self.noise, divided, known), light)

    def solve(self, x: NDArray[Any]) -> DenoiseResult:
        """Clean one page.

        Raises
        ------
        ParameterError, ChangeLimitError
            As `denoise`, and where a mask does not fit.
        """
        known, kept = self.known(x.shape), self._mask("protect", x.shape)
        check_image("image", x, high=_LARGEST_GREY)
        return denoise(
            x,
            self.noise,
            engine=self.engine,
            prior=self.prior,
            coupling=self.coupling,
            background=self.background,
            max_change=self.max_change,
            rng=self.seed,
            backend=self.backend,
            mask=known,
            protect=kept,
        )

    def known(self, shape: tuple[int, ...]) -> NDArray[np.bool_] | None:
        """Return which pixels of a picture of this shape are known; None: all of them."""
        return self._mask("mask", shape)

    def _mask(self, name: str, shape: tuple[int, ...]) -> NDArray[np.bool_] | None:
        path: Path | None = getattr(self, name)
        if path is None:
            return None
        try:
            return read_mask(path, shape, **self.bounds())
        except ParameterError as error:
            raise ParameterError(name, error.message) from error

    def memory(self, pixels: int, dtype: str, outputs: Mapping[str, str | None] = _CLEAN) -> int:
        """Return the bytes that a page takes after it has been read.

        Parameters
        ----------
        pixels : int
            Height x width.
        dtype : str
            Name of the picture's NumPy type.
        outputs : mapping of str to str or None
            Names of `OUTPUTS` that are written, and the format of each where it is known.
        """
        solving = memory_to_denoise(
            pixels,
            self.engine,
            prior=self.prior,
            noise=self.noise,
            coupling=self.coupling,
            background=self.background,
            dtype=dtype,
            probability="probability" in outputs,
        )
        writing = max(OUTPUTS[name].writing(kind) for name, kind in outputs.items())
        writing += 4 * (self.background is not None)
        again = self.solver.footprint(pixels) if "animation" in outputs else 0
        masks = sum(path is not None for path in (self.mask, self.protect))
        return max(solving, pixels * writing + again) + pixels * masks

    def fingerprint(self) -> dict[str, Any]:
        """Return everything that decides what comes out, as plain values for a `Journal`.

        Whether the engine runs in parallel is left out: it decides nothing. Where it computes is
        there only if a graphics card was asked for, which rounds otherwise than a CPU.
        """
        solver, *others = map(_solver_record, self.solvers)
        others = [each for each in others if each != _solver_record(Amortised())]
        named = self.prior in PRIORS
        prior = str(self.prior) if named else file_sha256(Path(self.prior))
        noise: Any = self.noise
        if isinstance(noise, NoiseSpec):
            noise = noise.record() if noise.known else noise.name
        else:
            noise = {"name": noise.name, **asdict(noise)}
        strength: Any = self.coupling
        masks = {
            name: file_sha256(path)
            for name, path in (("mask", self.mask), ("protect", self.protect))
            if path is not None
        }
        return {
            "version": __version__,
            "noise": noise,
            "background": self.background,
            "engine": solver,
            "prior": prior,
            "coupling": strength if isinstance(strength, str) else strength.record(),
            "max_change": self.max_change,
            "seed": self.seed,
            "frame": self.frame,
            "compression": self.compression,
            **masks,
            **({} if self.channel is None else {"channel": self.channel}),
            **({"learned": others} if others else {}),
        }


def _solver_record(engine: Any) -> dict[str, Any]:
    """Return what decides what an engine finds."""
    solver = {"name": engine.name, **asdict(engine)}
    solver.pop("parallel", None)
    if solver.get("backend") != "gpu":
        solver.pop("backend", None)
    if engine.traits.learned and solver["prior"] is not None:  # what the file holds, not its name
        solver["prior"] = file_sha256(Path(solver["prior"]))
    return solver
