"""Settings from a file and from variables: who wins, what is refused, and what is in use."""

import json
import os
import shutil
import tomllib

import click
import pytest
from command_line import SCRIPT, error_line, invoke, launch, load, save_noisy, snapshot, succeed
from hypothesis import given, settings
from hypothesis import strategies as st
from isingdenoise_cli.framework import config
from isingdenoise_cli.main import COMMANDS, cli

# A value for each kind of option that is not its default, as a file and as a variable has it.
VALUES = {
    "repeats": 7,
    "engines": ["icm", "mf:damping=0.5"],
    "seeds": "0:3",
    "port": 8123,
    "no-browser": True,
    "patches": 50,
    "latent": 5,
    "flow": 2,
    "steps": 9,
    "kind": "machine",
    "warmup": 8,
    "count": 3,
    "interpolate": True,
    "samples": 6,
    "chains": 4,
    "sweeps": 11,
    "noise": "flip",
    "labels": 3,
    "sigma": 12.5,
    "sigma-unit": 0.5,
    "flip-prob": 0.25,
    "salt": 0.125,
    "speck-rate": 0.03125,
    "speck-size": 2.5,
    "pepper": 0.0625,
    "levels": [50, 200.5],
    "background": "auto",
    "backend": "cpu",
    "coupling": [0.25, 0.5, 1e-7],
    "seed": 7,
    "max-change": "5%",
    "frame": 1,
    "between": 0.5,
    "neighbours": "18",
    "spacing": [2.0, 1.0, 0.5],
    "channel": 2,
    "start": "learned",
    "small-parts": 3.5,
    "include": ["*.tif", "raw/*"],
    "exclude": ["thumbs"],
    "max-pixels": 1000,
    "max-pages": 7,
    "timeout": 2.5,
    "jobs": 2,
    "chunk": 512,
    "pages": 9,
    "batch-size": 5,
    "epochs": 3,
    "step": "adaptive",
    "method": "svrg",
    "format": "png",
    "compression": "packbits",
    "probability": "npy",
    "change-map": "png",
    "json": True,
    "recursive": True,
    "resume": True,
    "dry-run": True,
    "verify": True,
    "quiet": True,
    "prior": "ising",
    "elbo-coupling": 0.25,
    "side": 64,
    "rate": 0.5,
    "objective": "elbo",
    "precision": "float32",
    "log-file": 'a "quoted" näme\\.txt',
}


@pytest.fixture(autouse=True)
def nothing_set(monkeypatch):
    for variable in [name for name in os.environ if name.startswith(config.PREFIX)]:
        monkeypatch.delenv(variable)


@pytest.fixture
def write(tmp_path):
    """Return a function: text -> a config file that holds it."""

    def written(text, name="cfg.toml"):
        path = tmp_path / name
        path.write_text(text, encoding="utf-8")
        return path

    return written


def command(name):
    return cli.get_command(click.Context(cli), name)


def settable(name):
    return config.keys(command(name))


def value_for(name, key):
    """Return another value than the default, in TOML's types."""
    if key == "engine":
        return "icm"
    if key == "O":
        return ["tol=1e-4", "max_sweeps=9"]
    if (name, key) == ("volume", "format"):
        return "npy"
    return VALUES[key]


def in_use(name, *options):
    """Return what --show-config tells: the values, and each one's origin."""
    done = succeed(name, *options, "--show-config")
    assert done.stderr == ""
    origins = dict(
        line.removeprefix("# ").replace(" = ", "  # ", 1).split("  # ")[::2]
        for line in done.stdout.splitlines()[1:]
        if "  # " in line
    )
    return tomllib.loads(done.stdout)[config.table_of(name)], origins


def in_toml(value):
    return json.dumps(value, ensure_ascii=False)


# ---- laws over all commands and options


@pytest.mark.parametrize("name", COMMANDS)
def test_what_is_shown_can_be_given_back(name, write):
    """The round trip, of the defaults and of other values in every option."""
    before = in_use(name)[0]
    again, origins = in_use(name, "--config", write(succeed(name, "--show-config").stdout))
    assert again == before
    assert all("cfg.toml: " in origins[key] for key in again)
    other = {key: value_for(name, key) for key in settable(name) if key != "verbose"}
    lines = "".join(f"{k} = {in_toml(v)}\n" for k, v in other.items())
    text = f"[{config.table_of(name)}]\n{lines}"
    path = write(text)
    changed = in_use(name, "--config", path)[0]
    assert set(changed) == set(settable(name))
    assert all(changed[key] != before.get(key) for key in other)
    shown = write(succeed(name, "--config", path, "--show-config").stdout, "again.toml")
    assert in_use(name, "--config", shown)[0] == changed


