"""What every engine of `ENGINES` promises, whatever it does inside.

Nothing here names an engine: what one can do is read off its solution. A new
engine is judged by being listed.
"""

import pickle
from dataclasses import fields
from itertools import pairwise
from typing import get_type_hints

import numpy as np
import pytest
from engines import few
from reference import assert_same_solution, half_plane

from isingdenoise import ENGINES, Coupling, IsingModel, ParameterError, Status
from isingdenoise.inference import on_threads, threads_of

SHAPES = [(1, 1), (1, 2), (1, 7), (6, 1), (2, 2), (3, 5), (4, 6), (5, 4)]
COUPLINGS = [Coupling.nearest(0.4), Coupling(0.6, 0.3), Coupling.eight(0.3)]
DTYPES = ["?", "i1", "u1", "i4", "i8", "u8", "f2", "f4", "f8", ">i4", ">f4", ">f8"]
STRONG = 0.05  # noise of a mean that was found from hundreds of random sweeps


@pytest.fixture(params=ENGINES)
def engine(request):
    return ENGINES[request.param]()


@pytest.fixture(params=[name for name, kind in ENGINES.items() if not kind.traits.learned])
def of_couplings(request):
    """An engine whose answer is that of the model, not of a prior that was learned."""
    return ENGINES[request.param]()


def solve(engine, model, **options):
    return engine.solve(model, rng=options.pop("rng", 3), **options)


def random_model(shape, coupling=COUPLINGS[1], seed=0):
    return IsingModel(np.random.default_rng([*shape, seed]).normal(size=shape), coupling)


def is_sampled(solution):
    return solution.status is Status.SAMPLED


@pytest.mark.parametrize("coupling", COUPLINGS, ids=str)
@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_every_shape(engine, shape, coupling):
    model = random_model(shape, coupling)
    found = solve(engine, model)
    assert found.engine == engine.name
    assert ENGINES[found.engine] is type(engine)
    assert isinstance(found.status, Status)
    assert found.labels.shape == shape
    assert found.labels.dtype == np.int8
    assert np.all(np.abs(found.labels) == 1)
    assert found.energy == pytest.approx(model.energy(found.labels), rel=1e-5, abs=1e-5)
    if found.mean is not None:
        assert found.mean.shape == shape
        assert found.mean.dtype == np.float32
        assert np.abs(found.mean).max() <= 1
        np.testing.assert_array_equal(found.labels > 0, found.mean >= 0)
    for bound, trait in (("lower_bound", "lower_bound"), ("upper_bound", "upper_bound")):
        assert (getattr(found, bound) is not None) == getattr(engine.traits, trait)
    if engine.traits.factorised and found.lower_bound is not None:
        assert found.lower_bound == pytest.approx(model.elbo(found.mean), rel=1e-5, abs=1e-5)


def test_the_trace_is_whole(engine):
    found = solve(engine, random_model((5, 6)))
    trace = found.trace
    assert len(trace) == len(trace.seconds) > 0
    for name in ("site_updates", "residual", "lower_bound", "upper_bound", "energy"):
        assert len(getattr(trace, name)) == len(trace), name
    assert np.all(np.diff(trace.site_updates) > 0)
    assert np.all(np.diff(trace.seconds) >= 0)
    assert found.seconds == trace.seconds[-1]
    assert len(repr(found)) < 200


@pytest.mark.parametrize("dtype", DTYPES)
def test_every_dtype(engine, dtype):
    numbers = np.random.default_rng(1).integers(0, 2, (4, 5))
    expected = solve(engine, IsingModel(numbers.astype("f4"), 0.5), init=2.0 * numbers - 1)
    spins = numbers if dtype in "?u1u8" else 2 * numbers - 1
    start = spins.astype(dtype) if dtype != "?" else numbers > 0
    if dtype in ("u1", "u8"):
        start = None  # no unsigned -1
        expected = solve(engine, IsingModel(numbers.astype("f4"), 0.5))
    assert_same_solution(
        solve(engine, IsingModel(numbers.astype(dtype), 0.5), init=start), expected
    )


