"""What many pages have in common: as settings for other commands, for people and for machines."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from isingdenoise._version import __version__
from isingdenoise.errors import ParameterError, printable
from isingdenoise.pipeline import noise_record

from ..framework.config import LEARNED
from ..framework.usage import worded
from .text import describe_noise

if TYPE_CHECKING:
    from isingdenoise.batch import FolderPages
    from isingdenoise.learning import Learned
    from isingdenoise.learning.svi import PageFit

_DIGITS = 6


def settings_lines(found: Learned, source: Path, background: str | None) -> Iterator[str]:
    """Yield the lines of a file of settings: noise and coupling, and what is needed to go on."""
    today = datetime.now(UTC).date().isoformat()
    yield f"# isingdenoise {__version__} learn {printable(source)}, {today}"
    yield f"# {_counted(found)}."
    yield from (f"# {printable(note)}." for note in found.notes)
    if found.spread:
        yield "# Each number with its error; single pages scatter more:"
        for name, each in found.spread.items():
            yield f"#   {name} {each.value:.5g} +- {each.error:.2g}, pages +- {each.pages:.2g}"
    for key, value in found.options().items():
        yield f"{key.replace('_', '-')} = {_toml(value, _DIGITS)}"
    if background != "detect":
        yield f"background = {_toml(background or 'none')}"
    yield ""
    yield f"# What 'isingdenoise learn' needs to go on with further pages (its option {UPDATE})."
    yield from _table(LEARNED, {"version": __version__, **found.state.record()})


UPDATE = "--update"


def _table(name: str, values: Mapping[str, Any]) -> Iterator[str]:
    """Yield a table of TOML, those below it behind it."""
    yield f"[{name}]"
    below = {key: value for key, value in values.items() if isinstance(value, Mapping)}
    for key, value in values.items():
        if key not in below:
            yield f"{key} = {_toml(value)}"
    for key, value in below.items():
        yield from _table(f"{name}.{key}", value)


def _toml(value: Any, digits: int = 17) -> str:
    """Return a value in TOML, numbers with so many digits."""
    if isinstance(value, (list, tuple)):
        return f"[{', '.join(_toml(part, digits) for part in value)}]"
    if isinstance(value, float):
        text = f"{value:.{digits}g}"
        return text if "." in text or "e" in text else f"{text}.0"
    return f'"{value}"' if isinstance(value, str) else str(value)


def page_line(pages: FolderPages, fit: PageFit) -> str:
    """Return why a page could not be read."""
    error: Any = fit.error
    if isinstance(error, ParameterError):
        return f"{printable(pages.path(fit.page))}: {error.message}"
    return worded(error)


def rows(found: Learned, target: Path, background: str | None) -> Iterator[tuple[str, str]]:
    """Yield the lines for people, as (what, text)."""
    yield "pages", _counted(found)
    for note in found.notes:
        yield "note", note
    if found.noise is None:
        yield "noise", "each page is asked for itself"
    else:
        yield "noise", describe_noise(noise_record(found.noise, chosen=False))
        yield "coupling", str(found.coupling)
        parts = (f"{name} {each.pages:.2g}" for name, each in found.spread.items())
        yield "spread", f"of single pages: {', '.join(parts)}"
    if background == "auto":
        yield "light", "divided out"
    yield "settings", printable(target)


def _counted(found: Learned) -> str:
    """Return in words how many pages there are, and how many of them do not fit."""
    pages = "1 page" if found.pages == 1 else f"{found.pages} pages"
    apart = len(found.apart)
    return f"{pages}, {apart} of them not like the others" if apart else pages


def record(found: Learned, pages: FolderPages, places: Mapping[str, Any]) -> dict[str, Any]:
    """Return all of it for JSON, with stable keys."""
    noise = None if found.noise is None else noise_record(found.noise, chosen=False)
    told = found.record()
    del told["fits"]
    return {
        **places,
        "version": __version__,
        **told,
        "noise": noise,
        "settings": found.options(),
        "pictures": [_picture(pages, fit) for fit in found.fits],
        "apart": len(found.apart),
        "failed": len(found.failed),
        **asdict(pages.passed),
    }


def _picture(pages: FolderPages, fit: PageFit) -> dict[str, Any]:
    known: dict[str, Any] = fit.record()
    del known["page"]
    error = None if fit.error is None else page_line(pages, fit)
    reason = None if fit.error is not None else known["reason"]
    return {"input": pages.path(fit.page), **known, "reason": reason, "error": error}


def text_of(lines: Iterator[str] | Sequence[str]) -> bytes:
    """Return the bytes of a file of these lines."""
    return "".join(f"{line}\n" for line in lines).encode()
