"""What `compare` found: as a table, as JSON, and as a figure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from isingdenoise.errors import EngineRefusalError
from isingdenoise.inference import Traits
from isingdenoise.pipeline import CleanOptions, Prepared, complaints, light_record, noise_record

from .. import console
from ..framework.usage import advised
from ..options.levels import NoiseLevels
from . import figures, text, webpage
from .json import print_json
from .table import levels_of, print_engines, print_levels, sandwich_line

if TYPE_CHECKING:
    from isingdenoise.experiments import Comparison
    from isingdenoise.io import Checked

Rows = Sequence["Comparison"]
_MEASURES = ("bit_error_rate", "psnr", "energy", "bound", "upper_bound", "sweeps", "seconds")
_NOTHING: dict[str, Any] = dict.fromkeys(("noise", "coupling"))
_NOTHING_MORE: dict[str, Any] = dict.fromkeys(
    ("calibration", "background", "background_range", "sandwich", "seeds", "summary")
)


class OnePicture:
    """Engines on a picture that is noisy already.

    Parameters
    ----------
    rows : sequence of Comparison
        One of each engine.
    options : CleanOptions
        How the picture was cleaned.
    prepared : Prepared
        What was estimated of it.
    pixels : ndarray, shape (H, W)
        The noisy picture.
    clean, known : ndarray of bool, shape (H, W), or None
        The clean picture; False where a pixel is missing.

    Raises
    ------
    EngineRefusalError
        No engine can solve the model.
    """

    def __init__(
        self,
        rows: Rows,
        options: CleanOptions,
        prepared: Prepared,
        pixels: Any,
        clean: Any,
        known: Any,
    ) -> None:
        self.rows, self.records = rows, [row.record() for row in rows]
        _check_any(self.records)
        self.advice = [words for row in rows for words in _advice(row)]
        self._pixels, self._clean, self._known = pixels, clean, known
        self._noise = noise_record(prepared.noise, options.chosen)
        self._light = light_record(options.background, prepared.light)
        self._results = [row.result for row in rows if row.result is not None]

    def print_text(self, traits: Sequence[Traits]) -> None:
        """Print what was estimated, the table, and what the bounds say together."""
        from isingdenoise.experiments import sandwich

        between = sandwich(self.rows)
        for what, words in self._facts():
            console.result(f"{what:<9} {words}")
        console.result()
        print_engines(self.records, traits, measured=self._clean is not None)
        below = [f"{row.label} left out: it {row.refusal}" for row in self.rows if row.refusal]
        below += [] if between is None else [sandwich_line(between)]
        if below:
            console.result("\n" + "\n".join(below))

    def print_json(self, names: Mapping[str, Any]) -> None:
        """Print all of it; `names` are those of files, that of the input first."""
        from isingdenoise.experiments import sandwich

        settings = [result.settings for result in self._results]
        between = sandwich(self.rows)
        _print_json(
            names,
            self.records,
            noise=self._noise,
            coupling=settings[0]["coupling"],
            calibration=next(filter(None, (s["calibration"] for s in settings)), None),
            **self._light,
            sandwich=None if between is None else asdict(between),
        )

    def figure(self) -> Any:
        """Return the figure of all pictures and traces."""
        return figures.of_comparison(self.rows, self._pixels, self._clean, self._known)

    def write_page(self, place: Checked, name: str, force: bool) -> None:
        """Write the page for the browser; `name` is that of the picture."""
        facts = [*self._facts()]
        webpage.write_comparison(place, name, self._pixels, self._clean, self.rows, facts, force)

    def _facts(self) -> Iterator[tuple[str, str]]:
        first = self._results[0]
        source = first.settings["coupling"]["source"]
        return text.model_lines(self._noise, self._light, first.coupling, source)


class SeveralLevels:
    """Engines on a clean picture that was given noise.

    Parameters
    ----------
    levels : NoiseLevels
        The noise.
    clean, known : ndarray of bool, shape (H, W), or None
        The clean picture; False where a pixel is missing.
    """

    def __init__(self, levels: NoiseLevels, clean: Any, known: Any) -> None:
        self._levels, self._clean, self._known = levels, clean, known
        self._shown: Rows = ()
        self.records: list[dict[str, Any]] = []
        self.advice: list[str] = []

    def is_shown(self, level: float | None, seed: int) -> bool:
        """Tell whether the figure shows this picture: that of the level in the middle."""
        models = self._levels.models
        return (level, seed) == (models[len(models) // 2][0], self._levels.seeds[0])

    def add(self, rows: Rows) -> None:
        """Add the rows of one noisy picture; all but those that are shown may be forgotten."""
        self.records += [row.record() for row in rows]
        _check_any(self.records)
        if self.is_shown(rows[0].level, rows[0].seed or 0):
            self._shown = rows
        told = (words for row in rows for words in _advice(row))
        self.advice += [words for words in told if words not in self.advice]

    @property
    def summary(self) -> list[dict[str, Any]]:
        """Means and standard errors over the seeds, of each engine at each level."""
        from isingdenoise.experiments import summarise

        found = summarise(self.records, ("level", "label"), _MEASURES)
        for row in found:
            own = [r for r in self.records if all(r[k] == row[k] for k in ("level", "label"))]
            row["status"] = ", ".join(dict.fromkeys(r["status"] for r in own))
        return found

    def print_text(self, traits: Sequence[Traits]) -> None:
        """Print the noise, and the table of means."""
        for what, words in self._facts():
            console.result(f"{what:<9} {words}")
        console.result()
        print_levels(self.summary, traits, self._levels.option.lstrip("-"))
        refused = {r["label"]: r["refusal"] for r in self.records if r["refusal"]}
        for number, (label, why) in enumerate(refused.items()):
            console.result(f"{chr(10) * (number == 0)}{label} left out: it {why}")

    def print_json(self, names: Mapping[str, Any]) -> None:
        """Print all of it; `names` are those of files, that of the input first."""
        noise = {"name": self._levels.name}
        seeds = list(self._levels.seeds)
        _print_json(names, self.records, noise=noise, seeds=seeds, summary=self.summary)

    def figure(self) -> Any:
        """Return the figure of all levels, and of one noisy picture."""
        noisy, which = self._noisy()
        heading = f"below: {which}" if which else ""
        return figures.of_comparison(
            self._shown, noisy, self._clean, self._known, self.summary, heading
        )

    def write_page(self, place: Checked, name: str, force: bool) -> None:
        """Write the page of one noisy picture for the browser; `name` is that of the clean one."""
        noisy, which = self._noisy()
        facts = [*self._facts(), *([("shown", which)] if which else [])]
        levels = levels_of(self.summary, self._levels.option.lstrip("-"))
        webpage.write_comparison(place, name, noisy, self._clean, self._shown, facts, force, levels)

    def _facts(self) -> Iterator[tuple[str, str]]:
        seeds = self._levels.seeds
        yield "noise", f"{self._levels.name}, its parameters estimated from each noisy picture"
        several = f"{seeds[0]} to {seeds[-1]}; means ± standard errors"
        yield "seeds", several if len(seeds) > 1 else f"{seeds[0]} alone, so no standard errors"

    def _noisy(self) -> tuple[Any, str]:
        """Return the noisy picture that is shown, and which one it is."""
        import numpy as np

        level, seed = self._shown[0].level, self._shown[0].seed
        model = next(model for known, model in self._levels.models if known == level)
        what = self._levels.option.lstrip("-")
        which = "" if level is None else f"{what} {level:g}, seed {seed}"
        return model.sample(self._clean, np.random.default_rng(seed)), which


def _advice(row: Comparison) -> list[str]:
    """Return what did not go well in a solve, and what helps."""
    return [] if row.result is None else [advised(told) for told in complaints(row.result)]


def _check_any(records: Sequence[Mapping[str, Any]]) -> None:
    if all(record["refusal"] for record in records):
        raise EngineRefusalError(records[0]["engine"], str(records[0]["refusal"]))


def _print_json(
    names: Mapping[str, Any], records: Sequence[Mapping[str, Any]], **more: Any
) -> None:
    """Print one document, whose keys are the same for one picture and for several levels."""
    files = dict(names)
    found = {"input": files.pop("input"), **_NOTHING, "engines": records, **_NOTHING_MORE}
    print_json({**found, **more, **files})
