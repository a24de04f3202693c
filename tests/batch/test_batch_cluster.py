"""A folder cleaned by a cluster of processes: what comes out is what one thread makes."""

import os
import signal
import socket
import ssl
import subprocess
import sys
import threading
from pathlib import Path

import numpy as np
import psutil
import pytest
from clusters import DEADLY, QUICK, Deadly, Waiting, entries, flipped, flips
from command_line import error_line, invoke, save, save_noisy, scene, snapshot
from PIL import Image

import isingdenoise.batch.dispatch
from isingdenoise import ClusterError, OverwriteError, ParameterError, ReadError
from isingdenoise.batch import (
    JOURNAL_NAME,
    CleanOptions,
    Cluster,
    FileJob,
    Journal,
    denoise_many,
    local,
    locked,
    plan,
    report_row,
)
from isingdenoise.batch.remote import Witness, anchored, renamed
from isingdenoise.inference import Gibbs
from isingdenoise.io import sweep
from isingdenoise.io.temporaries import new_run, new_staged_name
from isingdenoise.pipeline import plain

pytest.importorskip("distributed")
FLIP = CleanOptions(noise="flip", coupling=0.7)


@pytest.fixture(scope="module")
def cluster():
    with Cluster("local:2") as opened:
        yield opened


@pytest.fixture
def folder(tmp_path):
    """Return pictures of several sizes, one that is none, and a fax of three pages."""
    for number in range(6):
        save_noisy(tmp_path / "in" / f"{number}.png", seed=number, size=48 + 8 * number)
    (tmp_path / "in" / "2.png").write_text("no picture")
    save(tmp_path / "in" / "flat.png", np.full((8, 8), 200, np.uint8))
    pages = [Image.fromarray(scene(*s) ^ flips(s, 3)) for s in ((40, 32), (48, 64), (24, 24))]
    pages[0].save(tmp_path / "in" / "x.tif", save_all=True, append_images=pages[1:])
    return tmp_path / "in"


def results(out):
    return {name: data for name, data in snapshot(out).items() if not name.startswith(".")}


def hidden(out):
    return sorted(path.name for path in out.rglob(".*"))


def told(outcome):
    """Return what is said of a picture, without times and the folder of results."""
    pages = [plain({**page, "seconds": 0}) for page in outcome.pages]
    row = {k: v for k, v in report_row(outcome).items() if k not in ("seconds", "output")}
    return pages, row, outcome.warnings, outcome.skipped, outcome.job.source


def cleaned(source, out, options, besides=None, **how):
    """Clean a folder; return what was told of each picture."""
    journal = Journal(out, options.fingerprint())
    jobs = plan(source, out, journal=journal, besides=besides or {})
    outcomes = list(denoise_many(jobs, options, journal=journal, **how))
    assert [outcome.job for outcome in outcomes] == list(jobs)
    return [told(outcome) for outcome in outcomes]


@pytest.mark.process
@pytest.mark.slow
@pytest.mark.parametrize("engine", [None, Gibbs(sweeps=20)])
def test_the_same_bytes_journal_and_rows_as_one_thread(folder, tmp_path, cluster, engine):
    options = CleanOptions(engine=engine, seed=0, max_change=0.4)
    besides = {"probability": ".tif", "change_map": ".tif"}
    one, two = tmp_path / "one", tmp_path / "two"
    expected = cleaned(folder, one, options, besides)
    assert cleaned(folder, two, options, besides, scheduler=cluster) == expected
    assert len(results(one)) == 3 * 7
    assert results(two) == results(one)
    assert entries(two / JOURNAL_NAME) == entries(one / JOURNAL_NAME)
    assert hidden(two) == [JOURNAL_NAME]
    again = cleaned(folder, two, options, besides, scheduler=cluster)
    assert [skipped for *_, skipped, _ in again] == [row["error"] is None for _, row, *_ in again]
    (folder / "1.png").write_bytes((folder / "0.png").read_bytes())  # replaced by its own result
    before = (two / "1.png").read_bytes()
    cleaned(folder, two, options, besides, scheduler=cluster)
    assert (two / "1.png").read_bytes() == results(one)["0.png"] != before


