"""The table in README.md: every fault has tests, and every test a fault."""

import ast
import re
from pathlib import Path

import pytest

HERE = Path(__file__).parent
ROWS = 37


def table(text):
    """Return fault -> set of (file, test)."""
    found = {}
    for line in text.splitlines():
        if not line.startswith("| ") or line.startswith("| fault |"):
            continue
        fault, tests = line.strip("| ").split(" | ")
        found[fault] = set()
        for part in tests.split("; "):
            names = re.findall(r"`([^`]+)`", part)
            found[fault] |= {(names[0], name) for name in names[1:]}
    return found


def names_in(path):
    tree = ast.parse(path.read_text(encoding="utf-8"))
    return {node.name for node in tree.body if getattr(node, "name", "").startswith("test_")}


TABLE = table((HERE / "README.md").read_text(encoding="utf-8"))


@pytest.mark.slow
@pytest.mark.parametrize("fault", TABLE)
def test_each_fault_has_tests_that_exist(fault):
    assert TABLE[fault]
    for file, name in TABLE[fault]:
        assert name in names_in(HERE / file), file


def test_each_test_of_this_folder_has_a_fault():
    named = set().union(*TABLE.values())
    for path in HERE.glob("test_*.py"):
        if path.name != Path(__file__).name:
            assert {(path.name, name) for name in names_in(path)} <= named
    assert len(TABLE) == ROWS


def test_a_row_without_its_test_would_be_seen():
    """A control."""
    rows = table("| fault | tests |\n|---|---|\n| flood | `test_x.py`: `test_a` `test_b` |\n")
    assert rows == {"flood": {("test_x.py", "test_a"), ("test_x.py", "test_b")}}
    assert "test_flood" not in names_in(Path(__file__))
