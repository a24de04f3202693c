"""Why a command takes longer: kernels that are compiled are told of, those that are loaded not."""

import os

import pytest
from command_line import COLD
from isingdenoise_cli import console


def fresh_kernel():
    """Return a kernel that is in nobody's cache."""
    from isingdenoise._kernels._jit import inner, kernel

    @inner
    def doubled(x):
        return 2 * x

    @kernel
    def shifted(x):
        return doubled(x) + 1

    return shifted


@pytest.mark.slow
@pytest.mark.skipif(bool(os.environ.get("NUMBA_DISABLE_JIT")), reason="nothing is compiled")
def test_whatever_is_compiled_in_a_command_is_told_once(monkeypatch, capfd):
    from isingdenoise._kernels import _jit

    monkeypatch.setattr(_jit, "_CACHE", None)
    first, second = fresh_kernel(), fresh_kernel()
    with console.session():
        assert first(3) == 7
        said = capfd.readouterr().err
        assert said == COLD or "(on every run)" in said
        assert (first(4), second(3)) == (9, 7)  # neither is news
        assert capfd.readouterr().err == ""
    with console.session():
        assert first(5) == 11  # has been compiled
        assert capfd.readouterr().err == ""
        assert first(0.5) == 2.0  # for other numbers it has not
        assert capfd.readouterr().err == said
    assert second(0.5) == 2.0  # nobody is there to be told
    assert capfd.readouterr().err == ""
    with console.session():
        console.settle(quiet=True)
        assert first(1j) == 1 + 2j
        assert capfd.readouterr().err == ""
