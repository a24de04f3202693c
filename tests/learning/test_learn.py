"""What `learn` promises of many pages of one scanner."""

import json
import math
import pickle
import warnings
from functools import cache

import numpy as np
import pytest
from noise_examples import parameters
from scanner import content, folder_of, scanned

from isingdenoise import (
    Calibration,
    Coupling,
    FlipNoise,
    GaussianNoise,
    NoiseSpec,
    ParameterError,
    PoissonNoise,
    ReadError,
    SaltPepperNoise,
    denoise,
    estimate,
)
from isingdenoise.learning import LEFT_ALONE, learn
from isingdenoise.learning.patterns import are_patterns_kept
from isingdenoise.learning.svi import State, learn_stepwise, visits
from isingdenoise.learning.svi._looks import PageReader
from isingdenoise.metrics import bit_error_rate

GREY = GaussianNoise(40.0, (60.0, 190.0))
NOISES = {
    "gaussian": GREY,
    "flip": FlipNoise(0.08),
    "salt-pepper": SaltPepperNoise(0.06, 0.04, 25.0, (64.0, 191.0), (0.0, 255.0)),
}
PAGES = 20


@cache
def folder(kind):
    return folder_of(NOISES[kind], PAGES)


@cache
def learned(kind, **settings):
    settings = {"batch_size": 5, **settings}
    return learn(folder(kind)[1], **settings)


@cache
def looks(kind):
    """Return what each page says of itself."""
    reader = PageReader(NoiseSpec(kind), "detect", 3)
    return [reader.look(k, x).noise for k, x in enumerate(folder(kind)[1])]


STRENGTHS = ("horizontal", "vertical", "diagonal")


def near(one, other, errors, *, but=()):
    """Insist on the same numbers within so many errors of theirs."""
    assert one.spread.keys() == other.spread.keys()
    for name in one.spread.keys() - set(but):
        mine = one.spread[name]
        theirs = other.spread[name]
        scale = math.hypot(mine.error, theirs.error)
        assert abs(mine.value - theirs.value) <= errors * scale, (name, mine, theirs)


# -------------------------------------------------------------------- recovered


@pytest.mark.slow
@pytest.mark.parametrize("kind", NOISES)
def test_it_comes_closer_than_single_pages_and_tells_how_close(kind):
    found, true = learned(kind), parameters(NOISES[kind])
    assert found.noise.name == kind
    assert found.apart == ()
    assert found.pages == len(found.fits) == PAGES
    singles = [parameters(noise) for noise in looks(kind)]
    mine, closer = parameters(found.noise), []
    for name, value in true.items():
        usual = np.median([abs(single[name] - value) for single in singles])
        if usual > 0:
            closer.append(abs(mine[name] - value) / usual)
    assert np.mean(closer) < 0.6
    spreads = [
        s for n, s in found.spread.items() if n not in ("horizontal", "vertical", "diagonal")
    ]
    off = [(s.value - value) / s.error for s, value in zip(spreads, true.values(), strict=True)]
    assert np.sqrt(np.mean(np.square(off))) < 2.5
    for name, spread in zip(true, spreads, strict=True):
        scatter = np.std([single[name] for single in singles])
        if scatter > 0:
            assert spread.pages == pytest.approx(scatter, rel=0.6)
            assert spread.error < spread.pages / 3


@pytest.mark.slow
@pytest.mark.parametrize("kind", NOISES)
def test_pages_are_cleaned_as_well_as_by_their_own_estimates(kind):
    """Bit errors with what was learned are at most 1.05 times those of each page by itself."""
    found, (clean, pages) = learned(kind), folder(kind)
    own, common = 0.0, 0.0
    for z, x in zip(clean, pages, strict=True):
        own += bit_error_rate(denoise(x, engine="mf").image, z)
        common += bit_error_rate(denoise(x, found.noise, coupling=found.coupling).image, z)
    assert common <= 1.05 * own


def test_soft_labels_would_be_worse(sample):
    """The control: expected statistics under mean field put flips off, the pages' own do not."""
    true, clean = FlipNoise(0.1), sample("text", "clean")
    off = []
    for k in range(8):
        x = scanned(true, clean[40 * k : 40 * k + 192, 20 * k : 20 * k + 192], k)
        found = estimate(x, "flip")
        mean = denoise(x, found.noise, engine="mf", coupling=found).solution.mean
        off.append([found.noise.fit(x, mean).probability, found.noise.probability])
    soft, own = np.abs(np.log(np.median(off, axis=0) / true.probability))
    assert own < 0.03
    assert soft > 3 * own
    assert soft > 0.1


# ------------------------------------------------------------------ the same answer


