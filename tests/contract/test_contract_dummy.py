"""An engine that nobody knows, added by one line: every command takes it as one of its own.

It has settings of every type, one that no other engine has, an upper bound and a
measure of its own, and it knows no threads.
"""

import json
import re
from dataclasses import dataclass
from typing import ClassVar, Literal

import numpy as np
import pytest
from command_line import error_line, invoke, save, save_noisy, scene, succeed, table_lines
from isingdenoise_cli.options.engines import complete
from isingdenoise_cli.options.settings import build_engines

from isingdenoise import (
    ENGINES,
    Coupling,
    Engine,
    GaussianNoise,
    ParameterError,
    denoise,
    memory_to_denoise,
)
from isingdenoise.experiments import compare
from isingdenoise.inference import Advice, Solution, Status, Trace, Traits, Work, having
from isingdenoise.warmup import compile_for

OFTEN = ["--noise", "gaussian", "--coupling", "0.4"]
UPPER = 12345.5


@dataclass(frozen=True)
class Dummy:
    """Says of each pixel what its own field says."""

    name: ClassVar[str] = "dummy"
    summary: ClassVar[str] = "every pixel by itself"
    traits: ClassVar[Traits] = Traits(marginals=True, upper_bound=True)

    patience: int | None = None
    share: float | None = None
    strict: bool = False
    flavour: Literal["plain", "salted"] = "plain"
    note: str = "none"

    def footprint(self, pixels):
        return (100 + (self.patience or 0)) * pixels

    def quick(self):
        return Dummy(patience=0)

    def solve(self, model, *, init=None, rng=None, callback=None):
        mean = np.tanh(model.field)
        labels = np.where(mean >= 0, 1, -1).astype(np.int8)
        once, unknown = np.zeros(1), np.full(1, np.nan)
        trace = Trace(np.array([labels.size]), unknown, unknown, once + UPPER, unknown, once)
        impatient = self.patience is not None
        return Solution(
            labels=labels,
            mean=mean,
            energy=model.energy(labels),
            lower_bound=None,
            upper_bound=UPPER,
            status=Status.MAX_SWEEPS if impatient else Status.EXACT,
            work=Work(1, labels.size),
            trace=trace,
            diagnostics={"largest_field": float(np.abs(model.field).max())},
            engine=self.name,
            advice=(Advice("dummy lost patience", ("patience",)),) if impatient else (),
        )


@pytest.fixture(autouse=True)
def dummy(monkeypatch):
    monkeypatch.setitem(ENGINES, "dummy", Dummy)
    return Dummy


@pytest.fixture
def noisy(tmp_path):
    return save_noisy(tmp_path / "noisy.png")


def test_run(noisy):
    done = succeed("run", noisy, "--engine", "dummy", *OFTEN)
    lines = {line.split()[0]: line for line in done.stdout.splitlines()[1:]}
    assert done.stderr == ""
    assert "dummy: did 1 sweep in" in lines["engine"]
    assert "largest field " in lines["measures"]
    assert "bound" not in lines
    detailed = succeed("run", noisy, "--engine", "dummy", "--force", "-v", *OFTEN)
    assert "at most 12345.5 (on the log evidence" in detailed.stdout


def test_run_as_json(noisy):
    words = ["run", noisy, "--engine", "dummy", "--json", "--force", "-O", "flavour=salted", *OFTEN]
    record = json.loads(succeed(*words).stdout)
    assert record["engine"] == {
        "name": "dummy", "patience": None, "share": None, "strict": False,
        "flavour": "salted", "note": "none",
    }  # fmt: skip
    assert (record["bound"], record["upper_bound"]) == (None, UPPER)
    assert list(record["diagnostics"]) == ["largest_field"]
    assert record["residual"] is None
    assert record["calibration"] is None
    assert record["status"] == "exact"


def test_run_that_ends_too_early_tells_the_setting(noisy):
    done = succeed("run", noisy, "--engine", "dummy", "-O", "patience=3", *OFTEN)
    assert done.stderr.rstrip().endswith("dummy lost patience; raise -O patience")
    assert "stopped after 1 sweep in" in done.stdout


