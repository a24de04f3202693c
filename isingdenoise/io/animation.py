"""Frames of a probability in the course of time, as a GIF, WebP or MP4."""

from __future__ import annotations

import io
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import numpy as np

from isingdenoise.errors import ParameterError, printable

if TYPE_CHECKING:
    from PIL.Image import Image

__all__ = ["ANIMATIONS", "Film", "check_animation"]

ANIMATIONS = MappingProxyType({".gif": "GIF", ".webp": "WEBP", ".mp4": "MP4"})
"""The kinds of animations, by the extension of the file."""

Array = np.ndarray[Any, Any]

_LARGEST, _LARGE = 720, 480  # pixels: more are shrunk, and small pictures enlarged up to the second
_NARROWEST = 360  # room for a line of text
_STRIP, _TEXT, _MARGIN = 26, 14, 8
#: The palette: probabilities, then what is between paper and ink of the line of text.
_SHADES, _GREYS = 244, 12
_PAPER, _INK = (235, 235, 235), (20, 20, 20)
#: As pictures of probabilities everywhere: sure pixels are black and white, doubtful ones teal.
_COLOURS = ((0, 0, 0), (0, 134, 139), (255, 255, 255))
_RATE = 10  # frames a second of a video, which holds each as often as it lasts


def check_animation(path: Path) -> str:
    """Return the kind of an animation by its name, before any work.

    Parameters
    ----------
    path : pathlib.Path
        The file; it need not exist.

    Returns
    -------
    str
        A value of `ANIMATIONS`.

    Raises
    ------
    ParameterError
        Its extension is of no animation, or no encoder of videos is installed.
    """
    kind = ANIMATIONS.get(path.suffix.lower())
    if kind is None:
        known = " ".join(ANIMATIONS)
        raise ParameterError("animation", f"{printable(path)} must end in one of {known}")
    if kind == "MP4" and find_spec("imageio_ffmpeg") is None:
        raise ParameterError(
            "animation",
            "an .mp4 needs an encoder: pip install 'isingdenoise[video]', or use .gif or .webp",
        )
    return kind


@dataclass
class Film:
    """Frames, each as few bytes as it is shown with.

    Attributes
    ----------
    frames : list of (ndarray of uint8, str, float)
        Shades, the line of text below, and seconds.
    """

    frames: list[tuple[Array, str, float]] = field(default_factory=list)

    def add(self, probability: Array, text: str, seconds: float) -> None:
        """Add a frame.

        Parameters
        ----------
        probability : ndarray, shape (H, W)
            In [0, 1], the same shape for all. Large ones are shrunk by area.
        text : str
            Below the picture.
        seconds : float
            How long it is shown.
        """
        self.frames.append((_shades(probability), text, seconds))

    def encode(self, kind: str) -> bytes:
        """Return the film as the bytes of a file, which plays again and again.

        Parameters
        ----------
        kind : str
            A value of `ANIMATIONS`.

        Raises
        ------
        ParameterError
            The encoder of videos fails.
        """
        images = [_drawn(shades, text) for shades, text, _ in self.frames]
        lasting = [seconds for _, _, seconds in self.frames]
        if kind == "MP4":
            return _video(images, lasting)
        options: dict[str, Any] = {"optimize": False}
        if kind == "WEBP":
            images = [image.convert("RGB") for image in images]
            options = {"lossless": True}
        buffer = io.BytesIO()
        images[0].save(
            buffer,
            kind,
            save_all=True,
            append_images=images[1:],
            duration=[round(1000 * seconds) for seconds in lasting],
            loop=0,
            **options,
        )
        return buffer.getvalue()


def _shades(probability: Array) -> Array:
    """Return shades of a size that can be shown: one shade a pixel or block of pixels."""
    from PIL import Image

    height, width = probability.shape
    longest = max(height, width)
    if longest > _LARGEST:
        share = _LARGEST / longest
        size = (max(1, round(width * share)), max(1, round(height * share)))
        grey = Image.fromarray(np.asarray(probability, np.float32))
        probability = np.asarray(grey.resize(size, Image.Resampling.BOX))
    shades = np.rint(np.clip(probability, 0, 1) * (_SHADES - 1)).astype(np.uint8)
    times = max(1, _LARGE // longest)
    enlarged: Array = shades.repeat(times, axis=0).repeat(times, axis=1)
    return enlarged


def _drawn(shades: Array, text: str) -> Image:
    """Return a frame with its line of text, as a picture with a palette."""
    from PIL import Image, ImageDraw, ImageFont

    height, width = shades.shape
    font = ImageFont.load_default(_TEXT)
    wide = max(width, _NARROWEST)
    size = (wide + wide % 2, height + _STRIP + height % 2)  # videos want even numbers
    ink = Image.new("L", size)
    at = (_MARGIN, size[1] - _STRIP / 2)
    ImageDraw.Draw(ink).text(at, text, fill=_GREYS - 1, font=font, anchor="lm")
    places = np.asarray(ink) + np.uint8(_SHADES)
    left = (size[0] - width) // 2
    places[:height, left : left + width] = shades
    image = Image.fromarray(places)
    image.putpalette(_palette())
    return image


def _palette() -> bytes:
    at = np.linspace(0, len(_COLOURS) - 1, _SHADES)
    stops = np.arange(len(_COLOURS))
    shades = [np.interp(at, stops, [colour[k] for colour in _COLOURS]) for k in range(3)]
    rows = np.vstack([np.transpose(shades), np.linspace(_PAPER, _INK, _GREYS)])
    return bytes(np.rint(rows).astype(np.uint8))


def _video(images: list[Image], lasting: list[float]) -> bytes:
    """Return an MP4 (H.264), by way of a temporary file: encoders write to names alone."""
    import imageio_ffmpeg

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "film.mp4")
        try:
            writer = imageio_ffmpeg.write_frames(
                str(path), images[0].size, fps=_RATE, macro_block_size=2, ffmpeg_log_level="error"
            )
            writer.send(None)
            for frame in _repeated(images, lasting):
                writer.send(frame)
            writer.close()
            return path.read_bytes()
        except (OSError, RuntimeError) as error:
            reason = printable(str(error).strip().splitlines()[-1] if str(error) else "no word")
            message = f"the encoder of .mp4 fails ({reason[:200]}); use .gif or .webp"
            raise ParameterError("animation", message) from error


def _repeated(images: list[Image], lasting: list[float]) -> Iterator[bytes]:
    for image, seconds in zip(images, lasting, strict=True):
        data = image.convert("RGB").tobytes()
        for _ in range(max(1, round(_RATE * seconds))):
            yield data
