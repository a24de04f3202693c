"""Clusters that lose workers, their scheduler or the client: nothing is lost, and nothing left."""

import contextlib
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import time

import psutil
import pytest
from clusters import (
    QUICK,
    entries,
    flipped,
    process,
    scheduler,
    wait_until,
    worker_command,
    workers_of,
)
from command_line import SCRIPT, invoke, succeed

from isingdenoise.batch import JOURNAL_NAME

pytest.importorskip("distributed")
pytestmark = [pytest.mark.process, pytest.mark.slow]

#: Some milliseconds a picture, so that there is time to interfere.
SLOW = ["--noise", "flip", "--coupling", "0.5", "--engine", "gibbs", "-O", "sweeps=300"]
COUNT = 60


def pictures(out):
    return {p.name: p.read_bytes() for p in out.glob("*.png")} if out.exists() else {}


def hidden(out):
    return sorted(path.name for path in out.rglob(".*"))


def has(out, count):
    return lambda: len(pictures(out)) >= count


def complete(out, expected):
    """Insist on whole results, on a journal with each of them once, and on nothing else."""
    assert pictures(out) == expected
    assert hidden(out) == [JOURNAL_NAME]
    names = [line["output"] for line in entries(out / JOURNAL_NAME) if line["error"] is None]
    assert sorted(names) == sorted(expected)


def quiet(stderr):
    assert "Traceback" not in stderr
    assert "distributed" not in stderr
    assert all(line.startswith("isingdenoise: ") for line in stderr.splitlines())


def running(address, *words):
    return process(SCRIPT, "batch", *words, "--scheduler", address)


def made_by_one_thread(source, options):
    out = source.with_name("whole")
    succeed("batch", source, out, *options, "-j", "1")
    return source, pictures(out)


@pytest.fixture(scope="module")
def many(tmp_path_factory):
    """Return a folder of 200 pictures that take no time, and what becomes of them."""
    return made_by_one_thread(flipped(tmp_path_factory.mktemp("many") / "in", 200), QUICK)


@pytest.fixture(scope="module")
def slow(tmp_path_factory):
    """Return a folder of 60 pictures that take some, and what becomes of them."""
    return made_by_one_thread(flipped(tmp_path_factory.mktemp("slow") / "in", COUNT), SLOW)


def test_workers_killed_twenty_times_among_two_hundred_pictures(many, tmp_path):
    (source, expected), out = many, tmp_path / "out"
    rng, kills = random.Random(7), 0
    with running("local:3", source, out, *QUICK) as batch:
        while batch.poll() is None and kills < 20:
            wait_until(lambda n=1 + 8 * kills: batch.poll() is not None or has(out, n)())
            time.sleep(0.02 * rng.random())  # at any step of a picture
            with contextlib.suppress(psutil.Error, IndexError):  # none is up again yet
                rng.choice(workers_of(batch)).kill()
                kills += 1
        stdout, stderr = batch.communicate(timeout=120)
    assert kills == 20
    assert (batch.returncode, stdout) == (0, f"200 pictures cleaned into {out}\n"), stderr
    quiet(stderr)
    complete(out, expected)


def test_a_scheduler_that_goes_leaves_the_rest_for_the_next_run(slow, tmp_path):
    (source, expected), out = slow, tmp_path / "out"
    with scheduler(tmp_path) as dask, process(*worker_command(dask.address, tmp_path / "w")):
        with running(dask.address, source, out, *SLOW, "--report", out / "r.json") as batch:
            wait_until(has(out, 5))
            dask.kill()
            _, stderr = batch.communicate(timeout=60)
        made = pictures(out)
        assert batch.returncode == 7, stderr
        assert 5 <= len(made) < COUNT
        assert made.items() <= expected.items()
        quiet(stderr)
        assert stderr.splitlines()[-1] == (
            f"isingdenoise: {dask.address}: the scheduler has gone, {COUNT - len(made)} pictures "
            "left; the same command goes on from here"
        )
        rows = json.loads((out / "r.json").read_text())["pictures"]
        assert len(rows) == len(made)
        (out / "r.json").unlink()
    time.sleep(0.2)  # a worker that lives on may have staged one more, which the next run sweeps
    done = succeed("batch", source, out, *SLOW, "--resume")
    assert f"{COUNT - len(made)} pictures cleaned" in done.stdout
    complete(out, expected)


def test_a_cluster_that_was_started_by_hand_makes_the_same(many, tmp_path):
    (source, expected), out = many, tmp_path / "out"
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    command = worker_command
    with scheduler(tmp_path) as dask, process(*command(dask.address, elsewhere), cwd=elsewhere):
        done = succeed("batch", source, out, *QUICK, "--scheduler", dask.address)
    assert done.stdout == f"200 pictures cleaned into {out}\n"
    complete(out, expected)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_it_between_pictures(slow, tmp_path, number):
    """Ctrl-C reaches all processes of a terminal; `kill` reaches one."""
    (source, expected), out = slow, tmp_path / "out"
    with running("local:2", source, out, *SLOW) as batch:
        wait_until(has(out, 3))
        workers = workers_of(batch)
        if number == signal.SIGINT:
            os.killpg(batch.pid, number)
        else:
            batch.send_signal(number)
        _, stderr = batch.communicate(timeout=60)
    made = pictures(out)
    assert batch.returncode == 128 + number
    assert 3 <= len(made) < COUNT
    quiet(stderr)
    assert stderr.splitlines()[-1] == (
        f"isingdenoise: interrupted, {COUNT - len(made)} pictures left; "
        "the same command goes on from here"
    )
    complete(out, {name: expected[name] for name in made})
    assert psutil.wait_procs(workers, timeout=10)[1] == []
    succeed("batch", source, out, *SLOW, "--resume")
    complete(out, expected)


