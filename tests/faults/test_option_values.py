"""Any text as the value of any option: done, or one line and nothing written."""

import click
import pytest
from command_line import invoke, one_line, save_noisy
from faulty import in_time, state
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from isingdenoise_cli.main import cli

# The same examples on every run, and no clock that a busy machine could trip.
CALM = settings(
    derandomize=True,
    deadline=None,
    database=None,
    suppress_health_check=list(HealthCheck),
)
CODES = {0, 2, 3, 4, 5, 6}
#: Options that end the command, or whose files are tests of their own.
LEFT_OUT = {"help", "version", "show_config", "config", "log_file"}
TELLING = [
    *("nan", "NaN", "-nan", "inf", "-inf", "+Infinity", "1e400", "-1e400", "1e-400", "-0", "0"),
    *("0.0", "-0.0", "1", "-1", "0.1", "0.5", "0.49999999", "1e-300", "1e300", "1e30", "1e-30"),
    *("2147483648", "9223372036854775808", "18446744073709551616", "-9223372036854775809"),
    *("", " ", "\t", ",", ",,", "1,", ",1", "1,2", "2,1", "1,1", "1,2,3", "1,2,3,4", "1;2"),
    *("auto", "AUTO", "none", "None", "true", "null", "mf", "gaussian", "flip", "png", "tiff"),
    *("5%", "%", "100%", "101%", "-5%", "5%%", "1_000", "0x10", "0b1", "1e", "e1", "1..2", "--"),
    *("٣", "\uff11\uff12", "²", "½", "\u22121", "1\u00a0000", "é", "\u202e1"),
    *("\udcff", "\x1b[31m1", "a\nb"),
    *("tol=1e-4", "tol=", "=1", "tol=nan", "max_sweeps=1", "damping=0.5", "schedule=x", "{}", "%s"),
    *("9" * 400, "-" * 300, "0." + "0" * 500 + "1", "x" * 5000, "1," * 300),
]
numbers = st.floats().map(repr) | st.integers(-(2**70), 2**70).map(str)
texts = st.text(st.characters(exclude_characters="\0"), max_size=12)
values = (
    st.sampled_from(TELLING)
    | numbers
    | st.lists(numbers, min_size=2, max_size=4).map(",".join)
    | texts
)


def options_of(command):
    found = cli.get_command(click.Context(cli), command)
    return {
        max(option.opts, key=len): option
        for option in found.params
        if isinstance(option, click.Option)
        and not option.is_flag
        and not option.count
        and option.name not in LEFT_OUT
    }


OPTIONS = options_of("run")
#: What one of these needs to be more than refused, in half of the examples.
NEEDS = {
    "--sigma": ["--noise", "gaussian"],
    "--sigma-unit": ["--noise", "gaussian"],
    "--levels": ["--noise", "gaussian"],
    "--flip-prob": ["--noise", "flip-per-level"],
    "--salt": ["--noise", "salt-pepper"],
    "--pepper": ["--noise", "salt-pepper"],
    "--compression": ["--format", "tiff"],
}


@pytest.fixture(scope="module")
def noisy(tmp_path_factory):
    return save_noisy(tmp_path_factory.mktemp("options") / "noisy.png", size=8)


def outcome(noisy, monkeypatch, *arguments, several=False):
    """Run on a small picture; insist on a known end, and clear its outputs away."""
    folder = noisy.parent
    before = state(folder)
    try:
        with monkeypatch.context() as patch:
            patch.chdir(folder)  # where relative names of outputs go
            with in_time():
                done = invoke("run", noisy, *arguments)
        now = state(folder)
    finally:
        for path in set(folder.iterdir()) - {noisy}:
            path.unlink()
    assert done.code in CODES | ({1} if several else set()), done
    assert "internal error" not in done.stderr
    assert "Traceback" not in done.stderr
    for line in (done.stdout + done.stderr).splitlines():
        assert line.isprintable(), line
    assert before.items() <= now.items()
    if done.code == 0:
        assert done.stderr == "" or "warning" in done.stderr
    elif not several:
        one_line(done)
        assert done.stdout == ""
        assert now == before
    return done


@pytest.mark.slow
@pytest.mark.parametrize("option", OPTIONS)
@settings(CALM, max_examples=40)
@given(value=values, helped=st.booleans())
def test_any_value_of_any_option(noisy, monkeypatch, option, value, helped):
    given_ = [f"{option}={value}"] if option.startswith("--") else [option, value]
    outcome(noisy, monkeypatch, *given_, *(NEEDS.get(option, []) if helped else []))


@pytest.mark.slow
@pytest.mark.parametrize("option", OPTIONS)
@pytest.mark.parametrize("start", range(0, len(TELLING), 12))
def test_telling_values_of_any_option(noisy, monkeypatch, option, start):
    for value in TELLING[start : start + 12]:
        given_ = [f"{option}={value}"] if option.startswith("--") else [option, value]
        outcome(noisy, monkeypatch, *given_, *NEEDS.get(option, []))


@pytest.mark.slow
@settings(CALM, max_examples=150)
@given(chosen=st.lists(st.tuples(st.sampled_from(sorted(OPTIONS)), values), min_size=2, max_size=5))
def test_any_values_of_several_options(noisy, monkeypatch, chosen):
    words = [f"{k}={v}" if k.startswith("--") else f"{k}{v}" for k, v in chosen]
    outcome(noisy, monkeypatch, *words)


@pytest.mark.slow
@settings(CALM, max_examples=150)
@given(words=st.lists(values | st.sampled_from(sorted(OPTIONS)), max_size=4))
def test_any_words(noisy, monkeypatch, words):
    """Words in any order, some of which are names of files that are not there."""
    outcome(noisy, monkeypatch, *[word for word in words if word != "-"], several=True)


@pytest.mark.slow
def test_the_options_are_found_and_some_values_are_taken(noisy, monkeypatch):
    """A control."""
    assert {"--sigma", "--coupling", "--levels", "--seed", "--max-change"} <= set(OPTIONS)
    codes = [
        outcome(noisy, monkeypatch, f"--coupling={value}").code for value in ("0.5", "1,2", "nan")
    ]
    assert codes == [0, 0, 2]
