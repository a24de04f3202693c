"""Compiled kernels are code: from which folders they are taken, and what stands in for others."""

import os
import shutil
import stat
import tempfile
from contextlib import contextmanager

import pytest
from command_line import invoke, save_noisy

from isingdenoise import warmup
from isingdenoise._kernels import _cache, _jit
from isingdenoise.environment import SurroundingsWarning

pytestmark = pytest.mark.skipif(os.name == "nt", reason="owners and permissions of POSIX")
AS_ROOT = pytest.mark.skipif(
    not hasattr(os, "geteuid") or os.geteuid() != 0, reason="only root can play another user"
)
STRANGER = 12345


@pytest.fixture
def surroundings(monkeypatch, tmp_path):
    """Begin as a new process does, with no other cache folder than in the test's own."""
    assert _jit.kernel  # loaded before: where kernels are kept is settled
    monkeypatch.setattr(_cache._Run, "told", False)
    monkeypatch.setattr(_cache._Run, "folder", None)
    monkeypatch.setattr(tempfile, "tempdir", None)
    for name in ("home", "tmp"):
        (tmp_path / name).mkdir()
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setenv("TMPDIR", str(tmp_path / "tmp"))
    monkeypatch.delenv("XDG_CACHE_HOME", raising=False)
    monkeypatch.delenv("NUMBA_CACHE_DIR", raising=False)
    return monkeypatch


def is_private(folder):
    status = folder.lstat()
    return stat.S_IMODE(status.st_mode) == 0o700 and status.st_uid == os.geteuid()


def refused(place, tmp_path):
    """Insist on one warning that names the place, and on a fresh private folder."""
    with pytest.warns(SurroundingsWarning) as told:
        folder = _cache.cache_directory()
    assert len(told) == 1
    line = str(told[0].message)
    assert line.startswith(f"{place}: "), line
    assert "NUMBA_CACHE_DIR" in line
    assert folder.parent == tmp_path / "tmp"
    assert is_private(folder)
    assert not any(folder.iterdir())
    assert _cache.is_temporary(folder)
    assert _cache.cache_directory() == folder  # silent from now on
    return line


# ---- which folders


def mode(path, bits):
    path.chmod(bits)
    return path


def given(path, owner=STRANGER):
    os.lchown(path, owner, owner)
    return path


def moved_behind_a_link(path):
    path.rename(path.with_name("elsewhere"))
    path.symlink_to("elsewhere")
    return path


# What is done to top/cache/isingdenoise-<digest>/functions_1/kernel.nbi; returns what is blamed.
BY_ANYBODY = {
    "written by all": lambda file: mode(file.parents[2], 0o777),
    "leaf written by all": lambda file: mode(file.parents[1], 0o777),
    "below a folder that all write": lambda file: mode(file.parents[3], 0o777),
    "folder in it written by all": lambda file: mode(file.parent, 0o777),
    "file in it written by all": lambda file: mode(file, 0o666),
    "a link": lambda file: moved_behind_a_link(file.parents[2]),
    "leaf is a link": lambda file: moved_behind_a_link(file.parents[1]),
    "folder in it is a link": lambda file: moved_behind_a_link(file.parent),
    "file in it is a link": moved_behind_a_link,
}
BY_ROOT = {
    "of another user": lambda file: given(file.parents[2]),
    "leaf of another user": lambda file: given(file.parents[1]),
    "below a folder of another user": lambda file: given(file.parents[3]),
    "below a sticky folder of another user": lambda file: mode(given(file.parents[3]), 0o1777),
    "folder in it of another user": lambda file: given(file.parent),
    "file in it of another user": given,
    "written by a group": lambda file: (os.chown(file.parents[2], 0, STRANGER),
                                        mode(file.parents[2], 0o775))[1],
}  # fmt: skip


@pytest.fixture
def planted(surroundings, tmp_path):
    """Return a file where numba keeps an index, in a cache folder that others may enter."""
    surroundings.setenv("NUMBA_CACHE_DIR", str(tmp_path / "top" / "cache"))
    folder = _cache.cache_directory()
    file = folder / "functions_1" / "kernel.nbi"
    file.parent.mkdir()
    file.write_bytes(b"")
    file.chmod(0o644)
    for place in list(file.parents)[:4]:
        place.chmod(0o755)
    assert _cache.cache_directory() == folder  # the control: nothing is wrong with it
    return file


@pytest.mark.parametrize("how", BY_ANYBODY)
def test_what_others_could_have_changed_is_not_used(planted, tmp_path, how):
    refused(BY_ANYBODY[how](planted), tmp_path)


@AS_ROOT
@pytest.mark.parametrize("how", BY_ROOT)
def test_what_others_made_is_not_used(planted, tmp_path, how):
    refused(BY_ROOT[how](planted), tmp_path)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="has no pipes")
