"""Parts fit together: their pixels are those of the whole picture, however it was cut."""

import numpy as np
import pytest
from large_pictures import bright, flipped, grey, store

from isingdenoise import ICM, Coupling, FlipNoise, GaussianNoise, IsingModel, MeanField, denoise
from isingdenoise.backends import packed
from isingdenoise.chunked import Cut, denoise_chunked
from isingdenoise.chunked.borders import across_borders
from isingdenoise.chunked.grid import Box, Grid
from isingdenoise.chunked.recipe import Recipe
from isingdenoise.chunked.solving import Edges, solve_part
from isingdenoise.inference._parts import REACH
from isingdenoise.pipeline import CleanOptions

SHAPE = (307, 421)
FOUR, EIGHT = Coupling.nearest(0.75), Coupling.eight(0.5, 0.25)
ALL_STRENGTHS = Coupling(0.6, 0.5, 0.2, -0.1)


def model_of(seed, coupling, shape=SHAPE, spread=0.8):
    """Return a model with a random field, and a start."""
    rng = np.random.default_rng(seed)
    field = rng.normal(0, spread, shape).astype(np.float32)
    return IsingModel(field, coupling), np.tanh(field)


def mean_of_part(engine, model, start, left):
    """Return the means of a part, and updates, residual and whether it converged."""
    mean, _, *how = engine.solve_part(model, start, left)
    return mean, how


def cut_out(model, start, box):
    """Return the part of a model that lies in a box."""
    part = IsingModel(np.ascontiguousarray(model.field[box.slices]), model.coupling)
    return part, np.ascontiguousarray(start[box.slices])


@pytest.mark.parametrize("coupling", [FOUR, EIGHT, ALL_STRENGTHS], ids=str)
def test_sweeps_of_a_part_are_those_of_the_whole_picture_to_the_bit(coupling):
    model, start = model_of(0, coupling)
    sweeps = 8
    engine = MeanField(schedule="checkerboard", tol=1e-12, max_sweeps=sweeps)
    whole = engine.solve(model, init=start).mean
    reach = sweeps * REACH[coupling.neighbours]
    for core in (Box(128, 192, 64, 192), Box(0, 64, 0, 64), Box(256, 307, 384, 421)):
        window = Grid(SHAPE, (64, 64)).window(core, reach)
        part, begun = cut_out(model, start, window)
        mean, _ = mean_of_part(engine, part, begun, window.left)
        np.testing.assert_array_equal(mean[core.within(window).slices], whole[core.slices])


@pytest.mark.parametrize("coupling", [FOUR, EIGHT], ids=str)
def test_with_less_around_it_a_part_is_another(coupling):
    model, start = model_of(0, coupling)
    engine = MeanField(schedule="checkerboard", tol=1e-12, max_sweeps=8)
    whole = engine.solve(model, init=start).mean
    core = Box(128, 192, 64, 192)
    window = Grid(SHAPE, (64, 64)).window(core, 4)
    mean, _ = mean_of_part(engine, *cut_out(model, start, window), window.left)
    assert (mean[core.within(window).slices] != whole[core.slices]).any()


@pytest.mark.parametrize("weight", [1.0, 0.5])
@pytest.mark.parametrize("coupling", [FOUR, EIGHT, ALL_STRENGTHS], ids=str)
@pytest.mark.parametrize("left", [0, 64, 200])
def test_where_all_units_wait_settling_is_plain_sweeps(coupling, left, weight):
    model, start = model_of(1, coupling, (37, 300))
    with packed(model, False) as lattice:
        mean, plain = lattice.pack(start, -1, 1), lattice.pack(start, -1, 1)
        lattice.settling(mean, left).run(weight, -1.0)  # any move is beyond this threshold
        rows, moving = lattice.rows(np.float32), lattice.rows(np.int32)
        for _ in range(8):
            lattice.mean_field_sweep(plain, plain, weight, 0.0, rows, moving)
        np.testing.assert_array_equal(lattice.unpack(mean), lattice.unpack(plain))


@pytest.mark.parametrize("coupling", [FOUR, EIGHT, ALL_STRENGTHS], ids=str)
def test_what_sleeps_is_at_rest(coupling):
    model, start = model_of(2, coupling)
    mean, (updates, residual, converged) = mean_of_part(MeanField(), model, start, 0)
    assert converged
    exact = np.abs(np.tanh(model.local_field(mean)) - mean).max()
    assert exact == pytest.approx(residual, abs=2e-6)
    assert exact <= 1e-3
    plain = MeanField(schedule="checkerboard", tol=1e-3, max_sweeps=5000).solve(model, init=start)
    assert updates < plain.work.site_updates


