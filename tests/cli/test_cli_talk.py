"""What is said where: --quiet, --verbose, --log-file, the progress bar, and how a command ends."""

import logging
import os
import pty
import re
import resource
import signal
import subprocess
import time
from pathlib import Path

import numpy as np
import pytest
from command_line import (
    SCRIPT,
    error_line,
    invoke,
    one_line,
    save,
    save_noisy,
    scene,
    snapshot,
    succeed,
)
from isingdenoise_cli import console
from isingdenoise_cli.main import COMMANDS

LINE = re.compile(
    r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}[+-]\d\d:\d\d (DEBUG|INFO|WARNING|ERROR) (.*)"
)
WARNS = ["-O", "max_sweeps=1", "-O", "tol=0", "--noise", "gaussian", "--coupling", "1"]


@pytest.fixture
def clean(tmp_path):
    return save(tmp_path / "clean.png", scene())


@pytest.fixture
def noisy(tmp_path):
    return save_noisy(tmp_path / "noisy.png")


def corrupt(clean, *options):
    return invoke("corrupt", clean, "-o", clean.with_name("n.png"), "--force", *options)


def logged(path):
    """Return (level, text) of every line of a log file; none may have another form."""
    return [LINE.fullmatch(line).groups() for line in path.read_text("utf-8").splitlines()]


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_has_the_manners_of_all(name):
    text = succeed(name, "--help").stdout
    for option in ("-q, --quiet", "-v, --verbose", "--log-file", "--config", "--show-config"):
        assert f"\n  {option} " in text


@pytest.mark.parametrize("args", [["-q", "corrupt"], ["corrupt", "-q"], ["corrupt", "--quiet"]])
def test_quiet_prints_nothing_and_does_the_same(clean, args):
    args = [*args, clean, "-o", clean.with_name("n.png"), "--force"]
    loud = succeed(*(a for a in args if a not in ("-q", "--quiet")))
    made = snapshot(clean.parent)
    assert loud.stdout
    done = succeed(*args)
    assert (done.stdout, done.stderr) == ("", "")
    assert snapshot(clean.parent) == made


def test_quiet_holds_back_warnings_but_no_errors_and_no_json(noisy, tmp_path):
    log = tmp_path / "log.txt"
    loud = succeed("run", noisy, *WARNS)
    assert "warning" in one_line(loud)
    done = succeed("run", noisy, *WARNS, "--force", "-q", "--json", "--log-file", log)
    assert done.stderr == ""
    assert done.stdout.startswith("{")
    assert [level for level, text in logged(log) if "did not converge" in text] == ["WARNING"]
    assert "exists" in error_line(invoke("run", noisy, "-q"), 4)


def test_what_is_quiet_says_nothing_more_than_that(noisy):
    assert succeed("run", noisy, *WARNS, "-q").stderr == ""
    for command in ("estimate", "compare"):
        done = succeed(command, noisy, "--noise", "gaussian", "-q")
        assert (done.stdout, done.stderr) == ("", "")
    done = succeed("batch", noisy.parent, noisy.parent / "out", "-q")
    assert (done.stdout, done.stderr) == ("", "")


@pytest.mark.parametrize("args", [["-v", "corrupt"], ["corrupt", "--verbose"]])
def test_verbose_tells_settings_and_times_on_stderr(clean, args):
    done = succeed(*args, clean, "-o", clean.with_name("n.png"), "--sigma", "32")
    assert done.stdout == f"{clean} -> {clean.with_name('n.png')}\n"
    lines = done.stderr.splitlines()
    assert all(line.startswith("isingdenoise: ") for line in lines)
    assert "isingdenoise: --sigma 32.0 (command line)" in lines
    assert re.fullmatch(r"isingdenoise: \d+\.\d{3} s in all", lines[-1])


def test_verbose_tells_where_the_kernels_are(noisy):
    from isingdenoise.warmup import kernel_folder

    assert str(kernel_folder()) in succeed("run", noisy, "-v").stderr


def test_quiet_and_verbose_are_no_pair(clean):
    assert "--quiet" in error_line(corrupt(clean, "-q", "-v"), 2)