@pytest.mark.slow
def test_compare(noisy, tmp_path):
    clean = save(tmp_path / "clean.png", scene())
    few = ["-O", "gibbs.sweeps=5", "-O", "dummy.share=0.5", "-O", "patience=none"]
    text = succeed("compare", noisy, "--clean", clean, *few, *OFTEN).stdout
    heading, *rows = table_lines(text)
    assert re.search(r" energy +bound +upper bound +sweeps ", heading)
    assert [row.split()[0].partition(":")[0] for row in rows] == list(ENGINES)
    assert "12345.5" in rows[-1]
    found = json.loads(succeed("compare", noisy, "--json", *few, *OFTEN).stdout)["engines"]
    assert found[-1]["upper_bound"] == UPPER
    assert found[0]["upper_bound"] is None
    last = text.splitlines()[-2]
    assert re.fullmatch(r"sandwich  .+ \(.+\) <= .+ in nats a pixel", last)


@pytest.mark.slow
def test_columns_of_bounds_are_those_that_some_engine_has(noisy):
    def heading(*engines):
        return succeed(
            "compare", noisy, "--engines", ",".join(engines), *OFTEN
        ).stdout.splitlines()[3]

    assert "bound" not in heading("icm")
    assert "upper bound" not in heading("mf")
    assert " bound" in heading("mf")
    assert heading("dummy").count("bound") == heading("dummy").count("upper bound") == 1


def test_compare_in_the_library(noisy):
    (row,) = compare(np.eye(4, 5), GaussianNoise(0.8), engines=["dummy"], coupling=0.3)
    assert row.record()["upper_bound"] == UPPER


def test_batch(noisy, tmp_path):
    words = ["batch", noisy.parent, tmp_path / "made", "--engine", "dummy", *OFTEN]
    record = json.loads(
        succeed(*words, "-O", "share=0.25", "--probability", "npy", "--json").stdout
    )
    (picture,) = record["pictures"]
    assert picture["result"]["engine"]["share"] == 0.25
    assert picture["result"]["upper_bound"] == UPPER
    again = json.loads(succeed(*words, "-O", "share=0.25", "--probability", "npy", "--json").stdout)
    assert again["skipped"] == 1


def test_the_list_of_engines():
    text = succeed("engines").stdout
    assert "every pixel by itself" in text
    assert "patience = auto" in text
    assert "flavour = plain (of plain, salted)\n" in text
    assert "schedule = tiled (of tiled, checkerboard, jacobi)\n" in text
    record = json.loads(succeed("engines", "--json").stdout)[-1]
    assert record["name"] == "dummy"
    assert record["settings"]["note"] == "none"
    assert record["traits"]["upper_bound"] is True
    assert record["traits"]["exact"] is False


def test_the_help_of_run_and_compare():
    for command in ("run", "compare", "batch"):
        assert "dummy" in succeed(command, "--help").stdout


def test_warmup_compiles_it_once_for_each_kind_of_coupling(monkeypatch):
    seen = []
    monkeypatch.setattr("isingdenoise.warmup.ENGINES", {"dummy": Dummy})
    monkeypatch.setattr(Dummy, "solve", lambda self, model, **_: seen.append(self.patience))
    lines = succeed("warmup").stdout.splitlines()
    assert [line[:19] for line in lines[:-1]] == ["dummy, 4 neighbours", "dummy, 8 neighbours"]
    assert seen == [0] * 4  # as `quick` says, with strong and with weak strengths


def test_memory_asks_the_engine():
    many = 10**9
    known = {"noise": "gaussian", "coupling": 0.5}
    assert memory_to_denoise(many, Dummy(), **known) >= 100 * many
    more = memory_to_denoise(many, Dummy(patience=50), **known)
    assert more - memory_to_denoise(many, Dummy(), **known) == 50 * many


def test_denoise_takes_its_means_as_they_are():
    x = np.random.default_rng(0).normal(size=(12, 13))
    found = denoise(x, GaussianNoise(0.8), engine="dummy", rng=0)
    assert found.calibration is None
    np.testing.assert_allclose(found.probability, (1 + found.solution.mean) / 2, atol=1e-7)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("patience=7", 7),
        ("patience=auto", None),
        ("patience=None", None),
        ("share=0.5", 0.5),
        ("share=auto", None),
        ("strict=true", True),
        ("strict=FALSE", False),
        ("flavour=salted", "salted"),
        ("note=auto", "auto"),
        ("note=a=b", "a=b"),
    ],
)
def test_settings_of_every_type(text, value):
    (engine,) = build_engines(["dummy"], [text])
    assert getattr(engine, text.partition("=")[0]) == value


