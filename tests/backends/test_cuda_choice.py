"""Where an engine computes: what is asked for, what there is, and what is said."""

import ctypes
import json
import os
import subprocess
import sys
import warnings
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
from command_line import error_line, launch, save_noisy, succeed

from isingdenoise import IsingModel, ParameterError, backends, denoise
from isingdenoise.backends.cuda import card, choice
from isingdenoise.backends.cuda.failures import failure
from isingdenoise.backends.numba import lattice_of
from isingdenoise.environment import SurroundingsWarning
from isingdenoise.errors import CardError
from isingdenoise.inference import ENGINES, ICM, Gibbs, MeanField, on_backend
from isingdenoise.pipeline import CleanOptions

MODEL = IsingModel(np.random.default_rng(0).normal(size=(20, 30)).astype(np.float32), 0.5)
ON_CARDS = [MeanField(schedule="checkerboard"), ICM(), Gibbs(burn_in=2, sweeps=4)]
NO_DRIVER = "finds no NVIDIA driver (libcuda.so.1) on this machine; use cpu or auto"


@pytest.fixture(autouse=True)
def fresh(monkeypatch):
    """Forget what was found of this machine, and that it may simulate a card."""
    monkeypatch.delenv("NUMBA_ENABLE_CUDASIM", raising=False)
    monkeypatch.setattr(choice, "_checked", set())
    card._asked_of_the_driver.cache_clear()
    yield
    card._asked_of_the_driver.cache_clear()


@pytest.fixture
def no_card(monkeypatch):
    """Be a machine with numba-cuda and without a driver, in the eyes of `card` alone."""

    def nothing(name):
        raise OSError(f"{name}: cannot open shared object file")

    finding = SimpleNamespace(find_spec=lambda name: name)
    monkeypatch.setattr(card, "importlib", SimpleNamespace(util=finding))
    loading = SimpleNamespace(CDLL=nothing, c_int=ctypes.c_int, byref=ctypes.byref)
    monkeypatch.setattr(card, "ctypes", loading)
    monkeypatch.setattr(card, "sys", SimpleNamespace(platform="linux"))


@pytest.fixture
def small_is_large(monkeypatch):
    """Let "auto" look for a card whatever the size."""
    monkeypatch.setattr(backends, "AUTO_UPDATES", 1)


class Driver:
    """A driver's library with so many cards, or an error at its start."""

    def __init__(self, cards, failed=0):
        self.cards, self.failed = cards, failed

    def cuInit(self, _):
        return self.failed

    def cuDeviceGetCount(self, pointer):
        pointer._obj.value = self.cards
        return 0


def the_same(one, other):
    """Tell whether two solutions are equal to the bit."""
    means = [np.zeros(0) if s.mean is None else s.mean for s in (one, other)]
    return (
        np.array_equal(one.labels, other.labels)
        and np.array_equal(*means)
        and (one.energy, one.lower_bound) == (other.energy, other.lower_bound)
    )


# ---- what there is


@pytest.mark.parametrize(
    ("driver", "said"),
    [
        (Driver(0), "finds no graphics card that CUDA can use; use cpu or auto"),
        (Driver(0, failed=100), "finds no graphics card that CUDA can use; use cpu or auto"),
        (Driver(1, 999), "finds a driver that does not start (CUDA error 999); use cpu or auto"),
        (Driver(2), None),
    ],
)  # fmt: skip
def test_the_driver_is_asked_for_cards(no_card, monkeypatch, driver, said):
    monkeypatch.setattr(card.ctypes, "CDLL", lambda name: driver)
    assert card.lacking() == said
    assert card.described() == ("cpu, gpu" if said is None else f"cpu; gpu {said.split(';')[0]}")


def test_without_a_driver_or_the_extra_it_is_said_what_to_do(no_card, monkeypatch):
    assert card.lacking() == NO_DRIVER
    monkeypatch.setattr(card.importlib.util, "find_spec", lambda name: None)
    assert card.lacking() == 'needs numba-cuda; pip install "isingdenoise[gpu]"'
    assert card.described() == "cpu; gpu needs numba-cuda"


def test_this_machine_is_asked_in_a_moment_and_loads_nothing(tmp_path):
    """Fresh: numba and its part for cards stay out, as for lists and help."""
    code = (
        "import json, sys\nfrom isingdenoise.inference import backends_here\n"
        "told = backends_here()\n"
        "print(json.dumps([told, [n for n in sys.modules if n.startswith('numba')]]))"
    )
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", code], capture_output=True, text=True, check=True
    )
    told, loaded = json.loads(done.stdout)
    assert told.startswith("cpu")
    assert loaded == []


# ---- gpu