@pytest.mark.parametrize("layout", ["reversed", "every other", "transposed", "read-only", "list"])
def test_every_layout_and_nothing_is_changed(engine, layout):
    rng = np.random.default_rng(2)
    field, init = rng.normal(size=(5, 6)), rng.uniform(-1, 1, (5, 6))
    expected = solve(engine, IsingModel(field, 0.5), init=init)

    def laid_out(array):
        if layout == "reversed":
            return array[::-1, ::-1].copy()[::-1, ::-1]
        if layout == "every other":
            return np.repeat(np.repeat(array, 2, 0), 3, 1)[::2, ::3]
        if layout == "transposed":
            return np.asfortranarray(array)
        return array.tolist() if layout == "list" else array.copy()

    arrays = [laid_out(field), laid_out(init)]
    for array in arrays:
        if layout == "read-only":
            array.flags.writeable = False
    model = IsingModel(arrays[0], 0.5)
    kept = model.field.copy()
    assert_same_solution(solve(engine, model, init=arrays[1]), expected)
    np.testing.assert_array_equal(arrays[0], field)
    np.testing.assert_array_equal(arrays[1], init)
    np.testing.assert_array_equal(model.field, kept)
    assert not model.field.flags.writeable


def test_a_seed_is_a_result(engine):
    model = random_model((7, 6))
    first = solve(engine, model, rng=5)
    assert_same_solution(solve(engine, model, rng=5), first)
    assert_same_solution(solve(engine, model, rng=np.random.default_rng(5)), first)
    other = solve(engine, model, rng=6)
    if is_sampled(first):
        assert np.any(other.mean != first.mean)
    elif not engine.traits.stochastic:
        assert_same_solution(other, first)


@pytest.mark.parametrize("coupling", [0.0, Coupling.eight(0.0)], ids=str)
@pytest.mark.parametrize("shape", [(1, 1), (4, 5)], ids=str)
def test_without_coupling_the_answer_is_known(of_couplings, shape, coupling):
    field = np.random.default_rng(4).uniform(0.1, 3, shape) * np.where(np.indices(shape)[1], 1, -1)
    found = solve(of_couplings, IsingModel(field, coupling, 1.5))
    np.testing.assert_array_equal(found.labels, np.sign(field))
    assert found.energy == pytest.approx(-np.abs(field).sum(), rel=1e-6)
    if found.mean is not None:
        np.testing.assert_allclose(found.mean, np.tanh(field), atol=1e-5)
    log_z = np.sum(np.log(2 * np.cosh(field))) + 1.5
    for bound in (found.lower_bound, found.upper_bound):  # tight where spins are independent
        assert bound is None or bound == pytest.approx(log_z, abs=1e-4)


def test_a_spin_of_which_nothing_is_known_is_read_as_bright(of_couplings):
    found = solve(of_couplings, IsingModel(np.zeros((3, 4)), 0.0))
    assert np.all(found.labels == 1)
    assert found.energy == 0
    assert found.mean is None or not found.mean.any()


@pytest.mark.parametrize("coupling", COUPLINGS, ids=str)
def test_an_obvious_picture(of_couplings, coupling):
    model, truth = half_plane(coupling)
    np.testing.assert_array_equal(solve(of_couplings, model).labels, truth)


@pytest.mark.slow
@pytest.mark.parametrize("given", [False, True])
def test_flipping_the_field_flips_the_answer(of_couplings, given):
    model, _ = half_plane(COUPLINGS[1])
    other = IsingModel(-model.field, model.coupling)
    init = np.random.default_rng(5).uniform(-1, 1, model.shape) if given else None
    a = solve(of_couplings, model, init=init)
    b = solve(of_couplings, other, init=None if init is None else -init)
    np.testing.assert_array_equal(a.labels, -b.labels)
    assert a.energy == pytest.approx(b.energy)
    if a.mean is not None:
        np.testing.assert_allclose(
            a.mean, -b.mean, atol=STRONG if of_couplings.traits.stochastic else 1e-6
        )


