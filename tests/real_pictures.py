"""The drawings of `scripts/real`, importable while a module of tests runs."""

import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

SCRIPTS = Path(__file__).resolve().parents[1] / "scripts"


@pytest.fixture(scope="module")
def real():
    """Return the script and its parts: `benchmark_real`, `pages`, `codes`, `clean`, ..."""
    before = set(sys.modules)
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(SCRIPTS))
        import benchmark_real
        from real import clean, codes, drawing, judges, pages, sections, specks, table

        yield SimpleNamespace(
            script=benchmark_real, clean=clean, codes=codes, drawing=drawing, judges=judges,
            pages=pages, sections=sections, specks=specks, table=table,
        )  # fmt: skip
    for name in set(sys.modules) - before:
        if name.split(".")[0] in ("benchmark_real", "real", "quality"):
            del sys.modules[name]
