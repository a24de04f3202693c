"""Minimum cuts on a grid by two search trees (Boykov and Kolmogorov, IEEE PAMI 26, 2004).

A tree grows from the sites with supply, another from those with demand. Where they touch, flow
is pushed along the path through both; sites that it cuts off look for another parent, or become
free. Stamps and distances, as described in section 3 of that paper, spare most walks to a root.

Capacities are whole numbers, so each push saturates an edge exactly and the answer is that of
the whole numbers given. Sites are numbered over a grid with a border, whose edges have no
capacity. The edge of site p in direction k has `room[p, k]`; its reverse is that in direction
k ^ 1 of the site at the other end. That end is at p + steps[k], or beside it: where each pixel
has two sites, one for its spin and one for the contrary, the edges of negative strengths cross
from the ones to the others (CROSSING in `mark`, one bit for each direction).
"""

from __future__ import annotations

import numpy as np

# All is inlined: a call would hand over some eighty numbers, those of the arrays of a network.
from ._jit import inlined, kernel
from .network import (
    CLOCK,
    CROSSING,
    DEMAND,
    DISTANCE,
    FIRST_ORPHAN,
    FREE,
    HEAD,
    ORPHAN,
    ORPHANS,
    PARENT,
    QUEUED,
    ROOT,
    STAMP,
    SUPPLY,
    TREE,
    WAITING,
    WORK,
)

_u = np.uintp
_FAR = np.int32(1 << 30)
_ONE = np.uint8(1)


@inlined
def _end(net, steps, p, k):
    """Return the site at the other end of an edge."""
    return (p + steps[k]) ^ (np.int64(net.mark[_u(p), CROSSING]) >> np.int64(k) & np.int64(1))


@inlined
def _room(net, p, q, k, tree):
    """Return what the edge between a site p and a parent q in direction k can take."""
    return net.room[_u(q), _u(k) ^ _u(1)] if tree == SUPPLY else net.room[_u(p), _u(k)]


@inlined
def _activate(net, p):
    """Put a site at the end of the queue, unless it is there."""
    if net.mark[_u(p), QUEUED] == 0:
        net.mark[_u(p), QUEUED] = 1
        end = net.state[HEAD] + net.state[WAITING]
        size = net.queue.size
        net.queue[_u(end - size if end >= size else end)] = p
        net.state[WAITING] += 1


@inlined
def _orphan(net, p):
    """Take a site's parent away, and put it at the end of the orphans."""
    net.mark[_u(p), PARENT] = ORPHAN
    end = net.state[FIRST_ORPHAN] + net.state[ORPHANS]
    size = net.orphans.size
    net.orphans[_u(end - size if end >= size else end)] = p
    net.state[ORPHANS] += 1


@inlined
def _bottleneck(net, steps, p, tree):
    """Return what can be pushed between a site and the root of its tree."""
    least = np.int64(1) << np.int64(62)
    while net.mark[_u(p), PARENT] != ROOT:
        k = net.mark[_u(p), PARENT]
        q = _end(net, steps, p, k)
        least = min(
            least, net.room[_u(q), _u(k ^ _ONE)] if tree == SUPPLY else net.room[_u(p), _u(k)]
        )
        p = q
    return min(least, abs(net.supply[_u(p)]))


@inlined
def _push(net, steps, p, tree, amount):
    """Push an amount between a site and the root of its tree; orphan what is cut off."""
    forward = tree == DEMAND
    while net.mark[_u(p), PARENT] != ROOT:
        k = net.mark[_u(p), PARENT]
        q = _end(net, steps, p, k)
        change = amount if forward else -amount
        net.room[_u(p), _u(k)] -= change
        net.room[_u(q), _u(k ^ _ONE)] += change
        left = net.room[_u(p), _u(k)] if forward else net.room[_u(q), _u(k ^ _ONE)]
        if left == 0:
            _orphan(net, p)
        p = q
    net.supply[_u(p)] += amount if forward else -amount
    if net.supply[_u(p)] == 0:
        _orphan(net, p)


@inlined
def _augment(net, steps, p, q, k):
    """Push all that the path from p over the edge k to q can take."""
    amount = min(net.room[_u(p), _u(k)], _bottleneck(net, steps, p, SUPPLY))
    amount = min(amount, _bottleneck(net, steps, q, DEMAND))
    net.room[_u(p), _u(k)] -= amount
    net.room[_u(q), _u(k ^ _ONE)] += amount
    _push(net, steps, p, SUPPLY, amount)
    _push(net, steps, q, DEMAND, amount)


