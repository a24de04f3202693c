"""The name '-': pictures from standard input and to standard output, by real pipes."""

import io
import json
import os
import pty
import subprocess
import sys
import threading
import time

import numpy as np
import pytest
from click.testing import CliRunner
from command_line import (
    SCRIPT,
    error_line,
    invoke,
    load,
    save,
    save_noisy,
    scene,
    snapshot,
    succeed,
)
from isingdenoise_cli.main import cli

from isingdenoise.io import (
    EXTENSIONS,
    encode_bilevel,
    encode_grey,
    encode_pages,
    read_pages,
    read_picture,
)

USAGE, UNREADABLE, EXISTS, UNWRITABLE, TOO_MUCH = 2, 3, 4, 5, 6
COLD = b"isingdenoise: compiling kernels (once, and kept for later runs)\n"
BITS = scene() ^ (np.random.default_rng(0).random((32, 32)) < 0.05)
FAX = encode_pages([BITS, BITS[:20], BITS[:, 5:]])


@pytest.fixture
def noisy(tmp_path):
    return save_noisy(tmp_path / "noisy.png")


def piped(*args, data=b"", cwd=None, **more):
    """Run the installed command with a pipe at each end; return (code, bytes out, text)."""
    options = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "cwd": cwd, **more}
    command = [str(SCRIPT), *map(str, args)]
    if "stdin" not in options:
        options["input"] = data
    done = subprocess.run(command, check=False, timeout=120, **options)
    return done.returncode, done.stdout, done.stderr.replace(COLD, b"").decode()


def within(*args, data=b""):
    """The same in this process, which is quicker."""
    done = CliRunner().invoke(cli, [str(arg) for arg in args], input=data)
    if done.exception is not None and not isinstance(done.exception, SystemExit):
        raise done.exception
    return done.exit_code, done.stdout_bytes, done.stderr.replace(COLD.decode(), "")


def by_name(tmp_path, data, extension, *options):
    """Clean the same bytes as a file; return the bytes of the result."""
    folder = tmp_path / "by_name"
    folder.mkdir(exist_ok=True)
    (folder / f"x{extension}").write_bytes(data)
    succeed("run", folder / f"x{extension}", "--force", *options)
    (made,) = folder.glob("x.denoised.*")
    return made.read_bytes()


def line_of(code, expected, text):
    """Insist on an exit code and one plain line; return it."""
    assert code == expected, text
    assert len(text.splitlines()) == 1, text
    assert text.startswith("isingdenoise: ")
    assert "internal error" not in text
    return text


# ----------------------------------------------------------------------------- bytes in and out


@pytest.mark.slow
@pytest.mark.parametrize("redirected", [False, True])
def test_a_pipe_and_a_redirected_file_give_what_the_names_give(tmp_path, noisy, redirected):
    data = noisy.read_bytes()
    expected = by_name(tmp_path, data, ".png")
    before = snapshot(tmp_path)
    with noisy.open("rb") as stream:
        source = {"stdin": stream} if redirected else {"data": data}
        code, out, text = piped("run", "-", cwd=tmp_path, **source)
    assert (code, out) == (0, expected)
    assert text.startswith("isingdenoise: standard input -> standard output\n")
    assert all(line.startswith("isingdenoise: ") for line in text.splitlines())
    assert snapshot(tmp_path) == before


@pytest.mark.parametrize("kind", sorted(set(EXTENSIONS.values())))
def test_every_format_through_standard_input(tmp_path, kind):
    data = encode_bilevel(BITS, kind)
    extension = next(ext for ext, name in EXTENSIONS.items() if name == kind)
    code, out, _ = within("run", "-", data=data)
    assert (code, out) == (0, by_name(tmp_path, data, extension))
    assert read_picture(io.BytesIO(out)).format == ("TIFF" if kind == "TIFF" else "PNG")


@pytest.mark.slow
@pytest.mark.parametrize("kind", sorted({kind.lower() for kind in EXTENSIONS.values()}))
def test_every_format_through_standard_output(tmp_path, noisy, kind):
    expected = by_name(tmp_path, noisy.read_bytes(), ".png", "--format", kind)
    assert within("run", noisy, "-o", "-", "--format", kind)[:2] == (0, expected)