@pytest.mark.slow
@pytest.mark.parametrize(
    "settings",
    [
        {"step": "adaptive"},
        {"method": "svrg"},
        {"rng": 1},
        {"rng": 2, "batch_size": 3},
        {"batch_size": 20},
    ],
    ids=str,
)
def test_rules_seeds_and_batches_come_to_the_same(settings):
    one, other = learned("gaussian"), learned("gaussian", **settings)
    near(one, other, 3.0)
    assert one.noise != other.noise or settings == {"method": "svrg"}


@pytest.mark.slow
def test_the_order_of_pages_changes_little_and_the_same_call_nothing():
    pages = folder("gaussian")[1]
    near(learned("gaussian"), learn(pages[::-1], batch_size=5), 3.0)
    again = learn(pages, batch_size=5)
    assert again.record() == learned("gaussian").record()
    assert again.state.record() == learned("gaussian").state.record()


@pytest.mark.slow
@pytest.mark.parametrize("once", [False, True])
def test_the_second_half_added_later_gives_what_both_give(once):
    pages = folder("gaussian")[1]
    half = learn(pages[:10], batch_size=5)
    before = half.state.record()
    both = half.update(iter(pages[10:]) if once else pages[10:])
    assert (both.pages, len(both.fits)) == (20, 10)
    assert half.state.record() == before
    near(both, learned("gaussian"), 3.0)
    for name in both.spread.keys() - set(STRENGTHS):
        assert both.spread[name].error < half.spread[name].error
    again = State.from_record(json.loads(json.dumps(half.state.record())))
    later = learn(pages[10:], batch_size=5, start=again)
    assert later.record() == half.update(pages[10:]).record()


@pytest.mark.slow
def test_a_stream_is_gone_through_once():
    taken = []

    def stream():
        for k, x in enumerate(folder("gaussian")[1]):
            taken.append(k)
            yield x

    found = learn(stream(), batch_size=5)
    assert taken == list(range(PAGES))
    near(found, learned("gaussian"), 3.0, but=STRENGTHS)
    near(found, learned("gaussian", epochs=0), 3.0)
    assert all(fit.fits for fit in found.fits)


def test_no_more_than_a_minibatch_is_in_memory():
    alive = set()

    class Page(np.ndarray):
        def __del__(self):
            alive.discard(id(self))

    most = []

    def stream():
        for x in folder("flip")[1]:
            page = x.view(Page)
            alive.add(id(page))
            yield page
            del page
            most.append(len(alive))

    learn(stream(), "flip", batch_size=4)
    assert max(most) <= 5
    assert learned("gaussian", epochs=0).pages == PAGES


# ---------------------------------------------------------------- pages of other kinds


def odd_pages():
    z, rng = content(900), np.random.default_rng(5)

    def grey(x):
        return np.clip(np.rint(x), 0, 255).astype(np.uint8)

    lit = np.where(z, 190.0, 60.0) * np.linspace(1, 0.35, z.shape[1])
    return {
        "sigma": scanned(GaussianNoise(60.0, GREY.levels), z, 900),
        "level": 240 - scanned(GREY, z, 900),
        "blank": grey(190 + 40 * rng.standard_normal(z.shape)),
        "flip": scanned(FlipNoise(0.08), z, 900),
        "leave": grey(np.where(z, 190.0, 60.0)),
        "salt": scanned(SaltPepperNoise(0.06, 0.06, 40.0, GREY.levels, (0.0, 255.0)), z, 900),
        "light": grey(lit + 8 * rng.standard_normal(z.shape)),
        "deep": (scanned(GREY, z, 900) * np.uint16(200)).astype(np.uint16),
        "tiny": np.array([[190]], np.uint8),
    }


@pytest.mark.slow
@pytest.mark.parametrize("noise", ["auto", "gaussian"])
def test_pages_of_another_kind_are_named_and_change_little(noise):
    odd, pages = odd_pages(), folder("gaussian")[1]
    found = learn([*pages, *odd.values()], noise, batch_size=5)
    named = {fit.page: fit.reason for fit in found.apart}
    assert set(named) == set(range(PAGES, PAGES + len(odd)))
    assert "sigma is " in named[PAGES]
    if noise == "auto":
        assert "leaves it alone" in named[PAGES + list(odd).index("leave")]
        assert "flip" in named[PAGES + list(odd).index("flip")]
        assert "uneven" in named[PAGES + list(odd).index("light")]
        for name, spread in learned("gaussian").spread.items():
            assert abs(found.spread[name].value - spread.value) < 4 * spread.error
    assert found.noise.sigma == pytest.approx(40, rel=0.02)


