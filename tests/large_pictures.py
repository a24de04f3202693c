"""Pictures on the disk for what works on parts of them: Zarr stores and TIFFs in tiles."""

import numpy as np
import pytest
import tifffile

zarr = pytest.importorskip("zarr")  # of the extra, as dask is
pytest.importorskip("dask.array")

OME_AXES = [
    {"name": "t", "type": "time"},
    {"name": "c", "type": "channel"},
    {"name": "z", "type": "space", "unit": "micrometer"},
    {"name": "y", "type": "space", "unit": "micrometer"},
    {"name": "x", "type": "space", "unit": "micrometer"},
]


def blobs(shape, seed=0):
    """Return a two-level picture of shapes of many sizes."""
    y, x = np.indices(shape)
    rng = np.random.default_rng(seed)
    total = np.zeros(shape)
    for _ in range(12):
        a, b, phase = rng.normal(0, 0.15), rng.normal(0, 0.15), rng.uniform(0, 6.3)
        total += np.sin(a * y + b * x + phase)
    return total > 0


def grey(shape, seed=0, sigma=60):
    """Return a grey picture in Gaussian noise, uint8."""
    rng = np.random.default_rng(seed + 1)
    noisy = np.where(blobs(shape, seed), 190, 70) + sigma * rng.standard_normal(shape)
    return np.clip(noisy, 0, 255).astype(np.uint8)


def flipped(shape, seed=0, share=0.12):
    """Return a two-level picture in flips."""
    return blobs(shape, seed) ^ (np.random.default_rng(seed + 2).random(shape) < share)


def store(path, pixels, chunks=(64, 64), zarr_format=3, **more):
    """Write a Zarr array."""
    array = zarr.create_array(
        store=str(path), shape=pixels.shape, chunks=chunks, dtype=pixels.dtype,
        zarr_format=zarr_format, **more,
    )  # fmt: skip
    array[...] = pixels
    return path


def ome(path, pixels, zarr_format=3, levels=3, chunk=64, channels=1):
    """Write an OME-Zarr image with a pyramid: version 0.4 in Zarr 2, 0.5 in Zarr 3."""
    group = zarr.open_group(str(path), mode="w", zarr_format=zarr_format)
    datasets = []
    for level in range(levels):
        scale = {"type": "scale", "scale": [1, 1, 1, 0.5 * 2**level, 0.5 * 2**level]}
        datasets.append({"path": str(level), "coordinateTransformations": [scale]})
        small = pixels[:: 2**level, :: 2**level]
        encoding = {"name": "v2", "separator": "/"} if zarr_format == 2 else None
        array = group.create_array(
            str(level), shape=(1, channels, 1, *small.shape), chunks=(1, 1, 1, chunk, chunk),
            dtype=pixels.dtype, chunk_key_encoding=encoding,
        )  # fmt: skip
        array[...] = np.broadcast_to(small, array.shape)
    image = {"name": "slide", "axes": OME_AXES, "datasets": datasets}
    omero = {"channels": [{"label": "DAPI", "color": "0000FF", "window": {"min": 0, "max": 9}}]}
    if zarr_format == 2:
        group.attrs.update({"multiscales": [{**image, "version": "0.4"}], "omero": omero})
    else:
        group.attrs.update({"ome": {"version": "0.5", "multiscales": [image], "omero": omero}})
    return path


def tiff(path, pixels, **more):
    """Write a TIFF in tiles."""
    how = {"tile": (64, 64), "compression": "zlib", "resolution": (300, 300), **more}
    tifffile.imwrite(path, pixels, **how)
    return path


def bright(path):
    """Return the pixels of a clean store, or of the first level of a group."""
    node = zarr.open(str(path), mode="r")
    if isinstance(node, zarr.Group):
        node = node["0"]
    pixels = np.asarray(node[...])
    assert set(np.unique(pixels)) <= {0, 255}
    return pixels.reshape(pixels.shape[-2:]) > 0