def in_parts(model, start, sides, halo=64, engine=None):
    """Solve a model part by part; return the means put together, and edges."""
    engine = engine or MeanField()
    grid, mean, edges = Grid(model.shape, sides), np.zeros(model.shape, np.float32), {}
    for place in np.ndindex(*grid.counts):
        core = grid.part(*place)
        window = grid.window(core, halo)
        found, _ = mean_of_part(engine, *cut_out(model, start, window), window.left)
        inner = found[core.within(window).slices]
        mean[core.slices] = inner
        field = model.field[core.slices]
        outer = [(a[:2], a[-2:], a[:, :2], a[:, -2:]) for a in (inner, field)]
        edges[place] = Edges(*outer)
    return mean, edges, grid


@pytest.mark.slow
@pytest.mark.parametrize("coupling", [FOUR, EIGHT, ALL_STRENGTHS], ids=str)
@pytest.mark.parametrize("seed", [3, 4])
def test_labels_do_not_depend_on_how_the_picture_is_cut(coupling, seed):
    model, start = model_of(seed, coupling)
    whole, _ = mean_of_part(MeanField(), model, start, 0)
    for side in (64, 128, 192, 320):
        mean, _, _ = in_parts(model, start, (side, side))
        tie = np.abs(whole) <= 1e-3
        np.testing.assert_array_equal((mean >= 0)[~tie], (whole >= 0)[~tie])
        residual = np.abs(np.tanh(model.local_field(mean)) - mean)
        assert residual.max() <= 1e-3


@pytest.mark.slow
@pytest.mark.parametrize("coupling", [FOUR, EIGHT], ids=str)
def test_labels_are_those_of_plain_sweeps_over_the_whole_picture(coupling):
    model, start = model_of(5, coupling)
    engine = MeanField(schedule="checkerboard", tol=1e-5, max_sweeps=20_000)
    whole = engine.solve(model, init=start)
    mean, _, _ = in_parts(model, start, (64, 128), engine=MeanField(tol=1e-5))
    tie = np.abs(whole.mean) <= 1e-3
    np.testing.assert_array_equal((mean >= 0)[~tie], (whole.labels > 0)[~tie])
    assert tie.mean() < 0.01


@pytest.mark.parametrize("coupling", [FOUR, EIGHT, ALL_STRENGTHS], ids=str)
@pytest.mark.parametrize("sides", [(64, 64), (64, 128), (320, 64)])
def test_the_residual_over_borders_is_that_of_the_whole(coupling, sides):
    model, _ = model_of(6, coupling, (129, 193))  # the last row and column are parts of their own
    mean = np.random.default_rng(7).uniform(-1, 1, model.shape).astype(np.float32)
    grid = Grid(model.shape, sides)
    edges = {}
    for place in np.ndindex(*grid.counts):
        inner, field = (a[grid.part(*place).slices] for a in (mean, model.field))
        edges[place] = Edges(*[(a[:2], a[-2:], a[:, :2], a[:, -2:]) for a in (inner, field)])
    found = across_borders(grid, edges, coupling, labels=False)
    residual = np.abs(np.tanh(model.local_field(mean)) - mean)
    assert len(found) > 1
    for place, value in found.items():
        assert value == pytest.approx(expected_at(residual, grid, place), abs=1e-6)


def expected_at(residual, grid, place):
    """Return the largest residual at the borders of a part, on both sides of them."""
    core, worst = grid.part(*place), 0.0
    for at, low, high, end in ((0, core.top, core.bottom, 0), (1, core.left, core.right, 1)):
        lines = residual if at == 0 else residual.T
        span = slice(core.left, core.right) if at == 0 else slice(core.top, core.bottom)
        if low > 0:
            worst = max(worst, lines[low - 1 : low + 1, span].max())
        if high < grid.shape[end]:
            worst = max(worst, lines[high - 1 : high + 1, span].max())
    return worst


