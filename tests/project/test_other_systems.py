"""Where the system lacks what POSIX has: every module is imported, and pictures are cleaned."""

import sys
from pathlib import Path

import pytest
from command_line import launch, save_noisy

ROOT = Path(__file__).resolve().parents[2]

#: Modules and names that Windows lacks, and some that macOS does.
MODULES = ("fcntl", "grp", "pty", "pwd", "resource", "termios", "tty")
NAMES = {
    "os": (
        *("O_CLOEXEC", "O_DIRECTORY", "O_NOFOLLOW", "O_NONBLOCK", "O_PATH"),
        *("chown", "fchdir", "fchmod", "fchown", "fork", "getegid", "geteuid", "getgid"),
        *("getpgid", "getuid", "killpg", "lchown", "mkfifo", "posix_fallocate"),
        *("posix_fadvise", "pread", "pwrite", "register_at_fork", "sched_getaffinity"),
        *("statvfs", "sysconf", "uname"),
    ),
    "signal": (
        *("SIGALRM", "SIGCHLD", "SIGCONT", "SIGHUP", "SIGKILL", "SIGPIPE", "SIGQUIT", "SIGTSTP"),
        *("SIGUSR1", "SIGUSR2", "alarm", "pthread_kill", "pthread_sigmask", "setitimer"),
    ),
}

#: Loads what others wrote, takes the names away, and imports all that is ours.
PROGRAM = f"""
import importlib, os, signal, sys
from pathlib import Path

import click.testing, imageio.v3, matplotlib.figure, numba.core.caching, numpy, PIL.Image, psutil
import PIL.ImageDraw, PIL.ImageFont, PIL.ImageSequence, platformdirs, rich.progress, scipy.ndimage
import scipy.optimize, skimage.metrics, tempfile, multiprocessing.util, concurrent.futures

for heavy in ("torch", "torch.nn", "torch.multiprocessing"):
    try:
        importlib.import_module(heavy)
    except ModuleNotFoundError:
        pass
root = Path(sys.argv[1])
for name in {MODULES!r}:
    sys.modules[name] = None
for module, names in {NAMES!r}.items():
    for name in names:
        if hasattr(sys.modules[module], name):
            delattr(sys.modules[module], name)
os.supports_dir_fd, os.supports_fd, os.supports_follow_symlinks = set(), set(), set()
"""

IMPORT = """
done, lacking = 0, []
for base in (root, root / "cli"):
    for path in sorted(base.glob("isingdenoise*/**/*.py")):
        parts = path.relative_to(base).with_suffix("").parts
        name = ".".join(part for part in parts if part != "__init__")
        try:
            importlib.import_module(name)
            done += 1
        except ModuleNotFoundError as error:  # an extra that is not installed
            assert error.name.partition(".")[0] in {"torch", "fontTools"}, (name, error)
            lacking.append(name)
print(done)
"""

CLEAN = """
from isingdenoise_cli.main import cli
folder = sys.argv[2]
here = lambda name: os.path.join(folder, name)
options = ["--noise", "gaussian", "--coupling", "0.5"]
for words in (
    ["run", here("in/noisy.png"), *options, "-o", here("new/clean.png"), "--animate",
     here("steps.gif"), "--log-file", here("log.txt")],
    ["batch", here("in"), here("out"), *options, "--report", here("report.csv"), "-j", "2"],
    ["batch", here("in"), here("out"), *options],
    ["batch", here("in"), here("out"), "--verify"],
    ["estimate", here("in/noisy.png"), "--noise", "gaussian", "--plot", here("fit.png")],
):
    code = cli.main(words, prog_name="isingdenoise", standalone_mode=False)
    assert not code, (words, code)
"""


def without_posix(code, *arguments):
    done = launch(*arguments, program=(sys.executable, "-W", "error", "-c", PROGRAM + code))
    assert done.code == 0, done.stderr
    return done.stdout


@pytest.mark.slow
@pytest.mark.process
def test_every_module_is_imported_without_the_names_of_posix():
    assert int(without_posix(IMPORT, ROOT)) > 250


@pytest.mark.slow
@pytest.mark.process
def test_pictures_are_cleaned_without_the_names_of_posix(tmp_path):
    save_noisy(tmp_path / "in" / "noisy.png")
    said = without_posix(CLEAN, ROOT, tmp_path)
    assert "1 picture cleaned" in said
    assert "1 up to date" in said
    for name in ("new/clean.png", "steps.gif", "log.txt", "out/noisy.png", "report.csv", "fit.png"):
        assert (tmp_path / name).stat().st_size > 0


@pytest.mark.slow
@pytest.mark.process
def test_a_module_that_needs_them_would_be_seen():
    with pytest.raises(AssertionError, match="fcntl"):
        without_posix("import fcntl", ROOT)
    with pytest.raises(AssertionError, match="SIGHUP"):
        without_posix("signal.SIGHUP", ROOT)


@pytest.mark.slow
@pytest.mark.process
@pytest.mark.parametrize("module", ["isingdenoise", "isingdenoise_cli"])
def test_the_command_is_a_module_too(module):
    done = launch("engines", "-q", program=(sys.executable, "-m", module))
    assert (done.code, done.stderr) == (0, "")
    assert done.stdout.startswith("mf ")
    done = launch("run", "--nosie", "x", program=(sys.executable, "-m", module))
    assert done.stderr.startswith("isingdenoise: ")


def test_the_scripts_for_bash_are_those_of_python():
    for name in ("demo", "test"):
        text = (ROOT / "scripts" / name).read_text(encoding="utf-8")
        assert f"-m scripts.{name}" in text.splitlines()[-1]
        assert (ROOT / "scripts" / f"{name}.py").is_file()