@inlined
def _way(net, steps, p, clock):
    """Return the distance of a site from its root, _FAR where it hangs on an orphan."""
    length = np.int32(0)
    q = p
    while net.seen[_u(q), STAMP] != clock:
        k = net.mark[_u(q), PARENT]
        length += np.int32(1)
        if k == ORPHAN:
            return _FAR
        if k == ROOT:
            net.seen[_u(q), STAMP] = clock
            net.seen[_u(q), DISTANCE] = 1
            break
        q = _end(net, steps, q, k)
    else:
        length += net.seen[_u(q), DISTANCE]
    total = length
    while net.seen[_u(p), STAMP] != clock:
        net.seen[_u(p), STAMP] = clock
        net.seen[_u(p), DISTANCE] = length
        length -= np.int32(1)
        p = _end(net, steps, p, net.mark[_u(p), PARENT])
    return total


@inlined
def _find_parent(net, steps, p, clock):
    """Return the direction of the neighbour nearest to the root that can be the parent, or -1."""
    tree, best, nearest = net.mark[_u(p), TREE], -1, _FAR
    for k in range(len(steps)):
        q = _end(net, steps, p, k)
        if net.mark[_u(q), TREE] == tree and _room(net, p, q, k, tree) > 0:
            length = _way(net, steps, q, clock)
            if length < nearest:
                nearest, best = length, k
    if best >= 0:
        net.mark[_u(p), PARENT] = best
        net.seen[_u(p), STAMP] = clock
        net.seen[_u(p), DISTANCE] = nearest + np.int32(1)
    return best


@inlined
def _adopt(net, steps):
    """Find a parent for each orphan, or set it free and make its children orphans."""
    clock = np.int32(net.state[CLOCK])
    while net.state[ORPHANS] > 0:
        p = np.int64(net.orphans[_u(net.state[FIRST_ORPHAN])])
        net.state[FIRST_ORPHAN] += 1
        if net.state[FIRST_ORPHAN] == net.orphans.size:
            net.state[FIRST_ORPHAN] = 0
        net.state[ORPHANS] -= 1
        net.state[WORK] += 1
        if _find_parent(net, steps, p, clock) >= 0:
            continue
        tree = net.mark[_u(p), TREE]
        for k in range(len(steps)):
            q = _end(net, steps, p, k)
            if net.mark[_u(q), TREE] == tree:
                if net.mark[_u(q), PARENT] == k ^ 1:
                    _orphan(net, q)
                if _room(net, p, q, k, tree) > 0:
                    _activate(net, q)
        net.mark[_u(p), TREE] = FREE


@inlined
def _grow(net, steps, p):
    """Let a site take its free neighbours; return the first direction of the other tree, or -1."""
    tree, stamp, distance = net.mark[_u(p), TREE], net.seen[_u(p), STAMP], net.seen[_u(p), DISTANCE]
    for k in range(len(steps)):
        q = _end(net, steps, p, k)
        if _room(net, q, p, k ^ 1, tree) > 0:
            other = net.mark[_u(q), TREE]
            if other == FREE:
                net.mark[_u(q), TREE] = tree
                _activate(net, q)
            elif other != tree:
                return k
            elif net.seen[_u(q), STAMP] > stamp or net.seen[_u(q), DISTANCE] <= distance + 1:
                continue
            net.mark[_u(q), PARENT] = k ^ 1
            net.seen[_u(q), STAMP] = stamp
            net.seen[_u(q), DISTANCE] = distance + np.int32(1)
    return -1


@kernel
def run(net, steps, effort):
    """Grow and push until no path is left, or so many sites were looked at.

    Parameters
    ----------
    net : Network
        Changed in place; at the end WAITING is 0, and the sites of the tree DEMAND are those
        from which what demands can still be reached.
    steps : tuple of int64
        What to add to a site's number for its neighbour in each direction.
    effort : int
        How many sites.
    """
    state = net.state
    until = state[WORK] + effort
    while state[WAITING] > 0 and state[WORK] < until:
        p = np.int64(net.queue[_u(state[HEAD])])
        state[WORK] += 1
        k = -1 if net.mark[_u(p), TREE] == FREE else _grow(net, steps, p)
        if k < 0:  # it has grown as far as it can
            state[HEAD] += 1
            if state[HEAD] == net.queue.size:
                state[HEAD] = 0
            state[WAITING] -= 1
            net.mark[_u(p), QUEUED] = 0
            continue
        q = _end(net, steps, p, k)
        state[CLOCK] += 1
        if net.mark[_u(p), TREE] == SUPPLY:
            _augment(net, steps, p, q, k)
        else:
            _augment(net, steps, q, p, k ^ 1)
        _adopt(net, steps)
