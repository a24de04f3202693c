"""`isingdenoise batch --verify`: every file of the journal is as it was made, or is named."""

import contextlib
import gc
import json
import os
import shutil
import signal
import sys
from pathlib import Path

import pytest
from command_line import error_line, invoke, launch, save_noisy, snapshot, succeed

from isingdenoise import ReadError, WriteError
from isingdenoise.batch import JOURNAL_NAME, LOCK_NAME, Verification, file_sha256, locked
from isingdenoise.batch import verify as verifying
from isingdenoise.batch.places import Root
from isingdenoise.io import folders

QUICK = ["--noise", "flip", "--flip-prob", "0.1", "--coupling", "0.4"]
SURE = [*QUICK, "--probability", "png"]
NAMES = ["a.png", "a.probability.png", "sub/b.png", "sub/b.probability.png"]


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """Return a folder with `in` and `out`: four files of two pictures."""
    path = tmp_path_factory.mktemp("made")
    save_noisy(path / "in" / "a.png", seed=1)
    save_noisy(path / "in" / "sub" / "b.png", seed=2)
    succeed("batch", "-r", path / "in", path / "out", *SURE)
    return path


@pytest.fixture
def out(made, tmp_path):
    shutil.copytree(made, tmp_path, dirs_exist_ok=True)
    return tmp_path / "out"


def verify(out, *options):
    """Verify; insist that nothing is written, not even a time stamp."""
    before = snapshot(out), out.stat().st_mtime_ns
    done = invoke("batch", out.parent / "in", out, "--verify", *options)
    assert (snapshot(out), out.stat().st_mtime_ns) == before
    return done


@contextlib.contextmanager
def in_time(seconds=60):
    def late(*_):
        raise pytest.fail.Exception(f"hangs: no end after {seconds} s")

    before = signal.signal(signal.SIGALRM, late)
    signal.alarm(seconds)
    try:
        yield
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)


def named(done, out):
    """Return {name below out: what is said of it} of the lines on stderr."""
    start = f"isingdenoise: {out}{os.sep}"
    assert all(line.startswith(start) for line in done.stderr.splitlines()), done.stderr
    lines = (line.removeprefix(start) for line in done.stderr.splitlines())
    return {name: why for name, _, why in (line.partition(": ") for line in lines)}


def lines(out):
    """Return the lines of the journal by output; threads leave them in any order."""
    found = [json.loads(line) for line in (out / JOURNAL_NAME).read_bytes().splitlines()]
    return sorted(found, key=lambda record: record["output"])


def rewrite(out, records):
    text = "".join(json.dumps(record) + "\n" for record in records)
    (out / JOURNAL_NAME).write_text(text)


def test_what_is_as_it_was_made(out):
    done = verify(out)
    assert (done.code, done.stderr) == (0, "")
    assert done.stdout == f"all 4 files in {out} are as they were made\n"
    told = json.loads(verify(out, "--json").stdout)
    assert told == {"files": [], "checked": 4, "failed": 0, "unread": 0}
    assert verify(out, "-q").stdout == ""


@pytest.mark.parametrize("name", NAMES)
def test_one_byte_of_any_file_is_seen(out, name):
    data = bytearray((out / name).read_bytes())
    data[-1] ^= 1
    (out / name).write_bytes(data)
    done = verify(out)
    assert done.code == 1
    assert named(done, out) == {name: "was changed since it was made"}
    assert done.stdout == f"3 of 4 files in {out} are as they were made, 1 changed\n"


def test_all_that_is_wrong_is_named_once(out):
    (out / "a.png").unlink()
    shutil.rmtree(out / "sub")
    (out / "a.probability.png").write_bytes(b"")
    done = verify(out)
    assert done.code == 1
    assert named(done, out) == {
        "a.png": "is missing",
        "a.probability.png": "was changed since it was made",
        "sub/b.png": "is missing",
        "sub/b.probability.png": "is missing",
    }
    assert done.stdout == f"0 of 4 files in {out} are as they were made, 1 changed, 3 missing\n"
    quiet = verify(out, "-q", "--json")
    assert quiet.stderr == done.stderr
    told = json.loads(quiet.stdout)
    assert (told["checked"], told["failed"], len(told["files"])) == (4, 4, 4)
    assert told["files"][1] == {
        "output": str(out / "a.probability.png"),
        "state": "changed",
        "error": f"{out / 'a.probability.png'}: was changed since it was made",
    }
    assert [row["state"] for row in told["files"]] == ["missing", "changed", "missing", "missing"]