def test_a_second_signal_ends_it_at_once(tmp_path):
    source, out = flipped(tmp_path / "in", 4, size=64), tmp_path / "out"
    endless = ["--noise", "flip", "--coupling", "0.5", "--engine", "gibbs", "-O", "sweeps=10000000"]
    with running("local:1", source, out, *endless) as batch:
        wait_until(lambda: out.exists() and hidden(out) and workers_of(batch))
        time.sleep(0.5)
        for _ in range(2):
            os.killpg(batch.pid, signal.SIGINT)
            time.sleep(0.5)
        _, stderr = batch.communicate(timeout=60)
    assert batch.returncode == 130
    quiet(stderr)
    assert pictures(out) == {}
    assert hidden(out) == []


def test_a_client_that_is_killed_takes_its_workers_with_it(slow, tmp_path):
    (source, expected), out = slow, tmp_path / "out"
    with running("local:2", source, out, *SLOW) as batch:
        wait_until(has(out, 3))
        workers = workers_of(batch)
        assert workers
        batch.kill()
        batch.communicate(timeout=60)
        assert psutil.wait_procs(workers, timeout=20)[1] == []
    made = pictures(out)
    assert 3 <= len(made) < COUNT
    assert made.items() <= expected.items()
    known = {line["output"] for line in entries(out / JOURNAL_NAME)}
    assert set(made) <= known
    succeed("batch", source, out, *SLOW, "--resume", "--scheduler", "local:1")
    assert pictures(out) == expected
    assert hidden(out) == [JOURNAL_NAME]


def test_a_worker_that_sees_another_folder_is_named(tmp_path):
    """It lives where something else is mounted in the place of the folder."""
    source, out = flipped(tmp_path / "in", 3), tmp_path / "out"
    out.mkdir()
    mount = f'mount -t tmpfs none {out} && exec "$@"'
    apart = ("unshare", "-m", "sh", "-c", mount, "sh")
    if shutil.which("unshare") is None or subprocess.run([*apart, "true"], check=False).returncode:
        pytest.skip("nothing can be mounted here")
    command = worker_command
    with scheduler(tmp_path) as dask, process(*apart, *command(dask.address, tmp_path / "w")):
        done = invoke("batch", source, out, *QUICK, "--scheduler", dask.address)
    assert (done.code, done.stdout) == (7, "")
    quiet(done.stderr)
    assert f"does not see {out} as this machine does; folders must be shared" in done.stderr
    assert list(out.iterdir()) == []


def test_a_worker_without_isingdenoise_is_named(tmp_path):
    source, out = flipped(tmp_path / "in", 3), tmp_path / "out"
    site = tmp_path / "site"
    site.mkdir()
    (site / "isingdenoise.py").write_text("raise ImportError('none here')\n")
    lacking = {"env": {**os.environ, "PYTHONPATH": str(site)}, "cwd": site}
    command = worker_command
    with scheduler(tmp_path) as dask, process(*command(dask.address, tmp_path), **lacking):
        done = invoke("batch", source, out, *QUICK, "--scheduler", dask.address)
    assert (done.code, done.stdout) == (7, "")
    quiet(done.stderr)
    assert "has no isingdenoise of this kind (none here)" in done.stderr
    assert hidden(out) == []


def test_a_scheduler_without_workers_is_named(tmp_path):
    source, out = flipped(tmp_path / "in", 1), tmp_path / "out"
    code = (
        "import sys\nfrom isingdenoise.batch import cluster\ncluster._ARRIVAL = 0.5\n"
        "from isingdenoise_cli.main import cli\ncli(sys.argv[1:], prog_name='isingdenoise')\n"
    )
    with scheduler(tmp_path) as dask:
        words = ("batch", source, out, "--scheduler", dask.address)
        with process(sys.executable, "-c", code, *words) as batch:
            _, stderr = batch.communicate(timeout=60)
    assert batch.returncode == 7
    assert stderr == (
        f"isingdenoise: {dask.address}: has no worker; "
        f"start some with 'dask worker {dask.address}'\n"
    )
    assert not out.exists()


def test_workers_that_have_all_gone_are_not_waited_for_without_end(slow, tmp_path):
    (source, expected), out = slow, tmp_path / "out"
    code = (
        "import sys\nfrom isingdenoise.batch import cluster\ncluster._LOOK = 0.1\n"
        "asked = cluster.Cluster.check\n"
        "def check(*given):\n    cluster._ARRIVAL = 1.0  # from now on\n    asked(*given)\n"
        "cluster.Cluster.check = check\n"
        "from isingdenoise_cli.main import cli\ncli(sys.argv[1:], prog_name='isingdenoise')\n"
    )
    command = worker_command
    with scheduler(tmp_path) as dask, process(*command(dask.address, tmp_path / "w")) as worker:
        words = ("batch", source, out, *SLOW, "--scheduler", dask.address)
        with process(sys.executable, "-c", code, *words) as batch:
            wait_until(has(out, 2))
            os.killpg(worker.pid, signal.SIGKILL)
            _, stderr = batch.communicate(timeout=60)
    made = pictures(out)
    assert batch.returncode == 7
    quiet(stderr)
    assert stderr.splitlines()[-1] == (
        f"isingdenoise: {dask.address}: its last worker has gone, and no other has come, "
        f"{COUNT - len(made)} pictures left; the same command goes on from here"
    )
    complete(out, {name: expected[name] for name in made})
