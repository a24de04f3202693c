"""What holds for every label map: bounds, falling energies, symmetries, and exact answers."""

import numpy as np
import pytest
import reference_potts as ref

from isingdenoise import ICM, Coupling, Gibbs, GraphCut, IsingModel, MeanField
from isingdenoise.backends.numba.potts import PottsLattice
from isingdenoise.inference import Status
from isingdenoise.potts import (
    POTTS_ENGINES,
    AlphaExpansion,
    PottsGibbs,
    PottsICM,
    PottsMeanField,
    PottsModel,
)

SMALL = [
    ref.random_potts(seed, shape, labels, neighbours=neighbours, size=size, sign=sign)
    for seed, (shape, labels) in enumerate([((2, 3), 4), ((3, 3), 2), ((1, 7), 3), ((2, 4), 3)])
    for neighbours, size, sign in [(4, 0.7, 1), (8, 0.5, 1), (8, 0.6, -1), (4, 30.0, 1)]
]
LARGE = [
    ref.random_potts(9, (23, 31), 4, neighbours=neighbours, sign=sign)
    for neighbours, sign in [(4, 1), (8, 1), (8, -1)]
]


def settled(kind):
    """Return an engine that is quick, and solves to the end."""
    return {"mf": PottsMeanField(tol=1e-6, max_sweeps=5000), "gibbs": PottsGibbs(20, 100)}.get(
        kind.name, kind()
    )


@pytest.mark.parametrize("model", SMALL, ids=repr)
def test_no_bound_is_above_the_log_evidence(model):
    found = settled(PottsMeanField).solve(model)
    exact = ref.ExactPotts(model)
    slack = 1e-5 * max(1, abs(exact.log_z))
    assert found.lower_bound <= exact.log_z + slack
    assert found.lower_bound == pytest.approx(ref.elbo(model, found.probability), abs=slack)
    # and it is no idle one: above that of what each pixel says alone
    alone = PottsMeanField(max_sweeps=1).solve(PottsModel(model.unary, 0.0)).probability
    assert found.lower_bound >= ref.elbo(model, alone) - slack


@pytest.mark.parametrize("damping", [1.0, 0.6, 0.1])
@pytest.mark.parametrize("model", LARGE, ids=repr)
def test_in_checkerboard_order_the_bound_never_falls(model, damping):
    found = PottsMeanField(damping=damping, bound_every=1, tol=1e-5).solve(model)
    bounds = found.trace.lower_bound
    assert len(bounds) > 5
    assert (np.diff(bounds) >= -1e-6 * abs(bounds[-1])).all()
    assert bounds[-1] > bounds[0]


def test_undamped_jacobi_would_fall_so_the_law_can_fail():
    """The control: strong pulls, all sites at once, full steps."""
    model = ref.random_potts(1, (12, 12), 3, size=2.5, spread=0.3)
    lattice = PottsLattice(model.unary, model.coupling, False)
    start = np.random.default_rng(0).dirichlet(np.ones(3), (12, 12)).transpose(2, 0, 1)
    state, bounds = lattice.pack(start.astype(np.float32)), []
    for _ in range(30):
        lattice.mean_field(state, state.copy(), 1.0)
        bounds.append(lattice.bound(state))
    assert min(np.diff(bounds)) < -1


@pytest.mark.parametrize("kind", [PottsICM, AlphaExpansion], ids=lambda kind: kind.name)
@pytest.mark.parametrize("model", LARGE[:2], ids=repr)
def test_energies_never_rise(model, kind):
    for init in (None, np.zeros(model.shape, int)):
        found = kind().solve(model, init=init)
        energies = found.trace.energy
        assert (np.diff(energies) <= 1e-3).all()
        assert found.status is Status.CONVERGED
        assert found.energy == pytest.approx(energies[-1], rel=1e-5)
        assert found.energy == pytest.approx(ref.energy(model, found.labels), rel=1e-6)
        start = np.argmax(model.unary, axis=0) if init is None else init
        assert found.energy < ref.energy(model, start)


@pytest.mark.parametrize("sign", [1, -1])
def test_icm_ends_where_no_label_alone_improves(sign):
    model = ref.random_potts(2, (6, 7), 4, neighbours=8, sign=sign)
    found = PottsICM().solve(model)
    assert ref.icm_sweep(model, found.labels)[1] == 0


