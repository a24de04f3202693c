"""`isingdenoise engines` and `isingdenoise noises`: what there is to choose from."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any

import click

from isingdenoise.inference import ENGINES, backends_here
from isingdenoise.noise import NOISE_MODELS, NoiseModel, parameters_of

from .. import options as o
from ..options.settings import members, setting_types, words

ENGINES_HELP = """List the engines and their settings.

Pass a setting to 'run', 'compare' or 'batch' as -O NAME=VALUE. The last line
says which backends there are on this machine.
"""


@click.command(help=ENGINES_HELP)
@o.json_option
def engines(as_json: bool) -> None:
    """List the engines and their settings."""
    _show(ENGINES, as_json)
    if not as_json:
        click.echo(f"backends: {backends_here()}")


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


def _show(kinds: Mapping[str, Any], as_json: bool) -> None:
    records = [
        {
            "name": name,
            "summary": kind.summary,
            "settings": {field.name: field.default for field in dataclasses.fields(kind)},
            "traits": dataclasses.asdict(kind.traits),
            "choices": _choices(kind),
        }
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
            choices = record["choices"].get(setting)
            among = f" (of {', '.join(choices)})" if choices else ""
            click.echo(f"{'':<{width}}    {setting} = {_text(default)}{among}")


def _choices(kind: Any) -> dict[str, list[str]]:
    """Return the words that each setting may be, of those that take no numbers."""
    found = {}
    for name, hint in setting_types(kind).items():
        kinds = members(hint)
        if not {int, float, str} & set(kinds):
            found[name] = words(kinds)
    return found


def _text(default: Any) -> str:
    if default is None:
        return "auto"
    if isinstance(default, bool):
        return str(default).lower()
    return ",".join(f"{v:g}" for v in default) if isinstance(default, tuple) else str(default)
