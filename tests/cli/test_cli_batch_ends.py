"""Ends of a batch: signals that do not stop coming, no threads, no room for the report."""

import json
import os
import resource
import shutil
import signal
import subprocess
import sys
import time
import weakref
from collections.abc import Sequence
from pathlib import Path

import pytest
from command_line import SCRIPT, invoke, launch, save_noisy
from isingdenoise_cli.framework.process import Terminated
from isingdenoise_cli.framework.signals import Stop, stop_on_signals
from isingdenoise_cli.options import folder as cli_folder
from isingdenoise_cli.render.json import print_json_rows
from isingdenoise_cli.render.records import Records, tempfile

from isingdenoise import batch
from isingdenoise.batch import JOURNAL_NAME, locked, write_report
from isingdenoise.io import temporaries, write_bytes_atomically

QUICK = ["--noise", "flip", "--flip-prob", "0.1", "--coupling", "0.4"]


@pytest.fixture
def folder(tmp_path):
    for number in range(12):
        save_noisy(tmp_path / "in" / f"{number:02}.png", seed=number)
    return tmp_path / "in"


def hidden(place):
    return sorted(p.name for p in place.iterdir() if p.name.startswith("."))


@pytest.mark.parametrize(
    ("number", "kind"), [(signal.SIGINT, KeyboardInterrupt), (signal.SIGTERM, Terminated)]
)
def test_a_second_signal_ends_and_a_third_does_not_cut_the_tidying_short(number, kind):
    stop, tidied = Stop(), []
    with pytest.raises(KeyboardInterrupt) as end, stop_on_signals(stop):
        signal.raise_signal(number)
        assert stop.number == number
        try:
            signal.raise_signal(number)
        finally:
            signal.raise_signal(number)
            tidied.append(True)
    assert tidied
    assert type(end.value) is kind
    assert stop.code == 128 + number


class Signalling(os.PathLike):
    """A name during whose use a signal comes."""

    def __init__(self, path):
        self.path = path

    def __fspath__(self):
        signal.raise_signal(signal.SIGINT)
        return str(self.path)


def test_a_file_that_is_being_written_is_finished(tmp_path):
    with stop_on_signals(Stop()):
        signal.raise_signal(signal.SIGINT)
        write_bytes_atomically(Signalling(tmp_path / "a"), b"whole")
        with pytest.raises(KeyboardInterrupt):
            os.fspath(Signalling(tmp_path / "a"))  # control: elsewhere it does end
    assert [path.name for path in tmp_path.iterdir()] == ["a"]


@pytest.mark.process
@pytest.mark.slow
@pytest.mark.parametrize("jobs", ["1", "3"])
def test_many_signals_in_a_row_leave_nothing_behind(folder, tmp_path, jobs):
    for gap in (0, 0.001, 0.003):
        out = tmp_path / f"out{gap}"
        process = subprocess.Popen(
            [SCRIPT, "batch", folder, out, "-j", jobs, "--json"],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        deadline = time.monotonic() + 60
        while not (out / JOURNAL_NAME).exists() and time.monotonic() < deadline:
            time.sleep(0.001)
        for _ in range(4):
            process.send_signal(signal.SIGINT)
            time.sleep(gap)
        process.wait(60)
        assert process.returncode in (130, -signal.SIGINT)  # the last ones may meet Python's end
        assert hidden(out) == [JOURNAL_NAME]


def test_clean_up_after_a_clock_that_went_back(tmp_path, monkeypatch):
    """Where there are no locks, times decide."""
    monkeypatch.setattr(temporaries, "fcntl", None)
    names = [f".isingdenoise-{digit * 16}.tmp" for digit in "12"]
    for name in names:
        (tmp_path / name).write_bytes(b"")
    os.utime(tmp_path / names[0], (time.time() + 1e6,) * 2)
    with locked(tmp_path):
        assert names[0] not in hidden(tmp_path)
        assert names[1] in hidden(tmp_path)


@pytest.mark.process
@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="needs a limit on addresses")
@pytest.mark.parametrize("room", [0, 5])
def test_where_the_system_has_no_threads_left_every_job_is_done_once(room):
    """Each thread wants a stack of 64 MiB; there is room for `room` of them."""
    code = f"""
import resource, threading, time
from pathlib import Path
from isingdenoise.batch import FileJob as Job, Outcome
from isingdenoise.batch.pool import run_jobs
from isingdenoise.inference import serially

begun = []
def work(job):
    begun.append((job.source.name, threading.current_thread().name))
    time.sleep(0.001)
    return Outcome(job, (), None, None, (), 0.0)

with serially():
    pass  # what is loaded then is there before room is scarce
stack = 64 << 20
threading.stack_size(stack)
used = int(open("/proc/self/statm").read().split()[0]) * resource.getpagesize()
limit = used + stack * {room} + stack // 2
resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
jobs = [Job(Path(str(n)), Path("x")) for n in range(60)]
options = dict(threads=20, is_large=lambda _: False, stopped=lambda: False)
told = [o.job for o in run_jobs(jobs, work, **options)]
assert told == jobs, told
assert sorted(int(name) for name, _ in begun) == list(range(60)), begun
threads = {{thread for _, thread in begun}}
assert "MainThread" in threads and len(threads) <= {room} + 1, threads
print("fine")
"""
    done = launch(program=(sys.executable, "-c", code))
    assert done.stdout == "fine\n", done.stderr


