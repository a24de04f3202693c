"""The parts of stochastic variational inference: rates, the conjugate hierarchy, the ascent."""

import json

import numpy as np
import pytest
from scipy import stats

from isingdenoise import (
    NOISE_MODELS,
    Coupling,
    FlipNoise,
    FlipPerLevelNoise,
    GaussianNoise,
    LaplaceNoise,
    ParameterError,
    SaltPepperNoise,
)
from isingdenoise.learning.svi import State
from isingdenoise.learning.svi._climb import Plain, Reduced
from isingdenoise.learning.svi._hierarchy import Hierarchy
from isingdenoise.learning.svi._looks import Slopes
from isingdenoise.learning.svi._rates import STEPS, Adaptive, RobbinsMonro
from isingdenoise.learning.svi._source import Source
from isingdenoise.learning.svi._state import Group
from isingdenoise.learning.svi._vector import (
    coordinates,
    coupling_of,
    floors_of,
    noise_of,
    vector_of,
)
from isingdenoise.noise import Unit

FLOORS = np.full(2, 1e-6)


class Whole:
    """All the way."""

    def of(self, direction):
        return 1.0


def fixed_point(said):
    found = Hierarchy.begin(said, FLOORS)
    for _ in range(300):
        found = found.step(said, len(said), Whole())
    return found


# ------------------------------------------------------------------------ rates


def test_robbins_monro_rates_fall_slowly_enough_and_fast_enough():
    rates = RobbinsMonro()
    found = np.array([rates.of(np.zeros(1)) for _ in range(20000)])
    assert found[0] == 1
    assert (np.diff(found) < 0).all()
    assert found.sum() > 60
    assert (found[10000:] ** 2).sum() < 0.1 * (found**2).sum()


def test_adaptive_rates_follow_how_much_directions_agree():
    """Directions that agree are followed; those that are noise alone are averaged away."""
    rng = np.random.default_rng(0)
    steady, noise = Adaptive(), Adaptive()
    agree = [steady.of(np.ones(3)) for _ in range(60)]
    differ = [noise.of(rng.standard_normal(3)) for _ in range(60)]
    assert all(0 < rate <= 1 for rate in agree + differ)
    assert np.mean(agree[30:]) > 0.9
    assert np.mean(differ[30:]) < 0.3
    assert noise.of(np.zeros(3)) > 0


@pytest.mark.parametrize("name", STEPS)
def test_steps_average_noise_away(name):
    """On a noisy mean they come closer than single draws, by far; the control is rate 1."""
    rng = np.random.default_rng(1)
    errors = {}
    for rule in (STEPS[name], Whole):
        rates, at = rule(), np.full(5, 3.0)
        for _ in range(400):
            by = rng.standard_normal(5) - at
            at = at + rates.of(by) * by
        errors[rule] = float(np.sqrt(np.mean(at**2)))
    assert errors[STEPS[name]] < 0.4
    assert errors[Whole] > 0.5


# -------------------------------------------------------------------- hierarchy


def test_a_page_of_another_kind_moves_the_mean_little():
    rng = np.random.default_rng(2)
    said = rng.normal([3.0, -1.0], [0.1, 0.5], (40, 2))
    alone = fixed_point(said)
    np.testing.assert_allclose(alone.mean, said.mean(0), atol=0.1)
    np.testing.assert_allclose(alone.spread, said.std(0), rtol=0.25)
    odd = np.concatenate([said, [[30.0, 40.0]] * 4])
    assert (np.abs(fixed_point(odd).mean - alone.mean) < 2 * alone.error).all()
    assert (np.abs(odd.mean(0) - alone.mean) > 20 * alone.error).all()  # the control
    assert (fixed_point(odd).apart(odd[-1]) > 30).all()


def test_the_fixed_point_is_that_of_student_s_t():
    """The mean is the maximum of the likelihood of t with four degrees of freedom."""
    said = np.random.default_rng(3).standard_t(4, (400, 2))
    found = fixed_point(said)
    for k in range(2):
        _, place, scale = stats.t.fit(said[:, k], fdf=4)
        assert abs(found.mean[k] - place) < 0.02
        assert found.spread[k] * 0.831 == pytest.approx(scale, rel=0.03)


