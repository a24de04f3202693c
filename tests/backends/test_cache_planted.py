"""Other users' kernels, locks and links in the way of whole processes: nothing of theirs is run."""

import os
import pickle
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from command_line import SCRIPT, save_noisy

from isingdenoise._kernels import _cache

pytestmark = pytest.mark.skipif(os.name == "nt", reason="owners and permissions of POSIX")
AS_ROOT = pytest.mark.skipif(
    not hasattr(os, "geteuid") or os.geteuid() != 0, reason="only root can play another user"
)
STRANGER = 12345

TINY = """
import sys
from isingdenoise._kernels import _jit

def add_one(number):
    return number + 1

found = _jit.kernel(add_one)(1)
sys.stdout.write(f"{found}\\n{_jit._CACHE}")
"""


# ---- the lock


def test_a_lock_that_is_a_link_is_neither_followed_nor_cut_short(tmp_path):
    victim = tmp_path / "victim"
    victim.write_bytes(b"a thesis")
    (tmp_path / "lock").symlink_to(victim)
    with pytest.raises(OSError, match="lock"), _cache._turn(tmp_path):
        pytest.fail("the link was followed")
    assert victim.read_bytes() == b"a thesis"


def test_what_stands_in_the_lock_stays(tmp_path):
    victim = tmp_path / "victim"
    victim.write_bytes(b"a thesis")
    os.link(victim, tmp_path / "lock")
    with _cache._turn(tmp_path):
        assert victim.read_bytes() == b"a thesis"


# ---- a whole process


PLACES = {"NUMBA_CACHE_DIR": "", "XDG_CACHE_HOME": "", "HOME": "/dev/null/home"}


def go(folder, code=TINY, **env):
    """Run code that is a file of its own, as kernels must be; return what ended and it printed."""
    (folder / "tiny.py").write_text(code)
    env = {**os.environ, **PLACES, "TMPDIR": str(folder / "tmp"), **env}
    done = subprocess.run(
        [sys.executable, folder / "tiny.py"],
        env={name: value for name, value in env.items() if value},
        cwd=folder, capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return done


class Planted:
    """Whoever unpickles it makes a folder."""

    def __init__(self, mark):
        self.mark = mark

    def __reduce__(self):
        return os.mkdir, (str(self.mark),)


@pytest.mark.process
@pytest.mark.slow
@AS_ROOT
@pytest.mark.parametrize("named", [True, False])
def test_a_pickle_that_another_user_planted_is_not_run(tmp_path, named):
    """First those of one's own are, as a control; then the other user has made the same."""
    (tmp_path / "tmp").mkdir()
    (tmp_path / "tmp").chmod(0o1777)
    top, mark = tmp_path / "tmp" / f"isingdenoise-{os.geteuid()}", tmp_path / "mark"
    env = {"NUMBA_CACHE_DIR": str(top)} if named else {}  # it is the last choice, too
    assert go(tmp_path, **env).stdout.split() == ["2", str(next(top.iterdir()))]
    indices = sorted(top.rglob("*.nbi"))
    assert indices
    for index in indices:
        index.write_bytes(pickle.dumps(Planted(mark)))
    done = go(tmp_path, **env)
    assert (done.stdout[0], done.stderr) == ("2", "")
    mark.rmdir()  # it was run
    for index in indices:
        index.write_bytes(pickle.dumps(Planted(mark)))
    for path in (top, *top.rglob("*")):
        os.lchown(path, STRANGER, STRANGER)
    done = go(tmp_path, **env)
    assert done.stdout[0] == "2"
    assert not mark.exists()
    assert done.stderr.count("SurroundingsWarning: ") == 1
    assert f"{top}: belongs to another user" in done.stderr
    assert [path.name for path in (tmp_path / "tmp").iterdir()] == [top.name]  # none is left


FORKS = (
    TINY
    + """
import os
from multiprocessing import get_context
from isingdenoise._kernels import _cache
if os.fork() == 0:
    sys.exit()
os.wait()
child = get_context("fork").Process(target=_cache.cache_directory)
child.start()
child.join()
sys.stdout.write(f"\\n{_jit._CACHE.is_dir()} {any(_jit._CACHE.rglob('*.nbc'))} {child.exitcode}")
"""
)


@pytest.mark.process
@pytest.mark.slow
def test_a_fresh_folder_is_removed_at_the_end_and_not_by_a_child(tmp_path):
    cache = tmp_path / "cache"
    cache.mkdir()
    (tmp_path / "tmp").mkdir()
    cache.chmod(0o777)
    done = go(tmp_path, FORKS, NUMBA_CACHE_DIR=str(cache))
    two, folder, there = done.stdout.splitlines()[-3:]
    assert (two, there) == ("2", "True True 0")
    assert Path(folder).parent == tmp_path / "tmp"
    assert not any((tmp_path / "tmp").iterdir())
    assert not any(cache.iterdir())
    assert done.stderr.count("SurroundingsWarning: ") == 1


@pytest.mark.process
@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_fresh_folder_is_removed_when_a_signal_ends_the_command(tmp_path, number):
    cache = tmp_path / "cache"
    cache.mkdir()
    cache.chmod(0o777)
    (tmp_path / "tmp").mkdir()
    env = {**os.environ, "NUMBA_CACHE_DIR": str(cache), "TMPDIR": str(tmp_path / "tmp")}
    noisy = save_noisy(tmp_path / "noisy.png", size=16)
    with subprocess.Popen([SCRIPT, "run", noisy], env=env, stderr=subprocess.PIPE) as running:
        assert b"warning: " in running.stderr.readline()
        assert b"on every run" in running.stderr.readline()
        assert len(list((tmp_path / "tmp").glob("isingdenoise-*"))) == 1
        running.send_signal(number)
        assert running.stderr.readline().startswith(b"isingdenoise: ")
    assert running.returncode == 128 + number
    assert not any((tmp_path / "tmp").iterdir())
