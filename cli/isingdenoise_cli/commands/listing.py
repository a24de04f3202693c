"""`isingdenoise engines` and `isingdenoise noises`: what there is to choose from."""

from __future__ import annotations

import dataclasses
import typing
from collections.abc import Callable, Mapping
from typing import Any

import click

from isingdenoise.inference import ENGINES
from isingdenoise.noise import NOISE_MODELS, NoiseModel, parameters_of

from .. import options as o

ENGINES_HELP = """List the engines and their settings.

Pass a setting to 'run', 'compare' or 'batch' as -O NAME=VALUE.
"""


@click.command(help=ENGINES_HELP)
@o.json_option
def engines(as_json: bool) -> None:
    """List the engines and their settings."""
    _show(ENGINES, as_json, lambda kind: {"traits": dataclasses.asdict(kind.traits)})


NOISES_HELP = """List the noise models and their parameters.

Parameters are estimated from the picture unless an option gives them.
The list shows the option of each parameter, if there is one, and the
default of the library in grey values.
"""


@click.command(help=NOISES_HELP)
@o.json_option
def noises(as_json: bool) -> None:
    """List the noise models and their parameters."""
    records = [_noise_record(kind) for kind in NOISE_MODELS.values()]
    if as_json:
        from ..render.json import print_json

        print_json(records)
        return
    width = max(len(record["name"]) for record in records)
    for record in records:
        click.echo(f"{record['name']:<{width}}  {record['summary']}")
        for known in record["parameters"]:
            setting = f"{known['name']} = {_text(record['settings'][known['name']])}"
            about = f"{known['about']} ({known['option'] or 'no option'})".lstrip()
            click.echo(f"{'':<{width}}    {setting:<20}  {about}")


def _noise_record(kind: type[NoiseModel]) -> dict[str, Any]:
    """Return what a noise model says of itself as plain values."""
    known = parameters_of(kind)
    return {
        "name": kind.name,
        "summary": kind.summary,
        "settings": {name: parameter.default for name, parameter in known.items()},
        "parameters": [
            {
                "name": name,
                "about": parameter.about,
                "unit": parameter.unit.value,
                "low": parameter.low,
                "high": parameter.high,
                "option": parameter.option and o.option_name(parameter.option),
            }
            for name, parameter in known.items()
        ],
    }


def _show(
    kinds: Mapping[str, Any], as_json: bool, more: Callable[[Any], dict[str, Any]] = lambda _: {}
) -> None:
    records = [
        {"name": name, "summary": kind.summary, "settings": _settings(kind), **more(kind)}
        for name, kind in kinds.items()
    ]
    if as_json:
        from ..render.json import print_json

        print_json(records)
        return
    width = max(len(record["name"]) for record in records)
    for record in records:
        click.echo(f"{record['name']:<{width}}  {record['summary']}")
        for setting, default in record["settings"].items():
            choices = _choices(kinds[record["name"]], setting)
            click.echo(f"{'':<{width}}    {setting} = {_text(default)}{choices}")


def _settings(kind: Any) -> dict[str, Any]:
    return {field.name: field.default for field in dataclasses.fields(kind)}


def _choices(kind: Any, setting: str) -> str:
    """Return what else a setting may be, where that is a list of words."""
    hint = typing.get_type_hints(kind)[setting]
    if typing.get_origin(hint) is not typing.Literal:
        return ""
    return f" (of {', '.join(map(str, typing.get_args(hint)))})"


def _text(default: Any) -> str:
    if default is None:
        return "auto"
    return ",".join(f"{v:g}" for v in default) if isinstance(default, tuple) else str(default)
