"""Write a page for each experiment of the command `experiment`, and one that leads to them.

What `docs/experiments/` holds of an experiment NAME is used: `NAME.inc.md`, its heading and
words; `NAME.png` and `NAME.csv`, made by `scripts/make_gallery.py`. Without the latter two the
command runs when the site is built, so a quick experiment needs neither.
"""

from __future__ import annotations

import csv
import shutil
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from isingdenoise_cli.commands.experiment import experiment
from sphinx.util import logging

if TYPE_CHECKING:
    from sphinx.application import Sphinx

LONGEST_TABLE = 24  # rows; longer ones are a file
INDEX = """# Experiments

Questions about approximate inference, each answered by a figure and its numbers. A page names the
command that makes both again; seeds are fixed, only times differ.

{entries}

```{{toctree}}
:hidden:

{names}
```
"""


def names() -> list[str]:
    """Return the experiments that the command knows, in its order."""
    (argument,) = (p for p in experiment.params if p.name == "name")
    return list(argument.type.choices)  # type: ignore[attr-defined]


def make(name: str, folder: Path) -> None:
    """Run one experiment; its figure and numbers go into a folder."""
    command = [sys.executable, "-m", "isingdenoise_cli", "experiment", name, "-o", str(folder)]
    subprocess.run([*command, "--force"], check=True, stdout=subprocess.DEVNULL)


def words(name: str, source: Path) -> tuple[str, str]:
    """Return heading and text of a page."""
    path = source / "experiments" / f"{name}.inc.md"
    if not path.exists():
        return name.replace("-", " ").capitalize(), ""
    heading, _, text = path.read_text(encoding="utf-8").partition("\n")
    return heading.removeprefix("# "), text.strip()


def table(rows: list[list[str]]) -> str:
    """Return rows, the first of them the head, as a table; numbers in four digits."""
    head, *body = rows
    lines = [head, ["---"] * len(head), *([rounded(cell) for cell in row] for row in body)]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def rounded(cell: str) -> str:
    """Return a number in four digits, and anything else as it is."""
    try:
        return cell if cell.lstrip("-").isdigit() else f"{float(cell):.4g}"
    except ValueError:
        return cell.replace("|", "\\|").replace("_", " ")


def page(name: str, source: Path, rows: list[list[str]]) -> str:
    """Return the text of an experiment's page."""
    heading, text = words(name, source)
    numbers = f"Numbers: {{download}}`{name}.csv <{name}.csv>`, {len(rows) - 1} rows."
    if len(rows) <= LONGEST_TABLE:
        numbers += f"\n\n{table(rows)}"
    return (
        f"# {heading}\n\n{text}\n\n![{heading}: the figure]({name}.png)\n\n"
        f"```sh\nisingdenoise experiment {name} -o measured/\n```\n\n{numbers}\n"
    )


def generate(app: Sphinx) -> None:
    """Write all pages."""
    source = Path(app.srcdir)
    folder = source / "gallery"
    folder.mkdir(exist_ok=True)
    entries = []
    for name in names():
        kept = [source / "experiments" / f"{name}.{kind}" for kind in ("png", "csv")]
        if all(path.exists() for path in kept):
            for path in kept:
                shutil.copy(path, folder)
        elif not (folder / f"{name}.png").exists():
            logging.getLogger(__name__).info("experiment %s ...", name)
            make(name, folder)
        with (folder / f"{name}.csv").open(encoding="utf-8", newline="") as file:
            rows = list(csv.reader(file))
        write(folder / f"{name}.md", page(name, source, rows))
        heading, text = words(name, source)
        first = text.partition("\n\n")[0].replace("\n", " ")
        entries.append(
            f"## [{heading}]({name}.md)\n\n{first}\n\n"
            f"```{{image}} {name}.png\n:alt: {heading}\n:width: 520px\n:target: {name}.html\n```\n"
        )
    text = INDEX.format(entries="\n".join(entries), names="\n".join(names()))
    write(folder / "index.md", text)


def write(path: Path, text: str) -> None:
    """Write a page where it is another than before: Sphinx reads anew what is younger."""
    if not path.exists() or path.read_text(encoding="utf-8") != text:
        path.write_text(text, encoding="utf-8")


def setup(app: Sphinx) -> dict[str, bool]:
    """Write the pages before Sphinx looks for its sources."""
    app.connect("builder-inited", generate)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
