"""What holds for every volume: exact answers, bounds, falling energies, symmetries, samples."""

from dataclasses import replace

import numpy as np
import pytest
import reference_volume as ref

from isingdenoise import ICM, Coupling, IsingModel, MeanField
from isingdenoise.backends.numba.volume import VolumeLattice
from isingdenoise.diagnostics import effective_sample_size
from isingdenoise.inference import Status
from isingdenoise.volumes import (
    VolumeCoupling,
    VolumeGibbs,
    VolumeICM,
    VolumeMeanField,
    VolumeModel,
)

KINDS = (4, 6, 10, 18, 26)
EVERY_KIND = pytest.mark.parametrize("neighbours", KINDS)
SIGNS = pytest.mark.parametrize("sign", [1, -1])
SMALL = [(2, 3, 3), (3, 2, 2), (1, 3, 4), (7, 1, 1), (2, 1, 5)]
FULL = {"schedule": "checkerboard", "tol": 0.0}


def lattice_of(model, parallel=False):
    c = model.coupling
    return VolumeLattice(model.field, c.plane, c.between, parallel)


# ---- against slow versions


@EVERY_KIND
@SIGNS
@pytest.mark.parametrize(
    "shape", [(2, 3, 3), (4, 5, 6), (3, 1, 4), (5, 1, 1), (1, 6, 5), (3, 4, 7)]
)
def test_sweeps_do_what_the_slow_ones_do(neighbours, sign, shape):
    model = ref.random_volume(1, shape, neighbours, sign=sign)
    start = np.random.default_rng(0).uniform(-1, 1, shape)
    expected = start
    for _ in range(3):
        expected = ref.mean_field_sweep(model, expected, 0.8)
    found = VolumeMeanField(damping=0.8, max_sweeps=3, **FULL).solve(model, init=start)
    np.testing.assert_allclose(found.mean, expected, atol=2e-6)
    labels = np.where(start >= 0, 1, -1).astype(np.int8)
    for _ in range(2):
        labels, _ = ref.icm_sweep(model, labels)
    np.testing.assert_array_equal(VolumeICM(max_sweeps=2).solve(model, init=start).labels, labels)


@EVERY_KIND
@pytest.mark.parametrize("shape", [*SMALL, (4, 6, 5)])
def test_energy_bound_and_pull_are_those_of_the_edges(neighbours, shape):
    model = ref.random_volume(2, shape, neighbours, offset=3.5)
    rng = np.random.default_rng(1)
    mean = rng.uniform(-1, 1, shape).astype(np.float32)
    labels = rng.choice([-1, 1], shape)
    assert model.energy(labels) == pytest.approx(ref.energy(model, labels), rel=1e-9)
    assert model.elbo(mean) == pytest.approx(ref.elbo(model, mean), rel=1e-9)
    pull = ref.matrix(model) @ mean.reshape(-1).astype(float) + ref.field(model)
    np.testing.assert_allclose(model.local_field(mean), pull.reshape(shape), atol=1e-5)
    lattice = lattice_of(model)
    scale = 1e-6 * model.field.size
    assert lattice.energy(lattice.pack_signs(labels.astype(np.float32))) == pytest.approx(
        ref.energy(model, labels), abs=scale
    )
    assert lattice.elbo(lattice.pack(mean)) + 3.5 == pytest.approx(ref.elbo(model, mean), abs=scale)


# ---- bounds, and energies that fall


@EVERY_KIND
@SIGNS
@pytest.mark.parametrize("shape", SMALL)
def test_no_bound_is_above_the_log_evidence(neighbours, sign, shape):
    model = ref.random_volume(3, shape, neighbours, size=0.5, sign=sign, offset=-2.0)
    found = VolumeMeanField(tol=1e-6, max_sweeps=5000).solve(model)
    exact = ref.Exact(model).log_z - 2.0
    assert found.lower_bound <= exact + 1e-4
    assert found.lower_bound == pytest.approx(ref.elbo(model, found.mean), abs=1e-4)
    alone = ref.elbo(model, np.tanh(model.field))
    assert found.lower_bound > alone - 1e-4  # and it is no idle one


