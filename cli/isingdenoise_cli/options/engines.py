"""How engines and their settings are named on the command line, and completed by TAB."""

from __future__ import annotations

from typing import Any, get_args

import click
from click.shell_completion import CompletionItem

from isingdenoise.errors import nearest
from isingdenoise.inference import ENGINES, Backend, Engine, check_backend

from .picture import named
from .settings import Kinds, engine_name, members, setting_types, words
from .values import Words

backend_option = click.option(
    "--backend",
    type=Words(get_args(Backend)),
    default="auto",
    show_default=True,
    help="Run mf, icm and gibbs on the CPU or on a graphics card (gpu); 'auto' takes a card "
    "where there is one and the picture is very large.",
)


def check_backends(asked: Backend, engine: Engine | tuple[Engine, Engine] | None) -> None:
    """Refuse a graphics card that is not there, before any work; an engine may ask for one."""
    engines = engine if isinstance(engine, tuple) else (engine,)
    own: list[Backend] = [getattr(one, "backend", "auto") for one in engines]
    with named(backend="--backend"):
        for backend in (asked, *own):
            check_backend(backend)


class EngineChoice(Words):
    """One of the engines that are known when it is asked."""

    def __init__(self) -> None:
        super().__init__(tuple(ENGINES))

    @property
    def choices(self) -> tuple[str, ...]:
        """The engines of the moment."""
        return tuple(ENGINES)

    @choices.setter
    def choices(self, _: tuple[str, ...]) -> None:
        """Leave aside what click would keep of the first moment."""


class EngineList(click.ParamType[tuple[str, ...]]):
    """Engines with commas between them, each with settings of its own behind colons."""

    name = "engines"

    def get_metavar(self, param: click.Parameter, ctx: click.Context) -> str:
        """Return the engines of the moment, for the help."""
        del param, ctx
        return f"[{'|'.join(ENGINES)}],..."

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> tuple[str, ...]:
        """Return the engines, each with its settings, once."""
        parts = value if isinstance(value, tuple) else str(value).split(",")
        for part in parts:
            name = part.partition(":")[0]
            if name not in ENGINES:
                known = ", ".join(ENGINES)
                self.fail(f"{name!r} is not one of {known}{nearest(name, ENGINES)}", param, ctx)
        return tuple(dict.fromkeys(parts))

    def shell_complete(
        self, ctx: click.Context, param: click.Parameter, incomplete: str
    ) -> list[CompletionItem]:
        """Complete the last engine, or the last name of a setting of it."""
        del ctx, param
        *_, last = incomplete.rpartition(",")
        before = incomplete.removesuffix(last)
        name, colon, own = last.partition(":")
        if not colon:
            return [CompletionItem(f"{before}{e}") for e in ENGINES if e.startswith(name)]
        *_, key = own.rpartition(":")
        known = setting_types(ENGINES[name]) if name in ENGINES else ()
        start = incomplete.removesuffix(key)
        return [CompletionItem(f"{start}{k}=") for k in known if k.startswith(key)]


def complete(
    ctx: click.Context, param: click.Parameter, incomplete: str, kinds: Kinds = ENGINES
) -> list[CompletionItem]:
    """Return NAME= of the settings of the engines asked for, or NAME=VALUE where it is a word.

    Behind a dot, those of the engine before it.
    """
    del param
    engine, dot, _ = incomplete.partition("=")[0].partition(".")
    several = "engines" in ctx.params or "prior" not in ctx.params
    unnamed = tuple(kinds) if several else engine_name(None, ctx.params["prior"])
    listed = [entry.partition(":")[0] for entry in ctx.params.get("engines") or ()]
    asked = ctx.params.get("engine") or listed or unnamed
    given = (engine,) if dot else (asked,) if isinstance(asked, str) else asked
    known: dict[str, list[str]] = {}
    for name in filter(kinds.__contains__, given):
        for setting, kind in setting_types(kinds[name]).items():
            known.setdefault(f"{name}.{setting}=" if dot else f"{setting}=", []).extend(
                words(members(kind))
            )
    setting, equals, _ = incomplete.partition("=")
    if equals:
        found = [f"{setting}={word}" for word in dict.fromkeys(known.get(f"{setting}=", ()))]
    else:
        found = [*known]
    return [CompletionItem(text) for text in found if text.startswith(incomplete)]