@pytest.mark.process
@pytest.mark.slow
def test_names_are_those_of_the_user_and_found_from_any_current_folder(
    folder, tmp_path, cluster, monkeypatch
):
    """The workers began elsewhere."""
    monkeypatch.chdir(tmp_path)
    source, one, two = (Path(name) for name in ("in", "one", "sub/two"))
    mask = save(Path("mask.png"), np.full((9, 9), 255, np.uint8))  # fits no picture
    masked = CleanOptions(noise="flip", coupling=0.7, mask=mask)
    expected = cleaned(source, one, masked)
    assert cleaned(source, two, masked, scheduler=cluster) == expected
    assert all(row["error"].startswith("in/") for _, row, *_ in expected)
    assert results(one) == results(two) == {}
    assert cleaned(source, two, FLIP, scheduler=cluster)[0][1]["error"] is None
    assert "0.png" in results(tmp_path / "sub" / "two")


@pytest.mark.process
@pytest.mark.slow
def test_without_a_journal_and_with_folders_below(tmp_path, cluster):
    flipped(tmp_path / "in" / "a" / "b", 3)
    jobs = plan(tmp_path / "in", tmp_path / "out", recursive=True)
    outcomes = list(denoise_many(jobs, FLIP, scheduler=cluster))
    assert [outcome.error for outcome in outcomes] == [None] * 3
    assert len(results(tmp_path / "out")) == 2 + 3
    (refused,) = denoise_many(jobs[:1], FLIP, scheduler=cluster)
    assert isinstance(refused.error, OverwriteError)
    (again,) = denoise_many(jobs[:1], FLIP, overwrite=True, scheduler=cluster)
    assert again.error is None
    assert hidden(tmp_path / "out") == []


@pytest.mark.process
@pytest.mark.slow
def test_a_file_that_appears_meanwhile_is_not_replaced(tmp_path, cluster):
    """Neither where there was none, nor in the place of one that was to be replaced."""
    source, out = flipped(tmp_path / "in", 3), tmp_path / "out"
    cleaned(source, out, FLIP)
    (out / "001.png").unlink()
    options = Waiting(noise="flip", coupling=0.6, gate=tmp_path / "gate")
    journal = Journal(out, options.fingerprint())

    def taken():
        yield from plan(source, out, journal=journal)
        for name in ("000.png", "001.png"):
            (out / name).write_bytes(b"precious")
        options.gate.touch()

    outcomes = list(denoise_many(taken(), options, journal=journal, scheduler=cluster))
    lines = [outcome.line or "" for outcome in outcomes]
    assert "changed while the result was made" in lines[0]
    assert "changed while the result was made" in lines[1] or "exists" in lines[1]
    assert lines[2] == ""
    assert (out / "000.png").read_bytes() == (out / "001.png").read_bytes() == b"precious"
    assert hidden(out) == [JOURNAL_NAME]


@pytest.mark.process
@pytest.mark.slow
def test_when_stopped_what_was_begun_is_told_and_the_rest_is_left(tmp_path, cluster):
    source, out = flipped(tmp_path / "in", 40), tmp_path / "out"
    options = Waiting(noise="flip", coupling=0.7, gate=tmp_path / "gate")
    journal = Journal(out, options.fingerprint())
    asked = []

    def stopped():
        asked.append(1)
        if len(asked) > 20:  # all that is taken ahead is taken, and the first is waited for
            options.gate.touch()
        return len(asked) > 20

    jobs = plan(source, out, journal=journal)
    outcomes = list(
        denoise_many(jobs, options, journal=journal, scheduler=cluster, stopped=stopped)
    )
    assert 1 <= len(outcomes) <= 4  # two at work, and one that each of them has besides
    assert len(results(out)) == len(outcomes)
    assert hidden(out) == [JOURNAL_NAME]


