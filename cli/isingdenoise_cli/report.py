"""What the commands print: one format for people, one for machines."""

from __future__ import annotations

import dataclasses
import json
import math
import textwrap
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import click
import numpy as np
from numpy.typing import NDArray

from isingdenoise.errors import ParameterError, ReadError, printable
from isingdenoise.inference import Status
from isingdenoise.noise import NoiseModel, collected
from isingdenoise.result import DenoiseResult

from . import process, talk

#: Above this the chains have not mixed (Vehtari et al. 2021 ask for less, but of marginals).
_R_HAT = 1.1
#: With fewer kept sweeps nothing can be told of the chains: two in each half.
_LEAST_SWEEPS = 4


def describe_noise(noise: NoiseModel, chosen: bool) -> str:
    """Return the noise parameters in one line, and whether --noise auto chose the model."""
    record = noise_record(noise, chosen)
    low, high = record.pop("levels")
    unit = record.pop("sigma_unit", None)
    parts = [record.pop("name")]
    for name, value in record.items():
        if value is not None and name not in ("rates", "limits", "chosen"):
            numbers = value if isinstance(value, list) else [value]
            parts.append(f"{name} " + " and ".join(f"{v:.4g}" for v in numbers))
            if name == "sigma":
                parts[-1] += f" ({unit:.3g} with black -1, white +1)"
    text = ", ".join([*parts, f"levels {low:.4g} and {high:.4g}"])
    return f"{text} (chosen by auto)" if chosen else text


def noise_record(noise: NoiseModel, chosen: bool) -> dict[str, Any]:
    """Return the noise parameters as plain values; `levels` and `chosen` with every model."""
    low, high = noise.levels
    record: dict[str, Any] = {"name": noise.name, "levels": [low, high]}
    for field in dataclasses.fields(noise):  # type: ignore[arg-type]
        value = getattr(noise, field.name)
        if field.name not in ("levels", "limits"):
            record[field.name] = list(value) if isinstance(value, tuple) else value
    if "sigma" in record:
        record["sigma_unit"] = 2 * record["sigma"] / (high - low)
    record["chosen"] = chosen
    return record


def light_record(background: str | None, light: NDArray[Any] | None) -> dict[str, Any]:
    """Return --background, and smallest and largest light; its median is about 1."""
    span = [1.0, 1.0] if light is None else [float(light.min()), float(light.max())]
    return {"background": background, "background_range": span if background else None}


def light_line(background: str | None, light: NDArray[Any] | None) -> Iterator[tuple[str, str]]:
    """Yield the line about uneven light, where it was asked for."""
    if background is not None and light is None:
        yield "light", "even"
    elif light is not None:
        yield "light", f"{light.min():.3g} to {light.max():.3g} times its median, divided out"


def result_record(result: DenoiseResult, *, chosen: bool, background: str | None) -> dict[str, Any]:
    """Return a result as plain values with stable keys."""
    solution = result.solution
    height, width = result.image.shape
    to_white, to_black = result.changes
    return {
        "width": width,
        "height": height,
        "noise": noise_record(result.noise, chosen),
        "coupling": result.settings["coupling"],
        "engine": result.settings["engine"],
        "status": solution.status.value,
        "sweeps": solution.sweeps,
        "residual": solution.residual,
        "energy": solution.energy,
        "bound": solution.bound,
        "seconds": solution.seconds,
        "effective_sample_size": solution.trace.effective_sample_size,
        "r_hat": solution.trace.r_hat,
        "changed": result.changed,
        "seed": result.settings["seed"],
        "version": result.settings["version"],
        "changed_to_white": to_white,
        "changed_to_black": to_black,
        "calibration": result.settings["calibration"],
        **light_record(background, result.background),
    }


def result_lines(
    result: DenoiseResult, *, chosen: bool, background: str | None
) -> Iterator[tuple[str, str]]:
    """Yield the lines of the report for people, as (what, text)."""
    solution = result.solution
    source = result.settings["coupling"]["source"]
    yield "noise", describe_noise(result.noise, chosen)
    yield from light_line(background, result.background)
    yield "coupling", f"{result.coupling} ({source})"
    yield "engine", f"{solution.engine}: {outcome(result)} in {solution.seconds:.2g} s"
    if solution.trace.r_hat is not None:
        mixed = f"{solution.trace.r_hat:.3f}".replace("nan", "-")  # unknown
        size = f"{solution.trace.effective_sample_size:.0f}".replace("nan", "-")
        yield "chains", f"R-hat {mixed}, effective sample size {size} (energy)"
    yield "energy", f"{solution.energy:.8g}"
    if solution.bound is not None:
        yield "bound", f"{solution.bound:.8g} (on the log evidence, prior normaliser left out)"
    to_white, to_black = result.changes
    yield (
        "changed",
        f"{result.changed:.2%} of the pixels, against the thresholded picture "
        f"({to_white} to white, {to_black} to black)",
    )


