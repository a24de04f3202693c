"""The network that a minimum cut is sought in, and what its numbers mean."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

FREE, SUPPLY, DEMAND = np.uint8(0), np.uint8(1), np.uint8(2)
#: What PARENT holds instead of a direction.
ROOT, ORPHAN = np.uint8(8), np.uint8(9)
#: What the entries of `mark`, `seen` and `state` are.
TREE, PARENT, QUEUED, CROSSING = range(4)
STAMP, DISTANCE = range(2)
HEAD, WAITING, CLOCK, FIRST_ORPHAN, ORPHANS, WORK = range(6)


class Network(NamedTuple):
    """A network and its two trees.

    Attributes
    ----------
    room : array, shape (sites, directions), int64
        What each edge can still take.
    supply : array, shape (sites,), int64
        What a site can still give (above 0) or take (below 0).
    mark : array, shape (sites, 4), uint8
        TREE that a site belongs to, direction of its PARENT, whether it is QUEUED, and bit k of
        CROSSING for an edge in direction k that ends beside p + steps[k]: side by side, since
        they are read together.
    seen : array, shape (sites, 2), int32
        STAMP, when the way to the root was last seen, and DISTANCE, how long it was then.
    queue : array, shape (sites,), int32
        Ring of the sites that may still grow.
    orphans : array, shape (sites,), int32
        Ring of the sites that look for a parent.
    state : array, shape (6,), int64
        Counters; WAITING those in the queue, WORK the sites looked at.
    """

    room: Any
    supply: Any
    mark: Any
    seen: Any
    queue: Any
    orphans: Any
    state: Any