@pytest.mark.slow
@pytest.mark.parametrize("name", COMMANDS)
def test_the_command_line_wins_then_the_variable_then_the_file(name, write, monkeypatch):
    for key, option in settable(name).items():
        if option.is_flag or option.multiple or key in ("log-file", "compression", "format"):
            continue
        default = in_use(name)[0].get(key)
        other = value_for(name, key)
        path = write(f"{key} = {in_toml(other)}\n")
        from_file, origins = in_use(name, "--config", path)
        assert from_file[key] != default
        assert origins[key] == f"{path}: {key}"
        variable = f"ISINGDENOISE_{key.upper().replace('-', '_')}"
        text = ",".join(map(str, other)) if isinstance(other, list) else str(other)
        with monkeypatch.context() as patch:
            patch.setenv(variable, text)
            assert in_use(name)[0][key] == from_file[key]
            broken = write(f"{key} = 'nonsense'\n", "broken.toml")
            values, origins = in_use(name, "--config", broken)
            assert (values[key], origins[key]) == (from_file[key], variable)
            patch.setenv(variable, "nonsense")
            special = f"{name}_{key}".upper().replace(" ", "_").replace("-", "_")
            special = f"ISINGDENOISE_{special}"
            patch.setenv(special, text)
            values, origins = in_use(name, "--config", broken)
            assert (values[key], origins[key]) == (from_file[key], special)
            patch.setenv(special, "nonsense")
            written = str(option.opts[-1])
            values, origins = in_use(name, "--config", broken, written, text)
            assert (values[key], origins[key]) == (from_file[key], "command line")


@pytest.mark.parametrize("name", COMMANDS)
def test_a_file_never_names_files_nor_forces(name, write, monkeypatch):
    fixed = set(config.keys(command(name), settable=False))
    assert {"config", "show-config"} <= fixed
    assert "force" in fixed or name in ("engines", "noises", "warmup", "vae score")
    for key in fixed:
        for text in (f'{key} = "x"\n', f"[{config.table_of(name)}]\n{key} = true\n"):
            line = error_line(invoke(name, "--show-config", "--config", write(text)), 2)
            assert "cfg.toml: " in line
            assert key in line
        if key in ("config", "show-config"):
            continue
        variable = f"ISINGDENOISE_{key.upper().replace('-', '_')}"
        with monkeypatch.context() as patch:
            patch.setenv(variable, "1")
            assert variable in error_line(invoke(name, "--show-config"), 2)


def test_what_may_not_be_set_is_what_touches_files():
    fixed = {key for name in COMMANDS for key in config.keys(command(name), settable=False)}
    assert {"force", "output", "probability", "change-map", "mask", "protect", "report"} <= fixed
    assert {"plot", "clean"} <= fixed


def test_the_table_of_learn_is_for_learn_alone(write):
    path = write('noise = "flip"\n[learned]\nseen = 3\n[learned.noises.flip]\nanything = [1.5]\n')
    for name in COMMANDS:
        in_use(name, "--config", path)
    assert in_use("batch", "--config", path)[0]["noise"] == "flip"
    line = error_line(invoke("batch", "--show-config", "--config", write("learned = 3\n")), 2)
    assert "learned is no option" in line


# ---- examples


def test_settings_arrive_in_the_run(tmp_path, write):
    noisy = save_noisy(tmp_path / "noisy.png")
    path = write('noise = "gaussian"\ncoupling = 0.25\nO = ["tol=1e-5"]\n[run]\njson = true\n')
    record = json.loads(succeed("run", noisy, "--config", path).stdout)
    assert record["noise"]["name"] == "gaussian"
    assert record["coupling"]["horizontal"] == 0.25
    plain = succeed("run", noisy, "--config", path, "--coupling", "0.5", "--force").stdout
    assert json.loads(plain)["coupling"]["horizontal"] == 0.5