@pytest.mark.parametrize("kind", ["link to its twin", "dangling", "loop", "pipe", "folder"])
def test_what_is_no_file_of_its_own_is_not_followed(out, tmp_path, kind):
    twin = (out / "a.png").rename(tmp_path / "twin.png")  # the very bytes
    {
        "link to its twin": lambda path: path.symlink_to(twin),
        "dangling": lambda path: path.symlink_to("nowhere"),
        "loop": lambda path: path.symlink_to("a.png"),
        "pipe": os.mkfifo,
        "folder": lambda path: path.mkdir(),
    }[kind](out / "a.png")
    with in_time():  # a pipe that is opened carelessly waits for ever
        done = verify(out)
    assert done.code == 1
    assert named(done, out) == {"a.png": "is no regular file of this folder; it is not followed"}
    assert "1 changed" in done.stdout


def test_a_folder_that_became_a_link_is_not_followed(out, tmp_path):
    (out / "sub").rename(tmp_path / "elsewhere")
    (out / "sub").symlink_to(tmp_path / "elsewhere")
    done = verify(out)
    assert done.code == 1
    assert list(named(done, out)) == ["sub/b.png", "sub/b.probability.png"]


def test_the_folder_itself_may_be_a_link(out, tmp_path):
    (tmp_path / "way").symlink_to(out)
    assert invoke("batch", tmp_path / "in", tmp_path / "way", "--verify").code == 0


@pytest.mark.parametrize("by_name", [False, True])
@pytest.mark.parametrize(
    "name", ["../twin.png", "{}/twin.png", "sub/../a.png", "", ".", "a\0", "\ud800"]
)
def test_a_journal_leads_nowhere_else(out, tmp_path, monkeypatch, name, by_name):
    if by_name:  # as where the system cannot open files relative to a folder
        monkeypatch.setattr(folders, "_HAS_DESCRIPTORS", False)
    shutil.copy(out / "a.png", tmp_path / "twin.png")
    first, second = lines(out)
    first["output"] = name.format(tmp_path)
    rewrite(out, [first, second])
    (difference,) = differences(out)
    assert difference.state == "unreadable"
    assert difference.line.endswith("is no name in this folder; the journal was edited")
    assert verify(out).code == 1


def differences(out):
    files = Verification(out)
    assert len(list(files)) == len(files)
    return files.differences


@pytest.mark.skipif(os.name == "nt", reason="links need rights there")
def test_without_descriptors_of_folders_links_are_not_followed_either(out, tmp_path, monkeypatch):
    monkeypatch.setattr(folders, "_HAS_DESCRIPTORS", False)
    assert differences(out) == []
    (out / "sub").rename(tmp_path / "elsewhere")
    (out / "sub").symlink_to(tmp_path / "elsewhere")
    (out / "a.png").rename(tmp_path / "twin.png")
    (out / "a.png").symlink_to(tmp_path / "twin.png")
    assert [found.state for found in differences(out)] == ["changed"] * 3


def test_the_latest_line_counts(made, out):
    """Neither an older result in its place nor the other way round is taken for it."""
    old, older = (out / "a.png").read_bytes(), lines(out)
    save_noisy(out.parent / "in" / "a.png", seed=9, sigma=60)
    succeed("batch", "-r", out.parent / "in", out, *SURE)
    new = (out / "a.png").read_bytes()
    assert new != old
    assert verify(out).code == 0
    (out / "a.png").write_bytes(old)
    assert named(verify(out), out) == {"a.png": "is the result of an earlier run, not of the last"}
    rewrite(out, [*lines(out), older[0]])  # as if it had been made once more
    assert list(named(verify(out), out)) == ["a.probability.png"]


def test_what_failed_leaves_the_older_result_to_be_verified(out):
    (out.parent / "in" / "a.png").write_text("no picture")
    assert invoke("batch", "-r", out.parent / "in", out, *SURE).code == 1
    assert verify(out).stdout == f"all 4 files in {out} are as they were made\n"
    (out / "a.png").write_bytes(b"")
    assert list(named(verify(out), out)) == ["a.png"]


def test_the_input_is_not_looked_at(out):
    shutil.rmtree(out.parent / "in")
    assert verify(out).code == 0


def test_without_a_journal_there_is_nothing_to_compare_with(out, tmp_path):
    for path in (tmp_path / "in", tmp_path / "nowhere", out / "a.png"):
        line = error_line(invoke("batch", tmp_path / "in", path, "--verify"), 3)
        assert str(path / JOURNAL_NAME) in line
        assert "there is no journal" in line
    assert not (tmp_path / "nowhere").exists()
    for text in (b"", b"\n", b"notes\n{}\n"):
        (out / JOURNAL_NAME).write_bytes(text)
        assert "holds no line of a batch" in error_line(verify(out), 3)
    (out / JOURNAL_NAME).unlink()
    (out / JOURNAL_NAME).symlink_to(out / "a.png")
    assert JOURNAL_NAME in error_line(verify(out), 3)


