"""Write a page for each experiment of the command `experiment`, and one that leads to them.

What `docs/experiments/` holds of an experiment NAME is used: `NAME.inc.md`, its heading and
words; `NAME.png`, `NAME.csv` and `NAME.txt` (what the command prints), made by
`scripts/make_gallery.py`. Without the latter three the command runs when the site is built, so
that a quick experiment needs none of them.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from isingdenoise_cli.commands.experiment import experiment
from sphinx.util import logging

if TYPE_CHECKING:
    from sphinx.application import Sphinx

KINDS = ("png", "csv", "txt")
INDEX = """# Experiments

Questions about approximate inference, each answered by a figure and its numbers. A page names the
command that makes both again; seeds are fixed, only times differ.

{entries}

```{{toctree}}
:hidden:

{names}
```
"""
ENTRY = """## [{heading}]({name}.md)

{question}

```{{image}} {name}.png
:alt: {heading}
:width: 520px
:target: {name}.html
```
"""
PAGE = """# {heading}

{text}

![{heading}: the figure]({name}.png)

```sh
isingdenoise experiment {name} -o measured/
```

All numbers: {{download}}`{name}.csv <{name}.csv>`.

<details>
<summary>What it prints</summary>

```text
{printed}
```

</details>
"""


def names() -> list[str]:
    """Return the experiments that the command knows, in its order."""
    (argument,) = (p for p in experiment.params if p.name == "name")
    return list(argument.type.choices)  # type: ignore[attr-defined]


def make(name: str, folder: Path) -> None:
    """Run one experiment; its figure, its numbers and what it prints go into a folder."""
    command = [sys.executable, "-m", "isingdenoise_cli", "experiment", name, "-o", str(folder)]
    done = subprocess.run([*command, "--force"], check=True, stdout=subprocess.PIPE, text=True)
    said = [line.rstrip() for line in done.stdout.splitlines() if str(folder) not in line]
    (folder / f"{name}.txt").write_text("\n".join(said).strip() + "\n", encoding="utf-8")


def words(name: str, source: Path) -> tuple[str, str]:
    """Return heading and text of a page; without a file of them, what the help says."""
    path = source / "experiments" / f"{name}.inc.md"
    if not path.exists():
        line = re.search(rf"^ *{name} {{2,}}(.+)$", experiment.help or "", re.MULTILINE)
        return name.replace("-", " ").capitalize(), line.group(1) if line else ""
    heading, _, text = path.read_text(encoding="utf-8").partition("\n")
    return heading.removeprefix("# "), text.strip()


def generate(app: Sphinx) -> None:
    """Write all pages."""
    source = Path(app.srcdir)
    folder = source / "gallery"
    folder.mkdir(exist_ok=True)
    entries = []
    for name in names():
        kept = [source / "experiments" / f"{name}.{kind}" for kind in KINDS]
        if all(path.exists() for path in kept):
            for path in kept:
                shutil.copy(path, folder)
        elif not (folder / f"{name}.txt").exists():
            logging.getLogger(__name__).info("experiment %s ...", name)
            make(name, folder)
        heading, text = words(name, source)
        printed = (folder / f"{name}.txt").read_text(encoding="utf-8").rstrip()
        page = PAGE.format(heading=heading, text=text, name=name, printed=printed)
        write(folder / f"{name}.md", page)
        question = text.partition("\n\n")[0]
        entries.append(ENTRY.format(heading=heading, name=name, question=question))
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
