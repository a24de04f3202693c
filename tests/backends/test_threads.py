"""What belongs to one thread stays there: collected warnings, and the choice of kernels."""

import threading
import warnings
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from isingdenoise import EstimationWarning, denoise
from isingdenoise._kernels._jit import lease
from isingdenoise.inference import serially
from isingdenoise.messages import collected

EQUAL = np.full((8, 8), 90, np.uint8)


def test_messages_are_collected_instead_of_warned_of():
    with collected() as messages:
        denoise(EQUAL, "gaussian", coupling=0.5)
    assert len(messages) == 1
    assert "all pixels are equal" in messages[0]
    with pytest.warns(EstimationWarning, match="all pixels are equal"):
        denoise(EQUAL, "gaussian", coupling=0.5)


def test_the_inner_of_two_collectors_takes_the_message():
    with collected() as outer, collected() as inner:
        denoise(EQUAL, "gaussian", coupling=0.5)
    assert (len(outer), len(inner)) == (0, 1)


def test_an_error_ends_the_collecting():
    with pytest.raises(ZeroDivisionError), collected():
        _ = 1 // 0
    with pytest.warns(EstimationWarning):
        denoise(EQUAL, "gaussian", coupling=0.5)


def test_another_thread_is_not_overheard():
    begun, done = threading.Event(), threading.Event()

    def elsewhere():
        with collected() as messages:
            begun.set()
            assert done.wait(60)
        return messages

    with ThreadPoolExecutor(1) as pool:
        future = pool.submit(elsewhere)
        assert begun.wait(60)
        with collected() as mine:
            denoise(EQUAL, "gaussian", coupling=0.5)
        done.set()
        assert future.result(60) == []
    assert len(mine) == 1


def test_collecting_changes_no_filter_of_the_process():
    before = warnings.filters[:]
    with collected():
        assert warnings.filters == before
        denoise(EQUAL, coupling=0.5)
        assert warnings.filters == before


def test_serial_kernels_are_this_threads_choice():
    def granted():
        with lease(1 << 20, None) as parallel:
            return parallel

    with serially():
        assert not granted()
        with lease(1 << 20, True) as parallel:
            assert not parallel
        with ThreadPoolExecutor(1) as pool:
            assert pool.submit(granted).result(60)
    assert granted()
