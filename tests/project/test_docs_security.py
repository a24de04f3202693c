"""docs/security.md leads to what there is."""

import re
from pathlib import Path

DOCS = Path(__file__).resolve().parents[2] / "docs"
TEXT = (DOCS / "security.md").read_text("utf-8")


def test_its_links_lead_somewhere():
    links = re.findall(r"\]\(([^)]+)\)", TEXT)
    assert links
    for link in links:
        path, _, heading = link.partition("#")
        text = (DOCS / path).read_text("utf-8")
        assert not heading or f"## {heading}\n" in text.lower()


def test_the_readme_leads_to_it():
    assert "security.md" in (DOCS.parent / "README.md").read_text("utf-8")