@pytest.mark.process
@pytest.mark.slow
def test_who_stops_asking_leaves_nothing(tmp_path):
    source, out = flipped(tmp_path / "in", 20), tmp_path / "out"
    journal = Journal(out, FLIP.fingerprint())
    jobs = plan(source, out, journal=journal)
    with Cluster("local:1") as own:
        outcomes = denoise_many(jobs, FLIP, journal=journal, scheduler=own)
        next(outcomes)
        outcomes.close()
    made = results(out)
    assert 1 <= len(made) < 20
    assert {line["output"] for line in entries(out / JOURNAL_NAME)} == set(made)
    assert hidden(out) == [JOURNAL_NAME]


@pytest.mark.process
@pytest.mark.slow
def test_a_picture_that_kills_workers_fails_and_the_others_do_not(tmp_path, monkeypatch):
    monkeypatch.setitem(local._SETTINGS, "distributed.scheduler.allowed-failures", 0)
    source, out = flipped(tmp_path / "in", 8), tmp_path / "out"
    save(source / "003.png", scene(*DEADLY))
    options = Deadly(noise="flip", coupling=0.7)
    journal = Journal(out, options.fingerprint())
    jobs = plan(source, out, journal=journal)
    outcomes = list(denoise_many(jobs, options, journal=journal, scheduler="local:2"))
    wrong = {o.job.source.name: o.line for o in outcomes if o.error is not None}
    assert [*wrong] == ["003.png"]
    assert "worker processes died again and again" in wrong["003.png"]
    assert isinstance(outcomes[3].error, ReadError)
    assert len(results(out)) == 7
    assert hidden(out) == [JOURNAL_NAME]
    assert [line["error"] is None for line in entries(out / JOURNAL_NAME)].count(False) == 1
    (last,) = denoise_many(jobs[3:4], FLIP, journal=Journal(out, FLIP.fingerprint()))
    assert last.error is None


@pytest.mark.process
@pytest.mark.slow
def test_workers_that_cannot_do_the_work_are_named(tmp_path, cluster, monkeypatch):
    here = {"version": isingdenoise.__version__, "path": "", "text": "", "inputs": {}}
    cluster.check(Witness(**here))
    picture = save(tmp_path / "a.png", scene())
    (tmp_path / "token").write_text("mine")
    token = {"path": str(tmp_path / "token"), "text": "mine"}
    inputs = {str(picture): picture.stat().st_size}
    cluster.check(Witness(**{**here, **token, "inputs": inputs}))
    for other, named in (
        ({"version": "0.0.0"}, "not 0.0.0; install the same"),
        ({"path": str(tmp_path / "gone"), "text": "x"}, f"does not see {tmp_path} as"),
        ({**token, "text": "yours"}, f"does not see {tmp_path} as"),
        ({"inputs": {str(tmp_path / "b.png"): 9}}, f"does not see {tmp_path / 'b.png'} as"),
        ({"inputs": {str(picture): 1}}, f"does not see {picture} as"),
    ):
        with pytest.raises(ClusterError, match=r"^(tcp|tls)://") as raised:
            cluster.check(Witness(**{**here, **other}))
        assert named in str(raised.value)
        assert raised.value.exit_code == 7
    monkeypatch.setattr(isingdenoise.batch.dispatch, "__version__", "0.0.0")
    source, out = flipped(tmp_path / "in", 2), tmp_path / "out"
    with pytest.raises(ClusterError, match=r"has isingdenoise .*, not 0\.0\.0"):
        cleaned(source, out, FLIP, scheduler=cluster)
    assert results(out) == {}
    assert hidden(out) == []


@pytest.mark.process
@pytest.mark.slow
def test_a_worker_that_comes_later_is_asked_with_its_first_picture(tmp_path, cluster, monkeypatch):
    monkeypatch.setattr(Cluster, "check", lambda *_: None)
    monkeypatch.setattr(isingdenoise.batch.dispatch, "__version__", "0.0.0")
    with pytest.raises(ClusterError, match=r"a worker: has isingdenoise .*, not 0\.0\.0"):
        cleaned(flipped(tmp_path / "in", 2), tmp_path / "out", FLIP, scheduler=cluster)
    assert hidden(tmp_path / "out") == []


