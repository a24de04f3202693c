"""The keys that docs/command_line.md names are those that --json prints."""

import json
import re
import shutil
from fnmatch import fnmatchcase
from pathlib import Path

import numpy as np
import pytest
from command_line import invoke, save, save_lit, save_noisy, scene, succeed
from isingdenoise_cli.main import COMMANDS
from PIL import Image

DOCS = Path(__file__).resolve().parents[2] / "docs" / "command_line.md"
SECTIONS = {
    title: set(re.findall(r"`([^`]+)`", "\n".join(re.findall(r"^\| (`.*?) \|", body, re.M))))
    for title, body in re.findall(
        r"^### (.+?)\n(.*?)(?=^##|\Z)", DOCS.read_text("utf-8"), re.M | re.S
    )
}
PICTURE = SECTIONS["a picture"]


def leaves(value, path=""):
    """Yield the path of every plain value; of null and of empty lists and objects too."""
    if isinstance(value, dict) and value:
        for key, inner in value.items():
            yield from leaves(inner, f"{path}.{key}" if path else key)
    elif isinstance(value, list) and value:
        for inner in value:
            yield from leaves(inner, f"{path}[]")
    else:
        yield path


def covers(documented, path):
    """Tell whether a documented key names a path, or what lies in it where it is null."""
    pattern = documented.replace("[]", "<>")
    path = path.replace("[]", "<>")
    inside = documented.endswith("*") and path.startswith(pattern[:-1])
    return inside or fnmatchcase(path, pattern) or re.match(re.escape(path) + r"(\.|<)", pattern)


def unknown(documents, documented):
    """Return what is printed and not documented."""
    printed = {path for document in documents for path in leaves(document)}
    return {path for path in printed if not any(covers(key, path) for key in documented)}


def missing(documents, documented):
    """Return what is documented and not printed."""
    printed = {path for document in documents for path in leaves(document)}
    return {key for key in documented if not any(covers(key, path) for path in printed)}


def check(documents, documented):
    """Insist that documents print what is documented, neither more nor less."""
    assert unknown(documents, documented) == set()
    assert missing(documents, documented) == set()


