"""Pictures in parts: seams, throughput by sides and workers, time and memory by pixels.

    python scripts/benchmark_chunked.py seams            # 8192 x 8192, sides from 256 to 4096
    python scripts/benchmark_chunked.py throughput       # by side and workers, 8192 x 8192
    python scripts/benchmark_chunked.py pixels           # 10^7 to 10^9 pixels, and in memory
    python scripts/benchmark_chunked.py pixels --side 4096 --prior auto

Each run is a process of its own, so that its peak of memory is its own.
"""

import argparse
import json
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

ROOT = Path(__file__).resolve().parents[1]
_BAND = 512


def clean_text():
    """Return a page of the samples, to be laid side by side."""
    from isingdenoise.io import read_picture

    pixels = read_picture(ROOT / "sample_images" / "text_clean.png").pixels
    return pixels if pixels.dtype == bool else pixels > 128


def make(path, side, chunk=512):
    """Write a noisy grey picture as a Zarr array, band by band."""
    import zarr

    page = clean_text()
    array = zarr.create_array(
        str(path), shape=(side, side), chunks=(chunk, chunk), dtype="uint8", overwrite=True
    )
    rng = np.random.default_rng(side)
    columns = np.arange(side) % page.shape[1]
    for top in range(0, side, _BAND):
        rows = np.arange(top, min(top + _BAND, side)) % page.shape[0]
        bright = page[np.ix_(rows, columns)]
        noise = 70 * rng.standard_normal(bright.shape, np.float32)
        array[top : top + _BAND] = np.clip(np.where(bright, 200, 60) + noise, 0, 255).astype("u1")


def once(source, target, prior, chunk, workers):
    """Clean a store; print figures as JSON."""
    from isingdenoise.chunked import Cut, denoise_chunked
    from isingdenoise.pipeline import CleanOptions

    started, worked = time.perf_counter(), time.process_time()
    options = CleanOptions(prior=prior, noise="gaussian", background=None)
    found = denoise_chunked(source, target, options, cut=Cut(chunk, None, workers), overwrite=True)
    pixels = found.shape[0] * found.shape[1]
    print(
        json.dumps(
            {
                "pixels": pixels,
                "seconds": time.perf_counter() - started,
                "ns_a_pixel": 1e9 * (time.perf_counter() - started) / pixels,
                "cpu_ns": 1e9 * (time.process_time() - worked) / pixels,
                "solving_ns": 1e9 * found.seconds["solving"] / pixels,
                "estimating": found.seconds["estimating"],
                "peak_gib": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20,
                "sweeps": found.updates / pixels,
                "again": found.again,
                "residual": found.residual,
                "over_borders": found.over_borders,
            }
        )
    )


def in_memory(source, prior):
    """Clean a whole picture in memory; print figures as JSON."""
    import zarr

    from isingdenoise import denoise
    from isingdenoise.io import encode_bilevel

    started, worked = time.perf_counter(), time.process_time()
    x = zarr.open_array(str(source))[...]
    result = denoise(x, "gaussian", prior=prior, background=None, rng=0)
    encode_bilevel(result.image, "TIFF")
    seconds = time.perf_counter() - started
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    figures = {"pixels": x.size, "seconds": seconds, "ns_a_pixel": 1e9 * seconds / x.size}
    figures["cpu_ns"] = 1e9 * (time.process_time() - worked) / x.size
    figures |= {"solving_ns": 1e9 * result.solution.seconds / x.size, "peak_gib": peak}
    print(json.dumps(figures))


def spawn(*args):
    """Run this script for one measurement, and return its figures."""
    done = subprocess.run(
        [sys.executable, "-W", "ignore", __file__, *map(str, args)],
        check=True,
        capture_output=True,
        text=True,
    )
    return json.loads(done.stdout)


def told(what, figures):
    print(what, *(f"{name} {value:.4g}" for name, value in figures.items()), flush=True)


def seams(folder, side, prior):
    """Compare all sides of parts with the whole picture."""
    import zarr

    from isingdenoise import IsingModel, MeanField
    from isingdenoise.chunked import Cut, denoise_chunked, open_source
    from isingdenoise.chunked.deciding import decide
    from isingdenoise.pipeline import CleanOptions

    source = folder / "seams.zarr"
    make(source, side)
    options = CleanOptions(prior=prior, noise="gaussian", background=None)
    recipe, _ = decide(open_source(source), options)
    field, start, _ = recipe.fields(zarr.open_array(str(source))[...])
    model = IsingModel(field, recipe.coupling)
    del field
    plain = MeanField(schedule="checkerboard", max_sweeps=5000).solve(model, init=start)
    tiled = MeanField().solve(model, init=start)
    tie = np.abs(plain.mean) <= 1e-2
    print(f"coupling {recipe.coupling}; ties {int(tie.sum())} of {tie.size}")
    apart = plain.labels != tiled.labels
    print(f"whole picture, tiled and plain sweeps: {int(apart.sum())} labels differ, "
          f"{int((apart & ~tie).sum())} of them no ties", flush=True)  # fmt: skip
    first = None
    for chunk in (256, 512, 1024, 2048, 4096):
        found = denoise_chunked(
            source, folder / "out.zarr", options, cut=Cut(chunk), overwrite=True
        )
        bright = zarr.open_array(str(folder / "out.zarr"))[...] > 0
        first = bright if first is None else first
        counts = [
            int(((bright != other) & clear).sum())
            for other in (first, plain.labels > 0, tiled.labels > 0)
            for clear in (True, ~tie)
        ]
        print(
            f"side {chunk}: differ from side 256 {counts[0]} ({counts[1]} no ties), from plain "
            f"sweeps {counts[2]} ({counts[3]}), from tiled {counts[4]} ({counts[5]}); residual "
            f"{found.residual:.2g}, over borders {found.over_borders:.2g}, again {found.again}",
            flush=True,
        )


def throughput(folder, side, prior):
    """Print the rate by side of parts and by workers."""
    source, target = folder / "speed.zarr", folder / "out.zarr"
    make(source, side)
    for chunk in (256, 512, 1024, 2048, 4096):
        for workers in (1, 2):
            told(
                f"side {chunk} workers {workers}:",
                spawn("once", source, target, prior, chunk, workers),
            )


def pixels(folder, side, prior):
    """Print time and memory by number of pixels."""
    for size in [n for n in (3200, 4096, 10240, 32768) if n <= side]:
        source = folder / "pixels.zarr"
        make(source, size)
        for _ in range(3 if size < 9000 else 1):
            told(f"{size} x {size}:", spawn("once", source, folder / "out.zarr", prior, 2048, 2))
        if size == 4096:
            for _ in range(3):
                told("the same in memory:", spawn("in_memory", source, prior))
        shutil.rmtree(source)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("what", choices=["seams", "throughput", "pixels", "once", "in_memory"])
    parser.add_argument("rest", nargs="*")
    parser.add_argument("--side", type=int)
    parser.add_argument("--prior", default="ising")
    given = parser.parse_args()
    if given.what == "once":
        source, target, prior, chunk, workers = given.rest
        once(source, target, prior, int(chunk), int(workers))
    elif given.what == "in_memory":
        in_memory(*given.rest)
    else:
        with tempfile.TemporaryDirectory() as name:
            work = {"seams": seams, "throughput": throughput, "pixels": pixels}[given.what]
            side = given.side or (32768 if given.what == "pixels" else 8192)
            work(Path(name), side, given.prior)


if __name__ == "__main__":
    main()
