"""What several engines together say of the log evidence."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from .comparison import Comparison

__all__ = ["Sandwich", "sandwich"]


@dataclass(frozen=True)
class Sandwich:
    """What several engines together say of the log evidence, in nats a pixel.

    Attributes
    ----------
    lower, upper : float or None
        The best bounds on (log Z + c) / (H W); None where no engine gives one.
    lower_engine, upper_engine : str or None
        Whose they are.
    exact : float or None
        The value itself, where an engine has found it.
    total : float or None
        Between the best lower bound and the exact value, or else the best upper
        bound, in nats for the whole picture. The posterior of the engine with
        the lower bound is at most so far from the true one, in Kullback-Leibler
        divergence.
    """

    lower: float | None
    lower_engine: str | None
    upper: float | None
    upper_engine: str | None
    exact: float | None
    total: float | None


def sandwich(rows: Iterable[Comparison]) -> Sandwich | None:
    """Return the best bounds on the log evidence of one model.

    Parameters
    ----------
    rows : iterable of Comparison
        Engines on one model, as `compare` returns them.

    Returns
    -------
    Sandwich or None
        None where no engine gives a bound. Bounds that are exact are given as
        `exact`, and not among the others.
    """
    lowers: list[tuple[float, str]] = []
    uppers: list[tuple[float, str]] = []
    exact, sites = None, 1
    for row in rows:
        if row.result is None:
            continue
        solution, sites = row.result.solution, row.result.image.size
        low, high = solution.lower_bound, solution.upper_bound
        if low is not None and low == high:
            exact = low
            continue
        if low is not None:
            lowers.append((low, row.engine))
        if high is not None:
            uppers.append((high, row.engine))
    if not lowers and not uppers and exact is None:
        return None
    lower, lower_engine = max(lowers, default=(None, None))
    upper, upper_engine = min(uppers, default=(None, None))
    most = upper if exact is None else exact
    total = None if lower is None or most is None else max(most - lower, 0.0)
    a_pixel = (None if bound is None else bound / sites for bound in (lower, upper, exact))
    low, high, value = a_pixel
    return Sandwich(low, lower_engine, high, upper_engine, value, total)
