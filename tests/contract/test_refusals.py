"""What an engine may refuse: by name, before any work, and never a plain small picture."""

import numpy as np
import pytest
from reference import half_plane, random_model

from isingdenoise import ENGINES, Coupling, EngineRefusalError, IsingModel, ParameterError, denoise
from isingdenoise.inference import objection_to

PLAIN = [Coupling.nearest(0.4), Coupling(0.6, 0.3), Coupling.eight(0.3), Coupling.nearest(0.0)]
ODD = {
    "large": IsingModel(np.full((50, 60), 0.3), 0.4),
    "negative": random_model(1, (6, 7), signs=(-1, -1, 1, 1)),
    "frustrated": random_model(2, (6, 7), neighbours=8, signs=(-1, -1, -1, -1)),
    "mixed": random_model(3, (6, 7), neighbours=8, signs=(1, -1, 1, -1)),
}


@pytest.mark.parametrize("coupling", PLAIN, ids=str)
@pytest.mark.parametrize("shape", [(1, 1), (1, 9), (7, 1), (8, 9)], ids=str)
@pytest.mark.parametrize("engine", ENGINES)
def test_no_engine_refuses_a_plain_small_picture(engine, shape, coupling):
    model, _ = half_plane(coupling)
    model = IsingModel(np.resize(model.field, shape), coupling)
    assert objection_to(ENGINES[engine](), model) is None


@pytest.mark.parametrize("odd", ODD)
@pytest.mark.parametrize("name", ENGINES)
def test_a_refusal_names_the_engine_and_the_reason(name, odd):
    model, engine = ODD[odd], ENGINES[name]()
    reason = objection_to(engine, model)
    if reason is None:
        assert engine.quick().solve(model, rng=0).labels.shape == model.shape
        return
    assert reason[0].islower()
    assert "\n" not in reason
    with pytest.raises(EngineRefusalError) as caught:
        engine.solve(model)
    assert str(caught.value) == f"engine: {name} {reason}"
    assert isinstance(caught.value, ParameterError)
    assert (caught.value.engine, caught.value.reason) == (name, reason)


def test_denoise_hands_a_refusal_on(monkeypatch):
    kind = ENGINES["mf"]
    monkeypatch.setattr(kind, "objection", lambda self, model: "needs more", raising=False)
    with pytest.raises(EngineRefusalError, match="mf needs more"):
        from isingdenoise.inference.base import check_engine_can_solve

        check_engine_can_solve(kind(), ODD["large"])
    monkeypatch.setattr(kind, "solve", lambda self, model, **_: check_engine_can_solve(self, model))
    with pytest.raises(EngineRefusalError, match="mf needs more"):
        denoise(np.eye(5) > 0, "flip", coupling=0.3)
