"""The benchmark script runs; its figures are never judged here."""

import importlib.util
import sys
from pathlib import Path

import pytest

from isingdenoise import ENGINES

SCRIPT = Path(__file__).resolve().parents[2] / "scripts" / "benchmark.py"


@pytest.fixture(scope="module")
def benchmark_script():
    spec = importlib.util.spec_from_file_location("benchmark_script", SCRIPT)
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module  # dataclasses look their module up
    spec.loader.exec_module(module)
    yield module
    del sys.modules[spec.name]


def test_sweeps_are_timed_beside_a_copy(benchmark_script):
    rows = benchmark_script.sweep_rates(96, 1)
    assert len(rows) == 5
    assert all(row.seconds > 0 and row.note.endswith("G sites/s") for row in rows)


def test_a_missing_peer_is_left_out_with_a_word(benchmark_script, monkeypatch):
    for name in ("jax", "maxflow"):
        monkeypatch.setitem(sys.modules, name, None)
    rows = {row.contestant: row for row in benchmark_script.against_slow_peers(96, 1)}
    assert rows["jax damped Jacobi"].seconds is None
    assert "not installed" in rows["PyMaxflow, exact MAP"].note
    assert rows["mf, solve()"].seconds > 0
    assert rows["NumPy, 10 Jacobi sweeps"].seconds > 0


@pytest.mark.slow
def test_memory_is_measured_in_a_process_of_its_own(benchmark_script, monkeypatch):
    assert benchmark_script.ENGINES is ENGINES
    monkeypatch.setattr(benchmark_script, "ENGINES", ["mf", "gibbs", "exact"])
    rows = benchmark_script.memory(256)
    assert [row.contestant for row in rows] == ["mf", "gibbs", "exact"]
    assert rows[-1].note == "refused"
    assert all(row.note.endswith("bytes a pixel") or row.note == "refused" for row in rows)
    assert rows[0].note.endswith("bytes a pixel")


def test_goals_are_told_with_whether_they_hold(benchmark_script, monkeypatch):
    monkeypatch.syspath_prepend(str(SCRIPT.parent))
    import estimate_goals

    def draw(size):
        return estimate_goals.grey(benchmark_script.noisy_page(size))

    (goal,) = estimate_goals.solves(draw, (512,), 1)
    assert goal.found > 1
    assert goal._replace(found=goal.most).note.endswith("holds")
    assert goal._replace(found=goal.most * 1.01).note.endswith("falls short")
