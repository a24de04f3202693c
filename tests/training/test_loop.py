"""The loop: it learns, goes on as if never interrupted, and makes its objectives small."""

import io
import json

import numpy as np
import pytest

from isingdenoise import Coupling, IsingModel, MeanField
from isingdenoise.backends import packed
from isingdenoise.errors import ParameterError, ReadError
from isingdenoise.inference import Boltzmann
from isingdenoise.prior import read_machine, read_network

torch = pytest.importorskip("torch")

from isingdenoise.training.batches import Sample
from isingdenoise.training.fields import flip_field
from isingdenoise.training.loop import Trainer
from isingdenoise.training.machine import UnrolledMachine
from isingdenoise.training.network import Denoiser, arrays_of, load_arrays
from isingdenoise.training.objectives import elbo
from isingdenoise.training.plan import Plan
from isingdenoise.training.validation import elbo_gap
from isingdenoise.training.weights import weights_file

MACHINE = Plan(
    steps=6, size=2, side=32, planes=(4, 8), precision="float32", kind="machine", rate=1e-2
)
SMALL = Plan(steps=6, size=2, side=32, planes=(8, 8, 8), middle=1, precision="float32")


def squares(number):
    """Return a dark square somewhere on white, one pixel in ten flipped."""
    rng = np.random.default_rng(number)
    picture = np.ones((32, 32), bool)
    top, left = rng.integers(0, 16, 2)
    picture[top : top + 16, left : left + 16] = False
    signs = np.where(picture, np.float32(1), np.float32(-1))
    return Sample(picture, flip_field(signs, 0.1, rng), (0.5, 0.1))


def trained(plan, steps=None, trainer=None):
    trainer = trainer or Trainer(plan, squares)
    told = []
    trainer.run(range(plan.steps if steps is None else steps), told.append, 1)
    return trainer, told


def same(one, other):
    pairs = zip(arrays_of(one).values(), arrays_of(other).values(), strict=True)
    return all(np.array_equal(a, b) for a, b in pairs)


@pytest.mark.parametrize("plan", [SMALL, MACHINE], ids=["network", "machine"])
def test_the_same_seed_gives_the_same_weights_another_gives_others(plan):
    first, _ = trained(plan)
    again, _ = trained(plan)
    other, _ = trained(Plan(**{**plan.__dict__, "seed": 1}))
    assert same(first.average, again.average)
    assert not same(first.average, other.average)


@pytest.mark.parametrize("plan", [SMALL, MACHINE], ids=["network", "machine"])
def test_a_run_goes_on_as_if_it_had_not_been_interrupted(tmp_path, plan):
    whole, _ = trained(plan)
    half, _ = trained(plan, steps=3)
    half.save(tmp_path / "state")
    rest = Trainer(plan, squares)
    rest.load(tmp_path / "state")
    assert rest.step == 3
    trained(plan, steps=3, trainer=rest)
    assert same(whole.network, rest.network)
    assert same(whole.average, rest.average)


def test_a_state_of_another_plan_or_of_none_is_refused(tmp_path):
    half, _ = trained(SMALL, steps=1)
    half.save(tmp_path / "state")
    with pytest.raises(ReadError, match="another rate"):
        Trainer(Plan(**{**SMALL.__dict__, "rate": 0.5}), squares).load(tmp_path / "state")
    (tmp_path / "noise").write_bytes(b"nothing")
    with pytest.raises(ReadError, match="no training"):
        Trainer(SMALL, squares).load(tmp_path / "noise")


@pytest.mark.slow
def test_training_lowers_the_loss_below_that_of_the_pixel_alone():
    plan = Plan(**{**SMALL.__dict__, "steps": 150, "size": 4})
    _, told = trained(plan)
    alone = -(0.1 * np.log(0.1) + 0.9 * np.log(0.9))
    assert told[0].loss == pytest.approx(alone, rel=0.1)  # a = h at first
    assert np.mean([progress.loss for progress in told[-20:]]) < 0.35 * alone


@pytest.mark.slow
def test_the_bound_rises_towards_that_of_mean_field():
    plan = Plan(**{**SMALL.__dict__, "steps": 200, "size": 4, "objective": "elbo"})
    trainer, _ = trained(plan)

    def field(number):
        return squares(10_000 + number).field

    converged, found = elbo_gap(trainer.average, plan.coupling, field, 4)
    _, untrained = elbo_gap(Trainer(plan, squares).average, plan.coupling, field, 4)
    assert untrained < found < converged + 1e-4
    assert converged - found < 0.25 * (converged - untrained)


@pytest.mark.parametrize("coupling", [0.0, 0.7, -0.4])
def test_the_bound_is_that_of_the_ising_model(coupling):
    rng = np.random.default_rng(2)
    field, a = rng.normal(size=(2, 16, 24)).astype(np.float32)
    model = IsingModel(field, Coupling.nearest(coupling))
    with packed(model, False) as lattice:
        expected = lattice.elbo(lattice.pack(np.tanh(a)))
    found = float(elbo(torch.from_numpy(a[None]), torch.from_numpy(field[None]), coupling)[0])
    assert found * field.size == pytest.approx(expected, rel=1e-5)


