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

Kinds = Mapping[str, type[Any]]

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


def build_engines(
    names: Sequence[str], settings: Iterable[str], kinds: Kinds = ENGINES
) -> list[Any]:
    """Return engines with their settings.

    NAME=VALUE goes to every engine asked for that has it, ENGINE.NAME=VALUE to
    one. What is meant for an engine that is not asked for is checked and left
    aside, so that one file of settings does for all.

    Parameters
    ----------
    names : sequence of str
        Engines, each once.
    settings : iterable of str
        What stands behind -O.
    kinds : mapping of str to type
        All engines there are, by name.

    Raises
    ------
    ParameterError
        No engine has it (the message lists what they have), or a bad value.
    """
    given: dict[str, list[str]] = {name: [] for name in kinds}
    for text in settings:
        key = text.partition("=")[0]
        engine, dot, setting = text.partition(".") if "." in key else ("", "", text)
        takers = [engine] if dot else [n for n in names if key in setting_types(kinds[n])]
        if not takers or takers[0] not in given:
            known = f"{_known(names, kinds)}{_other(key, kinds)}"
            raise ParameterError("-O", f"{text!r} is no setting of {known}")
        for name in takers:
            given[name].append(setting)
    found = {
        name: _built(name, texts, "" if name in names else f"{name}.", kinds)
        for name, texts in given.items()
        if texts or name in names
    }
    return [found[name] for name in names]


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


def complete(
    ctx: click.Context, param: click.Parameter, incomplete: str, kinds: Kinds = ENGINES
) -> list[CompletionItem]:
    """Return NAME= of the settings of the engines asked for; behind a dot, of that engine."""
    del param
    engine, dot, _ = incomplete.partition(".")
    several = "engines" in ctx.params or "prior" not in ctx.params
    unnamed = tuple(kinds) if several else engine_name(None, ctx.params["prior"])
    asked = ctx.params.get("engine") or ctx.params.get("engines") or unnamed
    if dot:
        kind = kinds.get(engine)
        names = [f"{engine}.{name}=" for name in setting_types(kind)] if kind else []
    else:
        engines = (asked,) if isinstance(asked, str) else asked
        names = list(dict.fromkeys(f"{s}=" for e in engines for s in setting_types(kinds[e])))
    return [CompletionItem(name) for name in names if name.startswith(incomplete)]


def _known(names: Sequence[str], kinds: Kinds) -> str:
    """Return which settings the engines have, for an error."""
    if len(names) == 1:
        return f"{names[0]}; NAME=VALUE with {', '.join(setting_types(kinds[names[0]]))}"
    known = (f"{name}: {', '.join(setting_types(kinds[name]))}" for name in names)
    return f"any engine ({'; '.join(known)})"


def _other(key: str, kinds: Kinds) -> str:
    """Return how a setting of another engine is written, for an error."""
    having = [name for name, kind in kinds.items() if key in setting_types(kind)]
    return f"; for another engine write {having[0]}.{key}=VALUE" if having else ""


def _built(name: str, settings: Iterable[str], prefix: str, kinds: Kinds) -> Any:
    """Return one engine with its own settings."""
    kind = kinds[name]
    known = setting_types(kind)
    values = {}
    for text in settings:
        key, equals, value = text.partition("=")
        if not equals or key not in known:
            raise ParameterError("-O", f"{text!r} is no setting of {_known([name], kinds)}")
        values[key] = _parsed(f"-O {prefix}{key}", value, known[key])
    try:
        return kind(**values)
    except ParameterError as error:
        raise ParameterError(f"-O {prefix}{error.parameter}", error.message) from None


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
