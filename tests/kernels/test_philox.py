"""The random numbers: the published words, the plain version, and their statistics."""

import numba
import numpy as np
import pytest
import reference
from scipy import stats

from isingdenoise._kernels.philox import ROUNDS, fill_row, philox4x32, symmetric_uniform

# A row of `WIDTH` numbers for each of so many (chain, sweep, row).
PI = [0x243F6A88, 0x85A308D3, 0x13198A2E, 0x03707344, 0xA4093822, 0x299F31D0]
SHAPE = (2, 3, 4, 101) if numba.config.DISABLE_JIT else (3, 12, 30, 1001)
ONES = 0xFFFFFFFF


def u4(*words):
    return tuple(np.array(words, np.uint32))


def block(shape=SHAPE, key=(7, 11)):
    """Return uniforms as a sampler draws them, (chains, sweeps, rows, columns)."""
    *outer, width = shape
    out = np.empty((*outer, width + 3), np.float32)  # the last words may reach over the end
    for chain, sweep, row in np.ndindex(*outer):
        fill_row(out[chain, sweep, row], width, *u4(row, sweep, chain, *key))
    return out[..., :width]


@pytest.fixture(scope="module")
def drawn():
    return block().astype(np.float64)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("words", "rounds", "answer"),
    [
        ([0] * 6, 7, "5f6fb709 0d893f64 4f121f81 4f730a48"),
        ([ONES] * 6, 7, "5207ddc2 45165e59 4d8ee751 8c52f662"),
        (PI, 7, "4dfccaba 190a87f0 c47362ba b6b5242a"),
        ([0] * 6, 10, "6627e8d5 e169c58d bc57ac4c 9b00dbd8"),
        ([ONES] * 6, 10, "408f276d 41c83b0e a20bc7c6 6d5451fd"),
        (PI, 10, "d16cfe09 94fdcceb 5001e420 24126ea1"),
    ],
)
def test_known_answers(words, rounds, answer):
    """The known answers for philox4x32 that its authors publish; samplers take 7 rounds."""
    expected = tuple(int(word, 16) for word in answer.split())
    assert tuple(int(w) for w in philox4x32(*u4(*words), rounds)) == expected
    assert reference.philox(words[:4], words[4:], rounds) == expected
    assert ROUNDS == 7


def test_equals_plain_python():
    rng = np.random.default_rng(0)
    for words in rng.integers(0, 1 << 32, (50, 6)).tolist():
        found = philox4x32(*u4(*words))
        assert tuple(int(w) for w in found) == reference.philox(words[:4], words[4:])


@pytest.mark.parametrize("n", [1, 2, 3, 4, 5, 8, 11])
def test_a_row_equals_plain_python(n):
    out = np.full(n + 4, 9, np.float32)
    fill_row(out, n, *u4(5, ONES, 2, 3, 1 << 31))
    np.testing.assert_array_equal(out[:n], reference.row_of_uniforms(n, 5, ONES, 2, (3, 1 << 31)))
    assert np.all(out[4 * -(-n // 4) :] == 9)  # nothing is written behind the last block


def test_uniforms_are_symmetric_and_meet_neither_ends_nor_zero():
    middle = 1 << 31
    near = [0, 511, 512, 513, middle - 513, middle - 1, middle, middle + 512, ONES - 512, ONES]
    words = np.array(near, np.uint32)
    found = np.array([symmetric_uniform(w) for w in words], np.float64)
    np.testing.assert_array_equal(found, [reference.uniform(w) for w in near])
    np.testing.assert_array_equal([symmetric_uniform(~w) for w in words], -found)
    assert found.min() == -1 + 2.0**-23
    assert found.max() == 1 - 2.0**-23
    assert np.abs(found).min() == 2.0**-23


def test_drawn_numbers_are_inside(drawn):
    assert np.abs(drawn).max() < 1
    assert np.abs(drawn).min() > 0


def flatness(u):
    """Return the p-value of a chi-square test for a flat histogram on (-1, 1)."""
    counts, _ = np.histogram(u, bins=64, range=(-1, 1))
    return stats.chisquare(counts).pvalue


def lag_score(u, axis):
    """Return the correlation of neighbours along an axis in units of its standard deviation."""
    n = u.shape[axis]
    product = u.take(range(1, n), axis) * u.take(range(n - 1), axis)
    return float(product.mean() * 3 * np.sqrt(product.size))


@pytest.mark.parametrize("part", [np.s_[:], np.s_[0], np.s_[:, 0], np.s_[:, :, 0], np.s_[..., :9]])
def test_the_histogram_is_flat(drawn, part):
    assert flatness(drawn[part]) > 1e-4
    assert flatness(drawn[part] ** 3) < 1e-4  # control


def test_moments(drawn):
    n = drawn.size
    assert abs(drawn.mean()) < 5 * np.sqrt(1 / 3 / n)
    assert abs((drawn**2).mean() - 1 / 3) < 5 * np.sqrt(4 / 45 / n)


@pytest.mark.parametrize("axis", range(4), ids=["chains", "sweeps", "rows", "columns"])
def test_neighbours_are_not_correlated(drawn, axis):
    assert abs(lag_score(drawn, axis)) < 5
    together = drawn + 0.5 * np.roll(drawn, 1, axis)  # control
    assert abs(lag_score(together, axis)) > 5


def test_every_part_of_counter_and_key_matters():
    first = block((1, 1, 1, 40))[0, 0, 0]
    others = [block((2, 2, 2, 40))[at][None] for at in [(0, 0, 1), (0, 1, 0), (1, 0, 0)]]
    others += [block((1, 1, 1, 40), key)[0, 0, 0][None] for key in [(8, 11), (7, 12)]]
    for other in others:
        assert np.mean(first == other) < 0.1