def test_expansion_is_within_twice_the_least_cost():
    """The cost counts what disagrees and what is given up at each pixel; it is never negative."""
    gaps = []
    for seed in range(40):
        model = ref.random_potts(seed, (2, 3), 4, neighbours=8, size=1.2, spread=0.8)
        most = sum(J for *_, J in ref.edges(model))
        found = AlphaExpansion().solve(model, init=np.full(model.shape, seed % 4))
        least = ref.ExactPotts(model).least
        assert least - 1e-5 <= found.energy
        assert found.energy + most <= 2 * (least + most) + 1e-5
        gaps.append(found.energy - least)
    assert np.mean(np.array(gaps) < 1e-4) > 0.9  # and mostly it is the least itself


def test_no_expansion_of_one_label_improves_further():
    model = LARGE[1]
    found = AlphaExpansion().solve(model)
    again = AlphaExpansion().solve(model, init=found.labels)
    np.testing.assert_array_equal(again.labels, found.labels)
    for label in range(model.labels):  # a law that single pixels can break
        moved = np.where(
            np.random.default_rng(label).random(model.shape) < 0.1, label, found.labels
        )
        assert model.energy(moved) >= found.energy


@pytest.mark.parametrize("kind", POTTS_ENGINES.values(), ids=lambda kind: kind.name)
def test_permuting_the_labels_permutes_the_answer(kind):
    model = ref.random_potts(3, (12, 17), 4, neighbours=8, spread=1.5)
    order = np.array([2, 0, 3, 1])
    other = PottsModel(model.unary[order], model.coupling)
    a, b = settled(kind).solve(model, rng=1), settled(kind).solve(other, rng=1)
    if kind is PottsGibbs:  # the same number draws another label: alike on average
        assert np.abs(a.probability[order] - b.probability).mean() < 0.02
        return
    if kind is AlphaExpansion:  # another order of expansions may lead elsewhere
        assert a.energy == pytest.approx(b.energy, rel=0.01)
        return
    np.testing.assert_array_equal(order[b.labels], a.labels)
    assert b.energy == pytest.approx(a.energy, rel=1e-6)
    if a.probability is not None:
        np.testing.assert_allclose(a.probability[order], b.probability, atol=1e-5)


@pytest.mark.parametrize("kind", POTTS_ENGINES.values(), ids=lambda kind: kind.name)
def test_a_label_that_cannot_be_never_appears(kind):
    rng = np.random.default_rng(0)
    l = rng.normal(size=(4, 9, 11))  # noqa: E741 - the field's own name
    l[2] = -np.inf
    l[0, :, 5] = -np.inf
    found = settled(kind).solve(PottsModel(l, Coupling.eight(0.7)), rng=0)
    assert not (found.labels == 2).any()
    assert not (found.labels[:, 5] == 0).any()
    if found.probability is not None:
        assert found.probability[2].max() < 1e-20
        assert found.probability[0, :, 5].max() < 1e-20


@pytest.mark.parametrize("kind", POTTS_ENGINES.values(), ids=lambda kind: kind.name)
def test_without_a_coupling_each_pixel_speaks_alone(kind):
    model = PottsModel(np.random.default_rng(1).normal(size=(5, 8, 9)), 0.0)
    found = settled(kind).solve(model, rng=0)
    np.testing.assert_array_equal(found.labels, np.argmax(model.unary, axis=0))
    if found.probability is not None:
        alone = ref.softmax(np.moveaxis(model.unary.astype(float), 0, -1))
        np.testing.assert_allclose(found.probability, np.moveaxis(alone, -1, 0), atol=1e-6)
    if found.lower_bound is not None:
        log_z = float(np.log(np.exp(model.unary.astype(float)).sum(axis=0)).sum()) + model.offset
        assert found.lower_bound == pytest.approx(log_z, abs=1e-4)


# ---- two labels: the Ising model of half the strengths


@pytest.fixture(scope="module", params=[1, -1], ids=["positive", "negative"])
def both(request):
    """Return an Ising model, and the Potts model that is the same."""
    h = np.random.default_rng(4).normal(size=(20, 31))
    ising = IsingModel(h, Coupling(*(request.param * np.array([0.6, 0.4, 0.2, 0.1]))))
    return ising, PottsModel(np.stack([-h, h]), ising.coupling.scaled(2))


def test_with_two_labels_mean_field_is_that_of_the_ising_model(both):
    ising, model = both
    a = MeanField(tol=1e-6, schedule="checkerboard").solve(ising)
    b = PottsMeanField(tol=1e-6).solve(model)
    np.testing.assert_allclose(2 * b.probability[1] - 1, a.mean, atol=2e-5)
    edges = sum(J for *_, J in ref.edges(ising))  # J z z = 2 J [z = z] - J on each
    assert b.lower_bound - edges == pytest.approx(a.lower_bound, rel=1e-6)


