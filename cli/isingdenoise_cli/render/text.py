"""Results for people: lines and tables."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from isingdenoise.coupling import Coupling
from isingdenoise.errors import ParameterError, ReadError, counted, printable
from isingdenoise.inference import Status
from isingdenoise.learning import DETECT, earned
from isingdenoise.messages import collected
from isingdenoise.noise import NOISE_MODELS, Unit
from isingdenoise.pipeline import complaints
from isingdenoise.pipeline.summary import reported
from isingdenoise.result import DenoiseResult

from .. import console
from ..framework import process
from ..framework.usage import advised

#: What measures of a solve are called; others go by their names.
_WORDS = {"r_hat": "R-hat", "effective_sample_size": "effective sample size"}

#: Lines about a page that only those who look closer read.
MEASURED = ("energy", "bound")


def describe_noise(record: Mapping[str, Any]) -> str:
    """Return the noise parameters in one line, and whether the picture chose the model."""
    parts = [record["name"]]
    for name, known in reported(NOISE_MODELS[record["name"]]).items():
        if known.option == "levels" or record[name] is None:
            continue
        parts.append(f"{name} {_numbers(record[name], '.4g')}")
        if known.unit is Unit.SPREAD:
            unit = f"{_numbers(record[f'{name}_unit'], '.3g')} with black -1, white +1"
            if known.factor != 1:  # what the option takes
                unit = f"{known.option} {_numbers(record[name], '.4g', known.factor)}; {unit}"
            parts[-1] += f" ({unit})"
    text = ", ".join([*parts, f"levels {_numbers(record['levels'], '.4g')}"])
    return f"{text} (chosen by auto)" if record["chosen"] else text


def _numbers(value: Any, form: str, factor: float = 1.0) -> str:
    """Return one number, or several, in words, divided by a factor."""
    numbers = value if isinstance(value, list) else [value]
    return " and ".join(f"{number / factor:{form}}" for number in numbers)


def light_line(record: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Yield the line about uneven light, where it was asked for."""
    if record["background"] is not None:
        least, most = record["background_range"]
        even = least == most == 1
        if even and record["background"] == DETECT:
            return
        span = f"{least:.3g} to {most:.3g} times its median, divided out"
        yield "light", "even" if even else span