def test_far_more_jobs_than_cores_are_not_as_many_threads(folder, tmp_path, monkeypatch):
    asked = []
    whole = batch.denoise_many

    def note(*args, threads, **options):
        asked.append(threads)
        return whole(*args, threads=threads, **options)

    monkeypatch.setattr(batch, "denoise_many", note)
    done = invoke("batch", folder, tmp_path / "out", *QUICK, "-j", 10**20)
    assert done.code == 0
    assert asked == [4 * cli_folder.available_cores()]


def test_what_was_done_is_told_even_if_the_report_cannot_be(folder, tmp_path, monkeypatch):
    (tmp_path / "reports").mkdir()
    whole = batch.denoise_many

    def then_gone(*args, **options):
        yield from whole(*args, **options)
        shutil.rmtree(tmp_path / "reports")

    monkeypatch.setattr(batch, "denoise_many", then_gone)
    done = invoke(
        "batch", folder, tmp_path / "out", *QUICK, "--report", tmp_path / "reports" / "r.csv"
    )
    assert done.code == 5
    assert done.stdout == f"12 pictures cleaned into {tmp_path / 'out'}\n"
    assert "r.csv: cannot be written" in done.stderr


def full(path):
    """Stand for a temporary file on a full disk: /dev/full is one."""
    return path.open("r+b", buffering=0)


@pytest.mark.parametrize("disk", ["with room", "full", "full later", "no folder"])
def test_records_for_the_end_are_all_there_with_and_without_room_on_the_disk(monkeypatch, disk):
    if disk != "with room" and not Path("/dev/full").exists():
        pytest.skip("needs /dev/full")
    if disk == "full":
        monkeypatch.setattr(tempfile, "TemporaryFile", lambda **_: full(Path("/dev/full")))
    if disk == "no folder":
        monkeypatch.setattr(tempfile, "tempdir", "/nowhere")
    records, expected = Records(), [{"n": n, "text": "x" * (n % 70)} for n in range(200)]
    for n, record in enumerate(expected):
        if disk == "full later" and n == 100:
            soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
            resource.setrlimit(resource.RLIMIT_FSIZE, (2000, hard))
        records.add(record)
    if disk == "full later":
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert len(records) == 200
    assert list(records) == expected
    assert records[-1] == expected[-1]
    assert records[3:9:2] == expected[3:9:2]
    assert len(records._others) == {"with room": 0, "full later": 100}.get(disk, 200)


def test_rows_are_printed_one_at_a_time_as_any_other_json(capsys):
    class Watched(Sequence):
        """Rows that tell what was printed before each."""

        def __init__(self):
            self.seen = []

        def __len__(self):
            return 100

        def __getitem__(self, index):
            if not 0 <= index < 100:
                raise IndexError
            self.seen.append(len(capsys.readouterr().out))
            return {"n": index, "inner": [1, None]}

    rows, more = [{"n": n, "inner": [1, None]} for n in range(3)], {"failed": 0, "x": float("nan")}
    for some in (rows, []):
        print_json_rows("pictures", some, more)
        expected = json.dumps({"pictures": some, "failed": 0, "x": None}, indent=2) + "\n"
        assert capsys.readouterr().out == expected
    watched = Watched()
    print_json_rows("pictures", watched, {})
    assert all(watched.seen)  # the one before is out when the next is made


class Row(dict):
    """A row that can be counted."""


class Rows(Sequence):
    """Rows made when asked for."""

    def __init__(self, count):
        self.count, self.alive, self.most = count, 0, 0

    def __len__(self):
        return self.count

    def __getitem__(self, index):
        if not 0 <= index < self.count:
            raise IndexError
        row = Row(input=str(index), changed=index / 10, uncertainty=None, error=None)
        self.alive += 1
        self.most = max(self.most, self.alive)
        weakref.finalize(row, self.gone)
        return row

    def gone(self):
        self.alive -= 1


@pytest.mark.parametrize("name", ["r.json", "r.csv"])
def test_a_report_holds_a_row_at_a_time(tmp_path, name):
    rows = Rows(500)
    write_report(tmp_path / name, rows)
    assert rows.most <= 2
    control = list(Rows(500))
    write_report(tmp_path / f"b{name}", iter(control))
    assert (tmp_path / name).read_bytes() == (tmp_path / f"b{name}").read_bytes()
    if name.endswith("json"):
        pictures = json.loads((tmp_path / name).read_text())["pictures"]
        assert [row["input"] for row in pictures] == [str(i) for i in reversed(range(500))]


def test_an_empty_report_is_whole(tmp_path):
    write_report(tmp_path / "r.json", [])
    assert json.loads((tmp_path / "r.json").read_text()) == {
        "report": "isingdenoise batch",
        "pictures": [],
    }
