"""An input that changes while `run` works on it: named, and nothing written."""

import os

import numpy as np
import pytest
from command_line import error_line, invoke, save, save_noisy, scene, snapshot, succeed
from PIL import Image

from isingdenoise import denoise

QUICK = ["--coupling", "0.4", "--noise", "gaussian"]


def rewritten(path):
    save_noisy(path, seed=5)


def longer(path):
    with path.open("ab") as file:
        file.write(b"more")


def replaced(path):
    other = save_noisy(path.with_name("other.png"), seed=5)
    times = path.stat()
    os.utime(other, ns=(times.st_atime_ns, times.st_mtime_ns))
    other.replace(path)


def gone(path):
    path.unlink()


@pytest.fixture
def meanwhile(monkeypatch):
    """Return a function: what is to happen, once, while a page is being solved."""

    def set_(act):
        pending = [act]

        def slowly(*args, **options):
            result = denoise(*args, **options)
            if pending:
                pending.pop()()
            return result

        monkeypatch.setattr("isingdenoise.pipeline.options.denoise", slowly)

    return set_


@pytest.mark.parametrize("how", [rewritten, longer, replaced, gone])
def test_an_input_that_changes_is_named_and_nothing_written(tmp_path, meanwhile, how):
    noisy = save_noisy(tmp_path / "n.png")
    os.utime(noisy, ns=(10**18, 10**18))
    (tmp_path / "out").mkdir()
    meanwhile(lambda: how(noisy))
    beside = ["--probability", tmp_path / "out" / "p.tif"]
    line = error_line(invoke("run", noisy, "-o", tmp_path / "out" / "c.png", *beside, *QUICK), 3)
    assert line == f"isingdenoise: {noisy}: changed while it was read; run again"
    assert snapshot(tmp_path / "out") == {}


def test_nothing_goes_to_standard_output(tmp_path, meanwhile):
    noisy = save_noisy(tmp_path / "n.png")
    meanwhile(lambda: longer(noisy))
    assert "changed while" in error_line(invoke("run", noisy, "-o", "-", *QUICK), 3)


@pytest.mark.parametrize("option", ["--mask", "--protect"])
def test_so_is_a_picture_beside_it(tmp_path, meanwhile, option):
    noisy = save_noisy(tmp_path / "n.png")
    other = save(tmp_path / "o.png", scene())
    meanwhile(lambda: longer(other))
    line = error_line(invoke("run", noisy, option, other, "-q", *QUICK), 3)
    assert line == f"isingdenoise: {other}: changed while it was read; run again"


def test_of_several_the_others_are_cleaned(tmp_path, meanwhile):
    first, second = (save_noisy(tmp_path / f"{name}.png") for name in "ab")
    meanwhile(lambda: rewritten(first))
    done = invoke("run", first, second, *QUICK)
    assert done.code == 1
    assert done.stderr.count("a.png: changed while it was read") == 1
    assert (tmp_path / "b.denoised.png").exists()
    assert not (tmp_path / "a.denoised.png").exists()


def test_a_change_between_two_pages_is_seen(tmp_path, meanwhile):
    page = Image.fromarray(np.where(scene(), 191, 64).astype(np.uint8))
    path = tmp_path / "n.tif"
    page.save(path, save_all=True, append_images=[page])
    meanwhile(lambda: os.utime(path, ns=(1, 1)))
    assert "changed while" in error_line(invoke("run", path, "-q", *QUICK), 3)
    assert not (tmp_path / "n.denoised.tif").exists()


def test_what_is_only_read_meanwhile_is_no_change(tmp_path, meanwhile):
    noisy = save_noisy(tmp_path / "n.png")
    meanwhile(lambda: (noisy.read_bytes(), noisy.chmod(0o600)))
    succeed("run", noisy, *QUICK)
