"""Standard output that takes nothing: one line, the published code, and nothing from Python."""

import os
import subprocess
import sys

import pytest
from command_line import COLD, SCRIPT, save_noisy
from faulty import QUICK, UNREADABLE, UNWRITABLE, USAGE, linux, pictures

PRINTING = [
    ["--help"],
    ["--version"],
    ["batch", "--help"],
    ["engines"],
    ["engines", "--json"],
    ["noises"],
    ["noises", "--json"],
    ["run", "--show-config"],
    ["run", "in/x.png", "-o", "x.out.png", *QUICK],
    ["run", "in/x.png", "-o", "x.out.png", "--json", *QUICK],
    ["run", "in/x.png", "in/y.png", "-o", "out/", *QUICK],
    ["run", "in/x.png", "-o", "-", *QUICK],
    ["estimate", "in/x.png", "--json"],
    ["compare", "in/x.png", *QUICK],
    ["corrupt", "in/x.png", "-o", "x.out.png", "--noise", "flip"],
    ["batch", "in", "out", *QUICK],
    ["batch", "in", "out", "--dry-run"],
    ["batch", "in", "out", "--json", *QUICK],
    ["warmup"],
]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("full")
    for name in ("x", "y"):
        save_noisy(folder / "in" / f"{name}.png", size=16)
    return folder


def printed(folder, words, redirected, stream="stdout"):
    """Run the command with buffers as everybody has them; return (code, lines on the other)."""
    (folder / "out").mkdir(exist_ok=True)
    for path in [*(folder / "out").iterdir(), *folder.glob("*.out.*")]:
        path.unlink()
    other = "stderr" if stream == "stdout" else "stdout"
    environment = {k: v for k, v in os.environ.items() if k != "PYTHONUNBUFFERED"}
    done = subprocess.run(
        ["sh", "-c", f'exec "$0" "$@" {redirected}', str(SCRIPT), *words],
        cwd=folder,
        env=environment,
        stdin=subprocess.DEVNULL,
        text=True,
        timeout=120,
        check=False,
        **{other: subprocess.PIPE},
    )
    return done.returncode, getattr(done, other).replace(COLD, "").splitlines()


@pytest.mark.slow
@linux
@pytest.mark.parametrize("words", PRINTING, ids=" ".join)
def test_a_full_stdout_ends_with_its_own_code_and_line(folder, words):
    code, lines = printed(folder, words, "> /dev/full")
    text = [line for line in lines if " -> " not in line]  # the report of -o -
    assert code == UNWRITABLE, lines
    assert len(text) == 1, lines
    assert text[0].startswith("isingdenoise: ")
    assert "No space left" in text[0]


@pytest.mark.slow
@pytest.mark.parametrize(
    "words", [["--help"], ["engines"], ["run", "in/x.png", "-o", "x.out.png", "--json", *QUICK]]
)
def test_a_closed_stdout_is_no_error(folder, words):
    assert printed(folder, words, ">&-") == (0, [])
    assert ("run" in words) == (folder / "x.out.png").exists()


@pytest.mark.slow
def test_files_are_there_though_nobody_could_be_told(folder):
    printed(folder, ["batch", "in", "out", *QUICK], "> /dev/full")
    assert set(pictures(folder / "out")) == {"x.png", "y.png"}


@pytest.mark.slow
@linux
@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ([], USAGE),
        (["run", "none.png"], UNREADABLE),
        (["run", "--frobnicate"], USAGE),
        (["run", "in/x.png", "-o", "x.out.png", "-v", "-q"], USAGE),
        (["engines"], 0),
    ],
)
def test_a_full_stderr_changes_no_code(folder, words, expected):
    code, lines = printed(folder, words, "2> /dev/full", "stderr")
    assert code == expected
    assert bool(lines) == (words == ["engines"])


@pytest.mark.process
@pytest.mark.slow
@pytest.mark.parametrize("words", [["--help"], ["run", "--help"], ["noises"], ["--version"]])
def test_a_reader_that_has_gone_ends_quietly(folder, words):
    source, sink = os.pipe()
    os.close(source)
    try:
        done = subprocess.run(
            [sys.executable, "-c", "from isingdenoise_cli.main import cli; cli()", *words],
            stdout=sink,
            stderr=subprocess.PIPE,
            env={k: v for k, v in os.environ.items() if k != "PYTHONUNBUFFERED"},
            timeout=60,
            check=False,
        )
    finally:
        os.close(sink)
    assert (done.returncode, done.stderr) == (0, b"")
