"""The layers of a network against loops over pixels, one layer at a time and all together."""

import numba
import numpy as np
import pytest
import reference
from networks import network

from isingdenoise._kernels import convolution, resizing
from isingdenoise._kernels.maps import LEFT
from isingdenoise.backends.numba import convolutions, maps
from isingdenoise.prior import Layer

SLOW = bool(numba.config.DISABLE_JIT)
SHAPES = [(1, 1), (7, 13), (8, 16)] if SLOW else [(1, 1), (7, 13), (64, 64), (100, 203), (33, 300)]
MAPS = [(1, 1), (2, 3), (3, 33)] if SLOW else [(1, 1), (2, 3), (5, 32), (6, 33), (9, 70)]
EVERY_MAP = pytest.mark.parametrize("shape", MAPS, ids=str)
ON_THREADS = pytest.mark.parametrize("parallel", [False, True])


def random_layer(out, into, size, seed=0):
    rng = np.random.default_rng(seed)
    weight = rng.normal(size=(out, into, size, size)) / np.sqrt(into * size * size)
    return Layer(weight.astype(np.float32), rng.normal(size=out).astype(np.float32))


def as_map(x):
    """Return a picture of channels as kernels take it, and its frame."""
    frame = maps.frame_of(*x.shape[1:])
    packed = np.zeros(maps.length_of(frame, len(x)), np.float32)
    view(packed, frame, len(x))[...] = x
    return packed, frame


def view(packed, frame, channels):
    """Return the channels of a map as an array, (C, H, W)."""
    height, width, stride, plane = frame
    rows = packed[: channels * plane].reshape(channels, plane)[:, stride:]
    rows = rows[:, : (height + 1) * stride].reshape(channels, height + 1, stride)
    return rows[:, :height, LEFT : LEFT + width]


def assert_frame_is_zero(packed, frame, channels):
    view(packed, frame, channels)[...] = 0
    assert not packed.any()


def scratch_for(channels, bands=3):
    return np.full((bands, convolution.scratch_size(channels)), np.nan, np.float32)


@EVERY_MAP
@ON_THREADS
@pytest.mark.parametrize("rectified", [False, True])
@pytest.mark.parametrize("adding", [False, True])
def test_three_by_three(shape, parallel, rectified, adding):
    rng = np.random.default_rng(1)
    layer = random_layer(8, 4, 3)
    x, before = rng.normal(size=(4, *shape)), rng.normal(size=(8, *shape))
    expected = reference.convolution(np.maximum(x, 0) if rectified else x, layer)
    (source, frame), (target, _) = as_map(x), as_map(before if adding else np.zeros((8, *shape)))
    convolution.convolve(
        source, target, frame, *maps.packed(layer), rectified, adding, scratch_for(4),
        parallel=parallel,
    )  # fmt: skip
    found = view(target, frame, 8)
    np.testing.assert_allclose(found, expected + before * adding, atol=1e-5)
    assert_frame_is_zero(target, frame, 8)


@EVERY_MAP
@ON_THREADS
def test_half_the_size(shape, parallel):
    layer = random_layer(4, 8, 2)
    x = np.random.default_rng(2).normal(size=(8, 2 * shape[0], 2 * shape[1]))
    (source, frame), (target, smaller) = as_map(x), as_map(np.zeros((4, *shape)))
    resizing.halve(
        source, frame, target, smaller, *maps.packed(layer), scratch_for(8),
        parallel=parallel,
    )  # fmt: skip
    expected = reference.convolution(x, layer, stride=2)
    np.testing.assert_allclose(view(target, smaller, 4), expected, atol=1e-5)
    assert_frame_is_zero(target, smaller, 4)


@EVERY_MAP
@ON_THREADS
def test_twice_the_size(shape, parallel):
    rng = np.random.default_rng(3)
    layer = random_layer(4, 8, 1)
    x, before = rng.normal(size=(8, *shape)), rng.normal(size=(4, 2 * shape[0], 2 * shape[1]))
    (source, frame), (target, larger) = as_map(x), as_map(before)
    resizing.add_doubled(
        source, frame, target, larger, *maps.packed(layer), scratch_for(8),
        parallel=parallel,
    )  # fmt: skip
    expected = before + reference.convolution(x, layer).repeat(2, axis=1).repeat(2, axis=2)
    np.testing.assert_allclose(view(target, larger, 4), expected, atol=1e-5)
    assert_frame_is_zero(target, larger, 4)


def run(net, h, tile=1024, parallel=False, passes=1):
    out = np.full_like(h, np.nan)
    done = list(convolutions.Convolutions(net, tile, parallel)(h, out, passes))
    assert sum(done) == passes * h.size
    return out


def random_field(shape, seed=4):
    return (3 * np.random.default_rng(seed).normal(size=shape)).astype(np.float32)


