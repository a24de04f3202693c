"""The network of a learned prior: our kernels beside PyTorch and ONNX Runtime on the CPU.

    .venv/bin/python scripts/benchmark_network.py [--side 1024] [--runs 7] [--threads 1 2]

All run the same weights on the same field once, and their answers are compared before anything
is timed. `amortised` is the engine: two passes, means, bound and energy. `boltzmann` is the
other engine with weights of its own, and `mf` mean field. The contestants take turns, so that
other work on the machine meets all of them; a figure is the median of the runs, and beside it
stands the best. Memory is what the process grows by at the most, each contestant in a process
of its own. What is not installed is left out with a word:
`pip install torch onnx onnxruntime`.
"""

from __future__ import annotations

import argparse
import importlib.util
import io
import multiprocessing
import os
import statistics
import time
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from isingdenoise.prior import Network, prior_of

Run = Callable[[np.ndarray], np.ndarray]


def ours(network: Network, threads: int, shape: tuple[int, int]) -> Run:
    """Return our kernels."""
    import numba

    from isingdenoise.backends import convolutions

    numba.set_num_threads(threads)
    side = max(shape)

    def run(field: np.ndarray) -> np.ndarray:
        numba.set_num_threads(threads)
        out = np.empty_like(field)
        for _ in convolutions(network, side, threads > 1)(field, out):
            pass
        return out

    return run


def whole(name: str, threads: int, field: np.ndarray, **settings: Any) -> Run:
    """Return an engine on the model of a field."""
    import numba

    from isingdenoise import ENGINES, Coupling, IsingModel

    engine = ENGINES[name](parallel=threads > 1, **settings)
    model = IsingModel(field, Coupling.eight(0.3))

    def run(field: np.ndarray) -> np.ndarray:
        numba.set_num_threads(threads)
        return engine.solve(model).mean

    return run


