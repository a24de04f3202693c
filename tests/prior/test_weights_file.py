"""Files of weights: what is read from them, and one clear line for each that is damaged."""

import hashlib
import io
import json
import os
import pickle
import zipfile

import numpy as np
import pytest
from networks import SMALL, random_arrays, save_network

from isingdenoise import ReadError
from isingdenoise.prior import archive as stored
from isingdenoise.prior import prior_of, read_network, reading, shipped
from isingdenoise.prior.network import expected_layers


@pytest.fixture
def path(tmp_path):
    return tmp_path / "weights.npz"


def write(path, arrays):
    np.savez(path, **arrays)
    return path


def npy(array):
    stream = io.BytesIO()
    np.lib.format.write_array(stream, np.asarray(array), allow_pickle=True)
    return stream.getvalue()


def archive(path, members, **options):
    with zipfile.ZipFile(path, "w", **options) as file:
        for name, data in members.items():
            file.writestr(name, data)
    return path


def refused(path, words):
    """Insist on one line that names the file and says what is wrong."""
    with pytest.raises(ReadError) as caught:
        read_network(path)
    said = str(caught.value)
    assert "\n" not in said
    assert os.fspath(path) in said
    assert words in said


@pytest.mark.parametrize(("planes", "middle"), [(SMALL, 1), ((3, 5, 6), 0), ((1, 1, 1), 3)])
def test_what_was_written_is_read(path, planes, middle):
    arrays = random_arrays(planes, middle)
    found = read_network(save_network(path, planes=planes, middle=middle))
    assert (found.planes, found.middle) == (planes, middle)
    assert found.about == {"weights": "random"}
    assert list(found.layers) == [name for name, _ in expected_layers(planes, middle)]
    for name, layer in found.layers.items():
        assert layer.weight.dtype == layer.bias.dtype == np.float32
        assert not layer.weight.flags.writeable
        np.testing.assert_array_equal(layer.weight, arrays[f"{name}.weight"].astype(np.float32))
        np.testing.assert_array_equal(layer.bias, arrays[f"{name}.bias"])


def test_order_of_bytes_and_axes_do_not_matter(path):
    arrays = random_arrays()
    plain = read_network(write(path, arrays))
    odd = {name: np.array(array, order="F") for name, array in arrays.items()}
    odd["in.bias"] = odd["in.bias"].astype(">f4")
    found = read_network(write(path, odd))
    for name, layer in found.layers.items():
        np.testing.assert_array_equal(layer.weight, plain.layers[name].weight)
        np.testing.assert_array_equal(layer.bias, plain.layers[name].bias)
    assert found.digest != plain.digest


def test_the_digest_is_that_of_the_file(path):
    save_network(path)
    assert read_network(path).digest == hashlib.sha256(path.read_bytes()).hexdigest()


CHANGES = {
    "format 2": ({"format": np.array(2)}, "format 2"),
    "format is text": ({"format": np.array("1")}, "'format'"),
    "format is a list": ({"format": np.array([1])}, "'format'"),
    "no format": ({"format": None}, "'format'"),
    "no about": ({"about": None}, "'about'"),
    "about is no JSON": ({"about": np.array("{")}, "'about'"),
    "about is a list": ({"about": np.array("[]")}, "'about'"),
    "about is deep": ({"about": np.array("[" * 100_000)}, "'about'"),
    "no weights": ({"enc0.a.weight": None}, "lacks 'enc0.a.weight'"),
    "no first layer": ({"in.weight": None}, "lacks 'in.weight'"),
    "no biases": ({"up1.bias": None}, "lacks 'up1.bias'"),
    "half a block": ({"mid0.b.weight": None}, "lacks 'mid0.b.weight'"),
    "a block of no name": ({"mid2.a.weight": np.zeros(1)}, "'mid2.a.weight'"),
    "one layer more": ({"extra": np.zeros(1)}, "'extra'"),
    "three inputs": ({"in.weight": np.zeros((8, 3, 3, 3), "f2")}, "shape (8, 3, 3, 3)"),
    "no channels": ({"in.weight": np.zeros((0, 8, 3, 3), "f2")}, "shape (0, 8, 3, 3)"),
    "a scalar": ({"down0.weight": np.float16(1)}, "shape ()"),
    "3 x 3 for 2 x 2": ({"down1.weight": np.zeros((4, 12, 3, 3), "f2")}, "shape (4, 12, 3, 3)"),
    "too many channels": ({"in.weight": np.zeros((2000, 8, 3, 3), "f2")}, "1024 channels"),
    "biases of another layer": ({"out.bias": np.zeros(8, "f4")}, "shape (8,)"),
    "whole numbers": ({"out.bias": np.zeros(4, "i4")}, "int32"),
    "float64": ({"out.bias": np.zeros(4)}, "float64"),
    "complex": ({"out.bias": np.zeros(4, "c8")}, "complex64"),
    "NaN": ({"out.bias": np.full(4, np.nan, "f4")}, "NaN"),
    "infinite": ({"in.weight": np.full((8, 8, 3, 3), np.inf, "f2")}, "infinite"),
}