def test_errors_are_those_of_repeated_draws():
    rng = np.random.default_rng(4)
    found = [fixed_point(rng.standard_normal((30, 2))) for _ in range(60)]
    scores = np.array([h.mean / h.error for h in found])
    assert 0.8 < np.sqrt(np.mean(scores**2)) < 1.25


@pytest.mark.parametrize("name", STEPS)
def test_minibatches_come_to_what_all_pages_together_say(name):
    rng = np.random.default_rng(5)
    said = rng.standard_t(5, (60, 2)) * [0.1, 4.0] + [7.0, -20.0]
    goal, found, rate = fixed_point(said), None, STEPS[name]()
    for _ in range(12):
        for rows in np.split(rng.permutation(60), 10):
            found = found or Hierarchy.begin(said[rows], FLOORS)
            found = found.step(said[rows], 60, rate)
    assert (np.abs(found.mean - goal.mean) < goal.error).all()
    np.testing.assert_allclose(found.spread, goal.spread, rtol=0.3)


def test_a_stream_counts_each_page_once():
    rng = np.random.default_rng(6)
    said = rng.standard_normal((80, 2))
    half = fixed_point(said[:40])
    both = half
    for rows in np.split(said[40:], 8):
        both = both.added(rows)
    assert both.pages == 80
    goal = fixed_point(said)
    assert (np.abs(both.mean - goal.mean) < 0.5 * goal.error).all()
    np.testing.assert_allclose(both.error, goal.error, rtol=0.1)


def test_pages_that_say_the_same_give_it_back():
    found = fixed_point(np.tile([2.5, -1.0], (7, 1)))
    np.testing.assert_allclose(found.mean, [2.5, -1.0], atol=1e-9)
    assert np.isfinite(found.spread).all()


# ------------------------------------------------------------------ coordinates

MODELS = [
    GaussianNoise(12.0, (60.0, 190.0)),
    FlipNoise(0.2, (0.0, 255.0)),
    FlipPerLevelNoise(0.05, 0.2),
    LaplaceNoise(3.0, (1.0, 9.0)),
    SaltPepperNoise(0.1, 0.2, 0.0),
    SaltPepperNoise(0.1, 0.2, 20.0, (64.0, 191.0), (0.0, 255.0)),
    *(kind() for kind in NOISE_MODELS.values()),
]


@pytest.mark.parametrize("noise", MODELS, ids=repr)
def test_vectors_come_back(noise):
    coupling = Coupling(0.5, 0.8, -0.1, -0.1)
    vector = vector_of(noise, coupling, 1.2)
    assert vector.size == len(coordinates(type(noise))) + 4
    assert vector.size == floors_of(noise).size
    again = noise_of(noise, vector)
    back = vector_of(again, coupling, 1.2)
    np.testing.assert_allclose(back, vector, rtol=1e-9, atol=1e-9)
    strengths = coupling_of(vector[-4:-1], float(np.exp(vector[-1])))
    assert strengths.horizontal == pytest.approx(0.5)
    assert strengths.diagonal == pytest.approx(-0.1)


@pytest.mark.parametrize("noise", MODELS, ids=repr)
def test_any_vector_is_a_noise_model(noise):
    rng = np.random.default_rng(7)
    known = coordinates(type(noise))
    for scale in (1.0, 30.0):
        vector = scale * rng.standard_normal(len(known) + 4)
        for k, each in enumerate(known):
            if each.known.unit is Unit.SHARE:  # salt and pepper are less than 1 together
                vector[k] = -abs(vector[k])
        assert type(noise_of(noise, vector)) is type(noise)


def test_a_state_survives_json_and_wrong_ones_are_refused():
    said = np.random.default_rng(8).normal(
        vector_of(MODELS[0], Coupling(0.5, 0.5), 1.1), 0.1, (9, 7)
    )
    group = Group(MODELS[0], Hierarchy.begin(said, floors_of(MODELS[0])).added(said), 9)
    state = State({"gaussian": group}, 9, 0, 0, np.zeros(3), 9)
    record = json.loads(json.dumps(state.record()))
    again = State.from_record(record)
    assert again.record() == state.record()
    assert again.winner is not None
    assert again.winner.noise == group.noise
    noises = record["noises"]["gaussian"]
    for wrong in (
        {**record, "seen": "many"},
        {**record, "seen": -1},
        {**record, "strengths": [1.0]},
        {**record, "strengths": [1.0, 2.0, float("nan")]},
        {**record, "noises": {"nonsense": noises}},
        {**record, "noises": {"gaussian": {**noises, "scale": [0.0] * 7}}},
        {**record, "noises": {"gaussian": {**noises, "centre": noises["centre"][:-1]}}},
        {**record, "noises": {"gaussian": {**noises, "natural": [[1.0] * 7] * 3}}},
        {**record, "noises": {"gaussian": {**noises, "like": {"sigma": -1.0}}}},
        {**record, "noises": {"flip": noises}},
        {**record, "noises": 3},
        {},
        None,
    ):
        with pytest.raises(ParameterError, match="start: "):
            State.from_record(wrong)


