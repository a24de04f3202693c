"""Templates with their style and script inside, and the policy that lets nothing else run."""

from __future__ import annotations

import base64
import functools
import hashlib
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from .._version import __version__

if TYPE_CHECKING:
    from jinja2 import Environment

__all__ = ["head", "page", "policy"]

_BUFFER = 50  # parts of a page that are joined before they are handed on


def head(kind: str) -> str:
    """Return how pages of a kind begin, by which they are known again."""
    return f'<!doctype html>\n<html lang="en" data-kind="isingdenoise {kind}">\n'


def page(
    name: str,
    kind: str,
    *,
    styles: Sequence[str],
    scripts: Sequence[str],
    served: bool = False,
    **content: Any,
) -> Iterator[str]:
    """Yield a page in parts.

    Parameters
    ----------
    name : str
        Of the template.
    kind : str
        What the page is, in the words of its first lines and its headings.
    styles, scripts : sequence of str
        Names of files beside the template that go into the page, one behind the other.
    served : bool
        Whether a server sends it, of which it may ask for more.
    **content
        What the template asks for. It is escaped; what is JSON goes through `tojson`.

    Yields
    ------
    str
        UTF-8 is meant.
    """
    from markupsafe import Markup  # of our own files alone

    template = _environment().get_template(name)
    style, script = _source(tuple(styles)), _source(tuple(scripts))
    stream = template.stream(
        head=Markup(head(kind)),
        version=__version__,
        policy=None if served else policy(styles, scripts),
        style=Markup(style),
        script=Markup(script),
        **content,
    )
    stream.enable_buffering(_BUFFER)
    yield from stream


def policy(styles: Sequence[str], scripts: Sequence[str], *, served: bool = False) -> str:
    """Return the Content-Security-Policy of a page: its own style and script, pictures as data.

    Parameters
    ----------
    styles, scripts : sequence of str
        As of `page`.
    served : bool
        Whether a server sends the page, of which it may ask for more.
    """
    rules = {
        "default-src": "'none'",
        "img-src": "data:",
        "style-src": _hash(_source(tuple(styles))),
        "script-src": _hash(_source(tuple(scripts))),
        "base-uri": "'none'",
        "form-action": "'none'",
    }
    if served:  # frame-ancestors is for headers alone
        rules |= {"connect-src": "'self'", "frame-ancestors": "'none'"}
    return "; ".join(f"{rule} {value}" for rule, value in rules.items())


def _hash(source: str) -> str:
    digest = base64.b64encode(hashlib.sha256(source.encode()).digest()).decode("ascii")
    return f"'sha256-{digest}'"


@functools.cache
def _source(names: tuple[str, ...]) -> str:
    """Return files beside the templates, joined."""
    loader = _environment().loader
    assert loader is not None
    return "".join(loader.get_source(_environment(), name)[0] for name in names)


@functools.cache
def _environment() -> Environment:
    from jinja2 import Environment, PackageLoader, StrictUndefined

    found = Environment(
        loader=PackageLoader(__package__),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    found.policies["json.dumps_kwargs"] = {"allow_nan": False}  # keys in their own order
    return found