@EVERY_KIND
@SIGNS
@pytest.mark.parametrize("damping", [1.0, 0.5])
@pytest.mark.parametrize("schedule", ["checkerboard", "tiled"])
def test_the_bound_never_falls(neighbours, sign, damping, schedule):
    model = ref.random_volume(4, (9, 10, 11), neighbours, size=0.6, sign=sign, spread=0.7)
    engine = VolumeMeanField(damping=damping, schedule=schedule, bound_every=1, tol=1e-5)
    bounds = engine.solve(model).trace.lower_bound
    assert len(bounds) > 2
    assert (np.diff(bounds) >= -1e-6 * abs(bounds[-1])).all()
    assert bounds[-1] > bounds[0]


def test_undamped_jacobi_falls_so_the_law_can_fail():
    """The control: strong pulls, all voxels at once, full steps."""
    lattice = lattice_of(ref.random_volume(5, (6, 6, 6), 6, size=1.5, spread=0.3))
    rng = np.random.default_rng(0)
    mean = lattice.pack(rng.uniform(-1, 1, lattice.shape).astype(np.float32))
    bounds = []
    for _ in range(30):
        lattice.mean_field(mean, mean.copy(), 1.0)
        bounds.append(lattice.elbo(mean))
    assert min(np.diff(bounds)) < -1


@EVERY_KIND
@SIGNS
def test_icm_never_raises_the_energy_and_ends_where_no_label_alone_improves(neighbours, sign):
    model = ref.random_volume(6, (6, 7, 5), neighbours, size=0.4, sign=sign)
    for init in (None, np.ones(model.shape)):
        found = VolumeICM().solve(model, init=init)
        energies = found.trace.energy
        assert (np.diff(energies) <= 1e-3).all()
        assert found.status is Status.CONVERGED
        assert found.energy == pytest.approx(ref.energy(model, found.labels), rel=1e-5)
        assert found.energy == pytest.approx(energies[-1], rel=1e-4)
        assert ref.icm_sweep(model, found.labels)[1] == 0
        start = np.where(model.field >= 0, 1, -1) if init is None else init
        assert found.energy < ref.energy(model, start)


# ---- schedules agree


@EVERY_KIND
def test_every_schedule_ends_at_the_fixed_point(neighbours):
    # pulls below 1 in all: there is one fixed point only
    model = ref.random_volume(7, (11, 18, 133), neighbours, size=1.2 / neighbours)
    means = []
    for engine in (
        VolumeMeanField(tol=1e-5, schedule="checkerboard"),
        VolumeMeanField(tol=1e-5),
        VolumeMeanField(tol=1e-5, damping=0.7),
        VolumeMeanField(tol=1e-5, damping=0.5, schedule="jacobi"),
    ):
        found = engine.solve(model)
        assert found.status is Status.CONVERGED
        off = np.abs(np.tanh(model.local_field(found.mean)) - found.mean).max()
        assert off <= 1.2e-5
        assert found.diagnostics["residual"] == pytest.approx(off, abs=1e-6)
        means.append(found.mean)
    for other in means[1:]:
        np.testing.assert_allclose(other, means[0], atol=1e-4)


@pytest.mark.slow
@pytest.mark.parametrize("neighbours", [6, 10, 26])
@pytest.mark.parametrize("slabs", [1, 2, 3])
@pytest.mark.parametrize("count", [1, 2, 3])
def test_sweeps_in_cache_give_the_bits_of_plain_ones(neighbours, slabs, count):
    from isingdenoise._kernels import volume_mean_field

    phases = {6: 2, 10: 4, 26: 8}[neighbours]
    model = ref.random_volume(8, (2 * slabs * count * phases + 1, 5, 6), neighbours)
    lattice = lattice_of(model)
    start = np.tanh(model.field)
    plain, blocked = lattice.pack(start), lattice.pack(start)
    for _ in range(count):
        residual = lattice.mean_field(plain, plain, 1.0)
    rows = lattice.residuals.copy()
    for parallel in (False, True):
        blocked = lattice.pack(start)
        volume_mean_field.blocked_sweeps(
            blocked, *lattice.parameters, np.float32(1), lattice.residuals, count, slabs,
            parallel=parallel,
        )  # fmt: skip
        np.testing.assert_array_equal(blocked, plain)
        np.testing.assert_array_equal(lattice.residuals, rows)
    assert residual > 0