def test_a_pipe_in_it_is_not_waited_for(planted, tmp_path):
    planted.unlink()
    os.mkfifo(planted, 0o600)
    assert "no regular file" in refused(planted, tmp_path)


def test_what_others_cannot_reach_may_have_any_permissions(planted):
    """A umask of 0 gives numba's own files to all, behind a door that is shut."""
    planted.chmod(0o666)
    planted.parents[1].chmod(0o700)
    assert _cache.cache_directory() == planted.parents[1]


@AS_ROOT
def test_a_sticky_folder_of_root_is_no_cause_for_distrust(planted):
    planted.parents[3].chmod(0o1777)
    assert _cache.cache_directory() == planted.parents[1]


@AS_ROOT
def test_the_group_of_one_person_may_write(planted):
    """With a umask of 002 every folder of a user is like that. Root's own group is one, too."""
    for place in (planted, *list(planted.parents)[:4]):
        place.chmod(0o775)
    assert _cache.cache_directory() == planted.parents[1]


@AS_ROOT
def test_a_user_trusts_root_and_himself_alone(planted, surroundings, tmp_path):
    surroundings.setattr(os, "geteuid", lambda: STRANGER)
    assert _cache.cache_directory() == planted.parents[1]
    given(planted)
    assert _cache.cache_directory() == planted.parents[1]
    given(planted, STRANGER + 1)
    with pytest.warns(SurroundingsWarning, match=f"another user .uid {STRANGER + 1}"):
        _cache.cache_directory()


def test_a_link_above_leads_to_a_folder_that_is_looked_at(planted, surroundings, tmp_path):
    (tmp_path / "link").symlink_to("top")
    surroundings.setenv("NUMBA_CACHE_DIR", str(tmp_path / "link" / "cache"))
    assert _cache.cache_directory() == planted.parents[1]  # by its real name
    planted.parents[3].chmod(0o777)
    refused(planted.parents[3], tmp_path)


@AS_ROOT
def test_root_with_the_home_of_another_user(surroundings, tmp_path):
    given(tmp_path / "home")
    refused(tmp_path / "home", tmp_path)
    assert not any((tmp_path / "home").iterdir())


@AS_ROOT
def test_a_folder_that_waits_in_the_temporary_one(surroundings, tmp_path):
    (tmp_path / "tmp").chmod(0o1777)
    surroundings.setenv("HOME", "/dev/null/home")
    kept = _cache.cache_directory()
    assert kept.parent == tmp_path / "tmp" / f"isingdenoise-{os.geteuid()}"  # the control
    given(kept.parent)
    refused(kept.parent, tmp_path)


def test_no_place_for_a_fresh_folder_leaves_none(planted, surroundings, tmp_path):
    planted.parents[2].chmod(0o777)
    surroundings.setattr(tempfile, "tempdir", "/dev/null/none")
    with pytest.warns(SurroundingsWarning):
        assert _cache.cache_directory() is None


@pytest.mark.parametrize("umask", [0o000, 0o022, 0o077, 0o777])
def test_what_is_made_is_private_whatever_the_umask(surroundings, tmp_path, umask):
    surroundings.setenv("NUMBA_CACHE_DIR", str(tmp_path / "new" / "cache"))
    before = os.umask(umask)
    try:
        folder = _cache.cache_directory()
    finally:
        os.umask(before)
    assert folder.parent == tmp_path / "new" / "cache"
    assert all(is_private(place) for place in (folder, folder.parent, tmp_path / "new"))


# ---- the command


@contextmanager
def untrusted(monkeypatch, tmp_path):
    folder = tmp_path / "cache"
    folder.mkdir()
    folder.chmod(0o777)
    monkeypatch.setenv("NUMBA_CACHE_DIR", str(folder))
    yield f"isingdenoise: warning: {folder}: can be written by other users"
    shutil.rmtree(_cache._Run.folder)


def test_the_command_says_it_in_one_line(surroundings, tmp_path):
    noisy = save_noisy(tmp_path / "noisy.png", size=16)
    words = ("run", noisy, "--noise", "gaussian", "--coupling", "1", "--force")
    with untrusted(surroundings, tmp_path) as line:
        done = invoke(*words)
        assert done.code == 0
        said = done.stderr.splitlines()
        assert [text for text in said if "warning" in text] == [said[0]]
        assert said[0].startswith(line)
        assert said[1:] == ["isingdenoise: compiling kernels (on every run)"]
        assert "warning" not in invoke(*words).stderr  # once for each process
        assert warmup.kernel_folder() is None  # none that lasts


def test_a_quiet_command_says_nothing(surroundings, tmp_path):
    noisy = save_noisy(tmp_path / "noisy.png", size=16)
    with untrusted(surroundings, tmp_path):
        done = invoke("run", noisy, "--noise", "gaussian", "--coupling", "1", "--quiet")
        assert (done.code, done.stderr) == (0, "")