@pytest.mark.parametrize("passes", [1, 2])
@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_the_network_is_that_of_the_reference(shape, passes):
    net, h = network(), random_field(shape)
    found, expected = run(net, h, passes=passes), reference.learned_log_odds(h, net, passes)
    assert np.abs(expected - h).max() > 0.01  # the network does something
    np.testing.assert_allclose(found, expected, atol=1e-5)


@pytest.mark.skipif(SLOW, reason="takes long")
@pytest.mark.parametrize(("planes", "middle"), [((32, 40, 48), 3), ((3, 5, 6), 0), ((1, 1, 1), 2)])
def test_channels_and_blocks_are_those_of_the_file(planes, middle):
    net, h = network(planes=planes, middle=middle), random_field((40, 56))
    np.testing.assert_allclose(run(net, h), reference.learned_log_odds(h, net), atol=1e-5)


@pytest.mark.skipif(SLOW, reason="takes long")
@pytest.mark.parametrize("shape", [(1, 1), (7, 13), (100, 203), (257, 130), (176, 96)], ids=str)
def test_tiles_and_threads_change_no_bit(shape):
    net, h = network(), random_field(shape)
    expected = run(net, h, passes=2)
    for tile in (1, 16, 40, 64, 128):
        np.testing.assert_array_equal(run(net, h, tile, passes=2), expected)
    np.testing.assert_array_equal(run(net, h, 64, parallel=True, passes=2), expected)
    np.testing.assert_array_equal(run(net, h, 64), run(net, h))


@pytest.mark.skipif(SLOW, reason="takes long")
@pytest.mark.parametrize("at", [(96, 112), (160, 96)])
def test_a_part_with_its_surroundings_has_the_answer_of_the_whole(at):
    net, h = network(size=0.5), random_field((300, 320))
    far, (top, left) = net.surroundings, at
    begin = top - far, left - far
    whole = run(net, h, passes=2)[top : top + 32, left : left + 48]
    part = np.ascontiguousarray(h[begin[0] : top + 32 + far, begin[1] : left + 48 + far])
    found = run(net, part, passes=2)[far : far + 32, far : far + 48]
    np.testing.assert_array_equal(found, whole)


@pytest.mark.skipif(SLOW, reason="takes long")
def test_no_pixel_beyond_the_radius_matters_and_one_at_it_does():
    net = network(planes=(4, 4, 4), middle=1, seed=5)
    h = random_field((16, 200), seed=6)
    expected, changed = run(net, h), np.zeros((200, 200), bool)
    for at in range(200):
        other = h.copy()
        other[:, at] += 5
        changed[at] = (run(net, other) != expected).any(axis=0)
    reached = np.abs(np.subtract(*np.nonzero(changed)))
    assert reached.max() == net.radius
    for pixel in range(96, 104):
        assert changed[:, pixel].nonzero()[0].min() == net.leftmost(pixel)


@pytest.mark.skipif(SLOW, reason="takes long")
def test_a_picture_that_moves_by_eight_takes_the_answer_along():
    net, h = network(), random_field((200, 240))
    far = net.radius
    a, b = run(net, h), run(net, h[8:, 16:].copy())
    inside = np.s_[far + 8 : 200 - far, far + 16 : 240 - far]
    moved = np.s_[far : 192 - far, far : 224 - far]
    np.testing.assert_allclose(a[inside], b[moved], atol=1e-5)


@pytest.mark.skipif(SLOW, reason="takes long")
@pytest.mark.parametrize("shape", [(7, 13), (100, 203)], ids=str)
def test_another_library_agrees(shape):
    torch = pytest.importorskip("torch")
    from torch.nn import functional

    net, h = network(planes=(32, 40, 48), middle=3), random_field(shape)
    layers = {
        name: tuple(torch.tensor(np.array(part, np.float64)) for part in layer)
        for name, layer in net.layers.items()
    }

    def conv(name, x, **options):
        return functional.conv2d(x, *layers[name], **options)

    def block(name, x):
        inside = conv(f"{name}.a", functional.relu(x), padding=1)
        return x + conv(f"{name}.b", functional.relu(inside), padding=1)

    x = functional.pad(torch.tensor(h).double()[None, None], (0, -shape[1] % 8, 0, -shape[0] % 8))
    x = functional.pixel_unshuffle(torch.cat([torch.tanh(x), x.clip(-8, 8) / 8], 1), 2)
    x, skipped = conv("in", x, padding=1), []
    for level in (0, 1):
        skipped.append(block(f"enc{level}", x))
        x = conv(f"down{level}", skipped[-1], stride=2)
    for k in range(net.middle):
        x = block(f"mid{k}", x)
    for level in (1, 0):
        x = functional.interpolate(conv(f"up{level}", x), scale_factor=2, mode="nearest")
        x = block(f"dec{level}", skipped[level] + x)
    f = functional.pixel_shuffle(conv("out", x, padding=1), 2)[0, 0, : shape[0], : shape[1]].numpy()
    np.testing.assert_allclose(reference.learned_log_odds(h, net), h + f, atol=1e-12)
    np.testing.assert_allclose(run(net, h), h + f, atol=1e-5)