def test_a_bug_is_one_line_and_its_traceback_a_detail(noisy, tmp_path, monkeypatch):
    def broken(*args, **options):
        raise RuntimeError("no such thing\nat all")

    monkeypatch.setattr("isingdenoise.learning.estimate", broken)
    monkeypatch.delenv("ISINGDENOISE_DEBUG", raising=False)
    log = tmp_path / "log.txt"
    done = invoke("estimate", noisy, "--noise", "gaussian", "--log-file", log)
    assert done.code == 1
    assert done.stderr.startswith(
        "isingdenoise: internal error: RuntimeError: no such thing at all"
    )
    assert len(done.stderr.splitlines()) == 1
    assert "-v" in done.stderr
    assert any("raise RuntimeError" in text for level, text in logged(log) if level == "DEBUG")
    told = invoke("estimate", noisy, "--noise", "gaussian", "-v").stderr
    assert "isingdenoise: Traceback (most recent call last):" in told
    assert "raise RuntimeError" in told
    monkeypatch.setenv("ISINGDENOISE_DEBUG", "1")
    with pytest.raises(RuntimeError, match="no such thing"):
        invoke("estimate", noisy, "--noise", "gaussian")


def test_the_log_holds_all_that_is_said_and_is_added_to(clean, tmp_path):
    log = tmp_path / "log.txt"
    assert corrupt(clean, "--log-file", log, "--seed", "7").code == 0
    first = log.read_text()
    entries = logged(log)
    assert ("INFO", f"{clean} -> {clean.with_name('n.png')}") in entries
    assert ("DEBUG", "--seed 7 (command line)") in entries
    assert invoke("corrupt", clean, "-o", clean.with_name("n.png"), "--log-file", log).code == 4
    assert log.read_text().startswith(first)
    assert [text for level, text in logged(log) if level == "ERROR"] == [
        f"{clean.with_name('n.png')}: exists; use --force to replace it"
    ]


def test_a_torn_last_line_of_the_log_is_ended_first(clean, tmp_path):
    log = tmp_path / "log.txt"
    cut = "2026-01-01T00:00:00.000+00:00 INFO cut off he"
    log.write_text(cut)
    assert corrupt(clean, "--log-file", log).code == 0
    first, *rest = log.read_text().splitlines()
    assert first == cut
    assert all(LINE.fullmatch(line) for line in rest)


def test_names_cannot_forge_lines_of_the_log(tmp_path):
    name = "a\n2026-01-01T00:00:00.000+00:00 ERROR forged\x1b[31m.png"
    clean, log = save(tmp_path / "c.png", scene()), tmp_path / "log.txt"
    clean.rename(tmp_path / name)
    done = invoke(
        "corrupt", tmp_path / name, "-o", tmp_path / "n.png", "--log-file", log, "-v", "--force"
    )
    assert done.code == 0
    assert "\x1b" not in done.stdout + done.stderr + log.read_text()
    assert all(not text.startswith("forged") for _, text in logged(log))
    assert all(line.startswith("isingdenoise: ") for line in done.stderr.splitlines())


def spoiled_logs(folder):
    """Yield (why not, name) of log files that cannot be."""
    (folder / "taken").mkdir()
    (folder / "real.txt").write_text("mine\n")
    (folder / "link.txt").symlink_to("real.txt")
    os.mkfifo(folder / "pipe.txt")
    (folder / "picture").write_bytes(b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR")
    (folder / "nul.bin").write_bytes(b"text\0text")
    (folder / "notes.md").write_text("# Notes\n2026-01-01T00:00:00.000+00:00 INFO quoted\n")
    (folder / "make.py").write_text("print()")
    (folder / "data.json").write_text('{"at": "2026-01-01T00:00:00.000+00:00 INFO "}\n')
    (folder / "almost.txt").write_text("2026-01-01 INFO a date alone\n")
    (folder / "latin.txt").write_bytes(b"caf\xe9")
    yield 5, folder / "missing" / "log.txt"
    yield 5, folder / "real.txt" / "log.txt"
    yield 5, folder / "taken"
    yield 5, folder / "link.txt"
    yield 5, folder / "pipe.txt"
    yield 5, "/dev/null"
    yield 2, folder / "clean.png"  # the input
    yield 2, folder / "n.png"  # the output
    yield 2, folder / "picture"
    yield 2, folder / "clean.denoised.PNG"
    yield 2, folder / "nul.bin"
    for name in ("notes.md", "make.py", "data.json", "almost.txt", "latin.txt"):
        yield 2, folder / name
    yield 2, folder / ".isingdenoise-journal.jsonl"
    yield 2, "-"


def test_a_log_that_cannot_be_is_refused_before_any_work(clean, tmp_path):
    for code, log in list(spoiled_logs(tmp_path)):
        before = snapshot(tmp_path)
        done = invoke("corrupt", clean, "-o", tmp_path / "n.png", "--log-file", log)
        line = error_line(done, code)
        assert (str(log) if code == 5 else "--log-file") in line
        assert snapshot(tmp_path) == before


def test_a_second_name_of_the_input_is_no_log_either(tmp_path):
    text = tmp_path / "clean.pbm"  # a picture that is text
    text.write_text("P1\n4 4\n1 0 1 0\n1 0 1 0\n1 0 1 0\n1 0 1 0\n")
    os.link(text, tmp_path / "other.txt")
    before = text.read_bytes()
    done = invoke("corrupt", text, "-o", tmp_path / "n.png", "--log-file", tmp_path / "other.txt")
    assert "--log-file" in error_line(done, 2)
    assert text.read_bytes() == before


def test_a_log_that_grows_no_more_is_told_once_and_the_work_goes_on(clean, tmp_path):
    log = tmp_path / "log.txt"
    log.write_text("2026-01-01T00:00:00.000+00:00 INFO ".ljust(511, "x") + "\n")
    limit = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (512, limit[1]))
    try:
        done = corrupt(clean, "--log-file", log, "--noise", "flip")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limit)
    assert done.code == 0
    assert "log.txt: warning: cannot be written any more" in one_line(done)
    assert (tmp_path / "n.png").stat().st_size
    assert log.stat().st_size == 512


