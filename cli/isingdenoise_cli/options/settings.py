"""Settings of engines: what the texts behind -O become."""

from __future__ import annotations

import types
import typing
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import fields
from typing import Any

import click
from click.shell_completion import CompletionItem

from isingdenoise.errors import ParameterError
from isingdenoise.inference import AUTO_PRIOR, DEFAULT_ENGINE, ENGINES, Amortised, Engine

_SWITCHES = {"true": True, "false": False}
_AUTO = ("auto", "none")  # what stands for None
_WORDS = {int: "a whole number", float: "a number", bool: "true or false"}


class EngineChoice(click.Choice[str]):
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
                self.fail(f"{name!r} is not one of {', '.join(ENGINES)}", param, ctx)
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


def build_engines(entries: Sequence[str], settings: Iterable[str]) -> list[Engine]:
    """Return engines with their settings.

    NAME=VALUE goes to every engine asked for that has it, ENGINE.NAME=VALUE to
    one. What is meant for an engine that is not asked for is checked and left
    aside, so that one file of settings does for all.

    Parameters
    ----------
    entries : sequence of str
        Engines, each with settings of its own behind colons, which win over the others.
    settings : iterable of str
        What stands behind -O.

    Raises
    ------
    ParameterError
        No engine has it (the message lists what they have), or a bad value.
    """
    names = list(dict.fromkeys(entry.partition(":")[0] for entry in entries))
    given: dict[str, list[str]] = {name: [] for name in ENGINES}
    for text in settings:
        key = text.partition("=")[0]
        engine, dot, setting = text.partition(".") if "." in key else ("", "", text)
        takers = [engine] if dot else [n for n in names if key in setting_types(ENGINES[n])]
        if not takers or takers[0] not in given:
            raise ParameterError("-O", f"{text!r} is no setting of {_known(names)}{_other(key)}")
        for name in takers:
            given[name].append(setting)
    for name, texts in given.items():
        if texts and name not in names:
            _built(name, texts, f"-O {name}.")
    return [_with_own(entry, given) for entry in entries]


def _with_own(entry: str, given: Mapping[str, Sequence[str]]) -> Engine:
    """Return an engine with the settings for all of its name, and those of its own."""
    name, *own = entry.split(":")
    if not own:
        return _built(name, given[name], "-O ")
    values = {text.partition("=")[0]: text for text in [*given[name], *own]}
    return _built(name, values.values(), f"--engines {name}:")


def engine_for(name: str | None, prior: str, settings: Iterable[str]) -> Engine | None:
    """Return the engine that options ask for; None where they leave it to the prior.

    Without a name, settings are those of the engine that the prior has, and with `auto` of
    the Ising prior's: who sets them has chosen it.

    Parameters
    ----------
    name : str or None
        What stands behind --engine.
    prior : str
        What stands behind --prior.
    settings : iterable of str
        What stands behind -O.

    Raises
    ------
    ParameterError
        As `build_engines`.
    """
    given = engine_name(name, prior)
    (engine,) = build_engines([given], settings)
    return None if name is None and engine == ENGINES[given]() else engine


def engine_name(name: str | None, prior: str) -> str:
    """Return the name of the engine that settings without one are for."""
    return name or (DEFAULT_ENGINE if prior in (AUTO_PRIOR, "ising") else Amortised.name)


def setting_types(kind: type[Any]) -> dict[str, Any]:
    """Return the settings of a dataclass and their types."""
    hints = typing.get_type_hints(kind)
    return {field.name: hints[field.name] for field in fields(kind)}


def complete(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Return NAME= of the settings of the engines asked for; behind a dot, of that engine."""
    del param
    engine, dot, _ = incomplete.partition(".")
    several = "engines" in ctx.params or "prior" not in ctx.params
    unnamed = tuple(ENGINES) if several else engine_name(None, ctx.params["prior"])
    listed = [entry.partition(":")[0] for entry in ctx.params.get("engines") or ()]
    asked = ctx.params.get("engine") or listed or unnamed
    if dot:
        kind = ENGINES.get(engine)
        names = [f"{engine}.{name}=" for name in setting_types(kind)] if kind else []
    else:
        engines = (asked,) if isinstance(asked, str) else asked
        names = list(dict.fromkeys(f"{s}=" for e in engines for s in setting_types(ENGINES[e])))
    return [CompletionItem(name) for name in names if name.startswith(incomplete)]


def _known(names: Sequence[str]) -> str:
    """Return which settings the engines have, for an error."""
    if len(names) == 1:
        return f"{names[0]}; NAME=VALUE with {', '.join(setting_types(ENGINES[names[0]]))}"
    known = (f"{name}: {', '.join(setting_types(ENGINES[name]))}" for name in names)
    return f"any engine ({'; '.join(known)})"


def _other(key: str) -> str:
    """Return how a setting of another engine is written, for an error."""
    having = [name for name, kind in ENGINES.items() if key in setting_types(kind)]
    return f"; for another engine write {having[0]}.{key}=VALUE" if having else ""


def _built(name: str, settings: Iterable[str], prefix: str) -> Engine:
    """Return one engine with its own settings."""
    kind = ENGINES[name]
    known = setting_types(kind)
    values = {}
    for text in settings:
        key, equals, value = text.partition("=")
        if not equals or key not in known:
            option = prefix.partition(" ")[0]
            raise ParameterError(option, f"{text!r} is no setting of {_known([name])}")
        values[key] = _parsed(f"{prefix}{key}", value, known[key])
    try:
        return kind(**values)
    except ParameterError as error:
        raise ParameterError(f"{prefix}{error.parameter}", error.message) from None


def _parsed(option: str, text: str, kind: Any) -> Any:
    """Return `text` as a value of a type: plain, Literal, or several with or without None."""
    kinds = _members(kind)
    if types.NoneType in kinds and text.lower() in _AUTO:
        return None
    for one in kinds:
        if typing.get_origin(one) is typing.Literal:
            found = [value for value in typing.get_args(one) if str(value) == text]
        elif one is bool:
            found = [v for word, v in _SWITCHES.items() if word == text.lower()]
        else:
            found = _converted(one, text)
        if found:
            return found[0]
    raise ParameterError(option, f"must be {_described(kinds)}, not {text!r}")


def _members(kind: Any) -> list[Any]:
    """Return the types that a type allows, None last."""
    several = isinstance(kind, types.UnionType) or typing.get_origin(kind) is typing.Union
    kinds = list(typing.get_args(kind)) if several else [kind]
    return sorted(kinds, key=lambda one: one is types.NoneType)


def _converted(kind: Any, text: str) -> list[Any]:
    """Return the value of a text in a list; an empty one where it has none."""
    if kind is types.NoneType:
        return []
    try:
        return [kind(text)]
    except (ValueError, TypeError):
        return []


def _described(kinds: Sequence[Any]) -> str:
    """Return what a setting of these types may be, for an error."""
    words = [
        word
        for one in kinds
        if typing.get_origin(one) is typing.Literal or one is bool
        for word in (map(str, typing.get_args(one)) if one is not bool else _SWITCHES)
    ]
    others = [_WORDS.get(one, "valid") for one in kinds if one in (int, float)]
    if types.NoneType in kinds:
        (words if words else others).append(_AUTO[0])
    if words and not others:
        return f"one of {', '.join(words)}"
    return " or ".join(others + words) or "valid"