def fit_line(record: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Yield the line about what was assumed, how well it fits, and what was left alone and why."""
    fit = record.get("fit")
    if not fit:
        return
    evidence = dict(fit["evidence"])
    gain = evidence.pop(fit["assumed"], 0.0)
    beaten = [f"{name} {nats:.4g}" for name, nats in sorted(evidence.items(), key=lambda e: -e[1])]
    if gain:
        parts = [f"{fit['assumed']} leads leaving it alone by {gain:.4g} nats"]
        parts[0] += f" ({', '.join(beaten)})" * bool(beaten)
    else:
        parts = [f"left alone; {', '.join(beaten)} nats"]
    if fit["kept"]:
        parts.append(f"{fit['kept']} pixels kept, whose pattern repeats")
    yield "fit", "; ".join([*parts, *fit["notes"]])


def prior_line(prior: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Yield the line about the prior, and what hidden pixels said of it."""
    if "gain" not in prior:
        return
    way = "leads" if prior["gain"] > 0 else "trails"
    told = f"the learned one {way} the Ising model's by {abs(prior['gain']):.4g} nats"
    parts = [f"{prior['name']}; {told} (standard error {prior['error']:.2g}), on "
             f"{prior['hidden']} hidden pixels"]  # fmt: skip
    if prior["doubt"] is not None:
        parts.append(f"not trusted: {prior['doubt']}")
    elif prior["gain"] > 0 and prior["name"] == "ising":
        parts.append(f"it is taken from {earned(prior['error']):.3g} nats on")
    yield "prior", "; ".join(parts)


def model_lines(
    noise: Mapping[str, Any], light: Mapping[str, Any], coupling: Coupling, source: str
) -> Iterator[tuple[str, str]]:
    """Yield the lines about a model that several engines solve, as (what, text)."""
    yield "noise", describe_noise(noise)
    yield from light_line(light)
    yield "coupling", f"{coupling} ({source})"


def page_lines(record: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Yield the lines about one page for people, as (what, text)."""
    strengths = dict(record["coupling"])
    source, edges = strengths.pop("source"), strengths.pop("edges", None)
    mean = "" if edges is None else ", the mean of all edges"
    yield "noise", describe_noise(record["noise"])
    yield from fit_line(record)
    yield from light_line(record)
    yield "coupling", f"{Coupling(**strengths)}{mean} ({source})"
    yield from prior_line(record["prior"])
    took = f"{record['seconds']:.2g} s{console.with_compiling()}"
    yield "engine", f"{record['engine']['name']}: {outcome(record)} in {took}"
    yield from _measures(record["diagnostics"])
    yield "energy", f"{record['energy']:.8g}"
    lower, upper = record["bound"], record["upper_bound"]
    if lower is not None or upper is not None:
        least = "" if lower is None else f"{lower:.8g}"
        most = "" if upper is None else f"at most {upper:.8g}"
        both = ", ".join(filter(None, (least, most)))
        yield "bound", f"{both} (on the log evidence, prior normaliser left out)"
    yield (
        "changed",
        f"{record['changed']:.2%} of the pixels, against the thresholded picture "
        f"({record['changed_to_white']} to white, {record['changed_to_black']} to black)",
    )


def outcome(record: Mapping[str, Any]) -> str:
    """Return the status in words."""
    words = {Status.CONVERGED: "converged after", Status.MAX_SWEEPS: "stopped after"}
    status = Status(record["status"])
    done = record["sweeps"]  # the last round may go beyond those allowed
    done = min(done, record["engine"].get("max_sweeps", done))
    return f"{words.get(status, 'did')} {counted(done, 'sweep')}"


def _measures(diagnostics: Mapping[str, float]) -> Iterator[tuple[str, str]]:
    """Yield the line of what an engine measures of itself; the status tells of the residual."""
    own = {name: value for name, value in diagnostics.items() if name != "residual"}
    texts = [f"{_WORDS.get(name, name.replace('_', ' '))} {_figure(v)}" for name, v in own.items()]
    if "r_hat" in own:
        yield "chains", f"{', '.join(texts)} (energy)"
    elif texts:
        yield "measures", ", ".join(texts)


def _figure(value: float) -> str:
    """Return a number of a measure in four digits or more; - where it is unknown."""
    return "-" if math.isnan(value) else f"{value:.{4 if abs(value) < 1e4 else 12}g}"


@contextmanager
def notices(path: object) -> Iterator[None]:
    """Print the library's warnings about a picture as lines on stderr.

    It is not begun where a signal has asked for the end meanwhile.

    Raises
    ------
    ReadError
        What the picture holds is refused, whatever the options are.
    """
    process.obey()
    with collected() as messages:
        try:
            yield
        except ParameterError as error:
            if error.parameter != "image":
                raise
            raise ReadError(path, error.message) from error
    for message in messages:
        console.warning(path, message)


def warn_if_not_converged(path: object, result: DenoiseResult) -> None:
    """Say on stderr that the sweeps ran out, or that the chains disagree."""
    for advice in complaints(result):
        console.warning(path, advised(advice))


def say_if_cold() -> None:
    """Say on stderr that the first run takes longer; what compiles later is told then."""
    from isingdenoise.warmup import kernel_folder, kernels_are_cached

    folder = kernel_folder()
    console.detail(f"compiled kernels are kept in {printable(folder or 'no folder')}")
    if not kernels_are_cached():
        console.compiling()


def warn_of_film(path: object, record: Mapping[str, Any]) -> None:
    """Say on stderr that an animation shows another prior than the one that was taken."""
    if record["prior"]["name"] == "learned":
        console.warning(
            path,
            "the learned prior was taken, which has no sweeps: the animation shows mean field "
            "under the Ising prior; --prior ising cleans by it",
        )
