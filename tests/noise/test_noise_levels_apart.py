"""The test of two levels against one: its parts, each against what it should give."""

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest

from isingdenoise import EstimationWarning
from isingdenoise.noise.estimation import one_level as one
from isingdenoise.noise.estimation.mixture import log_likelihood
from isingdenoise.noise.estimation.normal import NormalPair

GREY = np.zeros((1, 1), np.uint8)  # only the dtype of a picture matters
FLOATS = np.zeros((1, 1))


def row(values, weight=None, group=None):
    values = np.asarray(values, np.float64)
    weight = np.ones(values.size) if weight is None else np.asarray(weight, np.float64)
    return values, weight, np.zeros(values.size, np.intp) if group is None else np.asarray(group)


def guess(data, share=0.5, floor=1e-3):
    return SimpleNamespace(data=data, share=share, floor=floor, larger=None)


def normal(rng, size, level=0.0, sigma=1.0):
    return level + sigma * rng.standard_normal(size)


@pytest.mark.parametrize(
    ("levels", "far"), [((0, 4), True), ((4, 0), True), ((0, 3.99), False), ((0, 4.5), True)]
)
def test_levels_of_four_spreads_are_far(levels, far):
    assert one._far(NormalPair(levels, (0.5, 1.0)), 0.0) == far
    assert one._far(NormalPair(levels, (0.5, 0.5)), 1.0) == far  # a step is the least spread
    assert one._far(NormalPair(levels, (0.5, 0.5)), 0.25)


def test_what_lies_beyond_the_scale_does_not_make_levels_far():
    assert one._far(NormalPair((-3, 2), (1, 1)), 0.0)
    assert not one._far(NormalPair((-3, 2), (1, 1), (0.0, 10.0)), 0.0)
    assert not one._far(NormalPair((2, 9), (1, 1), (0.0, 5.0)), 0.0)


def test_levels_within_four_fifths_of_a_spread_are_near():
    for levels in ((0, 0.79), (0.79, 0)):
        assert one._near(NormalPair(levels, (0.1, 1.0)))
        assert not one._near(NormalPair(levels, (0.1, 0.9)))
    assert not one._near(NormalPair((0, 0.8), (1.0, 1.0)))


def test_one_density_is_that_of_mean_and_spread():
    values, weight = [0.0, 1.0, 5.0], [3, 2, 1]
    data = row(values, weight)
    found = one._one_density(data, NormalPair((9, 12), (1, 2)), 1e-3, {})
    mean = np.average(values, weights=weight)
    spread = np.sqrt(np.average((np.array(values) - mean) ** 2, weights=weight))
    np.testing.assert_allclose(found.levels, (mean, mean), rtol=1e-12)
    np.testing.assert_allclose(found.sigmas, (spread, spread), rtol=1e-12)
    assert one._one_density(data, found, 7.0, {}).sigmas == (7.0, 7.0)
    told = one._one_density(data, found, 1e-3, {"sigmas": (3.0, 3.0)})
    assert told.sigmas == (3.0, 3.0)
    assert one._likelihood(data, found) == pytest.approx(
        -0.5 * 6 * (1 + np.log(2 * np.pi * spread**2)), rel=1e-12
    )


def test_one_density_of_a_censored_row_is_climbed_to():
    x = np.clip(normal(np.random.default_rng(0), 4000, sigma=2.0), -1.0, None)
    pair = NormalPair((0, 0), (1, 1), (-1.0, np.inf))
    found = one._one_density(row(x), pair, 1e-3, {})
    assert found.levels[0] == pytest.approx(0, abs=0.15)
    assert found.spread == pytest.approx(2, abs=0.1)
    # no step away from it is likelier
    best = one._likelihood(row(x), found)
    for level, sigma in ((0.05, 1), (-0.05, 1), (0, 1.03), (0, 0.97)):
        other = found.about((found.levels[0] + level,) * 2, found.spread * sigma)
        assert one._likelihood(row(x), other) < best