@pytest.mark.process
@pytest.mark.slow
def test_workers_of_this_machine_listen_to_nobody_else(cluster):
    """Who has no certificate of this cluster is refused, and nobody can ask from elsewhere."""
    pytest.importorskip("cryptography")
    me = psutil.Process()
    ports = set()
    for process in (me, *me.children(recursive=True)):
        for known in process.net_connections("tcp"):
            if known.status == "LISTEN":
                assert known.laddr.ip == "127.0.0.1"
                ports.add(known.laddr.port)
    addresses = [cluster._own.scheduler_address, *cluster._client.nthreads()]
    assert len(addresses) == 3
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    for address in addresses:
        assert address.startswith("tls://127.0.0.1:")
        port = int(address.rpartition(":")[2])
        assert port in ports
        bare = socket.create_connection(("127.0.0.1", port), timeout=30)
        with bare, pytest.raises(ssl.SSLError), context.wrap_socket(bare) as stranger:
            stranger.recv(1)


def test_staged_files_are_swept_by_the_next_batch_alone(tmp_path):
    mine, others = new_run(), new_run()
    names = [new_staged_name(run) for run in (mine, others)]
    below = tmp_path / "sub"
    below.mkdir()
    for name in names:
        (below / name).write_bytes(b"a result that nobody wants")
    (below / ".isingdenoise-mine.staged").touch()
    sweep(tmp_path, below=True)
    assert len(hidden(tmp_path)) == 3
    sweep(tmp_path, below=True, staged=mine)
    assert hidden(tmp_path) == sorted([names[1], ".isingdenoise-mine.staged"])
    with locked(tmp_path):
        assert names[1] not in hidden(tmp_path)
    assert hidden(tmp_path) == [".isingdenoise-mine.staged"]


def test_errors_have_the_names_that_the_user_gave(tmp_path):
    known, given = tmp_path / "in" / "a\n.png", tmp_path.relative_to(tmp_path) / "in" / "a\n.png"
    error = renamed(ReadError(known, "is damaged"), [(known, given)])
    assert (str(error), error.path) == (r"in/a\n.png: is damaged", given)
    plain_error = renamed(ParameterError("mask", "does not fit"), [(known, given)])
    assert str(plain_error) == "mask: does not fit"


