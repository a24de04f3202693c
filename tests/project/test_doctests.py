"""The examples in docstrings are run, and everything that people call first has one."""

import doctest
import importlib
import inspect
import pkgutil

import pytest

import isingdenoise
from isingdenoise import ENGINES, NOISE_MODELS, batch, diagnostics, io, metrics, pipeline
from isingdenoise.experiments import compare

SHOWN = [
    *(isingdenoise.denoise, isingdenoise.denoise_ising, isingdenoise.estimate),
    isingdenoise.estimate_background,
    *(isingdenoise.IsingModel, isingdenoise.NoiseSpec, isingdenoise.memory_to_denoise),
    isingdenoise.Coupling,
    *(getattr(isingdenoise.Coupling, name) for name in ("nearest", "eight", "per_edge")),
    isingdenoise.Coupling.contrast,
    *ENGINES.values(),
    *NOISE_MODELS.values(),
    *(getattr(metrics, name) for name in metrics.__all__ if name.islower()),
    *(getattr(diagnostics, name) for name in diagnostics.__all__),
    *(pipeline.clean, pipeline.CleanOptions, batch.plan, batch.denoise_many, compare),
    *(io.encode_bilevel, io.to_spins, io.from_spins, io.format_of),
]


def examples():
    """Return every docstring of the package that has examples, by its name."""
    found = {}
    names = [m.name for m in pkgutil.walk_packages(isingdenoise.__path__, "isingdenoise.")]
    for name in ["isingdenoise", *names]:
        module = importlib.import_module(name)
        if ">>> " in inspect.getsource(module):
            tests = doctest.DocTestFinder().find(module)
            found |= {test.name: test for test in tests if test.examples}
    return found


EXAMPLES = examples()


def failures(test):
    """Run one docstring; return what it says of examples that went wrong."""
    said = []
    doctest.DocTestRunner(verbose=False).run(test, out=said.append)
    return "".join(said)


@pytest.mark.parametrize("test", EXAMPLES.values(), ids=EXAMPLES)
def test_an_example_gives_what_it_says(test):
    assert failures(test) == ""


def test_an_example_that_is_wrong_would_be_seen():
    parse = doctest.DocTestParser().get_doctest
    assert "Expected:" in failures(parse(">>> 1 + 1\n3\n", {}, "wrong", "wrong", 0))
    assert "ZeroDivisionError" in failures(parse(">>> 1 / 0\n", {}, "wrong", "wrong", 0))
    assert failures(parse(">>> 1 + 1\n2\n", {}, "right", "right", 0)) == ""


@pytest.mark.parametrize("shown", SHOWN, ids=lambda shown: shown.__qualname__)
def test_what_people_call_first_has_an_example(shown):
    assert f"{shown.__module__}.{shown.__qualname__}" in EXAMPLES
