"""The napari plugin, headless: its manifest, and layers through a viewer without a window."""

from pathlib import Path
from types import SimpleNamespace
from typing import get_type_hints

import numpy as np
import pytest

from isingdenoise import FlipNoise, ParameterError, denoise, plugins
from isingdenoise.plugins.napari import denoise_layer

CLEAN = np.kron(np.eye(4), np.ones((12, 12))) > 0
NOISY = np.where(FlipNoise(0.08).sample(CLEAN, np.random.default_rng(2)) > 0, 180, 60)
NOISY = NOISY.astype(np.uint8)


@pytest.fixture
def napari():
    return imported("napari")


@pytest.fixture
def viewer(napari):
    return imported("napari.components").ViewerModel()


@pytest.mark.filterwarnings("ignore")
def imported(name):
    """Return a module, or skip; what it warns of when it loads is its own affair."""
    import warnings

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return pytest.importorskip(name, reason=f"{name} is not installed")


def layer_of(data, viewer, **options):
    return viewer.add_image(data, name="cells", **options)


def add(viewer, found):
    return [viewer._add_layer_from_data(*each)[0] for each in found]


pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings("ignore")]


def test_the_manifest_is_valid_and_its_command_is_there():
    npe2 = imported("npe2")
    path = Path(plugins.__file__).parent / "napari.yaml"
    manifest = npe2.PluginManifest.from_file(path)
    manifest.validate_imports()
    (command,) = manifest.contributions.commands
    assert command.python_name == "isingdenoise.plugins.napari:denoise_layer"
    (widget,) = manifest.contributions.widgets
    assert (widget.command, widget.autogenerate) == (command.id, True)


def test_the_form_can_be_made_of_the_arguments(napari):
    magicgui = imported("magicgui.signature")
    fields = magicgui.magic_signature(denoise_layer).parameters
    assert list(fields) == ["layer", "noise", "engine", "coupling"]
    space = {"napari": napari, **vars(imported("isingdenoise.plugins.napari"))}
    assert get_type_hints(denoise_layer, space)["layer"] is napari.layers.Image


def test_an_image_becomes_labels_and_probabilities_in_its_place(viewer):
    layer = layer_of(NOISY, viewer, scale=(0.5, 0.25), translate=(3, 4))
    labels, sure = add(viewer, denoise_layer(layer, "flip", coupling=0.6))
    expected = denoise(NOISY, "flip", engine="mf", coupling=0.6)
    np.testing.assert_array_equal(labels.data, expected.image)
    np.testing.assert_array_equal(sure.data, expected.probability)
    assert type(labels).__name__ == "Labels"
    assert type(sure).__name__ == "Image"
    for made in (labels, sure):
        np.testing.assert_array_equal(made.scale, (0.5, 0.25))
        np.testing.assert_array_equal(made.translate, (3, 4))
    assert [made.name for made in viewer.layers] == ["cells", "cells clean", "cells P(bright)"]
    np.testing.assert_array_equal(layer.data, NOISY)


def test_probabilities_of_a_classifier_are_taken_for_such(viewer):
    rng = np.random.default_rng(0)
    verdicts = np.clip(np.where(CLEAN, 0.8, 0.2) + rng.normal(scale=0.25, size=CLEAN.shape), 0, 1)
    layer = layer_of(verdicts.astype(np.float32), viewer)
    labels, sure = denoise_layer(layer, "probability")
    assert np.mean(labels[0] != CLEAN) < np.mean((verdicts > 0.5) != CLEAN) / 2
    assert 0 <= sure[0].min() <= sure[0].max() <= 1


def test_a_stack_is_denoised_plane_by_plane(viewer):
    stack = np.stack([NOISY, 255 - NOISY])[None]
    labels, sure = denoise_layer(layer_of(stack, viewer), "flip", coupling=0.6)
    assert labels[0].shape == sure[0].shape == stack.shape
    for number in range(2):
        alone = denoise(stack[0, number], "flip", engine="mf", coupling=0.6)
        np.testing.assert_array_equal(labels[0][0, number], alone.image)


def test_an_engine_of_labels_alone_gives_no_probabilities(viewer):
    (labels,) = denoise_layer(layer_of(NOISY, viewer), "flip", "icm", 0.6)
    assert labels[2] == "labels"


def test_a_pyramid_gives_its_finest_picture(viewer):
    layer = layer_of([NOISY, NOISY[::2, ::2]], viewer, multiscale=True)
    assert denoise_layer(layer, "flip", coupling=0.6)[0][0].shape == NOISY.shape


def test_colours_are_refused_in_words(viewer):
    layer = layer_of(np.zeros((8, 9, 3), np.uint8), viewer, rgb=True)
    with pytest.raises(ParameterError, match="layer: has colours; split them"):
        denoise_layer(layer)
    with pytest.raises(ParameterError, match="must have two axes or more, not 1"):
        denoise_layer(SimpleNamespace(data=np.zeros(3), name="line"))


def test_what_is_cancelled_ends_at_once(viewer, monkeypatch):
    progress = imported("napari.utils").cancelable_progress
    monkeypatch.setattr(progress, "update", lambda bar, count: bar.cancel())  # within a solve
    labels, sure = denoise_layer(layer_of(np.stack([NOISY] * 3), viewer), "flip", coupling=0.6)
    assert labels[0][0].any()
    assert not labels[0][1:].any()
    assert np.isnan(sure[0][1:]).all()


def test_what_was_assumed_is_shown(viewer):
    shown = []
    manager = imported("napari.utils.notifications").notification_manager
    manager.notification_ready.connect(lambda event: shown.append(event.message))
    denoise_layer(layer_of(np.full((12, 12), 9, np.uint8), viewer), "gaussian", coupling=0.6)
    assert shown
