"""The documentation builds without a warning, and its pages stand on their own."""

from __future__ import annotations

import importlib.util
import re
import shutil
import sys
from html.parser import HTMLParser
from pathlib import Path

import pytest
from documented import ROOT, run

import isingdenoise

NEEDED = ("sphinx", "myst_nb", "sphinx_click", "pydata_sphinx_theme")
DOCS = ROOT / "docs"

pytestmark = [pytest.mark.slow, pytest.mark.process]


class Addresses(HTMLParser):
    """Collect what a page loads or leads to, and the places within it."""

    def __init__(self) -> None:
        super().__init__()
        self.loads: list[str] = []
        self.leads: list[str] = []
        self.places: set[str] = set()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = dict(attrs)
        self.places.add(found.get("id") or "")
        if tag in {"script", "img", "link"} and (address := found.get("src") or found.get("href")):
            self.loads.append(address)
        if tag == "a" and (address := found.get("href")):
            self.leads.append(address)


def read(page: Path) -> Addresses:
    found = Addresses()
    found.feed(page.read_text(encoding="utf-8"))
    return found


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build all pages of a copy of the tree, as `scripts/docs` does; return where they are."""
    missing = [name for name in NEEDED if importlib.util.find_spec(name) is None]
    if missing:
        pytest.skip(f"needs the extra docs ({', '.join(missing)})")
    base = tmp_path_factory.mktemp("docs")
    unwanted = shutil.ignore_patterns("_build", "gallery", "generated")
    shutil.copytree(DOCS, base / "docs", ignore=unwanted)
    for name in ("isingdenoise", "cli", "sample_images", "tests", "README.md", "CHANGELOG.md"):
        (base / name).symlink_to(ROOT / name)
    options = ["--fail-on-warning", "--keep-going", "-q"]
    words = [sys.executable, "-m", "sphinx", *options, str(base / "docs"), str(base / "html")]
    done = run(words, base, timeout=1200)
    assert done.returncode == 0, done.stdout + done.stderr
    return base / "html"


@pytest.fixture(scope="module")
def pages(site: Path) -> dict[Path, Addresses]:
    return {page: read(page) for page in site.rglob("*.html")}


def test_links_within_the_site_lead_somewhere(site: Path, pages: dict[Path, Addresses]) -> None:
    assert len(pages) > 60
    broken = []
    for page, found in pages.items():
        for address in found.leads:
            path, _, place = address.partition("#")
            target = (page.parent / path).resolve() if path else page
            if re.match(r"\w+:", address) or target.name in {"search.html", "genindex.html"}:
                continue
            here = pages.get(target)
            if not target.exists() or (place and here and place not in here.places):
                broken.append(f"{page.relative_to(site)} -> {address}")
    assert broken == []


def test_no_page_loads_anything_from_elsewhere(pages: dict[Path, Addresses]) -> None:
    loads = {address for found in pages.values() for address in found.loads}
    assert loads
    assert [address for address in loads if re.match(r"(\w+:)?//", address)] == []


def test_every_public_name_has_a_page(site: Path) -> None:
    generated = {page.stem for page in (site / "reference" / "generated").glob("*.html")}
    public = {name for name in isingdenoise.__all__ if not name.isupper() or name == "ICM"}
    public -= {"__version__"}
    assert {f"isingdenoise.{name}" for name in public} == generated


def test_every_experiment_has_a_page(site: Path) -> None:
    from isingdenoise_cli.commands.experiment import experiment

    (names,) = (p.type.choices for p in experiment.params if p.name == "name")
    made = {page.stem for page in (site / "gallery").glob("*.html")} - {"index"}
    assert made == set(names)


def test_the_notebooks_were_executed(site: Path) -> None:
    for name in ("first_picture", "how_sure", "against_exact"):
        text = (site / "notebooks" / f"{name}.html").read_text(encoding="utf-8")
        assert "cell_output" in text
        assert re.search(r'<img[^>]+src="\.\./_images/', text)
        assert "Traceback" not in text