# ----------------------------------------------------------------------- ascent


def slopes_of(centres, weights, at):
    """Return those of pages whose scores are parabolas."""
    return {
        k: Slopes(float(-np.sum(w * (at - c) ** 2)), -2 * w * (at - c), -2 * w)
        for k, (c, w) in enumerate(zip(centres, weights, strict=True))
    }


def climbed(kind, rate, epochs, seed):
    """Return how far from the optimum an ascent ends after so many passes over all pages."""
    rng = np.random.default_rng(9)
    centres = rng.normal([-0.5, -0.3, 0.1], 0.3, (40, 3))
    weights = rng.uniform(0.02, 0.3, (40, 3))
    best = np.sum(weights * centres, axis=0) / np.sum(weights, axis=0)
    climb, order = kind(np.array([-1.5, 0.5, 0.6]), rate()), np.random.default_rng(seed)
    passes = 0
    while passes < epochs:
        if climb.snapshots:
            climb.snapshot(slopes_of(centres, weights, climb.strengths))
            passes += 1
        for rows in np.split(order.permutation(40), 10):
            every = slopes_of(centres, weights, climb.strengths)
            climb.step(rows.tolist(), [every[k] for k in rows.tolist()])
        passes += 1
    return float(np.linalg.norm(climb.strengths - best))


@pytest.mark.parametrize(("kind", "rate"), [(Plain, RobbinsMonro), (Plain, Adaptive)])
def test_plain_gradients_come_near(kind, rate):
    assert np.mean([climbed(kind, rate, 8, seed) for seed in range(5)]) < 0.08


def test_gradients_of_reduced_variance_come_nearer_in_as_many_passes():
    reduced = np.mean([climbed(Reduced, RobbinsMonro, 8, seed) for seed in range(5)])
    assert reduced < 0.01
    assert reduced < 0.2 * np.mean([climbed(Plain, RobbinsMonro, 8, seed) for seed in range(5)])


def test_the_variance_of_steps_vanishes_at_the_snapshot():
    rng = np.random.default_rng(10)
    centres, weights = rng.normal(0, 0.3, (40, 3)), rng.uniform(0.02, 0.3, (40, 3))
    variances = {}
    for distance in (0.0, 0.1, 0.3):
        climb = Reduced(np.zeros(3), RobbinsMonro())
        climb.snapshot(slopes_of(centres, weights, np.zeros(3)))
        every = slopes_of(centres, weights, np.full(3, distance))
        found = []
        for _ in range(300):
            rows = rng.choice(40, 4, replace=False).tolist()
            few = [every[k] for k in rows]
            found.append((climb.direction(rows, few), Plain.direction(climb, rows, few)))
        variances[distance] = np.var(found, axis=0).sum(axis=1)
    assert variances[0.0][0] < 1e-25
    assert variances[0.1][0] < variances[0.3][0] < variances[0.3][1]


# ----------------------------------------------------------------------- source


class Pages:
    """Pages that can be begun anew, but not picked."""

    def __iter__(self):
        return iter([10, 11, 12])


def test_sources():
    rng = np.random.default_rng(0)
    listed, once, anew = Source([10, 11, 12]), Source(iter([10, 11, 12])), Source(Pages())
    for source, again in ((listed, True), (once, False), (anew, True)):
        assert source.again is again
        assert sorted(source.visit(rng)) == [(0, 10), (1, 11), (2, 12)]
    assert sorted(listed.visit(rng)) == sorted(anew.visit(rng)) == [(0, 10), (1, 11), (2, 12)]
    assert (listed.length, once.length, anew.length) == (3, None, None)