SYMMETRIES = {
    "transposed": (lambda x: x.T, lambda c: Coupling(c.vertical, c.horizontal, *across(c))),
    "left to right": (lambda x: x[:, ::-1], lambda c: Coupling(*straight(c), *across(c)[::-1])),
    "upside down": (lambda x: x[::-1], lambda c: Coupling(*straight(c), *across(c)[::-1])),
    "turned": (lambda x: x[::-1, ::-1], lambda c: c),
}


def straight(c):
    return c.horizontal, c.vertical


def across(c):
    return c.diagonal, c.antidiagonal


@pytest.mark.slow
@pytest.mark.parametrize("name", SYMMETRIES)
@pytest.mark.parametrize("coupling", [Coupling(0.6, 0.2), Coupling(0.4, 0.2, 0.3, 0.05)], ids=str)
def test_turning_the_picture_turns_the_answer(of_couplings, name, coupling):
    turn, turned = SYMMETRIES[name]
    model, _ = half_plane(coupling)
    a = solve(of_couplings, model)
    b = solve(of_couplings, IsingModel(turn(model.field), turned(coupling)))
    np.testing.assert_array_equal(turn(a.labels), b.labels)
    assert a.energy == pytest.approx(b.energy)
    if a.mean is not None:  # the default stopping rule leaves a little
        tolerance = STRONG if of_couplings.traits.stochastic else 5e-3
        np.testing.assert_allclose(turn(a.mean), b.mean, atol=tolerance)


@pytest.mark.parametrize(
    "coupling",
    [Coupling.nearest(-0.7), Coupling.eight(-2.0), Coupling(1.0, -1.0, 0.5, -0.5)],
    ids=str,
)
def test_negative_couplings_end(engine, coupling):
    model = random_model((6, 5), coupling)
    found = solve(engine, model)
    assert isinstance(found.status, Status)
    assert found.energy == pytest.approx(model.energy(found.labels), abs=1e-4)


@pytest.mark.parametrize("size", [1e8, 1e300])
@pytest.mark.parametrize("coupling", [Coupling.nearest(1.0), Coupling.eight(-3.0)], ids=str)
def test_huge_fields(engine, size, coupling):
    signs = np.where(np.random.default_rng(6).random((6, 5)) < 0.5, 1.0, -1.0)
    found = solve(engine, IsingModel(size * signs, coupling))
    np.testing.assert_array_equal(found.labels, signs)
    assert found.energy == pytest.approx(-1e8 * signs.size, rel=1e-5)
    if found.mean is not None:
        np.testing.assert_allclose(found.mean, signs, atol=3e-7)
    for bound in (found.lower_bound, found.upper_bound):
        assert bound is None or bound == pytest.approx(1e8 * signs.size, rel=1e-5)


@pytest.mark.slow
@pytest.mark.parametrize("shape", [(1, 1), (33, 46), (257, 259)], ids=str)
@pytest.mark.parametrize("coupling", COUPLINGS[1:], ids=str)
def test_threads_change_no_bit(engine, shape, coupling):
    numba = pytest.importorskip("numba")
    if threads_of(on_threads(engine, True)) is None:
        pytest.skip("it knows no threads")
    engine = few(engine.name)
    model = random_model(shape, coupling)
    serial = solve(on_threads(engine, False), model)
    assert_same_solution(solve(on_threads(engine, None), model), serial)
    before = numba.get_num_threads()
    try:
        for threads in {1, min(2, before), before}:
            numba.set_num_threads(threads)
            assert_same_solution(solve(on_threads(engine, True), model), serial)
    finally:
        numba.set_num_threads(before)