@pytest.mark.parametrize("case", CHANGES)
def test_arrays_that_are_no_network(path, case):
    changes, words = CHANGES[case]
    arrays = {**random_arrays(), **changes}
    write(path, {name: array for name, array in arrays.items() if array is not None})
    refused(path, words)


def test_objects_are_never_made(path):
    class Bomb:
        def __reduce__(self):
            return os.mkdir, (str(path.parent / "made"),)

    arrays = {f"{name}.npy": npy(array) for name, array in random_arrays().items()}
    arrays["about.npy"] = npy(np.array(Bomb(), object))
    refused(archive(path, arrays), "'about.npy'")
    refused(archive(path, {"format.npy": pickle.dumps(Bomb())}), "no array")
    assert not (path.parent / "made").exists()


def header(shape, descr="<f4"):
    stream = io.BytesIO()
    np.lib.format.write_array_header_1_0(
        stream, {"descr": descr, "fortran_order": False, "shape": shape}
    )
    return stream.getvalue()


@pytest.mark.parametrize(
    "stored",
    [
        b"",
        b"\x93NUMPY",
        b"text",
        header((1 << 50,)),
        header((3,)) + b"\0" * 11,
        header((3,)) + b"\0" * 13,
        header((-1,)),
        header((0, 1 << 62, 1 << 62)),
        header((), "|V0"),
        b"\x93NUMPY\x01\x00\xff\xff" + b"(" * 0xFFFF,
    ],
)
def test_headers_that_say_something_else_than_the_bytes(path, stored):
    refused(archive(path, {"format.npy": stored}), "format")


def test_what_is_no_archive(path):
    np.save(path.with_suffix(".npy"), np.zeros(3))
    refused(path.with_suffix(".npy"), "no whole archive")
    path.write_bytes(b"")
    refused(path, "empty")
    refused(path.parent / "missing.npz", "missing.npz")
    refused(path.parent, "folder")


def test_every_cut_of_a_file(path):
    save_network(path)
    data = path.read_bytes()
    for size in range(1, len(data), len(data) // 40):
        path.write_bytes(data[:size])
        refused(path, "no whole archive")


def test_a_flipped_byte_is_an_error_or_nothing_but_other_bytes(path):
    save_network(path)
    data = path.read_bytes()
    rng = np.random.default_rng(0)
    for at in rng.choice(len(data), 60, replace=False):
        changed = bytearray(data)
        changed[at] ^= 1 << int(rng.integers(8))
        path.write_bytes(changed)
        try:
            read_network(path)
        except ReadError as error:
            assert "\n" not in str(error)


def test_what_unpacks_to_too_much(path, monkeypatch):
    archive(path, {"in.weight.npy": bytes(80 << 20)}, compression=zipfile.ZIP_DEFLATED)
    refused(path, "more than 64 MB")
    monkeypatch.setattr(stored, "LARGEST", 1 << 10)
    save_network(path)
    refused(path, "too large")


def test_a_file_is_read_again_once_it_has_changed(path):
    first = prior_of(save_network(path, seed=1))
    assert prior_of(str(path)) is first
    save_network(path, seed=2)
    os.utime(path, ns=(1, 1))  # whatever the clock's steps
    assert prior_of(str(path)).digest != first.digest


def test_the_one_of_the_package():
    assert prior_of(None) is shipped()
    assert shipped().planes == (32, 40, 48)
    assert isinstance(json.dumps(dict(shipped().about)), str)


def test_a_package_without_its_file_says_so(path, monkeypatch):
    monkeypatch.setattr(reading, "_WEIGHTS", path)
    shipped.cache_clear()
    with pytest.raises(ReadError, match="is missing; install the package anew"):
        shipped()