@pytest.mark.slow
@EVERY_KIND
def test_threads_give_the_bits_of_one(neighbours):
    model = ref.random_volume(9, (13, 12, 131), neighbours, size=0.4)
    for engine in (
        VolumeMeanField(tol=1e-4),
        VolumeMeanField(schedule="checkerboard"),
        VolumeICM(),
        VolumeGibbs(burn_in=2, sweeps=4),
    ):
        one = replace(engine, parallel=False).solve(model, rng=3)
        many = replace(engine, parallel=True).solve(model, rng=3)
        np.testing.assert_array_equal(one.labels, many.labels)
        assert one.energy == pytest.approx(many.energy, rel=1e-7)
        if one.mean is not None:
            np.testing.assert_array_equal(one.mean, many.mean)


# ---- planes by themselves are pictures


@pytest.mark.parametrize("coupling", [Coupling(0.5, 0.4), Coupling(0.4, 0.3, 0.2, 0.1)], ids=str)
def test_without_couplings_between_planes_each_is_a_picture(coupling):
    h = np.random.default_rng(0).normal(size=(5, 24, 31))
    model = VolumeModel(h, VolumeCoupling(coupling))
    pictures = [IsingModel(plane, coupling) for plane in h]
    found = VolumeMeanField(max_sweeps=7, **FULL).solve(model)
    engine = MeanField(max_sweeps=7, **FULL)
    expected = np.stack([engine.solve(picture).mean for picture in pictures])
    np.testing.assert_allclose(found.mean, expected, atol=1e-6)
    labels = np.stack([ICM(max_sweeps=50).solve(picture).labels for picture in pictures])
    np.testing.assert_array_equal(VolumeICM(max_sweeps=50).solve(model).labels, labels)
    bound = sum(engine.solve(picture).lower_bound for picture in pictures)
    assert found.lower_bound == pytest.approx(bound, rel=1e-6)
    # the control: the least coupling between planes is another answer
    touched = VolumeModel(h, VolumeCoupling(coupling, 0.01))
    other = VolumeMeanField(max_sweeps=7, **FULL).solve(touched)
    assert np.abs(other.mean - expected).max() > 1e-3


def test_a_stack_of_one_plane_is_a_picture_whatever_the_coupling_between_planes():
    h = np.random.default_rng(1).normal(size=(1, 17, 20))
    found = VolumeMeanField(tol=1e-6).solve(VolumeModel(h, 0.5))
    picture = MeanField(tol=1e-6).solve(IsingModel(h[0], 0.5))
    np.testing.assert_allclose(found.mean[0], picture.mean, atol=1e-5)


# ---- symmetries


@EVERY_KIND
@pytest.mark.parametrize("engine", [VolumeMeanField(tol=1e-6), VolumeICM()], ids=lambda e: e.name)
def test_turning_the_field_turns_the_answer(neighbours, engine):
    model = ref.random_volume(10, (6, 7, 9), neighbours)
    a = engine.solve(model)
    b = engine.solve(VolumeModel(-model.field, model.coupling))
    np.testing.assert_array_equal(a.labels, -b.labels)
    assert a.energy == pytest.approx(b.energy, rel=1e-6)
    if a.mean is not None:
        np.testing.assert_allclose(a.mean, -b.mean, atol=1e-5)