def test_callback(engine):
    model, steps, pictures = random_model((5, 6)), [], []

    def look(step):
        steps.append(step)
        picture = step.snapshot()
        pictures.append(picture.copy())
        picture[...] = 0  # a snapshot is the caller's own

    found = solve(engine, model, callback=look)
    assert_same_solution(found, solve(engine, model))
    assert [step.round for step in steps] == list(range(1, len(found.trace) + 1))
    np.testing.assert_array_equal([s.site_updates for s in steps], found.trace.site_updates)
    np.testing.assert_array_equal([s.residual for s in steps], found.trace.residual)
    np.testing.assert_array_equal([s.lower_bound for s in steps], found.trace.lower_bound)
    energies = found.trace.energy.reshape(len(steps), -1).mean(axis=1)
    np.testing.assert_allclose([s.energy for s in steps], energies)
    for a, b in pairwise(steps):
        assert a.site_updates < b.site_updates
        assert a.sweeps <= b.sweeps
        assert a.seconds <= b.seconds
    assert steps[-1].sweeps == found.work.sweeps
    assert all(picture.shape[-2:] == model.shape for picture in pictures)
    if not is_sampled(found):
        last = found.labels if found.mean is None else found.mean
        np.testing.assert_array_equal(pictures[-1], last)


@pytest.mark.slow
def test_an_error_in_a_callback_comes_out(engine):
    def fail(step):
        raise KeyError("mine")

    parallel = on_threads(engine, True)
    with pytest.raises(KeyError, match="mine"):
        solve(parallel, random_model((5, 6)), callback=fail)
    solve(parallel, random_model((5, 6)))  # and nothing stays locked


@pytest.mark.parametrize(
    "init",
    [
        np.zeros((3, 4)),
        np.zeros((4, 3, 1)),
        0.5,
        np.full((4, 3), np.nan),
        np.full((4, 3), "dark"),
        np.full((4, 3), 1j),
    ],
    ids=["shape", "axes", "scalar", "nan", "text", "complex"],
)
def test_init_is_checked(engine, init):
    with pytest.raises(ParameterError, match=r"^init: "):
        solve(engine, random_model((4, 3)), init=init)


BAD = {
    "int": [-1, 1.5, True, "3", None, np.nan],
    "float": [-0.1, np.nan, np.inf, "1", None, True, 1j],
    "str": ["nonsense", "", None, 3],
    "bool": ["no", 3, 0.5, None],
    "bool | None": ["no", 3, 0.5],
    "str | None": ["", 3, 0.5, True],
    "int | None": [-1, 1.5, True, "3", np.nan],
    "float | None": [-0.1, np.nan, np.inf, "1", True, 1j],
}
SETTINGS = [
    (name, setting.name, value)
    for name, kind in ENGINES.items()
    for setting in fields(kind)
    for value in BAD[
        "str" if "Literal" in str(get_type_hints(kind)[setting.name]) else setting.type
    ]
]


@pytest.mark.parametrize(("name", "setting", "value"), SETTINGS)
def test_settings_are_checked(name, setting, value):
    with pytest.raises(ParameterError, match=f"^{setting}: must be"):
        ENGINES[name](**{setting: value})


def test_pickle(engine):
    engine = pickle.loads(pickle.dumps(engine))
    found = solve(engine, random_model((4, 5)))
    again = pickle.loads(pickle.dumps(found))
    assert_same_solution(again, found)
    assert again.engine == found.engine
    assert type(again.status) is Status


@pytest.mark.slow
@pytest.mark.parametrize("parallel", [True, False, None])
def test_many_at_once(engine, parallel):
    """Threads that solve side by side, one of them perhaps on threads of its own."""
    from concurrent.futures import ThreadPoolExecutor

    engine = on_threads(engine, parallel)
    models = [random_model((40 + k, 37), seed=k) for k in range(8)]
    serial = [solve(engine, model) for model in models]
    with ThreadPoolExecutor(4) as pool:
        for found, expected in zip(
            pool.map(lambda m: solve(engine, m), models), serial, strict=True
        ):
            assert_same_solution(found, expected)


@pytest.mark.slow
def test_a_solve_inside_a_callback(engine):
    engine, model = on_threads(engine, True), random_model((6, 7))
    expected, inner = solve(engine, model), []

    def again(step):
        if step.round == 1:
            inner.append(solve(engine, model))

    assert_same_solution(solve(engine, model, callback=again), expected)
    assert_same_solution(inner[0], expected)
