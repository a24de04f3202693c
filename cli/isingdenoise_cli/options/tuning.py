"""What stands on the sliders of `tune`, as options of `run`."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from isingdenoise.coupling import Coupling
from isingdenoise.errors import printable
from isingdenoise.noise import NoiseModel
from isingdenoise.pipeline import CleanOptions

from .noise import NoiseChoice, option_name, takers
from .values import build_coupling

if TYPE_CHECKING:
    from isingdenoise.tuning import Asked


@dataclass(frozen=True)
class Tuned:
    """The words of a session: settings as options, and as a command.

    Attributes
    ----------
    files : tuple of str
        The picture, and options that name where the result goes.
    noise : NoiseModel
        Where the sliders started.
    coupling : Coupling
        The same.
    base : CleanOptions
        What is not tuned: the light, and how much of a file is read.
    """

    files: tuple[str, ...]
    noise: NoiseModel
    coupling: Coupling
    base: CleanOptions

    def options(self, asked: Asked) -> CleanOptions:
        """Return how to clean the picture."""
        noise, coupling = self._settings(asked)
        choice = NoiseChoice(self.noise.name, {key: noise.get(key) for key in takers()})
        strength = build_coupling(coupling if len(coupling) > 1 else coupling[0])
        return replace(self.base, noise=choice.spec, coupling=strength, prior=asked.prior)

    def command(self, asked: Asked) -> str:
        """Return the command that does the same."""
        noise, coupling = self._settings(asked)
        words = ["isingdenoise", "run", *self.files, "--noise", self.noise.name]
        for key, value in noise.items():
            words += [option_name(key), _numbers(value if isinstance(value, tuple) else (value,))]
        words += ["--coupling", _numbers(coupling), "--prior", asked.prior]
        if self.base.background is not None:
            words += ["--background", self.base.background]
        if self.base.frame is not None:
            words += ["--frame", str(self.base.frame)]
        return shlex.join(map(printable, words))

    def _settings(self, asked: Asked) -> tuple[Mapping[str, Any], tuple[float, ...]]:
        from isingdenoise.tuning import coupling_of, settings_of

        coupling = coupling_of(self.coupling, asked.values["coupling"])
        return settings_of(self.noise, asked.values), coupling


def _numbers(values: tuple[float, ...]) -> str:
    """Return numbers as an option takes them, each as it is used."""
    return ",".join(f"{value:.12g}" for value in values)
