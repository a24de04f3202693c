"""The benchmark of graphics cards runs on the simulator; its figures are never judged here."""

import importlib.util
import os
import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = Path(__file__).resolve().parents[2] / "scripts" / "benchmark_gpu.py"
NO_CARD = 3


@pytest.fixture
def script():
    spec = importlib.util.spec_from_file_location("benchmark_gpu_script", SCRIPT)
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    yield module
    del sys.modules[spec.name]


@pytest.mark.parametrize("words", [[], ["--simulate"]])
def test_without_a_card_it_says_so(script, monkeypatch, capsys, words):
    monkeypatch.setattr(script, "lacking", lambda: "finds no card" if not words else None)
    monkeypatch.setattr(script, "simulated", lambda: False)
    assert script.main(words) == NO_CARD
    assert capsys.readouterr().err.startswith("no card: gpu ")


@pytest.mark.process
@pytest.mark.slow
def test_it_runs_on_the_simulator():
    pytest.importorskip("numba_cuda", reason="the extra [gpu] is not installed: no simulator")
    words = ["--simulate", "--sides", "5", "--sweeps", "1", "--runs", "1", "--cpu"]
    done = subprocess.run(
        [sys.executable, SCRIPT, *words],
        env={**os.environ, "NUMBA_ENABLE_CUDASIM": "1"},
        capture_output=True, text=True, timeout=300, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    *head, mean_field, gibbs, icm = done.stdout.splitlines()
    assert head[0].startswith("simulator, copies ")
    assert [line.split()[1] for line in (mean_field, gibbs, icm)] == ["mean", "gibbs", "icm"]
    numbers = [float(word) for word in mean_field.split()[3:]]
    assert len(numbers) == 7
    assert all(number > 0 for number in numbers)


def test_bytes_are_counted_for_every_kind_of_sweep(script):
    assert set(script.BYTES) == {(n, k) for n in ("mean field", "icm", "gibbs") for k in (4, 8)}
    assert all(script.BYTES[name, 8] > script.BYTES[name, 4] for name, _ in script.BYTES)
