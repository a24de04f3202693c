"""Makes .venv, installs the test extra and runs every check.

python -m scripts.test            everything; what CI runs
python -m scripts.test --quick    without what is slow or starts processes
python -m scripts.test -k flip    arguments go to pytest alone

`scripts/test` is the same from bash. The variable EXTRAS names other extras than `test`.
"""

from __future__ import annotations

import os
import sys

from scripts.environment import install, program, run

_MANY = ("-q", "-n", "auto", "--maxprocesses", "4", "--dist", "worksteal")


def main(words: list[str]) -> None:
    """Run what the words ask for; end with the code of the first check that fails."""
    install(os.environ.get("EXTRAS", "test"))
    if words[:1] == ["--quick"]:
        lint()
        pytest(*_MANY, "-m", "not slow and not process", *words[1:])
    elif words:
        pytest(*words)
    else:
        lint()
        print("== kernels, not compiled")
        pytest("-q", "tests/kernels", NUMBA_DISABLE_JIT="1")
        print("== everything, compiled")
        pytest(*_MANY)
        print("== old dependencies, other Pythons")
        run(program(), "scripts/matrix.py")


def lint() -> None:
    """Check style and types."""
    print("== ruff")
    run(program("ruff"), "check", ".")
    run(program("ruff"), "format", "--check", ".")
    print("== mypy")
    run(program("mypy"))


def pytest(*words: str, **variables: str) -> None:
    """Run tests."""
    run(program(), "-m", "pytest", *words, environment={**os.environ, **variables})


if __name__ == "__main__":
    main(sys.argv[1:])