def test_long_rows_become_histograms_of_each_group():
    rng = np.random.default_rng(1)
    x, weight = rng.uniform(-3, 7, 20_000), rng.integers(1, 4, 20_000)
    group = rng.integers(0, 3, 20_000)
    x[:2] = -3, 7
    values, counts, groups = one._binned(row(x, weight, group))
    width = 10 / one._BINS
    assert values.size <= 3 * (one._BINS + 1)
    assert (values.min(), values.max()) == (-3, 7)
    for g in range(3):
        inside, of = groups == g, group == g
        assert np.all(np.diff(values[inside]) > 0)
        assert counts[inside].sum() == weight[of].sum()
        ours, theirs = np.cumsum(counts[inside]), np.cumsum(weight[of][np.argsort(x[of])])
        # every value lies within half a bin of its own, the ends' neighbours within one
        quantiles = np.linspace(1, theirs[-1] - 1, 500)
        binned = values[inside][np.searchsorted(ours, quantiles)]
        exact = np.sort(x[of])[np.searchsorted(theirs, quantiles)]
        assert np.max(np.abs(binned - exact)) <= 1.001 * width
        assert abs(np.average(binned - exact)) < 0.1 * width
    ends = counts[(values == -3) | (values == 7)].sum()
    assert ends == weight[(x == -3) | (x == 7)].sum()  # nothing else is taken for saturated


@pytest.mark.parametrize(
    "values", [np.arange(4.0 * one._BINS), np.append(np.zeros(20_000), -np.inf)]
)
def test_short_rows_and_endless_ones_stay_as_they_are(values):
    data = row(values)
    assert one._binned(data) is data
    more = row(np.arange(4.0 * one._BINS + 1))
    assert one._binned(more) is not more


def test_densities_of_whole_grey_values_are_kept_wide():
    data, pair = halves(1.0), NormalPair((0, 1), (1.0, 1.0))
    assert [question(data, pair, step).floor for step in (0.0, 1.0)] == [1e-3, 0.7]
    assert one._Test(guess(data, floor=2.0), pair, pair, 1.0, {}).floor == 2.0


def test_ends_of_a_histogram_are_exact():
    low, high = 0.2, 0.9
    assert low + (high - low) != high  # rounding would take the end off the scale
    x = np.linspace(low, high, 20_000)
    x[-1] = high
    values, _, _ = one._binned(row(x))
    assert (values[0], values[-1]) == (low, high)


def question(data, found, step=0.0, **known):
    return one._Test(guess(data), found, found, step, known)


def test_the_extremes_begin_at_the_weighted_median_and_either_end():
    data = row([5.0, 1.0, 2.0, 9.0], [1, 1, 6, 1])
    pair = NormalPair((1, 9), (2.0, 2.0))
    first, second = question(data, pair)._extremes()
    assert first == ((1.0, 2.0), 0.99)
    assert second == ((2.0, 9.0), 0.01)
    low = question(row([1.0, 1.0, 9.0], [4, 1, 1]), pair)
    assert low._extremes() == [((1.0, 9.0), 0.01)]  # the median is the least value


def test_where_ends_say_nothing_the_extremes_lie_between_them():
    class Between(NormalPair):
        between = True

    data = row([0.0, 3.0, 4.0, 6.0, 10.0], [5, 2, 2, 2, 5])
    pair = Between((3, 6), (1.0, 1.0), (0.0, 10.0))
    assert [levels for levels, _ in question(data, pair)._extremes()] == [(3.0, 4.0), (4.0, 6.0)]
    pair = replace(pair, limits=(0.0, 3.0))
    data = row([0.0, 0.0, 3.0], [1, 3, 3])  # nothing lies between: the ends are all there is
    assert [levels for levels, _ in question(data, pair)._extremes()] == [(0.0, 3.0)]


def test_long_tails_are_as_likely_as_two_spreads_about_one_level():
    rng = np.random.default_rng(2)
    x = np.where(rng.random(4000) < 0.2, normal(rng, 4000, sigma=3.0), normal(rng, 4000))
    data = row(x)
    alone = one._one_density(data, NormalPair((0, 0), (1, 1)), 1e-3, {})
    tails = one._long_tails(data, alone, 1e-3)
    truth = log_likelihood(data, NormalPair((0, 0), (1, 3), common=False), np.array([0.2]))
    assert tails == pytest.approx(truth, abs=6)
    assert tails > one._likelihood(data, alone) + 100
    # one spread is never less likely than normal noise
    plain = row(normal(rng, 4000))
    alone = one._one_density(plain, NormalPair((0, 0), (1, 1)), 1e-3, {})
    assert one._long_tails(plain, alone, 1e-3) >= one._likelihood(plain, alone)