def count_open_files():
    folder = Path("/proc/self/fd")
    return len(list(folder.iterdir())) if folder.is_dir() else 0


def test_handlers_of_others_are_as_they_were(clean, tmp_path):
    logger = logging.getLogger("isingdenoise")
    mine = logging.NullHandler()
    there = [*logger.handlers, mine]
    logger.addHandler(mine)
    logger.setLevel(logging.ERROR)
    open_files = count_open_files()
    try:
        corrupt(clean, "-v", "--log-file", tmp_path / "log.txt")
        corrupt(clean, "--sigma", "0")
        assert logger.handlers == there
        assert (logger.level, logger.propagate) == (logging.ERROR, True)
        assert count_open_files() == open_files
    finally:
        logger.removeHandler(mine)
        logger.setLevel(logging.NOTSET)


def test_lines_are_said_without_a_session_too(capsys):
    console.warning("a.png", "careful")
    console.detail("not of interest")
    assert capsys.readouterr().err == "isingdenoise: a.png: warning: careful\n"


class Screen:
    """A terminal that knows what the bar needs; anything else that moves the cursor is refused."""

    encoding = "utf-8"
    _CONTROL = re.compile(r"\x1b\[(?:\?25[lh]|(?P<up>\d+)A|(?P<erase>2K)|[\d;]*m)")

    def __init__(self):
        self.lines = [""]
        self._row = self._column = 0

    def isatty(self):
        return True

    def flush(self):
        pass

    def write(self, text):
        if not isinstance(text, str):
            raise TypeError("text alone")
        while text:
            if control := self._CONTROL.match(text):
                self._row -= int(control["up"] or 0)
                if control["erase"]:
                    self.lines[self._row] = ""
                text = text[control.end() :]
            else:
                self._put(text[0])
                text = text[1:]

    def _put(self, c):
        if c == "\n":
            self._row, self._column = self._row + 1, 0
            if self._row == len(self.lines):
                self.lines.append("")
        elif c == "\r":
            self._column = 0
        else:
            assert c.isprintable()
            line = self.lines[self._row].ljust(self._column)
            self.lines[self._row] = line[: self._column] + c + line[self._column + 1 :]
            self._column += 1

    def shown(self):
        """Return the lines that hold something."""
        return [line.rstrip() for line in self.lines if line.strip()]


def screen_of(monkeypatch):
    """Stand for a terminal as stderr, of 80 columns."""
    found = Screen()
    monkeypatch.setattr("sys.stderr", found)
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("COLUMNS", "80")
    for name in ("NO_COLOR", "FORCE_COLOR", "TTY_COMPATIBLE"):
        monkeypatch.delenv(name, raising=False)
    return found


@pytest.mark.parametrize("columns", [10, 40, 200])
def test_a_line_does_not_garble_the_bar(monkeypatch, columns):
    screen = screen_of(monkeypatch)
    monkeypatch.setenv("COLUMNS", str(columns))
    with console.session(), console.progress(iter("abc"), 3, "cleaning") as items:
        for item in items:
            console.warning(item, "look")
            assert screen.shown()[-1].startswith("cleaning")
    *said, bar = screen.shown()
    assert said == [f"isingdenoise: {item}: warning: look" for item in "abc"]
    assert len(bar) <= columns
    assert bar.startswith("cleaning")
    assert columns == 10 or " 3/3 " in bar
    assert screen.lines[-1] == ""