def turned(model, axes):
    """Return the model with its axes in another order, and its strengths with them."""
    strengths = {}
    c = model.coupling.plane
    for step, J in (
        ((0, 0, 1), c.horizontal),
        ((0, 1, 0), c.vertical),
        ((0, 1, 1), c.diagonal),
        ((0, 1, -1), c.antidiagonal),
        *(
            ((1, dy, dx), model.coupling.between[dy + 1][dx + 1])
            for dy in (-1, 0, 1)
            for dx in (-1, 0, 1)
        ),
    ):
        new = tuple(step[a] for a in axes)
        strengths[new] = strengths[tuple(-s for s in new)] = J
    plane = Coupling(*(strengths[0, y, x] for y, x in ((0, 1), (1, 0), (1, 1), (1, -1))))
    table = [[strengths[1, y, x] for x in (-1, 0, 1)] for y in (-1, 0, 1)]
    return VolumeModel(model.field.transpose(axes), VolumeCoupling(plane, table))


@pytest.mark.parametrize("neighbours", [6, 18, 26])
@pytest.mark.parametrize("axes", [(0, 2, 1), (1, 0, 2), (2, 0, 1), (2, 1, 0)])
def test_transposing_the_volume_transposes_the_answer(neighbours, axes):
    model = ref.random_volume(11, (5, 6, 7), neighbours, size=0.15)
    other = turned(model, axes)
    engine = VolumeMeanField(tol=1e-6, max_sweeps=5000)
    a, b = engine.solve(model), engine.solve(other)
    np.testing.assert_allclose(a.mean.transpose(axes), b.mean, atol=2e-5)
    assert a.lower_bound == pytest.approx(b.lower_bound, abs=1e-3)
    # the control: with the strengths left behind it is another model
    left = VolumeModel(model.field.transpose(axes), model.coupling)
    assert np.abs(engine.solve(left).mean - b.mean).max() > 1e-3


# ---- samples


def samples(model, sweeps, rng=0):
    """Return conditional means of every kept sweep, (sweeps, D, H, W)."""
    lattice = lattice_of(model)
    labels = lattice.signs(lattice.field)
    found = []
    for sweep in range(sweeps + 50):
        total = lattice.allocate(np.float32)
        lattice.gibbs_sweep(labels, total, True, (sweep, 0), (np.uint32(rng), np.uint32(7)))
        if sweep >= 50:
            found.append(lattice.unpack(total))
    return np.array(found, np.float64)


@pytest.mark.slow
@pytest.mark.parametrize("neighbours", [6, 10, 18, 26])
def test_marginals_of_samples_are_exact_within_their_errors(neighbours):
    model = ref.random_volume(12, (2, 3, 3), neighbours, size=0.25, spread=0.4)
    drawn = samples(model, 20_000)
    flat = drawn.reshape(len(drawn), -1)
    sizes = np.array([effective_sample_size(column[None]) for column in flat.T])
    error = (flat.std(axis=0, ddof=1) / np.sqrt(sizes)).reshape(model.shape)
    off = np.abs(drawn.mean(axis=0) - ref.Exact(model).mean) / error
    assert off.max() < 4
    moved = VolumeModel(model.field + 0.1, model.coupling)  # the control: a tenth off is seen
    assert (np.abs(drawn.mean(axis=0) - ref.Exact(moved).mean) / error).max() > 6


def test_the_engine_averages_what_the_kernel_draws():
    model = ref.random_volume(13, (2, 3, 3), 6, spread=0.4)
    found = VolumeGibbs(burn_in=100, sweeps=4000, chains=2).solve(model, rng=1)
    np.testing.assert_allclose(found.mean, ref.Exact(model).mean, atol=0.03)
    assert found.status is Status.SAMPLED
    assert found.diagnostics["r_hat"] < 1.05


@pytest.mark.slow
def test_samples_without_couplings_between_planes_are_those_of_pictures():
    from isingdenoise import Gibbs

    h = np.random.default_rng(0).normal(size=(3, 12, 14))
    found = VolumeGibbs(burn_in=100, sweeps=3000).solve(VolumeModel(h, VolumeCoupling(0.3)), rng=0)
    engine = Gibbs(burn_in=100, sweeps=3000)
    pictures = np.stack([engine.solve(IsingModel(p, 0.3), rng=1).mean for p in h])
    assert np.abs(found.mean - pictures).max() < 0.05
    assert np.abs(found.mean - pictures).mean() < 0.005
