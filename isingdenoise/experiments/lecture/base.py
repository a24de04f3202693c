"""What an experiment is: one entry of the registry."""

from __future__ import annotations

from collections.abc import Callable, Generator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

__all__ = ["Experiment", "Findings", "Plan", "Records", "Run"]

Records = Sequence[Mapping[str, Any]]


@dataclass(frozen=True)
class Plan:
    """How large an experiment is.

    Attributes
    ----------
    seeds : range
        Of noise and engines; each is one repetition.
    seed : int
        Of experiments that have one source of random numbers.
    repeats, steps : int
        Estimates for each number, steps of learning: of experiments that have them.
    """

    seeds: range = range(1)
    seed: int = 0
    repeats: int = 100
    steps: int = 1500


@dataclass(frozen=True, eq=False)
class Findings:
    """What came out.

    Attributes
    ----------
    rows : sequence of mapping
        Tidy records, one for each measurement.
    tables : mapping of str to sequence of mapping
        What is printed, by its heading: means and standard errors.
    pictures : mapping of str to Any
        What the figure shows beside numbers.
    notes : sequence of str
        What the numbers say, in words.
    """

    rows: Records
    tables: Mapping[str, Records]
    pictures: Mapping[str, Any] = field(default_factory=dict)
    notes: Sequence[str] = ()


#: Yields after each part of the work, and returns what came out.
Run = Callable[[Plan], Generator[None, None, Findings]]


@dataclass(frozen=True)
class Experiment:
    """An experiment: how it is run, what of it is printed, and its figure.

    Attributes
    ----------
    asks : str
        The question in a few words: the heading of its figure.
    run : callable
        Does it.
    length : callable
        Returns how many parts the work has.
    columns : tuple of str
        Of the table; with each that has a standard error it is printed too.
    figure : callable
        Draws it: a matplotlib figure, which only `plotting` knows.
    seeds : int
        How many seeds it has by default; 0 where it has one source of random numbers.
    takes : tuple of str
        Which fields of a plan it looks at.
    form : str
        How numbers are printed.
    """

    asks: str
    run: Run
    length: Callable[[Plan], int]
    columns: tuple[str, ...]
    figure: Callable[[Findings], Any]
    seeds: int = 5
    takes: tuple[str, ...] = ("seeds",)
    form: str = ".3g"