def test_with_two_labels_icm_is_that_of_the_ising_model(both):
    a, b = ICM().solve(both[0]), PottsICM().solve(both[1])
    np.testing.assert_array_equal(2 * b.labels - 1, a.labels)
    assert b.work == a.work


def test_with_two_labels_expansion_is_the_minimum_cut(both):
    if both[0].coupling.horizontal < 0:
        pytest.skip("a cut needs strengths that are not negative")
    a, b = GraphCut().solve(both[0]), AlphaExpansion().solve(both[1])
    np.testing.assert_array_equal(2 * b.labels - 1, a.labels)


@pytest.mark.slow
@pytest.mark.parametrize("sign", [1, -1])
def test_with_two_labels_gibbs_samples_the_ising_model(sign):
    h = np.random.default_rng(4).normal(size=(20, 31))
    c = Coupling(*(sign * np.array([0.2, 0.3, 0.1, 0.05])))  # weak: chains forget quickly
    a = Gibbs(burn_in=50, sweeps=3000).solve(IsingModel(h, c), rng=1)
    b = PottsGibbs(burn_in=50, sweeps=3000).solve(PottsModel([-h, h], c.scaled(2)), rng=2)
    assert np.abs(2 * b.probability[1] - 1 - a.mean).mean() < 0.01
    d = PottsGibbs(burn_in=50, sweeps=3000).solve(PottsModel([-h, h], c), rng=2)  # the control
    assert np.abs(2 * d.probability[1] - 1 - a.mean).mean() > 0.04


# ---- samples against enumeration

BATCHES, BATCH = 120, 100


def batch_means(model):
    """Return the probabilities of each batch of sweeps, (BATCHES, K, H, W)."""
    lattice = PottsLattice(model.unary, model.coupling, False)
    labels = lattice.pack_labels(np.argmax(model.unary, axis=0).astype(np.int8))
    key, found = (np.uint32(7), np.uint32(11)), []
    for batch in range(BATCHES + 3):
        total = lattice.allocate()
        for sweep in range(BATCH):
            lattice.gibbs(labels, total, True, (batch * BATCH + sweep, 0), key)
        found.append(lattice.unpack(total) / BATCH)
    return np.array(found[3:], np.float64)


@pytest.mark.slow
@pytest.mark.parametrize(
    "coupling", [Coupling.nearest(0.6), Coupling.eight(0.5, -0.3)], ids=["shift", "largest"]
)
def test_gibbs_samples_agree_with_enumeration(coupling):
    """Standard errors are those of means of batches, which autocorrelation does not fool."""
    l = np.random.default_rng(3).normal(scale=0.5, size=(3, 2, 4))  # noqa: E741
    model = PottsModel(l, coupling)
    found = batch_means(model)
    mean, error = found.mean(axis=0), found.std(axis=0, ddof=1) / np.sqrt(BATCHES)
    assert np.abs((mean - ref.ExactPotts(model).probability) / error).max() < 4
    l[1] += 0.05
    moved = ref.ExactPotts(PottsModel(l, coupling)).probability  # the control
    assert np.abs((mean - moved) / error).max() > 5


@pytest.mark.parametrize("name", POTTS_ENGINES)
@pytest.mark.parametrize("rounds", [1, 4])
def test_a_callback_ends_the_solve_and_leaves_what_was_found(name, rounds):
    """As with the engines of two levels: no advice, and probabilities of what was kept."""
    score = np.random.default_rng(4).normal(size=(3, 8, 9))
    model = PottsModel(score, Coupling(0.9, 0.7, 0.3, 0.2))
    engine = POTTS_ENGINES[name](**({"burn_in": 2, "sweeps": 30} if name == "gibbs" else {}))
    seen = []

    def stop(step):
        seen.append(step.round)
        if len(seen) == rounds:
            raise StopIteration

    found = engine.solve(model, rng=1, callback=stop)
    assert len(found.trace) <= rounds
    assert found.status in (Status.STOPPED, Status.CONVERGED)
    assert name not in ("mf", "gibbs") or found.status is Status.STOPPED
    assert found.advice == ()
    assert found.energy == pytest.approx(model.energy(found.labels))
    if found.probability is not None:
        np.testing.assert_allclose(found.probability.sum(axis=0), 1, atol=1e-5)
        np.testing.assert_array_equal(found.labels, found.probability.argmax(axis=0))