@pytest.mark.parametrize(
    ("text", "allowed"),
    [
        ("patience=1.5", "must be a whole number or auto, not '1.5'"),
        ("share=much", "must be a number or auto, not 'much'"),
        ("strict=auto", "must be one of true, false, not 'auto'"),
        ("flavour=sweet", "must be one of plain, salted, not 'sweet'"),
    ],
)
def test_settings_of_the_wrong_type(text, allowed, noisy):
    name = text.partition("=")[0]
    done = invoke("run", noisy, "--engine", "dummy", "-O", text)
    assert error_line(done, 2) == f"isingdenoise: -O {name}: {allowed}"


def test_a_setting_of_another_engine_is_told_how_to_write(noisy):
    line = error_line(invoke("run", noisy, "-O", "flavour=salted"), 2)
    assert line.endswith("for another engine write dummy.flavour=VALUE")


def test_settings_complete():
    class Asked:
        params: ClassVar = {"engine": "dummy"}

    assert [item.value for item in complete(Asked(), None, "f")] == ["flavour="]
    assert [item.value for item in complete(Asked(), None, "dummy.p")] == ["dummy.patience="]


def test_probabilities_are_refused_by_trait(noisy, monkeypatch, tmp_path):
    monkeypatch.setattr(Dummy, "traits", Traits())
    done = invoke("run", noisy, "--engine", "dummy", "--probability", tmp_path / "p.tif")
    assert "engine dummy has none; use mf, gibbs, " in error_line(done, 2)
    assert "dummy" not in having("marginals")


def test_the_choice_of_engines_is_that_of_the_moment(noisy, monkeypatch):
    monkeypatch.delitem(ENGINES, "dummy")
    assert "'dummy' is not one of" in error_line(invoke("run", noisy, "--engine", "dummy"), 2)
    with pytest.raises(ParameterError, match=r"^engine: must be one of"):
        denoise(np.eye(4), "flip", engine="dummy")


@pytest.mark.parametrize("part", ["traits", "quick", "footprint"])
def test_what_an_engine_lacks_is_named(part, monkeypatch):
    monkeypatch.delattr(Dummy, part)
    with pytest.raises(ParameterError, match=rf"^engine: Dummy lacks {part}$"):
        denoise(np.eye(4), GaussianNoise(1.0), engine=Dummy())


@pytest.mark.parametrize("name", ENGINES)
def test_every_engine_describes_itself(name):
    engine = ENGINES[name]()
    assert engine.traits.marginals == (
        denoise(np.eye(9), "flip", engine=engine).probability is not None
    )
    assert 0 < engine.footprint(1000) < engine.footprint(2000)
    assert type(engine.quick()) is type(engine)
    known: Engine = engine
    assert known.summary


@pytest.mark.parametrize("coupling", [Coupling.nearest(0.1), Coupling.eight(0.1)], ids=str)
def test_what_warming_up_compiled_is_all_that_a_solve_needs(coupling):
    """Also the kernels of what still moves when the rest is settled."""
    numba = pytest.importorskip("numba")
    if numba.config.DISABLE_JIT:
        pytest.skip("nothing is compiled")
    from isingdenoise import IsingModel, MeanField
    from isingdenoise._kernels import tiles

    def compiled():
        return len(tiles.sweep_tiles.serial.signatures)

    compile_for(MeanField(), coupling, 0)
    before = compiled()
    field = np.random.default_rng(0).normal(size=(70, 80))
    MeanField(parallel=False).solve(IsingModel(field, coupling))
    assert compiled() == before > 0


def test_so_is_what_message_passing_needs_of_weak_strengths():
    numba = pytest.importorskip("numba")
    if numba.config.DISABLE_JIT:
        pytest.skip("nothing is compiled")
    from isingdenoise import IsingModel
    from isingdenoise._kernels import ratios

    def compiled():
        return len(ratios.sweeps.serial.signatures)

    coupling = Coupling.nearest(0.3)
    compile_for(ENGINES["bp"](parallel=False), coupling, 0)
    before = compiled()
    field = np.random.default_rng(0).normal(size=(70, 80))
    ENGINES["bp"](parallel=False).solve(IsingModel(field, coupling))
    assert compiled() == before > 0