@pytest.mark.slow
def test_clean_pages_are_left_to_themselves():
    """Where most pages need no cleaning, no noise is imputed to any."""
    clean = [np.where(content(k), 190, 60).astype(np.uint8) for k in range(6)]
    found = learn([*clean, *folder("gaussian")[1][:3]])
    assert found.noise is None
    assert found.coupling is None
    assert found.options() == {"noise": "auto"}
    assert "6 of 9 pages need no cleaning" in found.notes[0]
    assert [fit.assumed for fit in found.fits[:6]] == [LEFT_ALONE] * 6
    few = learn([*clean[:2], *folder("gaussian")[1][:7]])
    assert few.noise is not None
    assert [fit.page for fit in few.apart] == [0, 1]


def test_mixed_folders_are_no_scanner():
    mixed = [*folder("gaussian")[1][:3], *folder("flip")[1][:3]]
    found = learn(mixed, epochs=0)
    assert found.noise is None
    assert "no noise model is that of most of 6 pages" in found.notes[0]


def test_rare_flips_leave_the_coupling_to_each_page():
    """Pixels whose pattern repeats are looked for only where the coupling is estimated."""
    found = learn(folder_of(FlipNoise(0.01), 6)[1], "flip", epochs=0)
    assert isinstance(found.coupling, Coupling)
    assert set(found.options()) == {"noise", "flip_prob", "levels"}
    assert "noise is rare" in found.notes[0]
    assert "coupling" in learn(folder("flip")[1][:6], "flip", epochs=0).options()


@pytest.mark.parametrize(
    ("noise", "kept"),
    [
        (FlipNoise(0.01), True),
        (FlipNoise(0.08), False),
        (GaussianNoise(15.0, GREY.levels), True),
        (GREY, False),
        (PoissonNoise((5.0, 20.0)), False),
        (PoissonNoise((50.0, 500.0)), True),
        (SaltPepperNoise(0.1, 0.2, 0.0, (64.0, 191.0), (0.0, 255.0)), False),
    ],
)
def test_patterns_are_kept_where_noise_is_rare(noise, kept):
    assert are_patterns_kept(noise) is kept


# ------------------------------------------------------------------------ manners


def test_pages_that_cannot_be_had_are_told_of():
    class Pages(list):
        def __getitem__(self, k):
            if k == 2:
                raise ReadError("two.png", "is damaged")
            return super().__getitem__(k)

    pages = Pages([*folder("flip")[1][:5], np.full((4, 4), np.nan), "no picture", np.zeros(3)])
    found = learn(pages, "flip", epochs=1)
    assert [fit.page for fit in found.failed] == [2, 5, 6, 7]
    assert [fit.page for fit in found.fits] == list(range(8))
    assert found.pages == 4
    assert found.apart == ()
    assert all(math.isfinite(spread.value) for spread in found.spread.values())


def test_no_pages_and_one():
    nothing = learn([])
    assert (nothing.noise, nothing.pages, nothing.fits) == (None, 0, ())
    json.dumps(nothing.record())
    one = learn(folder("flip")[1][:1], "flip")
    assert one.noise.probability == pytest.approx(looks("flip")[0].probability, rel=0.02)
    np.testing.assert_allclose(one.noise.levels, (-1, 1), atol=1e-6)


def test_what_is_given_is_kept_and_pages_are_untouched():
    pages = [x.copy() for x in folder("gaussian")[1][:4]]
    for x in pages:
        x.flags.writeable = False
    found = learn(pages, NoiseSpec("gaussian", sigma=38.0), epochs=1)
    assert found.noise.sigma == pytest.approx(38.0, rel=1e-6)
    given = learn(pages, GREY, epochs=1)
    assert given.noise.sigma == pytest.approx(40.0, rel=1e-6)
    np.testing.assert_array_equal(pages[0], folder("gaussian")[1][0])


def test_it_is_plain_and_travels():
    found = learn(folder("flip")[1][:4], "flip", epochs=1)
    record = found.record()
    assert json.loads(json.dumps(record)) == record
    again = pickle.loads(pickle.dumps(found))
    assert again.record() == record
    assert isinstance(found.calibration, Calibration)
    assert found.fits[0].record()["page"] == 0


def test_steps_tell_each_visit():
    pages = folder("flip")[1][:4]
    for method in ("plain", "svrg"):
        done = list(learn_stepwise(pages, "flip", epochs=2, method=method))
        assert len(done) == visits(4, epochs=2, method=method)
        assert set(done) == {0, 1, 2, 3}


@pytest.mark.parametrize(
    ("name", "wrong"),
    [
        ("batch_size", 0),
        ("batch_size", 1.5),
        ("epochs", -1),
        ("step", "big"),
        ("method", 3),
        ("background", "dark"),
        ("noise", "pink"),
        ("noise", 3),
        ("rng", -1),
    ],
)
def test_settings_are_checked_at_once(name, wrong):
    with pytest.raises(ParameterError, match=f"^{name}: "):
        learn_stepwise([], **{name: wrong})


def test_nothing_is_warned_of():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        learn([*folder("flip")[1][:3], np.zeros((8, 8), np.uint8)], epochs=1)