@pytest.mark.parametrize("in_memory", [0, 100, 1 << 20])
def test_all_pages_go_through(tmp_path, monkeypatch, in_memory):
    """However much of them waits in memory, and how much in a file without a name."""
    monkeypatch.setattr("isingdenoise.pipeline.outputs._IN_MEMORY", in_memory)
    expected = by_name(tmp_path, FAX, ".tif")
    code, out, text = within("run", "-", data=FAX)
    assert (code, out) == (0, expected)
    assert "  page 3 of 3\n" in text
    assert len(list(read_pages(io.BytesIO(out)))) == 3
    code, _, text = within("run", "-", "--format", "png", data=FAX)
    assert "PNG holds one page, and the picture has 3" in line_of(code, USAGE, text)


def test_from_a_name_to_standard_output_and_the_other_way(tmp_path, noisy):
    expected = by_name(tmp_path, noisy.read_bytes(), ".png")
    assert within("run", noisy, "-o", "-")[:2] == (0, expected)
    target = tmp_path / "out.png"
    code, out, text = within("run", "-", "-o", target, data=noisy.read_bytes())
    assert (code, text) == (0, "")
    assert out.startswith(f"standard input -> {target}\n".encode())
    assert target.read_bytes() == expected


@pytest.mark.process
@pytest.mark.slow
def test_two_commands_in_a_pipe(tmp_path, noisy):
    script = f"cat noisy.png | {SCRIPT} run - -q --format pbm | {SCRIPT} run - -q > twice.png"
    done = subprocess.run(
        ["bash", "-o", "pipefail", "-c", script], cwd=tmp_path, check=False, capture_output=True
    )
    assert (done.returncode, done.stdout, done.stderr.replace(COLD, b"")) == (0, b"", b"")
    once = encode_bilevel(
        read_picture(io.BytesIO(by_name(tmp_path, noisy.read_bytes(), ".png"))).pixels, "PBM"
    )
    assert (tmp_path / "twice.png").read_bytes() == by_name(tmp_path, once, ".pbm")


def test_probabilities_and_changes_on_standard_output(tmp_path, noisy):
    succeed("run", noisy, "--probability", tmp_path / "p.tif", "--change-map", tmp_path / "c.png")
    made = noisy.with_name("noisy.denoised.png").read_bytes()
    for option, name in (("--probability", "p.tif"), ("--change-map", "c.png")):
        code, out, text = within("run", noisy, option, "-", "--force")
        assert (code, out) == (0, (tmp_path / name).read_bytes())
        assert "noisy.denoised.png" in text
        assert noisy.with_name("noisy.denoised.png").read_bytes() == made
        for other in (["-o", "-"], ["--change-map", "-", "--probability", "-"]):
            before = snapshot(tmp_path)
            code, out, text = within("run", noisy, option, "-", "--force", *other)
            assert "standard output takes" in line_of(code, USAGE, text)
            assert (out, snapshot(tmp_path)) == (b"", before)


def test_a_file_that_is_named_like_a_stream(tmp_path, noisy, monkeypatch):
    monkeypatch.chdir(noisy.rename(tmp_path / "-").parent)
    for name in ("./-", tmp_path / "-"):
        code, _, text = within("run", name, "--force")
        assert (code, text) == (0, "")
        assert set(snapshot(tmp_path)) == {"-", "-.denoised.png"}


def test_json_needs_a_standard_output_of_its_own(tmp_path, noisy):
    code, out, text = within("run", "-", "--json", data=noisy.read_bytes())
    assert "--json" in line_of(code, USAGE, text)
    assert out == b""
    options = ["-o", tmp_path / "x.png", "--json"]
    code, out, text = within("run", "-", *options, data=noisy.read_bytes())
    assert (code, text) == (0, "")
    assert json.loads(out)["input"] == "-"


def test_quiet_leaves_the_bytes_alone(tmp_path, noisy):
    expected = by_name(tmp_path, noisy.read_bytes(), ".png")
    assert within("run", "-", "-q", data=noisy.read_bytes()) == (0, expected, "")


# ----------------------------------------------------------------------------- other commands


def test_estimate_and_compare_read_standard_input(noisy):
    for command in ("estimate", "compare"):
        record = json.loads(succeed(command, noisy, "--json").stdout)
        code, out, text = within(command, "-", "--json", data=noisy.read_bytes())
        assert (code, text) == (0, "")
        piped_record = json.loads(out)
        assert (piped_record["input"], record["input"]) == ("-", str(noisy))
        assert piped_record["noise"] == record["noise"]
        assert piped_record["coupling"] == record["coupling"]