def test_lines_that_cannot_be_read_are_told(out):
    whole = (out / JOURNAL_NAME).read_bytes().splitlines(keepends=True)
    (out / JOURNAL_NAME).write_bytes(whole[0][:50] + b"\n" + whole[1] + whole[0][:9])
    done = verify(out)
    assert done.code == 0
    assert "2 lines of the journal cannot be read" in done.stderr
    assert done.stdout == f"all 2 files in {out} are as they were made\n"
    assert json.loads(verify(out, "--json").stdout)["unread"] == 2


def test_where_all_failed_there_is_nothing_to_verify(tmp_path):
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "a.png").write_text("no picture")
    assert invoke("batch", tmp_path / "in", tmp_path / "out", *QUICK).code == 1
    done = verify(tmp_path / "out")
    assert done.code == 0
    assert done.stdout == f"no file in {tmp_path / 'out'} was made by a batch\n"


def test_while_a_batch_is_at_work_it_waits_for_none(out):
    with locked(out):
        line = error_line(invoke("batch", out.parent / "in", out, "--verify"), 5)
        assert f"in use by another batch (process {os.getpid()} on " in line
    (out / LOCK_NAME).write_text("process 1 on nowhere\n")  # of a dead one
    assert verify(out).code == 0


def test_a_batch_that_begins_meanwhile_is_no_difference(out, tmp_path):
    """What it replaces is looked at again; while it is at work nothing is said."""
    save_noisy(out.parent / "in" / "a.png", seed=9, sigma=60)
    files = Verification(out)
    succeed("batch", "-r", out.parent / "in", out, *SURE)
    assert len(list(files)) == 4
    assert files.differences == []
    files = Verification(out)
    (out / "a.png").unlink()
    with locked(out), pytest.raises(WriteError, match="in use by another batch"):
        list(files)
    assert [found.path.name for found in differences(out)] == ["a.png"]


@pytest.mark.parametrize("other", [["--force"], ["--dry-run"], ["--report", "r.json"]])
def test_with_options_that_promise_something_else_it_is_wrong_usage(out, other):
    line = error_line(verify(out, *other), 2)
    assert other[0] in line
    assert "--verify" in line
    assert not Path("r.json").exists()


def test_an_unreadable_file(out, monkeypatch):
    real = os.open

    def refusing(path, *args, **options):
        if os.fspath(path).endswith("b.png"):
            raise PermissionError(13, "Permission denied", path)
        return real(path, *args, **options)

    monkeypatch.setattr(verifying.os, "open", refusing)
    done = verify(out)
    assert done.code == 1
    assert named(done, out) == {"sub/b.png": "cannot be read (Permission denied)"}
    assert "1 unreadable" in done.stdout


@pytest.mark.slow
def test_a_large_journal_leaks_no_descriptor(out):
    first, _ = lines(out)
    names = [f"sub/{number}.png" for number in range(2000)]
    rewrite(out, [{**first, "input": name, "output": name} for name in names])
    for name in names[::2]:
        os.link(out / "a.png", out / name)
    gc.collect()
    before = len(list(Path("/proc/self/fd").iterdir())) if sys.platform == "linux" else None
    found = differences(out)
    assert {difference.state for difference in found} == {"missing"}
    assert [difference.path for difference in found] == sorted(out / name for name in names[1::2])
    if before is not None:
        assert len(list(Path("/proc/self/fd").iterdir())) == before


@pytest.mark.process
@pytest.mark.slow
def test_nothing_slow_is_imported(out):
    code = (
        "import sys\n"
        "from isingdenoise_cli.main import cli\n"
        "cli(sys.argv[1:], standalone_mode=False)\n"
        "slow = {'numba', 'llvmlite', 'matplotlib', 'skimage', 'scipy', 'PIL'} & set(sys.modules)\n"
        "sys.exit(' '.join(slow) or 0)\n"
    )
    words = ("batch", out.parent / "in", out, "--verify")
    done = launch(*words, program=(sys.executable, "-c", code))
    assert (done.code, done.stderr) == (0, "")


def test_in_the_library_it_is_an_error_of_reading(tmp_path):
    with pytest.raises(ReadError, match="there is no journal"):
        Verification(tmp_path)


@pytest.mark.skipif(not folders._HAS_DESCRIPTORS, reason="no descriptors of folders here")
def test_a_folder_that_is_swapped_for_a_link_meanwhile_leads_nowhere(out, tmp_path, monkeypatch):
    real, elsewhere = os.open, tmp_path / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "b.png").write_bytes(b"of somebody else")

    def swapping(path, *args, **options):
        if os.fspath(path).endswith("b.png") and not (out / "sub").is_symlink():
            (out / "sub").rename(tmp_path / "before")
            (out / "sub").symlink_to(elsewhere)
        return real(path, *args, **options)

    monkeypatch.setattr(verifying.os, "open", swapping)
    opened = out / "sub" / "b.png"
    assert verifying._sha256(Root(out), "sub/b.png") == file_sha256(tmp_path / "before" / "b.png")
    assert file_sha256(opened) == file_sha256(elsewhere / "b.png")  # where its name leads now
