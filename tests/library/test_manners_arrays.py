"""Pictures of every kind and layout: the same answer, nothing changed, or one clear line."""

import warnings
from pathlib import Path

import numpy as np
import pytest

from isingdenoise import (
    FlipNoise,
    GaussianNoise,
    IsingDenoiseError,
    ParameterError,
    denoise,
    estimate,
    estimate_background,
)

SHAPE = 37, 42
GREY = np.clip(
    np.where(np.indices(SHAPE).sum(0) // 12 % 2, 90, 20)
    + np.random.default_rng(0).normal(scale=25, size=SHAPE),
    0,
    120,
).astype(np.uint8)
KNOWN = np.random.default_rng(1).random(SHAPE) < 0.9
HELD = (np.random.default_rng(2).random(SHAPE) < 0.05) & KNOWN
LIGHT = np.linspace(0.8, 1.2, SHAPE[1]) * np.ones((SHAPE[0], 1))
OPTIONS = {"coupling": 0.6, "rng": 1}


def outcome(result):
    """Return all bits of a result."""
    return (
        *(a.tobytes() for a in (result.image, result.solution.mean, result.probability)),
        *(result.model.field.tobytes(), result.model.offset, result.solution.lower_bound),
        *(result.noise, result.coupling, result.changed, result.differs.tobytes()),
    )


def found(image, **options):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)
        return outcome(denoise(image, **{**OPTIONS, **options}))


def estimated(image, **options):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)
        answer = estimate(image, **options)
    return answer.noise, answer.coupling, answer.calibration, answer.score, answer.curve


class Wrapped:
    """An array of another library."""

    def __init__(self, array):
        self.array = array

    def __array__(self, dtype=None, copy=None):
        return np.array(self.array, dtype)


class Sub(np.ndarray):
    """A subclass whose operators must not be called."""

    def __array_ufunc__(self, *args, **kwargs):
        raise AssertionError("the library works on plain arrays")

    __array_function__ = __array_ufunc__


def mapped(mode):
    def layout(array, folder):
        path = folder / "picture.raw"
        array.tofile(path)
        return np.memmap(path, array.dtype, mode, shape=array.shape)

    return layout


def read_only(array, _):
    array = array.copy()
    array.flags.writeable = False
    return array


LAYOUTS = {
    "read-only": read_only,
    "Fortran": lambda a, _: np.asfortranarray(a),
    "upside down": lambda a, _: a[::-1, ::-1].copy()[::-1, ::-1],
    "every second": lambda a, _: np.repeat(np.repeat(a, 2, 0), 2, 1)[::2, ::2],
    "repeated row": lambda a, _: a,
    "mapped, read": mapped("r"),
    "mapped, copy on write": mapped("c"),
    "subclass": lambda a, _: a.view(Sub),
    "matrix": lambda a, _: a.view(np.matrix),
    "masked nowhere": lambda a, _: np.ma.masked_array(a),
    "wrapped": lambda a, _: Wrapped(a),
    "nested lists": lambda a, _: a.tolist(),
    "swapped bytes": lambda a, _: a.astype(a.dtype.newbyteorder()),
}
DTYPES = ["?", "u1", "u2", "u4", "u8", "i1", "i2", "i4", "i8", "f2", "f4", "f8", "g"]


def kept(array):
    """Return what must not change about an argument."""
    plain = np.ndarray if isinstance(array, np.ndarray) else None
    if plain is None:
        return repr(getattr(array, "array", array))
    return array.dtype, array.strides, array.flags.writeable, np.asarray(array).tobytes()


@pytest.mark.slow
@pytest.mark.parametrize("dtype", DTYPES)
def test_every_dtype_is_read_by_value(dtype):
    x = (GREY > 50) if dtype == "?" else GREY.astype(dtype)
    before = kept(x)
    noise = FlipNoise(0.1) if dtype == "?" else GaussianNoise(25.0, (20.0, 90.0), (0, 255))
    bits = found(x, noise=noise)[:5]
    assert kept(x) == before
    if x.dtype.kind in "iu":  # a rounded end of the scale reaches half a step
        assert bits == found(x.astype(np.int64), noise=noise)[:5]
    elif dtype != "?":
        assert bits == found(x.astype(np.float64), noise=noise)[:5]
    found(x)
    estimated(x)
    assert kept(x) == before


@pytest.mark.slow
@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("dtype", ["?", "u1", "u2", "f4", "f8"])
def test_a_layout_changes_no_bit_and_nothing_is_changed(layout, dtype, tmp_path):
    x = (GREY > 50) if dtype == "?" else GREY.astype(dtype)
    if layout == "repeated row":
        x = np.ascontiguousarray(np.broadcast_to(x[:1], SHAPE))
        odd = np.broadcast_to(x[:1], SHAPE)  # strides of 0
    elif layout == "nested lists":
        x = x.astype({"u": np.int64, "f": np.float64}.get(x.dtype.kind, x.dtype))
        odd = x.tolist()
    else:
        odd = LAYOUTS[layout](x, tmp_path)
    before = kept(odd)
    assert found(odd, mask=KNOWN, protect=HELD) == found(x, mask=KNOWN, protect=HELD)
    assert estimated(odd) == estimated(x)
    assert np.array_equal(estimate_background(odd), estimate_background(x))
    assert kept(odd) == before
    for path in Path(tmp_path).iterdir():
        assert path.read_bytes() == x.tobytes()