@pytest.mark.parametrize(
    ("noise", "kind"), [("gaussian", None), ("flip", None), ("flip", "pbm"), ("laplace", "tiff")]
)
def test_corrupt_reads_and_writes_streams(tmp_path, noise, kind):
    clean = save(tmp_path / "clean.png", scene())
    target = tmp_path / f"x.{kind or 'png'}"
    succeed("corrupt", clean, "-o", target, "--noise", noise)
    options = ["--noise", noise, *(["--format", kind] if kind else [])]
    code, out, text = within("corrupt", "-", "-o", "-", *options, data=clean.read_bytes())
    assert (code, out) == (0, target.read_bytes())
    assert text == "isingdenoise: standard input -> standard output\n"
    assert within("corrupt", clean, "-o", "-", *options)[1] == out
    code, _, text = within("corrupt", clean, "-o", tmp_path / "y.png", "--format", "gif")
    assert "--format" in line_of(code, USAGE, text)


# ----------------------------------------------------------------------------- what is refused


@pytest.mark.parametrize("command", ["run", "estimate", "compare", "corrupt"])
@pytest.mark.parametrize(
    ("data", "word"),
    [
        (b"", "is empty"),
        (b"all work and no play", "is no picture"),
        (encode_bilevel(BITS, "PNG")[:-30], "damaged or incomplete"),
        (encode_bilevel(BITS, "TIFF")[:40], "damaged"),
        (encode_grey(np.zeros((50, 50)), "NPY")[:-1], "is truncated"),
    ],
)
def test_input_that_ends_early_or_is_no_picture(tmp_path, command, data, word):
    options = ["-o", tmp_path / "x.png"] if command in ("run", "corrupt") else []
    code, out, text = within(command, "-", *options, data=data)
    line = line_of(code, UNREADABLE, text)
    assert line.startswith("isingdenoise: standard input: ")
    assert word in line
    assert (out, snapshot(tmp_path)) == (b"", {})


def test_the_stream_goes_alone_and_once(tmp_path, noisy):
    for args in (["-", noisy], [noisy, "-"], ["-", "-"]):
        line = error_line(invoke("run", *args), USAGE)
        assert "goes alone" in line
    line = error_line(invoke("run", "-", "-o", tmp_path), USAGE)
    assert "standard input has no name" in line


def on_a_terminal(*args, cwd, env=None):
    """Run the command with a terminal at all three ends; return (code, what it shows)."""
    child, terminal = pty.fork()
    if child == 0:
        os.chdir(cwd)
        os.execve(SCRIPT, [str(SCRIPT), *map(str, args)], {**os.environ, **(env or {})})
    shown = b""
    try:
        while part := os.read(terminal, 1 << 16):
            shown += part
    except OSError:
        pass  # how a terminal says that nobody is left
    finally:
        os.close(terminal)
    code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    return code, shown.replace(b"\r\n", b"\n").replace(COLD, b"").decode()


@pytest.mark.process
@pytest.mark.slow
@pytest.mark.parametrize(
    ("args", "word"),
    [
        (["run", "noisy.png", "-o", "-"], "standard output is a terminal"),
        (["run", "noisy.png", "--probability", "-"], "standard output is a terminal"),
        (["run", "-", "-o", "x.png"], "standard input is a terminal"),
        (["estimate", "-"], "standard input is a terminal"),
        (["corrupt", "noisy.png", "-o", "-"], "standard output is a terminal"),
    ],
)
def test_a_terminal_is_neither_read_nor_filled_with_bytes(noisy, tmp_path, args, word):
    before = snapshot(tmp_path)
    code, shown = on_a_terminal(*args, cwd=tmp_path)
    assert word in line_of(code, USAGE, shown)
    assert snapshot(tmp_path) == before


@pytest.mark.process
@pytest.mark.slow
def test_a_terminal_takes_reports(noisy, tmp_path):
    """A control: the terminal of the test above is one on which the command works."""
    code, shown = on_a_terminal("run", "noisy.png", cwd=tmp_path)
    assert code == 0
    assert shown.startswith("noisy.png -> noisy.denoised.png\n")


@pytest.mark.slow
@pytest.mark.parametrize("option", [["-o", "-"], ["-o", "x.png", "--probability", "-"]])
def test_a_full_standard_output_leaves_no_other_file(noisy, tmp_path, option):
    more = ["--change-map", "c.png"]
    before = snapshot(tmp_path)
    with open("/dev/full", "wb") as full:  # noqa: PTH123
        code, _, text = piped("run", "noisy.png", *option, *more, cwd=tmp_path, stdout=full)
    line = line_of(code, UNWRITABLE, text)
    assert "standard output: cannot be written (No space left on device)" in line
    assert snapshot(tmp_path) == before


