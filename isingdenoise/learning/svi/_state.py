"""What is known after some pages, and what is needed to go on with further ones."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from ...coupling import Coupling
from ...errors import ParameterError
from ...noise import NOISE_MODELS, NoiseModel, parameters_of
from .._calibration import Floats
from ._hierarchy import Hierarchy
from ._vector import coordinates, coupling_of, noise_of, within

__all__ = ["Group", "State", "values_of"]

_OPTIONAL = ("strengths", "scatter")


@dataclass
class Group:
    """The pages of one noise model.

    Attributes
    ----------
    like : NoiseModel
        Of the first page: ends of the scale, which are not learned.
    hierarchy : Hierarchy
        What they have in common.
    votes : int
        How many there are.
    """

    like: NoiseModel
    hierarchy: Hierarchy
    votes: int

    @property
    def noise(self) -> NoiseModel:
        """The noise model that they have in common."""
        return noise_of(self.like, self.hierarchy.mean)

    @property
    def factor(self) -> float:
        """By how much strengths that decide best exceed those that predict best."""
        return float(np.exp(self.hierarchy.mean[-1]))


@dataclass
class State:
    """What is known so far.

    Attributes
    ----------
    groups : dict of str to Group
        By name of the noise model.
    seen : int
        Pages that could be looked at.
    left_alone, uneven : int
        Of these, those that need no cleaning, and those in uneven light.
    strengths : ndarray, shape (3,), or None
        Coordinates of the coupling that predicts best, where it was sought on all pages.
    climbed : int
        Of how many pages.
    scatter : ndarray, shape (3,), or None
        Standard deviation of the optima of single pages about it.
    """

    groups: dict[str, Group] = field(default_factory=dict)
    seen: int = 0
    left_alone: int = 0
    uneven: int = 0
    strengths: Floats | None = None
    climbed: int = 0
    scatter: Floats | None = None

    @property
    def winner(self) -> Group | None:
        """The group of more than half of the pages, if there is one."""
        group = max(self.groups.values(), key=lambda g: g.votes, default=None)
        return group if group is not None and 2 * group.votes > self.seen else None

    @property
    def predicts(self) -> Floats:
        """Coordinates of the coupling that predicts best."""
        assert self.winner is not None
        found = self.strengths if self.strengths is not None else self.winner.hierarchy.mean[-4:-1]
        return within(found)

    @property
    def coupling(self) -> Coupling:
        """The coupling that decides best."""
        assert self.winner is not None
        return coupling_of(self.predicts, self.winner.factor)

    def record(self) -> dict[str, Any]:
        """Return it as plain values for `from_record`; nothing is None."""
        record: dict[str, Any] = {
            "seen": self.seen,
            "left_alone": self.left_alone,
            "uneven": self.uneven,
            "climbed": self.climbed,
        }
        for name in _OPTIONAL:
            if getattr(self, name) is not None:
                record[name] = getattr(self, name).tolist()
        record["noises"] = {
            name: {"votes": g.votes, "like": values_of(g.like), **g.hierarchy.record()}
            for name, g in self.groups.items()
        }
        return record

    @classmethod
    def from_record(cls, record: Any) -> State:
        """Return what `record` told.

        Raises
        ------
        ParameterError
            It is no such record.
        """
        try:
            counts: dict[str, Any] = {
                n: int(record[n]) for n in ("seen", "left_alone", "uneven", "climbed")
            }
            if min(counts.values()) < 0:
                raise ValueError("counts are negative")
            groups = {name: _group(name, each) for name, each in record["noises"].items()}
            arrays: dict[str, Any] = {
                n: np.array(record[n], np.float64) for n in _OPTIONAL if n in record
            }
            if any(v.shape != (3,) or not np.isfinite(v).all() for v in arrays.values()):
                raise ValueError("strengths are no three numbers")
            return cls(groups, **counts, **arrays)
        except (ValueError, TypeError, KeyError, AttributeError, OverflowError) as error:
            raise ParameterError("start", f"is nothing to go on from ({error})") from error


def values_of(noise: NoiseModel) -> dict[str, Any]:
    """Return the parameters of a noise model as plain values, those without one left out."""
    values = {name: getattr(noise, name) for name in parameters_of(type(noise))}
    plain = {n: list(v) if isinstance(v, tuple) else v for n, v in values.items()}
    return {name: value for name, value in plain.items() if value is not None}


def _group(name: str, record: Any) -> Group:
    kind: Any = NOISE_MODELS[name]
    group = Group(kind(**record["like"]), Hierarchy.from_record(record), int(record["votes"]))
    if group.hierarchy.centre.size != len(coordinates(kind)) + 4:
        raise ValueError(f"noise {name} has other parameters")
    return group