def as_json(*args):
    return json.loads(succeed(*args, "--json").stdout)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Return a folder of pictures; one has two pages, one uneven light."""
    path = tmp_path_factory.mktemp("json")
    save_noisy(path / "noisy.png", seed=3)
    save_lit(path / "lit.png")
    save(path / "flip.png", scene() ^ (np.random.default_rng(0).random((32, 32)) < 0.05))
    pages = [Image.open(save_noisy(path / f"page{i}.png", seed=i)) for i in range(2)]
    pages[0].save(path / "pages.tif", save_all=True, append_images=pages[1:])
    for page in pages:
        page.close()
    return path


def pictures(folder):
    """Return results of run that have everything between them."""
    noisy, lit, flip = (folder / name for name in ("noisy.png", "lit.png", "flip.png"))
    return [
        as_json("run", noisy, "--force"),
        as_json("run", lit, "--background", "auto", "--noise", "gaussian", "--force"),
        as_json("run", flip, "--engine", "gibbs", "-O", "sweeps=9", "--coupling", "1", "--force"),
        as_json("run", noisy, "--engine", "icm", "--noise", "flip-per-level", "--force"),
    ]


OWN = {"input", "output", "probability", "change_map", "mask", "protect", "animation"}


@pytest.mark.slow
def test_run(folder):
    check(pictures(folder), PICTURE | OWN)
    assert SECTIONS["run"] - OWN == {
        *("pages[].page", "pages[].*", "pictures[].*", "pictures[].error", "failed")
    }
    paged = as_json("run", folder / "pages.tif", "--force")
    check([paged], OWN | {"pages[].page", "pages[].*"})
    assert unknown(paged["pages"], PICTURE | {"page"}) == set()


def test_run_of_several(folder):
    (folder / "bad.txt").write_bytes(b"")
    done = invoke("run", folder / "noisy.png", folder / "bad.txt", "--force", "--json")
    assert done.code == 1
    both = json.loads(done.stdout)
    check([both], {"pictures[].*", "pictures[].error", "failed"})
    good, failed = both["pictures"]
    assert unknown([good], PICTURE | OWN | {"error"}) == set()
    assert good["error"] is None
    assert failed["error"] == done.stderr.removeprefix("isingdenoise: ").rstrip()
    assert failed["output"] is None


@pytest.mark.slow
def test_train(folder):
    pytest.importorskip("torch")
    pytest.importorskip("font_roboto")
    clean = folder / "clean"
    clean.mkdir()
    for name in ("a.png", "b.png"):
        save(clean / name, scene())
    tiny = ("--folder", clean, "--steps", "1", "--batch-size", "1", "--side", "16", "--force")
    words = ("train", "-o", folder / "own.npz", *tiny)
    found = [as_json(*words), as_json(*words, "--objective", "elbo")]
    check(found, SECTIONS["train"])


@pytest.mark.slow
def test_estimate(folder):
    lit = as_json("estimate", folder / "lit.png", "--background", "auto", "--noise", "gaussian")
    found = [as_json("estimate", folder / "noisy.png"), lit]
    check(found, SECTIONS["estimate"])
    assert unknown([{"noise": row["noise"]} for row in found], PICTURE) == set()


def test_segment(folder):
    noisy, flip = folder / "noisy.png", folder / "flip.png"
    words = ("-o", folder / "labels.png", "--force")
    found = [
        as_json("segment", flip, *words),
        as_json("segment", noisy, "--labels", "2", "--engine", "gibbs", "-O", "sweeps=9", *words),
        as_json("segment", save(folder / "clean.png", scene()), *words),
    ]
    check(found, SECTIONS["segment"])


def test_volume(folder):
    rng = np.random.default_rng(0)
    clean = np.zeros((6, 24, 24), bool)
    clean[1:5, 6:18, 6:18] = True
    np.save(folder / "clean.npy", clean)
    np.save(folder / "noisy.npy", 2.0 * clean - 1 + 0.8 * rng.normal(size=clean.shape))
    words = ("-o", folder / "out.tif", "--force")
    found = [
        as_json("volume", folder / "noisy.npy", *words),
        as_json("volume", folder / "noisy.npy", "--noise", "flip", "--engine", "gibbs", *words),
        as_json("volume", folder / "clean.npy", *words),
    ]
    check(found, SECTIONS["volume"])
    assert unknown([{"noise": row["noise"]} for row in found], PICTURE) == set()


@pytest.mark.slow
def test_compare(folder):
    clean = save(folder / "clean.bmp", scene())
    lit = as_json("compare", folder / "lit.png", "--background", "auto", "--noise", "gaussian")
    found = [as_json("compare", folder / "noisy.png", "--clean", clean), lit]
    levels = ("--seeds", "0:2", "--engines", "mf,icm", "--sigma", "0.5,1")
    found.append(as_json("compare", clean, *levels))
    check(found, SECTIONS["compare"])
    kept = ("noise", "coupling", "calibration", "background", "background_range")
    assert unknown([{key: row[key] for key in kept} for row in found], PICTURE) == set()


def test_batch(folder):
    scans, report = folder / "scans", folder / "report.json"
    scans.mkdir()
    for name in ("noisy.png", "pages.tif"):
        shutil.copy(folder / name, scans)
    save(scans / "one.png", np.zeros((4, 4), np.uint8))  # warned about
    words = ("batch", scans, folder / "out")
    check([as_json(*words, "--dry-run")], SECTIONS["batch --dry-run"])
    (scans / "bad.png").write_bytes(b"")
    done = invoke(*words, "--report", report, "--json")
    assert done.code == 1
    found = json.loads(done.stdout)
    check([found], SECTIONS["batch"])
    results = [row["result"] for row in found["pictures"] if row["result"]]
    pages = [page for row in found["pictures"] for page in row["pages"] or ()]
    assert (len(results), len(pages)) == (2, 2)
    assert unknown(results + pages, PICTURE) == set()
    check([json.loads(report.read_text())], SECTIONS["batch --report FILE.json"])
    (folder / "out" / "one.png").unlink()
    verified = invoke(*words, "--verify", "--json")
    assert verified.code == 1
    check([json.loads(verified.stdout)], SECTIONS["batch --verify"])


@pytest.mark.slow
def test_learn(folder):
    scans = folder / "learn"
    scans.mkdir()
    for k in range(3):
        save_noisy(scans / f"{k}.png", seed=k, size=64)
    (scans / "bad.png").write_bytes(b"")
    done = invoke("learn", scans, "-o", folder / "s.toml", "--json")
    assert done.code == 1
    found = json.loads(done.stdout)
    (scans / "bad.png").unlink()
    words = ("--update", folder / "s.toml", "-o", folder / "t.toml")
    again = as_json("learn", scans, *words)
    check([found, again], SECTIONS["learn"] - {"notes[]"} | {"notes"})
    assert unknown([{"noise": found["noise"], "coupling": found["coupling"]}], PICTURE) == set()


def test_vae(folder):
    pytest.importorskip("torch")
    model = folder / "model.npz"
    few = ("--steps", "2", "--patches", "9", "--latent", "2")
    check([as_json("vae", "train", "-o", model, *few)], SECTIONS["vae train"])
    check([as_json("vae", "score", model, folder / "flip.png")], SECTIONS["vae score"])


@pytest.mark.parametrize("command", ["engines", "noises"])
def test_lists(command):
    check([as_json(command)], SECTIONS[command])


def test_warmup(monkeypatch):
    monkeypatch.setattr("isingdenoise.warmup.compile_for", lambda *args, **options: None)
    check([as_json("warmup")], SECTIONS["warmup"])


def test_every_command_with_json_is_documented():
    with_json = {name for name in COMMANDS if "\n  --json " in succeed(name, "--help").stdout}
    titles = [title for title in SECTIONS if title != "a picture"]
    documented = {
        name for name in COMMANDS for t in titles if t == name or t.startswith(f"{name} ")
    }
    assert documented == with_json
    assert all(any(f"{title} ".startswith(f"{name} ") for name in COMMANDS) for title in titles)


def test_what_is_missing_or_unknown_is_seen():
    document = {"a": {"b": 1}, "list": [{"c": None}], "none": None}
    check([document], {"a.b", "list[].c", "none.x"})
    assert unknown([document], {"a.b", "none"}) == {"list[].c"}
    assert unknown([document], {"a.bc", "list[].*", "none"}) == {"a.b"}
    assert missing([document], {"a.*", "list[].d", "nothing"}) == {"list[].d", "nothing"}