def test_parts_that_do_not_fit_are_solved_again_with_more_around_them(tmp_path):
    # next to no field: what is far away counts, and 16 pixels of surroundings are too few
    rng = np.random.default_rng(8)
    x = store(tmp_path / "a.zarr", rng.normal(0, 1, (256, 256)).astype(np.float32))
    noise = GaussianNoise(3.2, (-1.0, 1.0))
    options = CleanOptions(
        noise=noise, coupling=0.27, engine=MeanField(tol=1e-5, max_sweeps=5000), background=None
    )
    found = denoise_chunked(x, tmp_path / "b.zarr", options, cut=Cut(64, 16))
    assert found.again > 0
    assert found.widest > found.halo == 16
    assert found.over_borders <= 1e-5
    assert found.converged
    enough = denoise_chunked(x, tmp_path / "c.zarr", options, cut=Cut(64, 128))
    assert enough.again == 0
    assert (bright(tmp_path / "b.zarr") != bright(tmp_path / "c.zarr")).mean() < 1e-3


@pytest.mark.parametrize("sides", [(64, 64), (128, 192)])
def test_icm_in_parts_is_icm(tmp_path, sides):
    noisy = flipped(SHAPE, share=0.2)
    recipe = Recipe(FlipNoise(0.2), FOUR, None, ICM(), None, noisy.dtype)
    field, start, _ = recipe.fields(noisy)
    whole = ICM().solve(IsingModel(field, FOUR), init=start).labels > 0
    grid = Grid(SHAPE, sides)
    for place in np.ndindex(*grid.counts):
        core = grid.part(*place)
        window = grid.window(core, 64)
        part = solve_part(recipe, noisy[window.slices], window, core, probability=False)
        np.testing.assert_array_equal(part.bright, whole[core.slices])


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:hidden pixels speak against")  # of the machine they do
@pytest.mark.parametrize("engine", [None, "boltzmann"])
@pytest.mark.parametrize("chunk", [64, 192])
def test_a_learned_prior_gives_the_same_pixels_and_probabilities(tmp_path, chunk, engine):
    noisy = grey((200, 330))
    options = CleanOptions(prior="learned", engine=engine, background=None)
    whole = denoise(noisy, prior="learned", engine=engine, background=None, rng=0)
    source = store(tmp_path / "a.zarr", noisy)
    found = denoise_chunked(
        source, tmp_path / "b.zarr", options, cut=Cut(chunk), probability=tmp_path / "p.zarr"
    )
    assert found.parts > 1
    np.testing.assert_array_equal(bright(tmp_path / "b.zarr"), whole.image)
    import zarr

    sure = zarr.open_array(str(tmp_path / "p.zarr"))[...]
    np.testing.assert_allclose(sure, whole.probability, atol=1e-6)
    assert found.changed == pytest.approx(whole.changed, abs=1e-12)


@pytest.mark.parametrize("kind", ["bool", "uint8", "uint16", "float32", "float64", "int32"])
def test_every_kind_of_pixel_gives_what_the_picture_in_memory_gives(tmp_path, kind):
    noisy = flipped((150, 210)) if kind == "bool" else grey((150, 210)).astype(kind)
    noise = FlipNoise(0.12) if kind == "bool" else GaussianNoise(60.0, (70.0, 190.0))
    if kind.startswith("float"):
        noisy[20:23, 30:60] = np.nan
    options = CleanOptions(noise=noise, coupling=0.7, background=None)
    source = store(tmp_path / "a.zarr", noisy)
    found = denoise_chunked(source, tmp_path / "b.zarr", options, cut=Cut(64))
    engine = MeanField(schedule="checkerboard", tol=1e-5, max_sweeps=5000)
    whole = denoise(noisy, noise, coupling=0.7, engine=engine, background=None)
    tie = np.abs(whole.solution.mean) <= 1e-2
    assert tie.mean() < 0.02
    np.testing.assert_array_equal(bright(tmp_path / "b.zarr")[~tie], whole.image[~tie])
    assert found.known == noisy.size - (90 if kind.startswith("float") else 0)
    assert found.to_white + found.to_black == pytest.approx(whole.changed * found.known, abs=2)


@pytest.mark.parametrize("shape", [(1, 1), (1, 200), (200, 1), (2, 3), (65, 129)])
def test_pictures_of_any_shape(tmp_path, shape):
    noisy = np.random.default_rng(0).random(shape) < 0.5
    options = CleanOptions(noise=FlipNoise(0.2), coupling=0.5)
    source = store(tmp_path / "a.zarr", noisy)
    found = denoise_chunked(source, tmp_path / "b.zarr", options, cut=Cut(64))
    whole = denoise(noisy, FlipNoise(0.2), coupling=0.5)
    clear = np.abs(whole.solution.mean) > 1e-2
    np.testing.assert_array_equal(bright(tmp_path / "b.zarr")[clear], whole.image[clear])
    assert found.converged