def halves(distance, size=3000, seed=3, groups=True, sigma=1.0):
    """Return two levels; with `groups`, either group holds mostly one of them."""
    rng = np.random.default_rng(seed)
    z = rng.random(size) < 0.5
    x = normal(rng, size, sigma=sigma) + distance * z
    seen = np.where(rng.random(size) < 0.95, z, ~z) if groups else rng.random(size) < 0.5
    return row(x, None, seen.astype(np.intp))


@pytest.mark.parametrize("distance", [1.0, 2.0, 3.0])
def test_close_levels_that_lie_together_are_two(distance):
    data = halves(distance)
    found = one.find_levels(FLOATS, guess(data), NormalPair((0, distance), (1, 1)))
    assert found.levels == pytest.approx((0, distance), abs=0.2)
    assert found.spread == pytest.approx(1, abs=0.1)


@pytest.mark.slow
def test_what_is_spread_evenly_and_rounded_is_one_level():
    x, weight, group = halves(0.0, groups=False, sigma=1.5)
    data = np.rint(x), weight, group
    assert one.find_levels(GREY, guess(data), NormalPair((-1, 1), (1, 1))) is None


def test_a_few_specks_are_found_from_the_end_of_the_row():
    rng = np.random.default_rng(4)
    x = np.append(normal(rng, 5000, 240, 4), np.full(9, 35.0))
    data = row(x, None, np.append(np.zeros(5000, np.intp), np.ones(9, np.intp)))
    found = one.find_levels(GREY, guess(data, floor=0.3), NormalPair((238, 242), (4, 4)))
    assert found.levels == pytest.approx((35, 240), abs=1)
    x[-9:] = 445
    found = one.find_levels(FLOATS, guess(data, floor=0.3), NormalPair((238, 242), (4, 4)))
    assert found.levels == pytest.approx((240, 445), abs=1)


@pytest.mark.slow
def test_far_levels_and_known_ones_need_not_lie_together():
    data = halves(6.0, groups=False)
    found = one.find_levels(FLOATS, guess(data), NormalPair((0, 6), (1, 1)))
    assert found.levels == pytest.approx((0, 6), abs=0.15)
    same = halves(0.0, groups=False)
    start = NormalPair((-1, 1), (1, 1))
    assert one.find_levels(FLOATS, guess(same), start) is None
    assert one.find_levels(FLOATS, guess(same), start, levels=(-1.0, 1.0)).levels == (-1, 1)


@pytest.mark.parametrize("nats", [15, 30])
def test_a_second_level_has_to_earn_twenty_nats(nats):
    """The likelihood of one level is made so many nats less than that of two."""
    data = halves(2.0)
    pair = NormalPair((0, 2), (1.0, 1.0))
    test = question(data, pair)
    shares = np.array([0.05, 0.95])
    test.single = log_likelihood(data, pair, shares) - nats
    test.tails = -np.inf
    assert test._earned(pair, shares) == (nats > 20)
    test.single, test.tails = -np.inf, test.single
    assert test._earned(pair, shares) == (nats > 20)


def test_the_same_levels_in_equal_shares_are_no_two():
    data = halves(2.0, groups=False)
    pair = NormalPair((0, 2), (1.0, 1.0))
    test = question(data, pair)
    test.single = test.tails = -np.inf
    assert not test._earned(pair, np.array([0.5, 0.5]))
    assert test._earned(NormalPair((0, 2), (0.4, 0.4)), np.array([0.5, 0.5]))  # far


@pytest.mark.parametrize("known", ["sigma", "sigmas", "scale"])
def test_where_the_spread_is_told_there_are_no_long_tails(known):
    data = halves(1.0)
    pair = NormalPair((0, 1), (1.0, 1.0))
    assert question(data, pair).tails > -np.inf

    class Told(NormalPair):
        spread_name = known

        def put(self, **_):
            return self

        def with_known(self, **_):
            return self

    assert question(data, Told((0, 1), (1.0, 1.0)), **{known: 1.0}).tails == -np.inf


