"""Files of settings that a parser of TOML takes minutes for: refused before they are parsed."""

import time
import tracemalloc

import pytest
from command_line import error_line, invoke, save_noisy, succeed

MANY = 100_000
DEEP = {
    "dotted key": "a." * MANY + "a = 1",
    "dotted key with spaces": " . ".join(["a"] * MANY) + " = 1",
    "quoted key": '"a".' * MANY + "a = 1",
    "literal key": "'a'." * MANY + "a = 1",
    "table": f"[{'a.' * MANY}a]",
    "tables of an array": f"[[{'a.' * MANY}a]]",
    "arrays": "a = " + "[" * MANY + "]" * MANY,
    "open arrays": "a = " + "[" * MANY,
    "inline tables": "a = " + "{a=" * MANY + "1" + "}" * MANY,
    "both": "a = " + "[{a=" * MANY + "1" + "}]" * MANY,
    "dotted keys in inline tables": "a = {" + "a." * MANY + "a = 1}",
    "behind a text": 's = "\\"" # "\n' + "a." * MANY + "a = 1",
    "behind long texts": 's = """x\\""""\nt = \'\'\'\n\'\'\'\n' + "a." * MANY + "a = 1",
    "lines of keys": "\n".join("a." * 100 + f"b{i} = 1" for i in range(4000)),
}


@pytest.fixture
def noisy(tmp_path):
    return save_noisy(tmp_path / "n.png", size=8)


@pytest.mark.parametrize("content", DEEP.values(), ids=DEEP)
def test_deep_files_are_refused_at_once(noisy, tmp_path, content):
    file = tmp_path / "c.toml"
    file.write_text(content)
    tracemalloc.start()
    started = time.process_time()
    line = error_line(invoke("run", noisy, "--config", file), 2)
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert line == f"isingdenoise: {file}: is no TOML of settings: nested too deeply"
    assert time.process_time() - started < 5
    assert most < 100 << 20


@pytest.mark.parametrize(
    "content",
    [
        '"""\\' * 100_000,
        "'''\"" * 100_000,
        '"\\' * 200_000,
        '"' * 400_000,
        "'" * 400_000,
        '\\"""' * 100_000,
        "#" * 400_000,
        "a-" * 300_000,
        "a-.a " * 150_000,
    ],
    ids=lambda content: content[:5],
)
def test_looking_for_depth_takes_no_time_itself(noisy, tmp_path, content):
    file = tmp_path / "c.toml"
    file.write_text(content)
    started = time.process_time()
    assert invoke("run", noisy, "--config", file).code in (0, 2)
    assert time.process_time() - started < 5


def test_what_looks_deep_in_texts_and_comments_is_read(noisy, tmp_path):
    dots, brackets = "a." * 50, "[{" * 50
    file = tmp_path / "c.toml"
    file.write_text(
        f"# {dots} {brackets}\nnoise = 'flip' # ' {brackets}\n"
        f'O = ["mf.tol=1e-3",\n  """mf.damping=0.5""", \'\'\'gibbs.sweeps=10\'\'\'] # {brackets}\n'
        f'run.max-change = 0.5\n"compare"."seed" = 1\n[batch]\nmax-change = \'50%\'\n'
    )
    shown = succeed("run", noisy, "--config", file, "--show-config").stdout
    assert 'noise = "flip"' in shown
    assert "gibbs.sweeps=10" in shown
    file.write_text(f'noise = "{dots}{brackets}"')
    assert "is not one of" in error_line(invoke("run", noisy, "--config", file), 2)
