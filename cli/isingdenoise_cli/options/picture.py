"""What the user asks for, checked by the names of the options."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from isingdenoise.errors import ParameterError
from isingdenoise.inference import Engine, having

if TYPE_CHECKING:
    from isingdenoise.io import Checked

_FIGURES = (".png", ".pdf", ".svg")


@contextmanager
def named(**options: str) -> Iterator[None]:
    """Name the option, and not the library's parameter, in errors from inside the block."""
    try:
        yield
    except ParameterError as error:
        if error.parameter not in options:
            raise
        raise ParameterError(options[error.parameter], error.message, error.hint) from None


def check_probability(wanted: object, engine: Engine) -> None:
    """Refuse --probability, where it is given, with an engine that has none."""
    if wanted is not None and not engine.traits.marginals:
        *some, last = having("marginals")
        others = f"{', '.join(some)} or {last}"
        raise ParameterError("--probability", f"engine {engine.name} has none; use {others}")


def check_animation(wanted: object, engine: Engine) -> None:
    """Refuse --animate, where it is given, with an engine that has no sweeps."""
    from isingdenoise.animation import check_rounds

    if wanted is not None:
        with named(animation="--animate"):
            check_rounds(engine)


def check_page(report: Path | None, inputs: Iterable[Path | None], force: bool) -> Checked | None:
    """Refuse a --report that cannot be written, before any work; return where it goes."""
    return _check("--report", report, (".html",), inputs, force)


def check_figure(plot: Path | None, inputs: Iterable[Path | None], force: bool) -> Checked | None:
    """Refuse a --plot that cannot be written, before any work; return where it goes."""
    return _check("--plot", plot, _FIGURES, inputs, force)


def check_table(table: Path | None, inputs: Iterable[Path | None], force: bool) -> Checked | None:
    """Refuse a --csv that cannot be written, before any work; return where it goes."""
    return _check("--csv", table, (".csv",), inputs, force)


def _check(
    option: str,
    path: Path | None,
    endings: Sequence[str],
    inputs: Iterable[Path | None],
    force: bool,
) -> Checked | None:
    from isingdenoise.io import check_output

    if path is None:
        return None
    if path.suffix.lower() not in endings:
        one_of = "one of " if len(endings) > 1 else ""
        raise ParameterError(option, f"must end in {one_of}{' '.join(endings)}")
    with named(output=option):
        return check_output(path, [known for known in inputs if known], overwrite=force)
