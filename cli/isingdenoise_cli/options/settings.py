"""Settings of engines: what the texts behind -O become."""

from __future__ import annotations

import types
import typing
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import fields
from typing import Any

from isingdenoise.errors import ParameterError, nearest
from isingdenoise.inference import AUTO_PRIOR, DEFAULT_ENGINE, ENGINES, Amortised, Engine

Kinds = Mapping[str, type[Any]]

_SWITCHES = {"true": True, "false": False}
_AUTO = ("auto", "none")  # what stands for None
_WORDS = {int: "a whole number", float: "a number", bool: "true or false"}


def build_engines(
    entries: Sequence[str], settings: Iterable[str], kinds: Kinds = ENGINES
) -> list[Any]:
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
    kinds : mapping of str to type
        All engines there are, by name.

    Raises
    ------
    ParameterError
        No engine has it (the message lists what they have), or a bad value.
    """
    names = list(dict.fromkeys(entry.partition(":")[0] for entry in entries))
    given: dict[str, list[str]] = {name: [] for name in kinds}
    for text in settings:
        key = text.partition("=")[0]
        engine, dot, setting = text.partition(".") if _names_an_engine(text) else ("", "", text)
        takers = [engine] if dot else [n for n in names if key in setting_types(kinds[n])]
        if not takers or takers[0] not in given:
            message = f"{text!r} is no setting of {_known(names, kinds)}{_other(key, names, kinds)}"
            raise ParameterError("-O", message)
        for name in takers:
            given[name].append(setting)
    for name, texts in given.items():
        if texts and name not in names:
            _built(name, texts, f"-O {name}.", kinds)
    return [_with_own(entry, given, kinds) for entry in entries]


def _with_own(entry: str, given: Mapping[str, Sequence[str]], kinds: Kinds) -> Any:
    """Return an engine with the settings for all of its name, and those of its own."""
    name, *own = entry.split(":")
    if not own:
        return _built(name, given[name], "-O ", kinds)
    values = {text.partition("=")[0]: text for text in [*given[name], *own]}
    return _built(name, values.values(), f"--engines {name}:", kinds)


def engine_for(
    name: str | None, prior: str, settings: Iterable[str]
) -> Engine | tuple[Engine, Engine] | None:
    """Return the engine that options ask for; None, or one for each prior, leave it to that.

    Without a name, settings are those of the engine that the prior has, and with `auto` of
    the Ising prior's: who sets them has chosen it. Those with the name of an engine choose none.

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
    settings = list(settings)
    if name is None and prior == AUTO_PRIOR and all(map(_names_an_engine, settings)):
        ising, learned = build_engines([given, Amortised.name], settings)
        return None if (ising, learned) == (ENGINES[given](), Amortised()) else (ising, learned)
    (engine,) = build_engines([given], settings)
    return None if name is None and not settings else engine


def _names_an_engine(setting: str) -> bool:
    return "." in setting.partition("=")[0]


def engine_name(name: str | None, prior: str) -> str:
    """Return the name of the engine that settings without one are for."""
    return name or (DEFAULT_ENGINE if prior in (AUTO_PRIOR, "ising") else Amortised.name)


def setting_types(kind: type[Any]) -> dict[str, Any]:
    """Return the settings of a dataclass and their types."""
    hints = typing.get_type_hints(kind)
    return {field.name: hints[field.name] for field in fields(kind)}


def _known(names: Sequence[str], kinds: Kinds) -> str:
    """Return which settings the engines have, for an error."""
    if len(names) == 1:
        return f"{names[0]}; NAME=VALUE with {', '.join(setting_types(kinds[names[0]]))}"
    known = (f"{name}: {', '.join(setting_types(kinds[name]))}" for name in names)
    return f"any engine ({'; '.join(known)})"


def _other(key: str, names: Sequence[str], kinds: Kinds) -> str:
    """Return how a setting of another engine is written, or what may be meant, for an error."""
    having = [name for name, kind in kinds.items() if key in setting_types(kind)]
    if having:
        return f"; for another engine write {having[0]}.{key}=VALUE"
    engine, dot, setting = key.rpartition(".")
    if dot and engine not in kinds:
        return nearest(engine, kinds)
    known = (n for name in ([engine] if dot else names) for n in setting_types(kinds[name]))
    return nearest(setting, known)


def _built(name: str, settings: Iterable[str], prefix: str, kinds: Kinds) -> Any:
    """Return one engine with its own settings."""
    kind = kinds[name]
    known = setting_types(kind)
    values = {}
    for text in settings:
        key, equals, value = text.partition("=")
        if not equals or key not in known:
            option = prefix.partition(" ")[0]
            message = f"{text!r} is no setting of {_known([name], kinds)}{nearest(key, known)}"
            raise ParameterError(option, message)
        values[key] = _parsed(f"{prefix}{key}", value, known[key])
    try:
        return kind(**values)
    except ParameterError as error:
        raise ParameterError(f"{prefix}{error.parameter}", error.message) from None


def _parsed(option: str, text: str, kind: Any) -> Any:
    """Return `text` as a value of a type: plain, Literal, or several with or without None."""
    kinds = members(kind)
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


def members(kind: Any) -> list[Any]:
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


def words(kinds: Sequence[Any]) -> list[str]:
    """Return the words that a setting of these types may be; none where it takes numbers alone."""
    found: list[str] = []
    for one in kinds:
        if typing.get_origin(one) is typing.Literal:
            found += map(str, typing.get_args(one))
        elif one is bool:
            found += _SWITCHES
        elif one is types.NoneType:
            found.append(_AUTO[0])
    return found


def _described(kinds: Sequence[Any]) -> str:
    """Return what a setting of these types may be, for an error."""
    known = words(kinds)
    others = [_WORDS[one] for one in kinds if one in (int, float)]
    if known and not others:
        return f"one of {', '.join(known)}"
    return " or ".join(others + known) or "valid"