def test_options_name_the_same_files_from_anywhere(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    mask = save(tmp_path / "m.png", scene()).relative_to(tmp_path)
    whole = anchored(CleanOptions(mask=mask, coupling=0.5, seed=3))
    assert whole.mask == tmp_path / "m.png"
    assert whole.fingerprint() == CleanOptions(mask=mask, coupling=0.5, seed=3).fingerprint()
    assert anchored(FLIP) == FLIP


@pytest.mark.parametrize("wrong", ["", "local", "local:0", "local:x", "host:8786", "tcp://", "4"])
def test_what_is_no_scheduler_is_refused_at_once(tmp_path, wrong):
    with pytest.raises(ParameterError, match="scheduler: must be local:N"):
        denoise_many([], scheduler=wrong)
    flipped(tmp_path / "in", 1)
    line = error_line(invoke("batch", tmp_path / "in", tmp_path / "out", "--scheduler", wrong), 2)
    assert "--scheduler: must be local:N" in line
    assert not (tmp_path / "out").exists()


def test_a_number_of_jobs_does_not_go_with_a_scheduler(tmp_path, monkeypatch):
    folders = (flipped(tmp_path / "in", 1), tmp_path / "out")
    done = invoke("batch", *folders, "--scheduler", "local:2", "-j", "2")
    assert "--scheduler: takes the threads of its workers; leave -j out" in error_line(done, 2)
    assert not (tmp_path / "out").exists()
    monkeypatch.setenv("ISINGDENOISE_SCHEDULER", "tcp://127.0.0.1:1")
    assert "stands on the command line alone" in error_line(invoke("batch", *folders), 2)
    monkeypatch.delenv("ISINGDENOISE_SCHEDULER")
    (tmp_path / "cfg.toml").write_text('[batch]\nscheduler = "tcp://127.0.0.1:1"\n')
    done = invoke("batch", *folders, "--config", tmp_path / "cfg.toml")
    assert "stands on the command line alone" in error_line(done, 2)


def test_without_the_extra_one_line_names_it(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "distributed", None)
    flipped(tmp_path / "in", 1)
    done = invoke("batch", tmp_path / "in", tmp_path / "out", "--scheduler", "local:2", *QUICK)
    line = error_line(done, 2)
    assert line.endswith("needs Dask, which cannot be loaded; pip install 'isingdenoise[dask]'")
    assert not (tmp_path / "out").exists()
    assert invoke("batch", tmp_path / "in", tmp_path / "out", *QUICK).code == 0
    assert invoke("batch", tmp_path / "in", tmp_path / "out", "--verify").code == 0


@pytest.mark.process
@pytest.mark.slow
def test_nothing_of_dask_is_loaded_where_nobody_asks(tmp_path):
    code = (
        "import sys; sys.modules['distributed'] = sys.modules['dask'] = None\n"
        "from isingdenoise.batch import Cluster, denoise_many\n"
        "print(list(denoise_many([])))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"


@pytest.mark.process
@pytest.mark.slow
def test_nobody_answers_or_nobody_works(tmp_path, monkeypatch):
    monkeypatch.setattr(isingdenoise.batch.cluster, "_ANSWER", 0.3)
    flipped(tmp_path / "in", 1)
    where = ("--scheduler", "tcp://127.0.0.1:1")
    line = error_line(invoke("batch", tmp_path / "in", tmp_path / "out", *where, *QUICK), 7)
    assert "tcp://127.0.0.1:1: no scheduler answers there" in line
    assert "dask scheduler" in line
    assert not (tmp_path / "out").exists()


def test_what_starts_workers_leaves_the_environment_as_it_was(monkeypatch):
    monkeypatch.setenv("MKL_NUM_THREADS", "3")
    monkeypatch.delenv("OPENBLAS_NUM_THREADS", raising=False)
    with local._environment_kept():
        os.environ |= {"MKL_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
    assert os.environ["MKL_NUM_THREADS"] == "3"
    assert "OPENBLAS_NUM_THREADS" not in os.environ
    before = signal.pthread_sigmask(signal.SIG_BLOCK, ())
    with local._blocked():
        assert signal.SIGINT in signal.pthread_sigmask(signal.SIG_BLOCK, ())
    assert signal.pthread_sigmask(signal.SIG_BLOCK, ()) == before


def test_a_cluster_that_is_not_open_is_refused(tmp_path):
    jobs = plan(flipped(tmp_path / "in", 1), tmp_path / "out")
    with pytest.raises(ParameterError, match="scheduler: is not open"):
        list(denoise_many(jobs, FLIP, scheduler=Cluster("local:1")))
    assert not (tmp_path / "out").exists()


@pytest.mark.process
@pytest.mark.slow
def test_a_worker_keeps_to_one_thread_for_pictures_of_any_size(tmp_path, cluster):
    """What it starts beside that is the same for a small picture and for one with threads."""
    large = save_noisy(tmp_path / "large.png", size=640)
    small = save_noisy(tmp_path / "small.png", size=32)
    counts = []
    for picture in (small, large):
        job = FileJob(picture, tmp_path / "out" / picture.name)
        (outcome,) = denoise_many([job], CleanOptions(noise="gaussian"), scheduler=cluster)
        assert outcome.error is None
        found = cluster._client.run(threading.active_count)
        counts.append(found.values())
        environment = cluster._client.run(os.getenv, "NUMBA_NUM_THREADS")
        assert set(environment.values()) == {"1"}
    assert max(counts[1]) <= max(counts[0])


def test_a_job_without_work_needs_no_cluster(tmp_path):
    (tmp_path / "in").mkdir()
    done = invoke("batch", tmp_path / "in", tmp_path / "out", "--scheduler", "tcp://127.0.0.1:1")
    assert (done.code, done.stderr) == (0, "")
    assert FileJob(tmp_path, tmp_path).targets == (tmp_path,)
