"""One step of the transfer matrix, state by state."""

import numpy as np
import pytest

from isingdenoise._kernels import transfer

BITS = [1, 2, 3, 5]


def link(strength, s, t):
    return strength * s * t - abs(strength)


def spin(state, bit):
    return 2 * (state >> int(bit) & 1) - 1


def step(message, shifts, field, left, up, across, leaving):
    """Return the weight of each pair (state after, spin that left), log weights of all steps."""
    half = message.size // 2
    table = np.empty((2 * half, 2))
    for j in range(half):
        for new in (0, 1):
            s = 2 * new - 1
            own = link(field, s, 1) + link(left, s, spin(j, 0))
            own += link(up, s, spin(j, shifts[0])) + link(across, s, spin(j, shifts[1]))
            for old in (0, 1):
                weight = message[j + old * half] + link(leaving, s, 2 * old - 1)
                table[2 * j + new, old] = weight + own
    return table


def example(bits, seed=0, size=1.0):
    rng = np.random.default_rng([bits, seed])
    shifts = np.uintp(max(bits - 2, 0)), np.uintp(max(bits - 3, 0))
    return rng.normal(size=1 << bits), shifts, size * rng.normal(size=5)


@pytest.mark.parametrize("parallel", [False, True])
@pytest.mark.parametrize("size", [1.0, 1e3])
@pytest.mark.parametrize("bits", BITS)
def test_forward(bits, size, parallel):
    message, shifts, strengths = example(bits, size=size)
    table, out = step(message, shifts, *strengths), np.empty_like(message)
    transfer.forward(message, out, shifts, *map(float, strengths), 1.0, parallel=parallel)
    np.testing.assert_allclose(out, np.logaddexp(*table.T), rtol=1e-14, atol=1e-14)
    transfer.forward(message, out, shifts, *map(float, strengths), 0.0, parallel=parallel)
    np.testing.assert_allclose(out, table.max(axis=1), rtol=1e-14, atol=1e-14)


@pytest.mark.parametrize("parallel", [False, True])
@pytest.mark.parametrize("bits", BITS)
def test_backward_is_the_transposed_step(bits, parallel):
    message, shifts, strengths = example(bits)
    after = np.random.default_rng(1).normal(size=message.size)
    forward, back = np.empty_like(message), np.empty_like(message)
    transfer.forward(message, forward, shifts, *map(float, strengths), 1.0, parallel=parallel)
    transfer.backward(after, back, shifts, *map(float, strengths), 1.0, parallel=parallel)
    one, other = np.logaddexp.reduce(forward + after), np.logaddexp.reduce(message + back)
    assert one == pytest.approx(other, rel=1e-14)
    for state in range(message.size):  # and so for each state by itself
        single = np.full(message.size, -1e300)
        single[state] = 0
        transfer.forward(single, forward, shifts, *map(float, strengths), 1.0, parallel=parallel)
        assert np.logaddexp.reduce(forward + after) == pytest.approx(back[state], rel=1e-13)


def test_log_add():
    d = np.concatenate([np.linspace(0, 60, 5001), np.geomspace(1e-16, 1e300, 500), [np.inf]])
    with np.errstate(under="ignore"):
        expected = np.log1p(np.exp(-d))
    found = np.array([transfer.log_add(0.0, -x, 1.0) for x in d])
    np.testing.assert_allclose(found, expected, atol=4e-16)
    near = d < 700
    np.testing.assert_allclose(found[near], expected[near], rtol=3e-13)
    assert transfer.log_add(-1e300, -1e300, 1.0) == -1e300
    assert transfer.log_add(2.0, 3.0, 0.0) == 3.0
    assert transfer.log_add(3.0, 2.0, 1.0) == transfer.log_add(2.0, 3.0, 1.0)
