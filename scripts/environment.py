"""The environment .venv: made and brought up to date, with what the standard library has."""

from __future__ import annotations

import hashlib
import subprocess
import sys
import venv
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
HOME = ROOT / ".venv"
_OLDEST = (3, 11)


def program(name: str = "python") -> str:
    """Return a program of the environment."""
    folder, ending = ("Scripts", ".exe") if sys.platform == "win32" else ("bin", "")
    return str(HOME / folder / f"{name}{ending}")


def install(extras: str = "") -> None:
    """Install the project, editable; nothing is done where .venv has what pyproject.toml asks for.

    Any extra brings the project itself along.
    """
    if sys.version_info < _OLDEST:
        sys.exit("isingdenoise needs Python 3.11 or newer; run this with one")
    if not Path(program()).exists():
        venv.create(HOME, with_pip=True)
    wanted = hashlib.sha256((ROOT / "pyproject.toml").read_bytes()).hexdigest()
    stamp = HOME / f".installed{f'-{extras}' if extras else ''}"
    stamps = [stamp] if extras else [*HOME.glob(".installed*")]
    if wanted in (path.read_text(encoding="utf-8") for path in stamps if path.exists()):
        return
    print("installing into .venv (once) ...", file=sys.stderr)
    target = f".[{extras}]" if extras else "."
    pip = ("-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--editable", target)
    run(program(), *pip)
    stamp.write_text(wanted, encoding="utf-8")


def run(*words: str, environment: dict[str, str] | None = None) -> None:
    """Run a program at the root; end with its code where that is not 0."""
    sys.stdout.flush()
    code = subprocess.run(words, cwd=ROOT, env=environment, check=False).returncode
    if code:
        sys.exit(code if code > 0 else 128 - code)