@pytest.mark.slow
def test_a_reader_that_has_gone_ends_it_quietly_and_files_are_written(noisy, tmp_path):
    source, sink = os.pipe()
    os.close(source)
    options = ["-o", "-", "--format", "pgm", "--probability", "p.npy"]
    with os.fdopen(sink, "wb") as stream:
        code, _, text = piped("run", "noisy.png", *options, cwd=tmp_path, stdout=stream)
    assert (code, text) == (0, "")
    assert set(snapshot(tmp_path)) == {"noisy.png", "p.npy"}
    assert np.load(tmp_path / "p.npy").shape == (32, 32)


@pytest.mark.process
@pytest.mark.slow
def test_head_takes_what_it_wants(noisy, tmp_path):
    save_noisy(noisy, size=900)  # more than a pipe holds
    script = f"{SCRIPT} run noisy.png -q -o - --format pgm | head -c 2; echo ${{PIPESTATUS[*]}}"
    done = subprocess.run(
        ["bash", "-c", script], cwd=tmp_path, check=False, capture_output=True, timeout=60
    )
    assert (done.stdout, done.stderr.replace(COLD, b"")) == (b"P50 0\n", b"")


@pytest.mark.slow
def test_a_slow_reader_of_a_pipe_that_does_not_wait_gets_everything(noisy, tmp_path):
    save_noisy(noisy, size=600)
    expected = by_name(tmp_path, noisy.read_bytes(), ".png", "--format", "pgm")
    source, sink = os.pipe()
    os.set_blocking(sink, False)
    got = []

    def read():
        time.sleep(0.3)
        with os.fdopen(source, "rb") as stream:
            got.append(stream.read())

    reader = threading.Thread(target=read)
    reader.start()
    with os.fdopen(sink, "wb") as stream:
        code, _, text = piped("run", noisy, "-q", "-o", "-", "--format", "pgm", stdout=stream)
    reader.join()
    assert (code, text) == (0, "")
    assert got == [expected]


@pytest.mark.slow
@pytest.mark.process
@pytest.mark.parametrize(
    ("args", "closing", "code", "name"),
    [
        ("run - -o x.png", "<&-", UNREADABLE, "standard input"),
        ("run noisy.png -o -", ">&-", UNWRITABLE, "standard output"),
    ],
)
def test_a_closed_stream_is_said_so(noisy, tmp_path, args, closing, code, name):
    before = snapshot(tmp_path)
    done = subprocess.run(
        ["bash", "-c", f"{SCRIPT} {args} {closing}"],
        cwd=tmp_path,
        check=False,
        capture_output=True,
        timeout=60,
    )
    line = line_of(done.returncode, code, done.stderr.replace(COLD, b"").decode())
    assert line.startswith(f"isingdenoise: {name}: ")
    assert (done.stdout, snapshot(tmp_path)) == (b"", before)


def test_what_is_refused_sends_no_byte(noisy, tmp_path):
    code, out, text = within("run", noisy, "-o", "-", "--max-change", "0")
    assert "of the pixels would change" in line_of(code, TOO_MUCH, text)
    assert out == b""
    (tmp_path / "p.tif").write_bytes(b"precious")
    code, out, text = within("run", noisy, "-o", "-", "--probability", tmp_path / "p.tif")
    assert "p.tif: exists" in line_of(code, EXISTS, text)
    assert out == b""
    assert load(noisy)[1].shape == (32, 32)


@pytest.mark.slow
def test_nothing_waits_for_input_that_is_refused_anyway(noisy, tmp_path):
    """Standard input stays open here: reading it would take for ever."""
    (tmp_path / "x.png").write_bytes(b"precious")
    source, sink = os.pipe()
    try:
        with os.fdopen(source, "rb") as stream:
            code, _, text = piped("run", "-", "-o", "x.png", cwd=tmp_path, stdin=stream)
    finally:
        os.close(sink)
    assert "x.png: exists" in line_of(code, EXISTS, text)


def test_sys_is_as_before():
    """The streams of this process belong to others: they stay open."""
    within("run", "-", data=encode_bilevel(BITS, "PNG"))
    assert not sys.stdin.closed
    assert not sys.stdout.closed