@pytest.mark.parametrize("engine", ON_CARDS, ids=lambda engine: engine.name)
def test_gpu_without_a_card_is_refused(no_card, engine):
    with pytest.raises(ParameterError) as refused:
        replace(engine, backend="gpu").solve(MODEL)
    assert str(refused.value) == f"backend: gpu {NO_DRIVER}"


def test_gpu_does_not_go_with_an_engine_that_has_none():
    with pytest.raises(ParameterError, match="gpu does not go with engine bp, which computes on"):
        denoise(np.zeros((4, 4)) > 0, "flip", engine="bp", backend="gpu")
    with pytest.raises(ParameterError, match=r"backend: must be one of auto, cpu, gpu"):
        denoise(np.zeros((4, 4)) > 0, "flip", backend="card")
    with pytest.raises(ParameterError, match="gpu differs from the engine's own, cpu"):
        CleanOptions(engine=MeanField(backend="cpu"), backend="gpu")


def test_which_engines_know_where_they_compute():
    having = {name for name, kind in ENGINES.items() if hasattr(kind(), "backend")}
    assert having == {"mf", "icm", "gibbs"}
    for name in having:
        with pytest.raises(ParameterError, match="backend"):
            ENGINES[name](backend="tpu")
    found = on_backend((MeanField(), ENGINES["amortised"]()), "gpu")
    assert (found[0].backend, hasattr(found[1], "backend")) == ("gpu", False)


@pytest.mark.process
@pytest.mark.slow
@pytest.mark.parametrize("options", [("--backend", "gpu"), ("-O", "backend=gpu")])
def test_the_command_line_says_it_in_one_line(tmp_path, options):
    """On this machine, whatever it has: a card, or one line and nothing written."""
    noisy = save_noisy(tmp_path / "noisy.png")
    done = launch("run", noisy, "--noise", "flip", "--coupling", "0.6", *options)
    if card.lacking() is None:
        pytest.skip("this machine has a card")
    assert "backend: gpu " in error_line(done, 2)
    assert [path.name for path in tmp_path.iterdir()] == ["noisy.png"]


def test_the_list_of_engines_ends_with_the_backends():
    assert succeed("engines").stdout.splitlines()[-1] == f"backends: {card.described()}"


# ---- auto


@pytest.mark.parametrize("engine", ON_CARDS, ids=lambda engine: engine.name)
def test_auto_without_a_card_is_the_cpu_to_the_bit(no_card, small_is_large, engine):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        solution = replace(engine, backend="auto").solve(MODEL, rng=1)
    assert the_same(solution, replace(engine, backend="cpu").solve(MODEL, rng=1))


@pytest.mark.parametrize("engine", ON_CARDS, ids=lambda engine: engine.name)
def test_auto_never_takes_the_simulator(monkeypatch, small_is_large, engine):
    monkeypatch.setenv("NUMBA_ENABLE_CUDASIM", "1")
    monkeypatch.setattr(choice, "_prepared", None)  # it would fall over this
    solution = engine.solve(MODEL, rng=1)
    assert the_same(solution, replace(engine, backend="cpu").solve(MODEL, rng=1))


@pytest.mark.parametrize("engine", [*ON_CARDS, MeanField()], ids=lambda engine: engine.name)
def test_auto_does_not_even_look_for_little_work(monkeypatch, engine):
    monkeypatch.setattr(card, "lacking", None)
    monkeypatch.setattr(choice, "lacking", None)
    assert engine.backend == "auto"
    engine.solve(MODEL, rng=1)


def test_auto_leaves_the_tiled_schedule_to_the_cpu(monkeypatch, small_is_large):
    monkeypatch.setattr(choice, "lacking", None)
    MeanField().solve(MODEL)


@pytest.fixture
def fake(monkeypatch):
    """Return a function: let there be a card, which is the CPU's lattice, or fails.

    It returns a list of what is asked of it: the work that is compared, and the room taken.
    """

    def stand_in(error=None, agrees=True):
        asked = []

        def compared(coupling, work):
            asked.append(work)
            return agrees

        def lattice(model, floats, labels):
            asked.append((floats, labels))
            if error is not None:
                raise error
            return lattice_of(model, False)

        monkeypatch.setattr(choice, "lacking", lambda: None)
        monkeypatch.setattr(choice, "check", lambda: None)
        monkeypatch.setattr(choice, "_lattice", lattice)
        name = f"{choice.__package__}.check"
        monkeypatch.setitem(sys.modules, name, SimpleNamespace(agrees=compared))
        return asked

    return stand_in


def error_of(module, name="CudaAPIError", code=None, text="Call to cuMemAlloc results in X"):
    kind = type(name, (Exception,), {"__module__": module, "code": code})
    return kind(text)


FULL = error_of("numba.cuda.cudadrv.driver", code=2)


