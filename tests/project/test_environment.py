"""The surroundings of a process, each one caused: locale, home, folders, streams, variables."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from command_line import COLD, SCRIPT, save_noisy, succeed
from isingdenoise_cli.main import COMMANDS

ROOT = Path(__file__).resolve().parents[2]
NOT_THE_POSIX_WAY = pytest.mark.skipif(os.name == "nt", reason="descriptors and names of POSIX")
PLAIN = ["--noise", "gaussian", "--coupling", "1"]  # little to compute
SLOW = {"NUMBA_DISABLE_JIT": "1"}  # needs no cache of kernels

pytestmark = NOT_THE_POSIX_WAY


def go(*args, env=None, without=(), program=(str(SCRIPT),), **options):
    """Run the command; return its exit code and the bytes on stdout and stderr."""
    kept = {k: v for k, v in os.environ.items() if k not in without}
    options = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, **options}
    done = subprocess.run(
        [*program, *args],
        env={**kept, **(env or {})},
        stdin=subprocess.DEVNULL,
        timeout=120,
        check=False,
        **options,
    )
    return done.returncode, done.stdout, (done.stderr or b"").replace(COLD.encode(), b"")


def line_of(done, code):
    """Insist on this exit code and on one line on stderr alone; return it."""
    assert (done[0], done[1]) == (code, b""), done
    assert done[2].startswith(b"isingdenoise: ")
    assert done[2].count(b"\n") == 1
    return done[2].decode(errors="replace")


@pytest.fixture
def noisy(tmp_path):
    return save_noisy(tmp_path / "noisy.png", size=16)


# ---- locale


ASCII = {"LC_ALL": "C", "LANG": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}
LOCALES = {
    "C": ASCII,
    "latin": {"PYTHONIOENCODING": "latin-1"},
    "utf-8": {"PYTHONUTF8": "1"},
}
NAMES = {"accents": "été.png".encode(), "kanji": "光.png".encode(), "no UTF-8": b"a\xff\xe9.png"}


@pytest.mark.process
@pytest.mark.slow
@pytest.mark.parametrize("locale", LOCALES)
def test_names_of_all_kinds_in_all_locales(tmp_path, noisy, locale):
    env = LOCALES[locale]
    folder = os.fsencode(tmp_path / "in")
    (tmp_path / "in").mkdir()
    for name in NAMES.values():
        shutil.copy(noisy, folder + b"/" + name)
    for way in ([], ["--json"]):
        done = go("batch", folder, folder + b".out", "--dry-run", *way, env=env)
        assert (done[0], done[2]) == (0, b""), done
    assert len(json.loads(done[1])["pictures"]) == len(NAMES)
    line_of(go("run", folder + b"/none" + NAMES["kanji"], env=env), 3)
    log = tmp_path / "log.txt"
    path = folder + b"/" + NAMES["no UTF-8"]
    done = go("run", path, *PLAIN, "--log-file", log, env=env)
    assert (done[0], done[2]) == (0, b""), done
    assert done[1].count(b" -> ") == 1
    assert b" -> " in log.read_bytes()
    assert os.path.getsize(path.replace(b".png", b".denoised.png")) > 0  # noqa: PTH202 - bytes


@pytest.mark.process
@pytest.mark.slow
@pytest.mark.parametrize("command", ["", *COMMANDS])
def test_the_help_is_the_same_in_ascii_on_narrow_terminals_and_without_docstrings(command):
    words = [command, "--help"] if command else ["--help"]
    odd = {**ASCII, "COLUMNS": "10", "PYTHONOPTIMIZE": "2"}
    code, stdout, stderr = go(*words, env=odd, without=["TERM"])
    assert (code, stderr) == (0, b"")
    assert "".join(stdout.decode().split()) == "".join(succeed(*words).stdout.split())


# ---- Python's own switches


@pytest.mark.process
@pytest.mark.slow
@pytest.mark.parametrize(
    "program", [[sys.executable, "-I", SCRIPT], [sys.executable, "-m", "isingdenoise_cli"]]
)
def test_other_ways_to_start(noisy, program):
    target = noisy.with_name("n.png")
    done = go("corrupt", noisy, "-o", target, program=program)
    assert (done[0], done[2]) == (0, b""), done
    assert target.stat().st_size
    assert go("--version", program=program) == go("--version")


@pytest.mark.process
@pytest.mark.slow
def test_the_same_bytes_whatever_python_and_numba_are_told(noisy):
    found = set()
    for env in ({}, {"PYTHONOPTIMIZE": "2", "PYTHONDEVMODE": "1", **SLOW}):
        done = go("run", noisy, *PLAIN, "--force", env=env)
        assert (done[0], done[2]) == (0, b""), done
        found.add(noisy.with_name("noisy.denoised.png").read_bytes())
    assert len(found) == 1


# ---- folders


@pytest.mark.process
@pytest.mark.slow
@pytest.mark.parametrize("home", [None, "/dev/null/none"])
def test_no_home(noisy, home):
    env = {"XDG_CACHE_HOME": "/dev/null/none", "XDG_CONFIG_HOME": "/dev/null/none", **SLOW}
    env |= {} if home is None else {"HOME": home}
    done = go("run", noisy, *PLAIN, env=env, without=["HOME"])
    assert (done[0], done[2]) == (0, b""), done


@pytest.mark.process
@pytest.mark.slow
def test_no_home_and_a_figure(noisy):
    """matplotlib wants a folder of its own; what it says of that is no business of anybody."""
    env = {"HOME": "/dev/null/none", "XDG_CACHE_HOME": "", "XDG_CONFIG_HOME": "", **SLOW}
    plot = noisy.with_name("p.png")
    words = ["compare", noisy, *PLAIN, "--engines", "icm", "--plot", plot]
    done = go(*words, env=env, without=["MPLCONFIGDIR"])
    assert (done[0], done[2]) == (0, b""), done
    assert plot.stat().st_size


@pytest.mark.process
@pytest.mark.slow
def test_a_package_that_cannot_be_written_in_and_no_cache(noisy):
    mount = 'mount --bind -o ro "$0" "$0" && exec "$@"'
    readonly = ["unshare", "-m", "sh", "-c", mount, ROOT / "isingdenoise"]
    try:
        ready = go("true", program=readonly)[0] == 0
    except OSError:
        ready = False
    if not ready:
        pytest.skip("only root can take away root's right to write")
    touched = go("touch", ROOT / "isingdenoise" / "__init__.py", program=readonly)
    assert b"Read-only" in touched[2]  # the control
    env = {**dict.fromkeys(("HOME", "NUMBA_CACHE_DIR"), "/dev/null/none"), "XDG_CACHE_HOME": ""}
    done = go("run", noisy, *PLAIN, env={**env, **SLOW}, program=[*readonly, SCRIPT])
    assert (done[0], done[2]) == (0, b""), done
    assert noisy.with_name("noisy.denoised.png").stat().st_size


@pytest.fixture
def nowhere(tmp_path):
    """Return what makes a process stand in a folder that is gone, as arguments of `go`."""
    folder = tmp_path / "gone"
    return {"program": ["/bin/sh", "-c", 'mkdir "$0" && cd "$0" && rmdir "$0" && exec "$@"',
                        folder, SCRIPT]}  # fmt: skip


@pytest.mark.process
@pytest.mark.slow
def test_in_a_deleted_folder_absolute_names_work(noisy, nowhere, tmp_path):
    done = go("run", noisy, *PLAIN, "--log-file", tmp_path / "log.txt", **nowhere)
    assert (done[0], done[2]) == (0, b""), done
    assert noisy.with_name("noisy.denoised.png").stat().st_size
    scans, out = tmp_path / "in", tmp_path / "out"
    scans.mkdir()
    shutil.copy(noisy, scans)
    done = go("batch", scans, out, *PLAIN, "--report", tmp_path / "r.json", **nowhere)
    assert (done[0], done[2]) == (0, b""), done
    assert (out / "noisy.png").stat().st_size


@pytest.mark.process
@pytest.mark.slow
@pytest.mark.parametrize(
    "words",
    [
        ["run", "noisy.png"],
        ["corrupt", "noisy.png", "-o", "n.png"],
        ["batch", "in", "out"],
        ["batch", "/dev", "out"],
        ["engines", "--config", "c.toml"],
    ],
)
def test_in_a_deleted_folder_relative_names_are_code_3(nowhere, words):
    line_of(go(*words, **nowhere), 3)


@pytest.mark.process
@pytest.mark.slow
def test_in_a_deleted_folder_relative_outputs_are_no_internal_error(noisy, nowhere):
    line_of(go("run", noisy, "-o", "n.png", **nowhere), 3)
    line_of(go("run", noisy, "--log-file", "log.txt", **nowhere), 5)


# ---- numba's variables


@pytest.mark.process
@pytest.mark.slow
@pytest.mark.parametrize("threads", ["0", "-1", "abc", "", "100000", "1.5", "9" * 5000])
def test_threads_that_numba_would_die_of_are_code_2(threads):
    line = line_of(go("warmup", env={"NUMBA_NUM_THREADS": threads}), 2)
    assert "NUMBA_NUM_THREADS" in line
    assert len(line) < 250


@pytest.mark.process
@pytest.mark.slow
def test_threads_that_numba_can_do_with(noisy):
    done = go("run", noisy, *PLAIN, env={"NUMBA_NUM_THREADS": " 2\n"})
    assert (done[0], done[2]) == (0, b""), done


@pytest.mark.process
@pytest.mark.parametrize("threads", ["0", "abc"])
def test_the_library_says_the_same_when_kernels_are_first_needed(threads):
    code = """