def test_no_network_goes_above_converged_mean_field():
    field = squares(1).field
    best = MeanField(tol=1e-6, max_sweeps=2000).solve(IsingModel(field, 0.6)).lower_bound
    rng = np.random.default_rng(0)
    tries = np.stack([field * t + rng.normal(scale=s, size=field.shape).astype(np.float32)
                      for t in (1, 2, 3) for s in (0, 0.1)])  # fmt: skip
    found = elbo(torch.from_numpy(tries), torch.from_numpy(field[None]), 0.6)
    assert float(found.max()) * field.size < best


def test_the_file_holds_the_weights_and_is_the_same_each_time():
    network = Denoiser((8, 8, 12), 2)
    data = weights_file(network, {"pictures": "drawn"})
    assert data == weights_file(network, {"pictures": "drawn"})
    content = np.load(io.BytesIO(data), allow_pickle=False)
    assert int(content["format"]) == 1
    assert json.loads(str(content["about"])) == {"pictures": "drawn"}
    assert content["in.weight"].dtype == np.float16
    assert content["mid1.b.bias"].dtype == np.float32
    other = Denoiser((8, 8, 12), 2)
    load_arrays(other, {k: content[k] for k in content.files if k not in ("format", "about")})
    assert same(network, other)


def test_a_new_network_leaves_the_field_nearly_as_it_is():
    torch.manual_seed(0)
    field = torch.randn(2, 24, 40)
    with torch.no_grad():
        assert float((Denoiser()(field) - field).abs().max()) < 0.2


def random_unrolled(planes=(8, 12)):
    torch.manual_seed(0)
    network = UnrolledMachine(planes)
    with torch.no_grad():
        for parameter in network.parameters():
            parameter.add_(0.1 * torch.randn_like(parameter))
    return network


@pytest.mark.parametrize("shape", [(4, 4), (36, 60)])
def test_a_machine_is_trained_as_its_engine_runs_it(tmp_path, shape):
    network = random_unrolled()
    (tmp_path / "machine.npz").write_bytes(weights_file(network, {}))
    field = np.random.default_rng(0).normal(size=(1, *shape)).astype(np.float32)
    model = IsingModel(field[0], Coupling.eight(0.4, 0.1))
    found = Boltzmann(prior=str(tmp_path / "machine.npz")).solve(model)
    load_arrays(network, read_machine(tmp_path / "machine.npz").arrays())  # rounded to float16
    with torch.no_grad():
        a = network(torch.from_numpy(field), torch.tensor([[0.4, 0.1]]))[0].numpy()
    np.testing.assert_allclose(found.mean, np.tanh(a), atol=1e-5)


@pytest.mark.slow
def test_training_lowers_the_loss_of_a_machine_below_that_of_mean_field():
    plan = Plan(**{**MACHINE.__dict__, "steps": 150, "size": 4})
    trainer, told = trained(plan)
    samples = [squares(10_000 + number) for number in range(8)]

    def loss(odds):
        pairs = zip(odds, samples, strict=True)
        return np.mean([np.logaddexp(0, -2 * np.where(s.clean, a, -a)).mean() for a, s in pairs])

    fields = torch.from_numpy(np.stack([sample.field for sample in samples]))
    with torch.no_grad():
        own = trainer.average(fields, torch.tensor([[0.5, 0.1]]).expand(8, 2)).numpy()
    models = [IsingModel(sample.field, Coupling.eight(0.5, 0.1)) for sample in samples]
    means = [MeanField(tol=1e-4).solve(model).mean for model in models]
    assert loss(own) < 0.8 * loss([np.arctanh(np.clip(m, -0.9999999, 0.9999999)) for m in means])
    assert np.mean([progress.loss for progress in told[-20:]]) < told[0].loss


def test_a_machine_has_a_bound_of_its_own():
    with pytest.raises(ParameterError, match=r"^objective: elbo is for networks"):
        Plan(kind="machine", objective="elbo")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("steps", 0),
        ("kind", "x"),
        ("side", 8),
        ("rate", 0.0),
        ("seed", -1),
        ("objective", "x"),
        ("size", 0),
    ],
)
def test_plans_out_of_range_are_refused(name, value):
    with pytest.raises(ParameterError, match=name):
        Plan(**{name: value})


def test_training_starts_from_the_weights_of_a_file(tmp_path):
    first, _ = trained(SMALL)
    path = tmp_path / "first.npz"
    path.write_bytes(weights_file(first.average, {}))
    network = read_network(path)
    plan = Plan(**{**SMALL.__dict__, "start": network.digest})
    begun = Trainer(plan, squares, network)
    assert same(begun.average, first.average)
    assert same(begun.network, first.average)
    trained(plan, trainer=begun)
    assert not same(begun.average, first.average)
    begun.save(tmp_path / "state")
    with pytest.raises(ReadError, match="another start"):
        Trainer(SMALL, squares).load(tmp_path / "state")
