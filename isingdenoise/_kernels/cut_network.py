"""Networks of whole numbers whose minimum cut is the state of least energy of a model."""

from __future__ import annotations

import numpy as np

from ._jit import kernel
from .cut import _activate, _end
from .network import CROSSING, DEMAND, DISTANCE, PARENT, ROOT, SUPPLY, TREE

_u = np.uintp
_ONE = np.int64(1)


@kernel
def join(net, layers, shape, step, direction, offset, strengths, scale):
    """Make the edges of one direction, and add up in `supply` what can pull at each site.

    Parameters
    ----------
    net : Network
        Changed in place.
    layers : int
        1, or 2 for two sites a pixel: negative strengths then cross. For 1 they are taken as
        positive ones.
    shape : tuple of int
        (H, W).
    step : int64
        From a site to the one at the other end.
    direction : int
        Of the edge at the site where it begins; the reverse is the next.
    offset : tuple of int
        (dy, dx) to the other end.
    strengths : array, shape (H, W) or (1, 1)
        The strength of each edge where it begins, or of all.
    scale : float64
        What a strength of 1 is in whole numbers.
    """
    height, width = shape
    dy, dx = offset
    many = strengths.shape[0] == height and strengths.shape[1] == width
    for y in range(height - dy):
        for x in range(max(0, -dx), min(width, width - dx)):
            strength = np.float64(strengths[y if many else 0, x if many else 0])
            room = np.int64(np.rint(abs(strength) * scale))
            cross = layers == 2 and strength < 0
            for layer in range(layers):
                p = layers * ((y + 1) * (width + 2) + x + 1) + layer
                q = p + step
                if cross:
                    q = q ^ 1
                    net.mark[_u(p), CROSSING] |= np.uint8(1 << direction)
                    net.mark[_u(q), CROSSING] |= np.uint8(2 << direction)
                net.room[_u(p), _u(direction)] = room
                net.room[_u(q), _u(direction + 1)] = room
                net.supply[_u(p)] += room
                net.supply[_u(q)] += room


@kernel
def supply(net, layers, field, gauge, scale):
    """Make the supplies: the field times the gauge, cut where it is beyond all pull.

    Parameters
    ----------
    net, layers, scale
        As for `join`, after it.
    field : array, shape (H, W), float32
        The field.
    gauge : array, shape (H, W) or (1, 1), int8
        What it is multiplied with, 1 for two layers.
    """
    height, width = field.shape
    many = gauge.shape[0] == height and gauge.shape[1] == width
    for y in range(height):
        for x in range(width):
            h = np.float64(field[y, x]) * np.float64(gauge[y if many else 0, x if many else 0])
            for layer in range(layers):
                p = layers * ((y + 1) * (width + 2) + x + 1) + layer
                most = np.float64(net.supply[_u(p)] + _ONE)  # by one more, so that no tie is made
                own = np.int64(np.rint(min(max(h * scale, -most), most)))
                net.supply[_u(p)] = -own if layer else own


@kernel
def begin(net, steps):
    """Push along single edges from supply to demand, and make roots of the rest.

    Parameters
    ----------
    net, steps
        As for `cut.run`.
    """
    for site in range(net.supply.size):
        p = np.int64(site)
        for k in range(0, len(steps), 2):
            room = net.room[_u(p), _u(k)]
            if room == 0:
                continue
            q = _end(net, steps, p, k)
            a, b = net.supply[_u(p)], net.supply[_u(q)]
            if (a > 0) == (b > 0):
                continue
            room = room if a > 0 else net.room[_u(q), _u(k + 1)]
            amount = min(abs(a), abs(b), room)
            change = amount if a > 0 else -amount
            net.supply[_u(p)] -= change
            net.supply[_u(q)] += change
            net.room[_u(p), _u(k)] -= change
            net.room[_u(q), _u(k + 1)] += change
    for site in range(net.supply.size):
        p = np.int64(site)
        if net.supply[_u(p)] != 0:
            net.mark[_u(p), TREE] = SUPPLY if net.supply[_u(p)] > 0 else DEMAND
            net.mark[_u(p), PARENT] = ROOT
            net.seen[_u(p), DISTANCE] = 1
            _activate(net, p)