import sys
import numpy as np
import isingdenoise
from isingdenoise import FlipNoise, ParameterError, denoise
x = np.eye(8) > 0
for _ in range(2):
    try:
        denoise(x, FlipNoise(0.1), coupling=isingdenoise.Coupling.nearest(0.5))
    except ParameterError as error:
        assert error.parameter == "NUMBA_NUM_THREADS"
        print(error)
assert "numba" not in sys.modules
"""
    env = {"NUMBA_NUM_THREADS": threads}
    done = go("-c", code, program=[sys.executable], env=env)
    assert (done[0], done[2]) == (0, b""), done
    assert done[1].count(b"NUMBA_NUM_THREADS: ") == 2


# ---- streams


def without_streams(*descriptors):
    def close():
        for descriptor in descriptors:
            os.close(descriptor)

    return {"preexec_fn": close}


@pytest.mark.process
@pytest.mark.slow
@pytest.mark.parametrize("closed", [(0,), (1,), (2,), (0, 1, 2)])
def test_closed_streams(noisy, closed):
    done = go("run", noisy, *PLAIN, "-v", **without_streams(*closed))
    assert done[0] == 0
    assert (done[1] == b"") is (1 in closed)
    assert (done[2] == b"") is (2 in closed)
    assert noisy.with_name("noisy.denoised.png").stat().st_size
    data = noisy.with_name("noisy.denoised.png").read_bytes()
    assert data.startswith(b"\x89PNG")
    assert data.endswith(b"IEND\xaeB`\x82")  # nothing printed has gone into it


@pytest.mark.slow
@pytest.mark.process
@pytest.mark.parametrize("words", [["engines"], ["--help"]])
def test_closed_stdout_and_little_to_say(words):
    assert go(*words, **without_streams(1)) == (0, b"", b"")


@pytest.mark.slow
@pytest.mark.process
def test_a_closed_stdout_gets_no_picture(noisy):
    assert "standard output" in line_of(go("run", noisy, "-o", "-", **without_streams(1)), 5)


@pytest.mark.process
@pytest.mark.slow
@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
def test_full_streams_change_no_exit_code(noisy):
    with Path("/dev/full").open("wb") as full:
        done = go("engines", stdout=full)
        assert done[0] == 5
        assert done[2].startswith(b"isingdenoise: cannot print (No space")
        assert done[2].count(b"\n") == 1
        for words, code in ((["run", "none.png"], 3), (["run", noisy, *PLAIN, "-v"], 0)):
            assert go(*words, stderr=full)[0] == code
