"""What is known of the noise before the picture is seen."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from ..errors import ParameterError
from ..validation import check_choice
from .base import NoiseModel, scaled
from .models import NOISE_MODELS
from .parameters import parameters_of, relatives_of

__all__ = ["AUTO", "NoiseSpec"]

#: The name that stands for a choice among the models.
AUTO: Final = "auto"


@dataclass(frozen=True, init=False, repr=False)
class NoiseSpec:
    """A noise model by name: what is known is given, the rest estimated from the picture.

    ``NoiseSpec("gaussian", sigma=12.0)`` knows sigma and looks for the levels;
    ``GaussianNoise(sigma=12.0)`` has the levels -1 and +1.

    Parameters
    ----------
    name : str
        A name of `NOISE_MODELS`, or "auto", with which no parameter goes.
    **known
        Parameters of the model, in its own units (grey values, shares); None
        for what is to be estimated. A spread may be given relative to the
        levels instead, whatever they turn out to be: `sigma_unit` is sigma
        on the scale where black is -1 and white +1, and so are `sigmas_unit`
        and `scale_unit`.

    Attributes
    ----------
    name : str
    known : tuple of (str, value)
        What is given.

    Raises
    ------
    ParameterError
        An unknown name, a parameter that the model does not have, or a value
        that it refuses.

    Examples
    --------
    >>> import numpy as np
    >>> x = np.random.default_rng(0).normal(np.repeat([60.0, 190.0], 500), 12.0).reshape(25, 40)
    >>> noise = NoiseSpec("gaussian", sigma=12.0).from_image(x)
    >>> noise.sigma, [round(level, -1) for level in noise.levels]
    (12.0, [60.0, 190.0])
    """

    name: str
    known: tuple[tuple[str, Any], ...]

    def __init__(self, name: str = AUTO, /, **known: Any) -> None:
        check_choice("noise", name, [AUTO, *NOISE_MODELS])
        given = {key: value for key, value in known.items() if value is not None}
        object.__setattr__(self, "name", name)
        object.__setattr__(self, "known", tuple(self._checked(given).items()))

    def __repr__(self) -> str:
        known = (f"{key}={value!r}" for key, value in self.known)
        return f"NoiseSpec({', '.join([repr(self.name), *known])})"

    def _checked(self, given: Mapping[str, Any]) -> dict[str, Any]:
        """Return what is given as plain numbers."""
        if self.name == AUTO:
            for key in given:
                raise ParameterError(key, f"does not go with noise {AUTO}; name the model")
            return {}
        kind = NOISE_MODELS[self.name]
        parameters = parameters_of(kind)
        relative = relatives_of(kind)
        for key in given:
            if key not in parameters and key not in relative:
                having = ", ".join([*parameters, *relative])
                message = f"is no parameter of noise model {self.name}, which has {having}"
                raise ParameterError(key, message)
            if relative.get(key) in given:
                raise ParameterError(key, f"does not go with {relative[key]}; give one of them")
        values = {relative.get(key, key): value for key, value in given.items()}
        try:
            model = kind(**values)  # the rest by default: relative spreads fit the levels -1 and +1
        except ParameterError as error:
            written = next((k for k in given if relative.get(k) == error.parameter), None)
            if written is None:
                raise
            raise ParameterError(written, error.message) from None
        return {key: getattr(model, relative.get(key, key)) for key in given}

    def record(self) -> dict[str, Any]:
        """Return name and parameters as plain values."""
        return {"name": self.name, **dict(self.known)}

    def model(self, **more: Any) -> NoiseModel:
        """Return the model of what is known, the rest by default: relative spreads about -1 and +1.

        Parameters
        ----------
        **more
            Parameters of the model beside those known.
        """
        relative = relatives_of(NOISE_MODELS[self.name])
        known = {relative.get(key, key): value for key, value in self.known}
        return NOISE_MODELS[self.name](**{**more, **known})

    def model_about(
        self, levels: tuple[float, float], limits: tuple[float, float] | None, **more: Any
    ) -> NoiseModel:
        """Return the model about these levels; spreads known in grey values stay as they are.

        Parameters
        ----------
        levels : tuple of float
            Grey values of black and white.
        limits : tuple of float or None
            Where the scale ends, as in `NoiseModel.on_scale`.
        **more
            Parameters beside those known, on the scale of -1 and +1.
        """
        known = parameters_of(NOISE_MODELS[self.name])
        grey: Any = {key: v for key, v in self.known if key in known and known[key].relative}
        moved: Any = self.model(**more).on_scale(levels, limits)
        model: NoiseModel = replace(moved, **grey)
        return model

    def from_image(self, x: NDArray[Any], *, mask: NDArray[np.bool_] | None = None) -> NoiseModel:
        """Return the model of a picture: what is known, and the rest estimated.

        Parameters
        ----------
        x : ndarray, shape (H, W)
            The noisy picture.
        mask : ndarray of bool, shape (H, W), optional
            False where a pixel is missing.

        Raises
        ------
        ParameterError
            Of "auto", or what is known does not fit the picture.

        Warns
        -----
        EstimationWarning
            Something cannot be estimated from this picture.
        """
        if self.name == AUTO:
            raise ParameterError("noise", f"{AUTO} is no model; resolve_noise chooses one")
        names = relatives_of(NOISE_MODELS[self.name])
        known = dict(self.known)
        relative = {names[key]: known.pop(key) for key in [*known] if key in names}
        levels = known.get("levels")
        if levels is not None:
            known |= _on_levels(relative, levels)
        model = NOISE_MODELS[self.name].from_image(x, mask=mask, **known)
        if levels is None and relative:
            changed: Any = _on_levels(relative, model.levels)
            model = replace(model, **changed)  # type: ignore[type-var]
        return model


def _on_levels(relative: Mapping[str, Any], levels: tuple[float, float]) -> dict[str, Any]:
    """Return relative spreads in grey values."""
    half = (levels[1] - levels[0]) / 2
    return {name: scaled(value, half) for name, value in relative.items()}