def as_module(network: Network) -> Any:
    """Return the network as a module of PyTorch."""
    import torch
    from torch.nn import functional

    class Module(torch.nn.Module):  # type: ignore[misc]
        def __init__(self) -> None:
            super().__init__()
            for name, layer in network.layers.items():
                size = layer.weight.shape
                options = {"stride": 2} if size[-1] == 2 else {"padding": size[-1] // 2}
                conv = torch.nn.Conv2d(size[1], size[0], size[-1], **options)
                conv.weight.data = torch.tensor(np.array(layer.weight))
                conv.bias.data = torch.tensor(np.array(layer.bias))
                self.add_module(name.replace(".", "_"), conv)

        def block(self, name: str, x: Any) -> Any:
            inside = getattr(self, f"{name}_a")(functional.relu(x))
            return x + getattr(self, f"{name}_b")(functional.relu(inside))

        def forward(self, h: Any) -> Any:
            x = torch.cat([torch.tanh(h), torch.clamp(h, -8, 8) / 8], 1)
            x, skipped = getattr(self, "in")(functional.pixel_unshuffle(x, 2)), []
            for level in (0, 1):
                skipped.append(self.block(f"enc{level}", x))
                x = getattr(self, f"down{level}")(skipped[-1])
            for k in range(network.middle):
                x = self.block(f"mid{k}", x)
            for level in (1, 0):
                x = functional.interpolate(getattr(self, f"up{level}")(x), scale_factor=2)
                x = self.block(f"dec{level}", skipped[level] + x)
            return h + functional.pixel_shuffle(self.out(x), 2)

    return Module().eval()


def in_torch(network: Network, threads: int, shape: tuple[int, int]) -> Run:
    """Return PyTorch's own layers."""
    import torch

    torch.set_num_threads(threads)
    module = as_module(network)

    def run(field: np.ndarray) -> np.ndarray:
        torch.set_num_threads(threads)
        with torch.inference_mode():
            return module(torch.from_numpy(field)[None, None])[0, 0].numpy()

    return run


def in_onnx(network: Network, threads: int, shape: tuple[int, int]) -> Run:
    """Return ONNX Runtime."""
    import onnxruntime
    import torch

    stream, example = io.BytesIO(), torch.zeros(1, 1, *shape)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the older exporter needs nothing else, and says so
        torch.onnx.export(as_module(network), (example,), stream, dynamo=False, input_names=["h"])
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    session = onnxruntime.InferenceSession(
        stream.getvalue(), options, providers=["CPUExecutionProvider"]
    )
    return lambda field: session.run(None, {"h": field[None, None]})[0][0, 0]


CONTESTANTS = {
    "ours": (ours, ("numba",)),
    "PyTorch": (in_torch, ("torch",)),
    "ONNX Runtime": (in_onnx, ("torch", "onnx", "onnxruntime")),
}


def available() -> dict[str, Any]:
    """Return the contestants that can run; say which cannot."""
    found = {}
    for name, (make, packages) in CONTESTANTS.items():
        lacking = [package for package in packages if importlib.util.find_spec(package) is None]
        if lacking:
            print(f"without {name}: {', '.join(lacking)} is not installed")
        else:
            found[name] = make
    return found


def grown(name: str, prior: str | None, shape: tuple[int, int], answer: Any) -> None:
    """Send by how many bytes the process grows at the most in one run after a small one."""
    network, (make, _) = prior_of(prior), CONTESTANTS[name]
    make(network, 1, (64, 64))(field_of((64, 64)))
    run, field = make(network, 1, shape), field_of(shape)
    Path("/proc/self/clear_refs").write_text("5")  # the peak begins anew
    before = peak()
    run(field)
    answer.send(peak() - before)


def peak() -> int:
    """Return the most bytes that the process has held (Linux)."""
    lines = Path("/proc/self/status").read_text().splitlines()
    (line,) = (line for line in lines if line.startswith("VmHWM"))
    return 1024 * int(line.split()[1])


def memory(name: str, prior: str | None, shape: tuple[int, int]) -> int:
    """Return what a contestant takes, found in a process of its own."""
    context = multiprocessing.get_context("spawn")
    here, there = context.Pipe(duplex=False)
    child = context.Process(target=grown, args=(name, prior, shape, there))
    child.start()
    there.close()
    found: int = here.recv()
    child.join()
    return found


def field_of(shape: tuple[int, int]) -> np.ndarray:
    return (2 * np.random.default_rng(0).normal(size=shape)).astype(np.float32)


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--side", type=int, default=1024, help="of the picture, a multiple of 8")
    parser.add_argument("--runs", type=int, default=7)
    parser.add_argument("--threads", type=int, nargs="+", default=sorted({1, os.cpu_count() or 1}))
    parser.add_argument("--prior", help="a file of weights; else that of the package")
    asked = parser.parse_args()
    network, shape = prior_of(asked.prior), (asked.side, asked.side)
    field, makers = field_of(shape), available()
    runs = {
        (name, n): make(network, n, shape) for name, make in makers.items() for n in asked.threads
    }
    expected = None
    for (name, _), run in runs.items():
        found = run(field)
        expected = found if expected is None else expected
        if (error := float(np.abs(found - expected).max())) > 1e-3:
            raise SystemExit(f"{name} gives something else, by {error:g}")
    for n in asked.threads:
        runs["amortised", n] = whole("amortised", n, field, prior=asked.prior)
        for name in ("boltzmann", "mf"):
            runs[name, n] = whole(name, n, field)
        for name in ("amortised", "boltzmann", "mf"):
            runs[name, n](field)
    seconds: dict[Any, list[float]] = {key: [] for key in runs}
    for _ in range(asked.runs):
        for key, run in runs.items():
            started = time.perf_counter()
            run(field)
            seconds[key].append(time.perf_counter() - started)
    held = {name: memory(name, asked.prior, shape) for name in makers}
    print("| network | threads | median, s | best, s | times ours | memory, MB |")
    print("|---|---:|---:|---:|---:|---:|")
    for (name, n), times in seconds.items():
        middle = statistics.median(times)
        ratio = middle / statistics.median(seconds["ours", n])
        taken = f"{held[name] / 1e6:.0f}" if name in held else ""
        print(f"| {name} | {n} | {middle:.3f} | {min(times):.3f} | {ratio:.2f} | {taken} |")


if __name__ == "__main__":
    main()
