"""Judge `denoise` on pictures as the world makes them, by what users judge by.

    .venv/bin/pip install -e '.[bench]'
    .venv/bin/python scripts/benchmark_real.py [--only pages,codes] [--json] [--save FOLDER]
    .venv/bin/python scripts/benchmark_real.py --folder MY_PICTURES

The pictures are drawn here, the same at each run, so that it is known what is
right: pages (judged by the words that Tesseract also reads on the grey page),
codes (by zxing-cpp), clean pictures (by the pixels that change), text with
specks and blank pages. Everything is compared with Otsu's threshold. `--folder`
does the same with pictures of your own, of which nothing is known: codes and
words are those of the grey picture. A judge that is not installed is left out
with a line.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from dataclasses import asdict
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent))

from real import judges, sections, table

Record = dict[str, Any]


def measure(options: argparse.Namespace) -> list[Record]:
    """Return the records of the sections that are asked for, with a line on stderr for each."""
    save = sections.Saver(options.save)
    if options.folder is not None:
        return list(sections.of_folder(options.folder, save))
    records = []
    for name in options.only or sections.SECTIONS:
        started = time.perf_counter()
        new = list(sections.SECTIONS[name](save))
        records += new
        print(f"{name}: {len(new)} pictures, {time.perf_counter() - started:.0f} s",
              file=sys.stderr, flush=True)  # fmt: skip
    return records


def main(arguments: list[str] | None = None) -> None:
    options = parse(arguments)
    for found, what in (
        (judges.has_tesseract(), "tesseract is not installed: no words are judged; "
                                 "on Debian, apt install tesseract-ocr"),
        (judges.has_zxing(), "zxing-cpp is not installed: no codes are judged; "
                             "pip install 'isingdenoise[bench]'"),
    ):  # fmt: skip
        if not found:
            print(what, file=sys.stderr)
    records = measure(options)
    if options.json:
        found = [asdict(goal) for goal in table.goals(records)]
        print(json.dumps({"records": records, "goals": found}, indent=1))
    else:
        print(table.report(records))


def parse(arguments: list[str] | None) -> argparse.Namespace:
    def names(text: str) -> tuple[str, ...]:
        unknown = set(text.split(",")) - set(sections.SECTIONS)
        if unknown:
            raise argparse.ArgumentTypeError(
                f"no such section: {', '.join(sorted(unknown))}; there are "
                + ", ".join(sections.SECTIONS)
            )
        return tuple(text.split(","))

    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--only", type=names, default=(), metavar="A,B",
                        help=f"these sections: {', '.join(sections.SECTIONS)}")  # fmt: skip
    parser.add_argument("--folder", type=Path, help="judge the pictures of this folder instead")
    parser.add_argument("--save", type=Path, metavar="DIR",
                        help="write each picture, Otsu's and the result side by side")  # fmt: skip
    parser.add_argument("--json", action="store_true", help="records and goals as JSON")
    options = parser.parse_args(arguments)
    if options.folder is not None and not options.folder.is_dir():
        parser.error(f"--folder {options.folder}: no such folder")
    return options


if __name__ == "__main__":
    try:
        main()
    except KeyboardInterrupt:
        sys.exit(130)
