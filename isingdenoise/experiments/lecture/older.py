"""`gradients`, `vae`: experiments of other parts of the package, as entries of the registry."""

from __future__ import annotations

from collections.abc import Generator, Mapping
from typing import Any

from ...gradient_experiment import at_two_places
from .base import Findings, Plan, Records

__all__ = ["gradients", "vae"]


def gradients(plan: Plan) -> Generator[None, None, Findings]:
    """Compare Monte Carlo gradients of the evidence lower bound with the exact one."""
    found = at_two_places(repeats=plan.repeats, rng=plan.seed)
    yield
    return _placed({where: [row.record() for row in rows] for where, rows in found.items()})


def vae(plan: Plan) -> Generator[None, None, Findings]:
    """Learn four variational autoencoders of glyphs that differ in KL annealing and in a flow."""
    from ...generative import annealing_and_flow

    learning = annealing_and_flow(steps=plan.steps, seed=plan.seed)
    while True:
        try:
            next(learning)
        except StopIteration as end:
            return _placed({"glyphs not learned from": [row.record() for row in end.value]})
        yield


def _placed(tables: Mapping[str, Records]) -> Findings:
    """Return tables that differ in where they were measured; rows have the place first."""
    rows: list[dict[str, Any]] = [
        {"place": where, **record} for where, records in tables.items() for record in records
    ]
    return Findings(rows, tables)
