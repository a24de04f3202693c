"""Measure how well pictures come out, against oracles and peers.

    .venv/bin/pip install -e '.[bench,samples]'
    .venv/bin/python scripts/benchmark_quality.py [--out quality.jsonl] [--cells]

A cell is one picture with one noise, averaged over seeds. The columns `zero`
(the default engine) and those named after an engine are `denoise` with nothing but
the name of the noise; all others know the clean picture when they choose their
parameter, and `told`, `oracle` and `cut` also the true noise. Records go to --out as
they are made, one JSON object a line: a second run does only what is missing there. `--only zero`
measures the named columns again and keeps the others. `quality/peers.jsonl` holds records of the
peers with three seeds, which take over an hour: a copy of it saves them.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import time
import warnings
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor, as_completed
from contextlib import contextmanager
from multiprocessing import get_context
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent))

from quality import columns, pictures, table

Record = dict[str, Any]
QUICK_SETTINGS = ("gaussian 1", "flip 10 %")


def jobs(options: argparse.Namespace, names: tuple[str, ...]) -> list[columns.Job]:
    """Return every cell, the slowest first, and every clean picture."""
    shown = pictures.quick_pictures() if options.quick else pictures.pictures()
    settings = QUICK_SETTINGS if options.quick else tuple(pictures.SETTINGS)
    seeds = 1 if options.quick else options.seeds
    out = []
    for name, clean in sorted(shown.items(), key=lambda item: -item[1].size):
        codes = pictures.CODES.get(name, ())
        for setting in settings:
            out.append(columns.Job(name, setting, clean, codes, seeds, names))
        if "zero" in names:
            out.append(columns.Job(name, columns.CLEAN, clean, codes, 1, ("zero",)))
    return out


def read(path: Path | None) -> dict[str, Record]:
    """Return the cached records by key; a line cut short by an interrupt is skipped."""
    records: dict[str, Record] = {}
    if path is not None and path.exists():
        for line in path.read_text(encoding="utf-8").splitlines():
            try:
                record = json.loads(line)
            except json.JSONDecodeError:
                continue
            records[record["key"]] = record
    return records


def still_to_do(
    wanted: list[columns.Job], cached: dict[str, Record], again: tuple[str, ...]
) -> Iterator[columns.Job]:
    """Yield the jobs with those columns that are not cached, or named in `again`."""
    for job in wanted:
        names = tuple(c for c in job.names if c in again or job.key(c) not in cached)
        if names:
            yield columns.Job(job.picture, job.setting, job.clean, job.codes, job.seeds, names)


@contextmanager
def one_thread_each() -> Iterator[None]:
    """Have processes that start meanwhile use one thread: the pool fills the cores."""
    before = dict(os.environ)
    os.environ |= {f"{name}_NUM_THREADS": "1" for name in ("OMP", "OPENBLAS", "NUMBA")}
    try:
        yield
    finally:
        os.environ.clear()
        os.environ |= before


def measure(todo: list[columns.Job], processes: int, path: Path | None) -> list[Record]:
    """Run the jobs, two at a time, and append their records to the file as they come."""
    records: list[Record] = []
    if not todo:
        return records
    started = time.perf_counter()
    with (
        one_thread_each(),
        ProcessPoolExecutor(processes, mp_context=get_context("spawn")) as pool,
    ):
        futures = [pool.submit(columns.work, job) for job in todo]
        try:
            for done, future in enumerate(as_completed(futures), 1):
                new = future.result()
                records += new
                if path is not None:
                    with path.open("a", encoding="utf-8") as file:
                        file.writelines(json.dumps(record) + "\n" for record in new)
                cell = f"{new[0]['picture']}, {new[0]['setting']}"
                seconds = time.perf_counter() - started
                print(f"{done}/{len(todo)} {seconds:.0f} s  {cell}", file=sys.stderr, flush=True)
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            raise
    return records


def main(arguments: list[str] | None = None) -> None:
    options = parse(arguments)
    missing = columns.missing_modules()
    if missing:
        packages = ", ".join(columns.EXTRAS[name] for name in missing)
        print(f"not installed, so left out: {packages}; pip install 'isingdenoise[bench]'",
              file=sys.stderr)  # fmt: skip
    names = columns.available()
    if options.quick:
        names = tuple(c for c in names if c != "bm3d")
    shown = jobs(options, names)
    wanted = options.only or options.columns
    todo = [
        columns.Job(j.picture, j.setting, j.clean, j.codes, j.seeds, kept)
        for j in shown
        if (kept := tuple(c for c in j.names if not wanted or c in wanted))
    ]
    cached = read(options.out)
    new = measure(list(still_to_do(todo, cached, options.only)), options.processes, options.out)
    cached |= {record["key"]: record for record in new}
    records = [cached[key] for job in shown for c in job.names if (key := job.key(c)) in cached]
    print(table.report(records, cells=options.cells))


def parse(arguments: list[str] | None) -> argparse.Namespace:
    def names(text: str) -> tuple[str, ...]:
        unknown = set(text.split(",")) - set(columns.COLUMNS)
        if unknown:
            raise argparse.ArgumentTypeError(
                f"no such column: {', '.join(sorted(unknown))}; there are "
                + ", ".join(columns.COLUMNS)
            )
        return tuple(text.split(","))

    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--out", type=Path, help="file of records, JSON lines; kept and resumed")
    parser.add_argument("--only", type=names, default=(), metavar="A,B",
                        help="measure these columns again, keep the others")  # fmt: skip
    parser.add_argument("--columns", type=names, default=(), metavar="A,B",
                        help="measure what is missing of these columns")  # fmt: skip
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--quick", action="store_true",
                        help="three small pictures, two noises, one seed, no BM3D")  # fmt: skip
    parser.add_argument("--cells", action="store_true", help="print every cell, too")
    options = parser.parse_args(arguments)
    for name in ("seeds", "processes"):
        if getattr(options, name) < 1:
            parser.error(f"--{name} must be at least 1")
    return options


if __name__ == "__main__":
    warnings.simplefilter("default")
    try:
        main()
    except KeyboardInterrupt:
        sys.exit(130)