def outcome(result: DenoiseResult) -> str:
    """Return the status in words."""
    solution = result.solution
    words = {Status.CONVERGED: "converged after", Status.MAX_SWEEPS: "stopped after"}
    return f"{words.get(solution.status, 'did')} {_sweeps(result)} sweeps"


def _sweeps(result: DenoiseResult) -> int:
    """Return the sweeps; those allowed where they ran out, though the last round went beyond."""
    if result.solution.status is Status.MAX_SWEEPS:
        return int(result.settings["engine"]["max_sweeps"])
    return result.solution.sweeps


def print_table(rows: Sequence[Mapping[str, str]]) -> None:
    """Print rows as aligned columns, numbers to the right."""
    if not rows:
        return
    names = list(rows[0])
    widths = {n: max(len(n), *(len(row[n]) for row in rows)) for n in names}
    to_right = {n for n in names if all(_is_number(row[n]) for row in rows)}
    for row in [dict(zip(names, names, strict=True)), *rows]:
        cells = (
            row[n].rjust(widths[n]) if n in to_right else row[n].ljust(widths[n]) for n in names
        )
        talk.result("  ".join(cells).rstrip())


def print_json(value: object) -> None:
    """Print `value` as JSON; NaN and infinity, which JSON lacks, become null."""
    click.echo(json.dumps(plain(value), indent=2, allow_nan=False))


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
        talk.warning(path, message)


def print_json_lines(key: str, lines: Iterable[str], more: Mapping[str, Any]) -> None:
    """Print {key: [the values on the lines], **more} as `print_json` does, line by line."""
    click.echo(f"{{\n  {json.dumps(key)}: [", nl=False)
    comma = ""
    for line in lines:
        value = textwrap.indent(json.dumps(json.loads(line), indent=2), "    ")
        click.echo(f"{comma}\n{value}", nl=False)
        comma = ","
    end = json.dumps(plain(more), indent=2, allow_nan=False).removeprefix("{")
    click.echo(("\n  ]" if comma else "]") + "," + end)


def warn_if_not_converged(path: object, result: DenoiseResult) -> None:
    """Say on stderr that the sweeps ran out, or that the chains disagree."""
    for message in complaints(result):
        talk.warning(path, message)


def complaints(result: DenoiseResult) -> Iterator[str]:
    """Yield what did not go well with a picture."""
    solution = result.solution
    if solution.status is Status.MAX_SWEEPS:
        has = result.settings["engine"]
        ways = " or ".join(f"-O {name}" for name in ("max_sweeps", "tol") if name in has)
        yield f"{solution.engine} did not converge in {_sweeps(result)} sweeps; raise {ways}"
    r_hat = solution.trace.r_hat
    if r_hat is not None and r_hat > _R_HAT:
        yield f"the chains disagree (R-hat {r_hat:.2f}); raise -O burn_in and -O sweeps"
    if r_hat is not None and result.settings["engine"]["sweeps"] < _LEAST_SWEEPS:
        yield "too few sweeps to tell whether the chains agree; raise -O sweeps"


def say_if_cold() -> None:
    """Say on stderr that the first run takes longer."""
    from isingdenoise.warmup import kernel_folder, kernels_are_cached

    talk.detail(f"compiled kernels are kept in {printable(kernel_folder() or 'no folder')}")
    if not kernels_are_cached():
        talk.notice("compiling kernels (first run only)")


def _is_number(text: str) -> bool:
    return text[:1].isdigit() or text[:2].lstrip("-")[:1].isdigit() or text in {"-", "inf"}


def plain(value: Any) -> Any:
    """Return `value` with only what JSON knows."""
    if isinstance(value, Mapping):
        return {str(k): plain(v) for k, v in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(v) for v in value]
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return str(value) if isinstance(value, Path) else value