def test_without_the_clearing_the_bar_would_be_garbled(monkeypatch):
    """The control of the test above: it sees lines that lack room."""
    from isingdenoise_cli.console.bar import Bar

    screen = screen_of(monkeypatch)
    monkeypatch.setattr(Bar, "clear", lambda self: None)
    with console.session(), console.progress(iter("ab"), 2, "cleaning") as items:
        for item in items:
            console.warning(item, "look")
    assert screen.shown()[0] != "isingdenoise: a: warning: look"


def test_a_bar_is_drawn_on_terminals_alone_and_never_when_quiet(capsys, monkeypatch):
    with console.session(), console.progress("ab", 2, "cleaning") as items:
        assert list(items) == ["a", "b"]
    assert capsys.readouterr().err == ""
    screen = screen_of(monkeypatch)
    with console.session():
        console.settle(quiet=True)
        with console.progress("ab", 2, "cleaning") as items:
            assert list(items) == ["a", "b"]
    assert screen.lines == [""]


def test_a_terminal_that_goes_away_does_not_end_the_work(monkeypatch):
    screen = screen_of(monkeypatch)

    def gone(text):
        raise OSError(5, "Input/output error")

    with console.session(), console.progress("abc", 3, "cleaning") as items:
        done = []
        for item in items:
            done.append(item)
            monkeypatch.setattr(screen, "write", gone)
    assert done == ["a", "b", "c"]


def on_a_terminal(*args, env=None):
    """Run the command with a terminal as stdout and stderr; return its code and what it wrote."""
    reader, writer = pty.openpty()
    process = subprocess.Popen(
        [SCRIPT, *map(str, args)],
        stdin=subprocess.DEVNULL,
        stdout=writer,
        stderr=writer,
        env={**os.environ, **(env or {})},
    )
    os.close(writer)
    text = b""
    try:
        while part := os.read(reader, 4096):
            text += part
    except OSError:  # how Linux tells the end of a terminal
        pass
    finally:
        os.close(reader)
    return process.wait(timeout=60), text.decode()


@pytest.mark.process
def test_the_bar_and_its_colours_obey_the_terminal(noisy):
    def batch(out, *options, **env):
        env = {"TERM": "xterm", "NO_COLOR": "", "COLUMNS": "80", **env}
        code, text = on_a_terminal("batch", noisy.parent, noisy.parent / out, *options, env=env)
        assert code == 0
        return text

    coloured = batch("a", "-v")
    assert "cleaning" in coloured
    assert "1/1" in coloured
    assert "1 picture cleaned" in coloured
    assert re.search(r"\x1b\[[\d;]+m", coloured)
    plain = batch("b", NO_COLOR="1")
    assert "cleaning" in plain
    assert not re.search(r"\x1b\[[\d;]+m", plain)
    dumb = batch("c", TERM="dumb")
    assert "1 picture cleaned" in dumb
    assert "\x1b" not in dumb
    assert "cleaning" not in batch("d", "-q")
    assert "\x1b" not in on_a_terminal("run", "nothing.png")[1]


@pytest.mark.process
@pytest.mark.slow
@pytest.mark.parametrize(("number", "code"), [("SIGTERM", 143), ("SIGINT", 130), ("SIGHUP", 129)])
def test_a_signal_ends_a_single_command_in_one_line_and_leaves_nothing(tmp_path, number, code):
    rng = np.random.default_rng(0)
    noisy = save(tmp_path / "noisy.png", rng.integers(0, 255, (512, 512)).astype(np.uint8))
    before = snapshot(tmp_path)
    process = subprocess.Popen(
        [SCRIPT, "run", noisy, "-v", "--engine", "gibbs", "-O", "sweeps=1000000", "--coupling",
         "0.4", "--noise", "gaussian"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )  # fmt: skip
    said = []
    for line in process.stderr:  # until the work begins
        said.append(line)
        if "kernels are kept" in line:
            break
    time.sleep(0.5)
    process.send_signal(getattr(signal, number))
    stdout, stderr = process.communicate(timeout=120)
    word = "interrupted" if number == "SIGINT" else "terminated"
    assert (process.returncode, stdout) == (code, "")
    assert stderr.splitlines()[-1] == f"isingdenoise: {word}"
    assert "Traceback" not in stderr
    assert snapshot(tmp_path) == before