def test_auto_takes_a_card_that_is_there_after_a_look_at_it(fake, small_is_large):
    asked = fake()
    MeanField(schedule="checkerboard").solve(MODEL)
    ICM().solve(MODEL)
    Gibbs(burn_in=1, sweeps=3, chains=3).solve(MODEL, rng=0)
    MeanField(schedule="jacobi", damping=0.5).solve(MODEL)
    # compared once for each kind of work; room for what the engine holds
    assert asked == ["means", (2, 1), "modes", (1, 1), "draws", (3, 4), (3, 1)]


def test_a_card_that_answers_otherwise_is_left_alone(fake, small_is_large):
    fake(agrees=False)
    with pytest.warns(SurroundingsWarning, match="answers a small problem otherwise .* the CPU"):
        solution = ICM().solve(MODEL)
    assert the_same(solution, ICM(backend="cpu").solve(MODEL))


@pytest.mark.parametrize("engine", ON_CARDS, ids=lambda engine: engine.name)
@pytest.mark.parametrize(
    ("error", "said"),
    [(FULL, "too little free memory for 30 x 20"), (ValueError("odd"), r"cannot be used \(odd\)")],
)
def test_auto_goes_on_with_the_cpu_where_the_card_is_full(
    fake, small_is_large, engine, error, said
):
    fake(error)
    with pytest.warns(SurroundingsWarning, match=f"{said}.*the CPU takes over"):
        solution = engine.solve(MODEL, rng=1)
    assert the_same(solution, replace(engine, backend="cpu").solve(MODEL, rng=1))


def test_gpu_with_a_card_that_is_full_is_one_line(fake):
    fake(FULL)
    with pytest.raises(CardError) as failed:
        ICM(backend="gpu").solve(MODEL)
    assert str(failed.value) == (
        "graphics card: has too little free memory for 30 x 20 pixels; try the backend cpu"
    )
    assert failed.value.exit_code == 3


def test_a_card_that_fails_under_way_is_one_line_and_our_own_faults_are_not(fake):
    fake()

    def at_once(error):
        def raising(step):
            raise error

        return raising

    broken = error_of("cuda.bindings.driver", text="\nCall failed:\nlaunch failed\n")
    with pytest.raises(CardError, match=r"graphics card: fails \(launch failed\); try"):
        ICM(backend="gpu").solve(MODEL, callback=at_once(broken))
    with pytest.raises(ZeroDivisionError):
        ICM(backend="gpu").solve(MODEL, callback=at_once(ZeroDivisionError()))


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (FULL, "has too little free memory for 3 x 2 pixels"),
        (error_of("cuda.core", text="CUDA_ERROR_OUT_OF_MEMORY: full"), "has too little free"),
        (error_of("numba.cuda.x", "NvvmSupportError"), "has no compiler: pip install 'numba-cuda"),
        (error_of("cuda.pathfinder", "DynamicLibNotFoundError"), "has no compiler: pip install"),
        (ImportError("no lib"), "fails (no lib)"),
        (error_of("numba.cuda.x", text=""), "fails (CudaAPIError)"),
        (MemoryError(), None),
        (error_of("numba.core.errors"), None),
    ],
)  # fmt: skip
def test_what_errors_say(error, said):
    found = failure(error, (2, 3))
    assert found == said or found.startswith(said)


# ---- what it decides


def test_a_fingerprint_tells_only_that_a_card_was_asked_for():
    engines = {b: CleanOptions(backend=b).fingerprint()["engine"] for b in ("auto", "cpu", "gpu")}
    assert engines["auto"] == engines["cpu"]
    assert engines["gpu"] == {**engines["cpu"], "backend": "gpu"}


def test_cpu_reaches_the_engine_that_the_prior_chooses():
    options = CleanOptions(backend="cpu")
    assert [getattr(solver, "backend", None) for solver in options.solvers] == ["cpu", None]
    noisy = np.arange(24) < np.full((24, 1), 12)
    result = denoise(noisy, "flip", prior="ising", backend="cpu")
    assert result.settings["engine"]["backend"] == "cpu"


def test_a_solve_on_the_cpu_loads_nothing_of_cards():
    code = (
        "import sys, numpy as np\nfrom isingdenoise import IsingModel\n"
        "from isingdenoise.inference import MeanField\n"
        "MeanField().solve(IsingModel(np.zeros((4, 4), np.float32), 0.5))\n"
        "print([n for n in sys.modules if n.startswith('numba.cuda.') or 'backends.cuda' in n])"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, env=os.environ
    )
    assert done.stdout.strip() == "[]"


def test_the_probe_takes_what_ctypes_gives():
    """The fake above has the interface of the real one."""
    count = ctypes.c_int(0)
    Driver(3).cuDeviceGetCount(ctypes.byref(count))
    assert count.value == 3