@pytest.mark.slow
@pytest.mark.parametrize("layout", [n for n in LAYOUTS if n not in ("masked nowhere", "matrix")])
def test_masks_and_light_may_lie_as_they_like(layout, tmp_path):
    def laid(array, name):
        (tmp_path / name).mkdir(exist_ok=True)
        return LAYOUTS[layout](array, tmp_path / name)

    plain = {"mask": KNOWN, "protect": HELD, "background": LIGHT}
    odd = {name: laid(array, name) for name, array in plain.items()}
    before = {name: kept(array) for name, array in odd.items()}
    assert found(GREY, **odd) == found(GREY, **plain)
    assert {name: kept(array) for name, array in odd.items()} == before
    assert estimated(GREY, mask=odd["mask"]) == estimated(GREY, mask=KNOWN)


@pytest.mark.slow
@pytest.mark.parametrize("dtype", ["?", "u1", "f4"])
@pytest.mark.parametrize("value", [0, 1, np.nan, np.inf])
def test_what_numpy_has_masked_is_missing(dtype, value):
    x = (GREY > 50) if dtype == "?" else GREY.astype(dtype)
    if not np.isfinite(value) and dtype != "f4":
        pytest.skip("no such value")
    under = np.where(KNOWN, x, np.asarray(value, x.dtype))
    hidden = np.ma.masked_array(under, ~KNOWN)
    before = hidden.data.tobytes(), hidden.mask.tobytes()
    same = found(x, mask=KNOWN)
    if dtype == "f4":
        same = found(np.where(KNOWN, x, np.float32(np.nan)))
    assert found(hidden) == same
    assert found(hidden) != found(x)  # the control
    assert estimated(hidden)[1] == estimated(x, mask=KNOWN)[1]
    assert (hidden.data.tobytes(), hidden.mask.tobytes()) == before
    other = np.random.default_rng(5).random(SHAPE) < 0.9
    both = found(x, mask=KNOWN & other)
    if dtype != "f4":
        assert found(hidden, mask=other) == both
    with pytest.raises(ParameterError, match=r"^mask: leaves no pixel known"):
        denoise(np.ma.masked_array(x, True), GaussianNoise(), mask=KNOWN)


class Refusing:
    """An array on another device, say."""

    def __array__(self, dtype=None, copy=None):
        raise RuntimeError("copy it\nto the host first")


BAD = {
    "scalar": 5,
    "0-d": np.array(5.0),
    "empty": np.empty((0, 0)),
    "no columns": np.empty((4, 0)),
    "no rows": [],
    "one axis": np.zeros(4),
    "colour": np.zeros((4, 5, 3)),
    "ragged": [[1, 2], [3]],
    "objects": np.array([[1, None], [2, 3]], object),
    "huge integers": [[2**70, 1], [2, 3]],
    "complex": np.zeros((4, 5), complex),
    "time": np.zeros((4, 5), "datetime64[s]"),
    "span": np.zeros((4, 5), "timedelta64[s]"),
    "text": np.full((4, 5), "dark"),
    "bytes": b"picture",
    "path": Path("picture.png"),
    "none": None,
    "records": np.zeros((4, 5), [("red", "u1"), ("green", "u1")]),
    "dictionary": {"a": 1},
    "refusing": Refusing(),
    "infinite": np.full((4, 5), np.inf),
    "beyond": np.full((4, 5), np.longdouble("1e400")),
    "large": np.full((4, 5), 1e31),
}


@pytest.mark.parametrize("kind", BAD)
@pytest.mark.parametrize("noise", ["auto", GaussianNoise()], ids=["auto", "known"])
def test_what_is_no_picture_is_refused_in_one_line(kind, noise):
    with pytest.raises(ParameterError, match=r"^image: ") as caught:
        denoise(BAD[kind], noise)
    assert "\n" not in str(caught.value)
    assert isinstance(caught.value, IsingDenoiseError)


@pytest.mark.parametrize("kind", [n for n in BAD if n not in ("none", "large", "beyond")])
@pytest.mark.parametrize("name", ["mask", "protect", "background"])
def test_what_is_no_mask_or_light_is_refused_in_one_line(kind, name):
    x = np.zeros((4, 5))
    with pytest.raises(ParameterError, match=rf"^{name}: ") as caught:
        denoise(x, GaussianNoise(), **{name: BAD[kind]})
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("name", ["mask", "protect", "background"])
def test_a_masked_array_in_the_place_of_a_mask_says_nothing_clear(name):
    array = np.ma.masked_array(np.ones(SHAPE, float if name == "background" else bool), ~KNOWN)
    with pytest.raises(ParameterError, match=rf"^{name}: must be a plain array"):
        denoise(GREY, **{name: array})