def test_tables_are_for_one_command_and_win_over_the_top(write):
    path = write('noise = "flip"\nseed = 3\n[batch]\nnoise = "poisson"\n[run]\nseed = 4\n')
    assert in_use("batch", "--config", path)[0]["noise"] == "poisson"
    assert in_use("estimate", "--config", path)[0]["noise"] == "flip"
    assert in_use("run", "--config", path)[0]["seed"] == 4
    assert in_use("engines", "--config", path)[0] == {"json": False, "quiet": False} | {
        "verbose": False
    }


def test_the_file_may_be_named_by_a_variable_and_before_the_command(write, monkeypatch):
    one, two = write("seed = 1\n", "one.toml"), write("seed = 2\n", "two.toml")
    three = write("seed = 3\n", "three.toml")
    monkeypatch.setenv("ISINGDENOISE_CONFIG", str(one))
    assert in_use("run")[0]["seed"] == 1
    done = succeed("--config", two, "run", "--show-config")
    assert tomllib.loads(done.stdout)["run"]["seed"] == 2
    done = succeed("--config", two, "run", "--show-config", "--config", three)
    assert tomllib.loads(done.stdout)["run"]["seed"] == 3


def test_no_file_is_read_that_was_not_named(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    for name in ("isingdenoise.toml", ".isingdenoise.toml", "isingdenoise/config.toml"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text("seed = 9\n")
    assert in_use("run")[0]["seed"] == 0


def test_showing_does_nothing_else(tmp_path):
    noisy = save_noisy(tmp_path / "noisy.png")
    before = snapshot(tmp_path)
    out = tmp_path / "o.png"
    done = succeed("run", noisy, "-o", out, "--log-file", tmp_path / "l.txt", "--show-config")
    assert f'# output = "{out}"  # command line; not from a file' in done.stdout.splitlines()
    assert snapshot(tmp_path) == before


def test_values_of_variables_may_be_switches_and_lists(monkeypatch):
    monkeypatch.setenv("ISINGDENOISE_JSON", "yes")
    monkeypatch.setenv("ISINGDENOISE_O", "tol=1e-3 max_sweeps=5")
    monkeypatch.setenv("ISINGDENOISE_SIGMA", "")  # as good as not set
    values = in_use("run")[0]
    assert (values["json"], values["O"]) == (True, ["tol=1e-3", "max_sweeps=5"])
    assert values["sigma"] == "auto"


BROKEN = {
    "not toml": ("noise = \n", 2, "line 1"),
    "not closed": ("[run\n", 2, "TOML"),
    "twice": ("seed = 1\nseed = 2\n", 2, "TOML"),
    "deep": ("x = " + "[" * 5000, 2, "TOML"),
    "unknown key": ("nosie = 'flip'\n", 2, "nosie is no option; the nearest is noise"),
    "underscore": ("flip_prob = 0.1\n", 2, "flip_prob is no option; the nearest is flip-prob"),
    "far": ("zzzzzz = 1\n", 2, "zzzzzz is no option"),
    "unknown table": ("[bach]\nseed = 1\n", 2, "[bach] is no command; the nearest is batch"),
    "another's key": ("[engines]\nseed = 1\n", 2, "[engines] seed is no option"),
    "in another's table": ("[batch]\nnosie = 1\n", 2, "[batch] nosie is no option"),
    "choice": ("noise = 'pink'\n", 2, "cfg.toml: noise: 'pink' is not one of"),
    "number": ("seed = 1.5\n", 2, "cfg.toml: seed: '1.5'"),
    "infinite": ("[run]\nsigma = inf\nnoise = 'gaussian'\n", 2, "cfg.toml: [run] sigma"),
    "range": ("max-pixels = 0\n", 2, "cfg.toml: max-pixels: 0 is not"),
    "bool for text": ("noise = true\n", 2, "cfg.toml: noise: must be a number or text"),
    "text for bool": ("json = 'yes'\n", 2, "cfg.toml: json: must be true or false"),
    "date": ("seed = 2020-01-01\n", 2, "cfg.toml: seed: must be a number or text"),
    "table": ("[run]\nseed = {a = 1}\n", 2, "cfg.toml: [run] seed: must be a number or text"),
    "together": ("noise = 'flip'\nsigma = 1\n", 2, "set by"),
    "setting": ("O = ['nonsense=1']\n", 2, "cfg.toml: O"),
    "odd key": ('"a\\nb" = 1\n', 2, "a\\nb is no option"),
}


@pytest.mark.parametrize("case", BROKEN)
def test_a_wrong_file_is_one_line_with_file_and_key(case, tmp_path, write):
    noisy = save_noisy(tmp_path / "noisy.png")
    text, code, words = BROKEN[case]
    path = write(text)
    before = snapshot(tmp_path)
    line = error_line(invoke("run", noisy, "--config", path), code)
    assert str(path) in line
    assert words in line
    assert snapshot(tmp_path) == before


def test_files_that_are_none(tmp_path, monkeypatch):
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "latin.toml").write_bytes(b"# \xff\n")
    (tmp_path / "big.toml").write_bytes(b"#" * (1 << 21))
    (tmp_path / "dos.toml").write_bytes(b"\xef\xbb\xbfseed = 5\r\n")
    for name in ("missing.toml", "pipe", ".", "/dev/zero", "dos.toml/x"):
        done = invoke("engines", "--config", tmp_path / name)
        assert str(tmp_path / name) in error_line(done, 3)
    for name in ("latin.toml", "big.toml"):
        assert name in error_line(invoke("engines", "--config", tmp_path / name), 2)
    assert in_use("run", "--config", tmp_path / "dos.toml")[0]["seed"] == 5
    monkeypatch.setenv("ISINGDENOISE_CONFIG", str(tmp_path / "missing.toml"))
    assert "missing.toml" in error_line(invoke("engines"), 3)
    assert succeed("engines", "--help").stdout


@pytest.mark.parametrize(
    ("variable", "text"),
    [
        ("ISINGDENOISE_NOISE", "pink"),
        ("ISINGDENOISE_RUN_NOISE", "pink"),
        ("ISINGDENOISE_JSON", "perhaps"),
        ("ISINGDENOISE_SEED", "x\ny"),
        ("ISINGDENOISE_COUPLING", "1,2,3,4"),
        ("ISINGDENOISE_SIGMA", "1"),  # does not go with --noise auto
        ("ISINGDENOISE_O", "nonsense"),
        ("ISINGDENOISE_FORCE", "1"),
        ("ISINGDENOISE_OUTPUT", "x.png"),
        ("ISINGDENOISE_RUN_MASK", "x.png"),
    ],
)
def test_a_wrong_variable_is_one_line_that_names_it(tmp_path, monkeypatch, variable, text):
    noisy = save_noisy(tmp_path / "noisy.png")
    monkeypatch.setenv(variable, text)
    before = snapshot(tmp_path)
    assert variable in error_line(invoke("run", noisy), 2)
    assert snapshot(tmp_path) == before
    done = invoke("engines")
    assert (done.code, done.stderr) == (2 if variable == "ISINGDENOISE_JSON" else 0, done.stderr)


def test_an_unknown_variable_is_a_warning_and_a_known_one_of_others_is_none(monkeypatch):
    for variable in ("NOISE", "RUN_NOISE", "BATCH_JOBS", "RUN_FORCE", "DEBUG"):
        monkeypatch.setenv(f"ISINGDENOISE_{variable}", "1")
    assert succeed("engines").stderr == ""
    monkeypatch.setenv("ISINGDENOISE_NOSIE", "flip")
    monkeypatch.setenv("ISINGDENOISE_ENGINES_NOISE", "flip")
    lines = sorted(succeed("engines").stderr.splitlines())
    assert [line.split(": ")[1:3] for line in lines] == [
        ["ISINGDENOISE_ENGINES_NOISE", "warning"],
        ["ISINGDENOISE_NOSIE", "warning"],
    ]
    assert "; the nearest is ISINGDENOISE_NOISE" in lines[1]
    monkeypatch.setenv("ISINGDENOISE_BATCH_JOB", "2")
    monkeypatch.setenv("ISINGDENOISE_CONFG", "x")
    monkeypatch.setenv("ISINGDENOISE_XYZZYX", "x")
    text = succeed("engines").stderr
    for variable in ("BATCH_JOBS", "CONFIG"):
        assert f"the nearest is ISINGDENOISE_{variable}\n" in text
    assert "XYZZYX: warning: this environment variable stands for no option\n" in text
    assert succeed("engines", "-q").stderr == ""


def test_quiet_here_and_verbose_there(write, monkeypatch):
    path = write("verbose = true\n")
    assert succeed("engines", "--config", path).stderr
    assert succeed("engines", "--config", path, "-q").stderr == ""
    assert succeed("-q", "engines", "--config", path).stderr == ""
    monkeypatch.setenv("ISINGDENOISE_QUIET", "1")
    assert succeed("engines", "-v").stderr
    assert "--verbose" in error_line(invoke("engines", "--config", path), 2)


@pytest.mark.slow
def test_the_journal_does_not_care_where_a_setting_came_from(tmp_path, write, monkeypatch):
    save_noisy(tmp_path / "in" / "a.png")
    job = ("batch", tmp_path / "in", tmp_path / "out")
    options = ["--noise", "gaussian", "--coupling", "0.25,0.5", "-O", "tol=1e-5", "--seed", "3"]
    assert "1 picture cleaned" in succeed(*job, *options).stdout
    path = write('noise = "gaussian"\ncoupling = [0.25, 0.5]\nO = "tol=1e-5"\nseed = 3\n')
    assert "1 up to date" in succeed(*job, "--config", path).stdout
    for key, text in (("NOISE", "gaussian"), ("COUPLING", "0.25,0.5"), ("O", "tol=1e-5")):
        monkeypatch.setenv(f"ISINGDENOISE_{key}", text)
    assert "1 up to date" in succeed(*job, "--seed", "3").stdout
    assert "1 picture cleaned" in succeed(*job, "--seed", "4").stdout  # the control
    assert load(tmp_path / "out" / "a.png")[0] == "1"


PLAIN = st.one_of(
    st.text(max_size=8),
    st.integers(-(10**20), 10**20),
    st.floats(),
    st.booleans(),
    st.dates(),
    st.sampled_from(["auto", "1,2", "5%", "1e400", "-0", "٣", "tol=1"]),
)
VALUE = st.one_of(PLAIN, st.lists(PLAIN, max_size=3), st.dictionaries(st.text("ab"), PLAIN))


def as_toml(value):
    if isinstance(value, dict):
        return "{" + ", ".join(f"{json.dumps(k)} = {as_toml(v)}" for k, v in value.items()) + "}"
    if isinstance(value, list):
        return f"[{', '.join(map(as_toml, value))}]"
    if isinstance(value, str):
        return "'" + "".join(c for c in value if c.isprintable() and c != "'") + "'"
    return str(value).lower() if isinstance(value, (bool, float)) else str(value)


@pytest.mark.slow
@settings(max_examples=300, deadline=None, derandomize=True)
@given(data=st.data())
def test_any_value_is_taken_or_refused_in_one_line_and_comes_back(data, tmp_path_factory):
    path = tmp_path_factory.getbasetemp() / "any.toml"
    key = data.draw(st.sampled_from(sorted(settable("run"))))
    path.write_text(f"[run]\n{key} = {as_toml(data.draw(VALUE))}\n", encoding="utf-8")
    done = invoke("run", "--show-config", "--config", path)
    if done.code == 2:
        line = error_line(done, 2)
        assert f"any.toml: [run] {key}: " in line or "is no TOML" in line
        return
    assert (done.code, done.stderr) == (0, "")
    path.write_text(done.stdout, encoding="utf-8")
    again = succeed("run", "--show-config", "--config", path).stdout
    both = (tomllib.loads(text)["run"] for text in (done.stdout, again))
    assert len({json.dumps(values) for values in both}) == 1


@pytest.mark.slow
@settings(max_examples=200, deadline=None, derandomize=True)
@given(text=st.text(max_size=60) | st.binary(max_size=60))
def test_any_file_is_read_or_refused_in_one_line(text, tmp_path_factory):
    path = tmp_path_factory.getbasetemp() / "any.toml"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    done = invoke("run", "--show-config", "--config", path)
    assert done.code == 0 or "any.toml: " in error_line(done, 2)


# ---- completion in the shell


def completed(words, shell="bash"):
    """Return what the shell is offered for the last word."""
    *before, incomplete = words
    env = {"_ISINGDENOISE_COMPLETE": f"{shell}_complete", "COMP_CWORD": str(len(words))}
    if shell == "fish":
        env |= {"COMP_WORDS": " ".join(["isingdenoise", *before]), "COMP_CWORD": incomplete}
    else:
        env |= {"COMP_WORDS": " ".join(["isingdenoise", *words])}
    done = launch(env=env, program=(str(SCRIPT),))
    assert (done.code, done.stderr) == (0, "")
    return done.stdout


@pytest.mark.slow
@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_shells_are_offered_commands_options_and_choices(shell, monkeypatch):
    monkeypatch.setenv("ISINGDENOISE_CONFIG", "missing.toml")  # no time for complaints
    text = completed(["e"], shell)
    assert all(name in text for name in ("estimate", "engines"))
    assert "batch" not in text
    assert "--noise" in completed(["run", "--no"], shell)
    found = completed(["run", "--noise", "salt"], shell)
    assert "salt-pepper" in found
    assert "gaussian" not in found
    assert "file" in completed(["run", "--mask", ""], shell)


@pytest.mark.slow
def test_shells_are_offered_the_settings_of_the_engine():
    found = completed(["run", "x.png", "-O", ""])
    assert all(f"plain,{name}=\n" in found for name in ("tol", "max_sweeps", "damping"))
    assert "chains=" not in found
    assert completed(["run", "--engine", "gibbs", "-O", "ch"]) == "plain,chains=\n"
    assert completed(["run", "-O", "gibbs.ch"]) == "plain,gibbs.chains=\n"
    assert completed(["run", "-O", "magic."]).strip() == ""
    assert completed(["compare", "-O", "b"]) == "".join(
        f"plain,{name}=\n" for name in ("bound_every", "backend", "burn_in")
    )
    assert completed(["run", "-O", "schedule=ch"], "zsh").startswith("plain\nschedule=checker")
    assert completed(["run", "-O", "mf.sch"]) == "plain,mf.schedule=\n"


@pytest.mark.slow
def test_bash_takes_an_equals_sign_for_a_word_and_is_offered_what_stands_behind_it():
    assert completed(["run", "-O", "schedule", "=", "ch"]) == "plain,checkerboard\n"
    every = completed(["run", "-O", "schedule", "="]).split()
    assert every == ["plain,tiled", "plain,checkerboard", "plain,jacobi"]
    assert completed(["run", "-O", "mf.parallel", "=", "t"]) == "plain,true\n"
    assert completed(["run", "--noise", "=", "salt"]) == "plain,salt-pepper\n"
    assert completed(["run", "-O", "tol", "=", "1"]).strip() == ""


@pytest.mark.slow
@pytest.mark.process
def test_bash_puts_no_space_behind_an_equals_sign(tmp_path):
    if (bash := shutil.which("bash")) is None:
        pytest.skip("there is no bash")
    done = launch(env={"_ISINGDENOISE_COMPLETE": "bash_source"})
    script = tmp_path / "completion"
    script.write_text(f"""{done.stdout}
compopt() {{ echo "option $2"; }}
COMP_WORDS=(isingdenoise run -O sched) COMP_CWORD=3
_isingdenoise_completion isingdenoise
echo "offered ${{COMPREPLY[*]}}"
COMP_WORDS=(isingdenoise run --noise flip-) COMP_CWORD=3 COMPREPLY=()
_isingdenoise_completion isingdenoise
echo "offered ${{COMPREPLY[*]}}"
""")
    path = f"{SCRIPT.parent}{os.pathsep}{os.environ['PATH']}"
    done = launch("--norc", script, program=(bash,), env={"PATH": path})
    assert done.stdout.splitlines() == [
        *("option nospace", "offered schedule=", "offered flip-per-level"),
    ]


def test_one_file_of_settings_does_for_all_engines(tmp_path, write):
    noisy = save_noisy(tmp_path / "noisy.png")
    path = write('noise = "gaussian"\ncoupling = 0.4\nO = ["mf.tol=1e-4", "gibbs.sweeps=9"]\n')
    for engine, own in (("mf", {"tol": 1e-4}), ("icm", {}), ("gibbs", {"sweeps": 9})):
        options = ["--engine", engine, "--json", "--force", "--config", path]
        told = json.loads(succeed("run", noisy, *options).stdout)["engine"]
        assert told | own == told
        done = succeed("batch", tmp_path, tmp_path / engine, "--engine", engine, "--config", path)
        assert "1 picture cleaned" in done.stdout or "2 pictures cleaned" in done.stdout


@pytest.mark.process
@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_shells_get_their_script(shell):
    done = launch(env={"_ISINGDENOISE_COMPLETE": f"{shell}_source"})
    assert done.code == 0
    assert f"_ISINGDENOISE_COMPLETE={shell}_complete" in done.stdout