@pytest.mark.parametrize(("value", "colour"), [(200.0, "white"), (20.0, "black")])
def test_one_level_puts_the_other_out_of_reach_and_says_so(value, colour):
    data = row(normal(np.random.default_rng(5), 500, value, 4.0))
    with pytest.warns(
        EstimationWarning, match=f"only, about {data[0].mean():.4g}: .* all {colour}"
    ):
        found = one.fit_levels(GREY, guess(data), NormalPair((value, value + 1), (4, 4)))
    low, high = found.levels
    assert {"white": high, "black": low}[colour] == pytest.approx(data[0].mean())
    assert high - low >= 10 * found.spread
    assert found.spread == pytest.approx(data[0].std())


def test_close_levels_are_warned_of_unless_they_were_given():
    data = halves(2.0)
    start = NormalPair((0, 2), (1, 1))
    with pytest.warns(EstimationWarning, match="close"):
        one.fit_levels(np.zeros((1, 1), np.uint8), guess(data), start)
    one.fit_levels(np.zeros((1, 1), np.uint8), guess(data), start, levels=(0.0, 2.0))


class Climbs(one._Test):
    """The search alone: what each start reaches is told, and whether that is enough."""

    def __init__(self, found, reached, earning):
        self.guess, self.start, self.found = guess(row([])), "first", found
        self.data, self.alone = None, SimpleNamespace(about=lambda name, _: name, spread=1.0)
        self.reached, self.earning, self.climbed = reached, earning, []

    def _climb(self, start, share):
        self.climbed.append(start)
        return start, np.array([share, 0.0])

    def _extremes(self):
        return [("low", 0.9), ("high", 0.5)]

    def _earned(self, pair, _):
        return pair in self.earning

    def _polished(self, pair, share):
        return pair, share


NEAR, APART = NormalPair((0.0, 0.5), (1.0, 1.0)), NormalPair((0.0, 2.0), (1.0, 1.0))


@pytest.mark.parametrize(
    ("found", "reached", "earning", "best"),
    [
        (APART, (0, 99, 99), {"first", "low", "high"}, APART),  # good enough
        (NEAR, (0, 0.5, 0.9), {"first", "low", "high"}, NEAR),  # no nat to be gained
        (NEAR, (0, 1.5, 0.9), {"first", "low", "high"}, ("low", 0.45)),
        (NEAR, (0, 1.5, 2.4), {"first", "low", "high"}, ("low", 0.45)),
        (NEAR, (0, 1.5, 2.6), {"first", "low", "high"}, ("high", 0.25)),
        (NEAR, (0, 9, 9), {"first"}, NEAR),
        (APART, (0, -5, -9), {"low", "high"}, ("low", 0.45)),  # the first has not earned it
        (APART, (0, -5, -9), {"high"}, ("high", 0.25)),
        (NEAR, (0, 9, 9), set(), None),
        (APART, (0, 9, 9), set(), None),
    ],
)
def test_the_likeliest_that_earns_its_levels_is_taken(monkeypatch, found, reached, earning, best):
    values = dict(zip(("first", "low", "high"), reached, strict=True))
    monkeypatch.setattr(one, "log_likelihood", lambda _, pair, shares: values[pair])
    search = Climbs(found, reached, earning)
    assert search.best() == best
    assert search.climbed == (["first"] if best is APART else ["first", "low", "high"])


@pytest.mark.parametrize(("nats", "tested"), [(0.04, True), (0.06, False)])
def test_levels_that_earn_little_of_each_pixel_are_tested_against_long_tails(
    monkeypatch, nats, tested
):
    """One density is made so many nats a pixel less likely than the two levels."""
    data, start = halves(2.0), NormalPair((0, 2), (1, 1))
    reached = log_likelihood(data, *one.climb(data, start, 0.5, floor=1e-3))
    monkeypatch.setattr(one, "_likelihood", lambda *_: reached - nats * data[0].size)
    monkeypatch.setattr(one, "_Test", lambda *_: SimpleNamespace(best=lambda: "tested"))
    found = one.find_levels(FLOATS, guess(data), start)
    assert (found == "tested") == tested
    # coarse steps feign levels, however much they earn
    monkeypatch.setattr(one, "_one_density", lambda *_: NormalPair((1, 1), (4.0, 4.0)))
    assert one.find_levels(GREY, guess(data), start) == "tested"
