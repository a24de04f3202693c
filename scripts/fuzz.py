"""Read damaged picture files until the time is over, and report what did harm.

    .venv/bin/python scripts/fuzz.py [--seconds 600] [--seed 0] [--least 5000]
    .venv/bin/python scripts/fuzz.py --seed 0 --only 1234 --save harm.bin

Reading happens in a child, where a crash of a decoder is seen as the signal that
ended it, and memory is limited, so that a few bytes that ask for gigabytes show.
Input N of a seed is always the same. Harm is: any error but ReadError and
ParameterError, one of several lines, running out of memory (what is refused
before decoding does not), a word on stdout or stderr, a file written, a hang.
The exit code is 1 if there was any. --least inputs are read however long it takes.
"""

from __future__ import annotations

import argparse
import contextlib
import io
import json
import mmap
import os
import random
import resource
import struct
import subprocess
import sys
import tempfile
import time
import traceback
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from fuzz_files import damaged, sound_files

MEMORY = 1 << 30  # beyond what the imports take
MAX_PIXELS = 1_000_000
SLOW = 2.0  # seconds that are worth a word
HANG = 120.0  # seconds without an end
PLANTED = {
    "signal": "import os, signal; os.kill(os.getpid(), signal.SIGSEGV)",
    "word": "print('a word', file=__import__('sys').stderr, flush=True)",
    "file": "open('left', 'w').close()",
    "error": "1 / 0",
    "memory": "bytearray(1 << 40)",
}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--least", type=int, default=5000, help="inputs that are read in any case")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--first", type=int, default=0, help="number of the first input")
    parser.add_argument("--only", type=int, help="read this one input")
    parser.add_argument("--save", type=Path, help="with --only: keep the file")
    parser.add_argument("--plant", choices=sorted(PLANTED), help="a control: do this harm instead")
    parser.add_argument("--child", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.child:
        read_on(options, Path(options.child))
        return 0
    if options.only is not None:
        options.first, options.least, options.seconds = options.only, 1, 0
        if options.save:
            options.save.write_bytes(file_number(sound_files(), options.seed, options.only)[1])
    return watch(options)


def file_number(files: dict[str, bytes], seed: int, number: int) -> tuple[str, bytes]:
    """Return what was done to which file, and the damaged file."""
    return damaged(files, random.Random(f"{seed}/{number}"))


# ------------------------------------------------------------------------------ parent


def watch(options: argparse.Namespace) -> int:
    """Start children until the time is over; print what they found, at last a summary."""
    started, first, harm, read = time.monotonic(), options.first, 0, 0
    files = sound_files()
    while True:
        with tempfile.TemporaryDirectory() as folder:
            for found in child(options, first, started, Path(folder)):
                if "read" in found:
                    read += found["read"]
                    first = found["next"]
                    continue
                number = found["input"]
                found["what"] = file_number(files, options.seed, number)[0]
                harm += found["harm"] != "slow"
                print(json.dumps(found), flush=True)
        over = time.monotonic() - started >= options.seconds
        if (over and first - options.first >= options.least) or harm > 100:
            break
    again = f"scripts/fuzz.py --seed {options.seed} --only INPUT"
    print(json.dumps({"read": read, "harm": harm, "again": again}))
    return 1 if harm else 0


def child(
    options: argparse.Namespace, first: int, started: float, folder: Path
) -> Iterator[dict[str, Any]]:
    """Run one child to its end; yield what it says, and how it died if it did."""
    (folder / "work").mkdir()
    (folder / "progress").write_bytes(bytes(16))
    left = max(0.0, options.seconds - (time.monotonic() - started))
    least = max(0, options.first + options.least - first)
    command = [sys.executable, "-W", "error", __file__, "--child", str(folder)]
    command += ["--seed", str(options.seed), "--first", str(first)]
    command += ["--seconds", str(left), "--least", str(least)]
    command += ["--plant", options.plant] if options.plant else []
    with (
        (folder / "said").open("w+b") as said,
        (folder / "out").open("w+b") as out,
        subprocess.Popen(
            command,
            cwd=folder / "work",
            env={**os.environ, "TMPDIR": str(folder / "work")},
            stdout=out,
            stderr=out,
        ) as process,
    ):
        end = _wait(process, folder)
        for line in said:
            yield json.loads(line)
        now, result = struct.unpack("qq", (folder / "progress").read_bytes())
        if end or process.returncode:
            out.seek(0)
            words = out.read().decode(errors="replace")[-2000:]
            end = end or f"ended with {process.returncode}"
            yield {"input": now, "harm": end, "words": words}
            yield {"read": now + 1 - first, "next": now + 1}
        else:
            yield {"read": result - first, "next": result}


def _wait(process: subprocess.Popen[bytes], folder: Path) -> str:
    """Wait for a child; kill it where it stays with one input for ever."""
    before, since = b"", time.monotonic()
    while True:
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(0.2)
            return ""
        now = (folder / "progress").read_bytes()
        if now != before:
            before, since = now, time.monotonic()
        elif time.monotonic() - since > HANG:
            process.kill()
            process.wait()
            return "hangs"


# ------------------------------------------------------------------------------- child


def read_on(options: argparse.Namespace, folder: Path) -> None:
    """Read input after input; say on a file of its own what did harm."""
    import isingdenoise.io  # noqa: F401 - before memory is limited

    files = sound_files()
    for data in files.values():
        read(data, random.Random(0), folder)  # every decoder loaded
    pages = int(Path("/proc/self/statm").read_text().split()[0])
    limit = pages * resource.getpagesize() + MEMORY
    resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    started, number = time.monotonic(), options.first
    with (
        (folder / "said").open("w") as said,
        (folder / "progress").open("r+b") as stream,
        mmap.mmap(stream.fileno(), 16) as progress,
    ):
        while (
            number < options.first + options.least or time.monotonic() - started < options.seconds
        ):
            progress[:8] = struct.pack("q", number)
            _, data = file_number(files, options.seed, number)
            since = time.monotonic()
            plant = PLANTED.get(options.plant, "") if number % 100 == 7 else ""
            found = read(data, random.Random(number), folder, plant) or traces(folder)
            seconds = time.monotonic() - since
            if not found and seconds > SLOW:
                found = {"harm": "slow"}
            if found:
                line = {"input": number, **found, "seconds": round(seconds, 2)}
                said.write(json.dumps(line) + "\n")
                said.flush()
            number += 1
            progress[8:] = struct.pack("q", number)


def read(data: bytes, rng: random.Random, folder: Path, plant: str = "") -> dict[str, Any] | None:
    """Read a file in one of the ways there are; return the harm, or None."""
    from isingdenoise.errors import ParameterError, ReadError
    from isingdenoise.io import read_mask, read_pages, read_picture

    source: Any = io.BytesIO(data)
    if rng.random() < 0.5:  # decoders that take a file's number do other things
        source = folder / "file"
        source.write_bytes(data)
    limits: dict[str, Any] = {"max_pixels": MAX_PIXELS}
    way = rng.randrange(4)
    try:
        exec(plant)
        if way == 3 and isinstance(source, Path):
            read_mask(source, (21, 34), **limits)
        elif way == 0:
            for picture in read_pages(source, **limits):
                check(picture.pixels)
        else:
            frame = rng.choice((None, 0, 0, 1, 2))
            check(read_picture(source, frame=frame, **limits).pixels)
    except (ReadError, ParameterError) as error:
        text, cause = str(error), error.__cause__
        if not text.isprintable():
            return {"harm": "an error of several lines", "words": text}
        if isinstance(cause, MemoryError) or "more memory than there is" in text:
            return {"harm": "takes more memory than there is", "words": text}
    except MemoryError:
        return {"harm": "takes more memory than there is", "words": traceback.format_exc()[-1500:]}
    except BaseException:
        return {"harm": "an error of another kind", "words": traceback.format_exc()[-1500:]}
    return None


def check(pixels: Any) -> None:
    """Insist on what a picture is."""
    assert pixels.ndim == 2 and 0 < pixels.size <= MAX_PIXELS, pixels.shape
    assert pixels.dtype.name in {"bool", "uint8", "uint16", "float32", "float64"}, pixels.dtype
    pixels.tobytes()  # touches every byte


def traces(folder: Path) -> dict[str, Any] | None:
    """Return what was left behind or said since the last input, and clear it away."""
    if (size := (folder / "out").stat().st_size) > 0:
        words = (folder / "out").read_bytes()[:1000].decode(errors="replace")
        for descriptor in (1, 2):
            os.ftruncate(descriptor, 0)
            os.lseek(descriptor, 0, os.SEEK_SET)
        return {"harm": f"said {size} bytes", "words": words}
    if there := [path.name for path in (folder / "work").iterdir()]:
        for name in there:
            (folder / "work" / name).unlink()
        return {"harm": f"wrote {there}"}
    return None


if __name__ == "__main__":
    sys.exit(main())
