"""How every test of a fault looks at what happened: code, one line, nothing touched."""

import contextlib
import os
import resource
import signal
import stat
import subprocess
import sys
import time
from pathlib import Path

import pytest
from command_line import SCRIPT, Ended, error_line, invoke, save_noisy

SOME_FAILED, USAGE, UNREADABLE, EXISTS, UNWRITABLE = 1, 2, 3, 4, 5
QUICK = ["--coupling", "0.4"]  # no more is estimated than the noise

#: Commands that read one picture: name -> arguments, given the picture and a file to write.
COMMANDS = {
    "run": lambda source, target: ["run", source, "-o", target],
    "segment": lambda source, target: ["segment", source, "-o", target, "--labels", "2"],
    "estimate": lambda source, _: ["estimate", source],
    "compare": lambda source, _: ["compare", source],
    "corrupt": lambda source, target: ["corrupt", source, "-o", target, "--noise", "flip"],
}


def state(folder):
    """Return every name below a folder with all that must stay: kind, mode, time, bytes."""
    found = {}
    for path in sorted(Path(folder).rglob("*")):
        status = path.lstat()
        kept = [stat.S_IFMT(status.st_mode), stat.S_IMODE(status.st_mode)]
        if path.is_symlink():
            kept.append(path.readlink())
        elif stat.S_ISREG(status.st_mode):
            kept += [status.st_mtime_ns, path.read_bytes()]
        found[str(path)] = kept
    return found


def refused(code, folder, *args, run=invoke):
    """Run the command; insist on the code, one line and a folder as it was; return the line."""
    before = state(folder)
    with in_time():
        line = error_line(run(*args), code)
    assert state(folder) == before
    return line


@contextlib.contextmanager
def in_time(seconds=60):
    """End what hangs with an error that no handler takes for an ordinary one."""

    def late(*_):
        raise pytest.fail.Exception(f"hangs: no end after {seconds} s")

    before = signal.signal(signal.SIGALRM, late)
    signal.alarm(seconds)
    try:
        yield
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)


@contextlib.contextmanager
def files_end_at(size):
    """Let no file grow beyond so many bytes: what a full disk does, without one."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def as_somebody(*args, **options):
    """Run the command without root's right to pass over the modes of files."""
    before = ()
    if os.geteuid() == 0:
        rights = "-dac_override,-dac_read_search"
        before = ("setpriv", f"--bounding-set={rights}", f"--inh-caps={rights}")
        control = subprocess.run([*before, "true"], capture_output=True, check=False)
        if control.returncode:
            pytest.skip("root reads everything here")
    return launched(*before, SCRIPT, *args, **options)


def launched(*command, **options):
    """Run any program; return how it ended."""
    done = subprocess.run(
        list(map(os.fsencode, map(str, command))),
        capture_output=True,
        stdin=subprocess.DEVNULL,
        timeout=300,
        check=False,
        **options,
    )
    return Ended(done.returncode, done.stdout.decode(), done.stderr.decode())


def folder_of_pictures(folder, count, size=128):
    """Make noisy pictures 00.png, 01.png ...; return the folder."""
    for number in range(count):
        save_noisy(folder / f"{number:02}.png", seed=number, size=size)
    return folder


def pictures(out):
    """Return the results in a folder, name -> bytes; not the journal, nor a lock."""
    return {p.name: p.read_bytes() for p in out.glob("*") if not p.name.startswith(".")}


def hidden(out):
    """Return the names of everything else, which a batch may leave."""
    return sorted(p.name for p in Path(out).iterdir() if p.name.startswith("."))


@contextlib.contextmanager
def stopped(*args, there):
    """Start the command and stop it once `there()`; let the block act; let it go on.

    Yields a list to which its end is added.
    """
    command = [str(SCRIPT), *map(str, args)]
    ends = []
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        ends.append(process)
        try:
            wait_until(lambda: process.poll() is not None or there())
            process.send_signal(signal.SIGSTOP)
            wait_until(lambda: process.poll() is not None or _all_stopped(process.pid))
            yield ends
        finally:
            process.send_signal(signal.SIGCONT)
            stdout, stderr = process.communicate(timeout=120)
            ends[0] = Ended(process.returncode, stdout, stderr)


def _all_stopped(pid):
    """Tell whether no thread runs any more: the signal takes its time to reach all."""
    with contextlib.suppress(OSError):  # a thread has just ended
        threads = [path.read_text() for path in Path(f"/proc/{pid}/task").glob("*/stat")]
        return all(text.rpartition(")")[2].split()[0] in "TZX" for text in threads)
    return False


def wait_until(true, seconds=60):
    """Look again and again until something holds."""
    deadline = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < deadline, "never came"
        time.sleep(0.001)


linux = pytest.mark.skipif(sys.platform != "linux", reason="as Linux does it")
