"""Slow, obvious float64 versions of everything the engines compute: the judge of them all.

Sites are numbered row by row. Nothing here knows how the library stores a
picture, except for the order in which a sweep visits the sites: `COLOURS`.
"""

from dataclasses import dataclass
from functools import cached_property
from itertools import product

import numpy as np

from isingdenoise import Coupling, IsingModel

#: (row parity, column parity) of the sites that a sweep visits, in turn.
COLOURS = ((0, 0), (1, 1), (0, 1), (1, 0))


def edges(model):
    """List (i, j, J_ij), every undirected edge once."""
    height, width = model.shape
    c = model.coupling
    steps = [(0, 1, c.horizontal), (1, 0, c.vertical), (1, 1, c.diagonal), (1, -1, c.antidiagonal)]
    if c.shape is not None:  # one strength for each edge, kept where the edge begins
        steps = [(*offset, strengths) for offset, strengths in c.planes]
    found = []
    for y, x in product(range(height), range(width)):
        for down, right, strength in steps:
            if y + down < height and 0 <= x + right < width:
                one = float(strength[y, x]) if c.shape else strength
                found.append((y * width + x, (y + down) * width + x + right, one))
    return found


def matrix(model):
    """Return J as a symmetric matrix over sites."""
    J = np.zeros((model.field.size, model.field.size))
    for i, j, strength in edges(model):
        J[i, j] = J[j, i] = strength
    return J


def field(model):
    """Return h as a float64 vector over sites."""
    return model.field.astype(np.float64).reshape(-1)


def colours(model):
    """List the site numbers of each colour, in the order of a sweep."""
    number = np.arange(model.field.size).reshape(model.shape)
    return [number[y::2, x::2].reshape(-1) for y, x in COLOURS]


def energy(model, spins):
    """Return - sum_edges J z z - sum h z, edge by edge."""
    z = np.asarray(spins, np.float64).reshape(-1)
    return -sum(J * z[i] * z[j] for i, j, J in edges(model)) - float(field(model) @ z)


def elbo(model, mean):
    """Return the lower bound on log Z + c, edge by edge."""
    mu = np.asarray(mean, np.float64).reshape(-1)
    entropy = 0.0
    for p in np.concatenate([(1 + mu) / 2, (1 - mu) / 2]):
        entropy -= p * np.log(p) if p > 0 else 0.0
    return -energy(model, mu) + entropy + model.offset


@dataclass(frozen=True, eq=False)
class Exact:
    """All 2^n states of a model of at most 20 sites."""

    model: IsingModel

    @cached_property
    def states(self):
        n = self.model.field.size
        assert n <= 20
        bits = np.arange(1 << n)[:, None] >> np.arange(n) & 1
        return (2 * bits - 1).astype(np.int8)

    @cached_property
    def energies(self):
        z = self.states
        total = -(z @ field(self.model))
        for i, j, J in edges(self.model):
            total -= J * (z[:, i] * z[:, j])  # int8 products of -1 and +1 cannot overflow
        return total

    @cached_property
    def log_z(self):
        """log sum_z exp(-E(z)), without the offset."""
        low = self.energies.min()
        return float(np.log(np.sum(np.exp(low - self.energies))) - low)

    @cached_property
    def probabilities(self):
        return np.exp(-self.energies - self.log_z)

    @cached_property
    def mean(self):
        """Exact posterior mean of every spin, (H, W)."""
        return (self.probabilities @ self.states).reshape(self.model.shape)

    @cached_property
    def mean_energy(self):
        return float(self.probabilities @ self.energies)

    @cached_property
    def map(self):
        """The state of least energy, (H, W), and that energy."""
        best = int(np.argmin(self.energies))
        return self.states[best].reshape(self.model.shape), float(self.energies[best])


def mean_field_sweep(model, mean, damping=1.0):
    """Return the means after one checkerboard sweep, and the largest step towards tanh met."""
    J, h, mu = matrix(model), field(model), np.array(mean, np.float64).reshape(-1)
    largest = 0.0
    for sites in colours(model):
        for i in sites:
            step = np.tanh(J[i] @ mu + h[i]) - mu[i]
            mu[i] += damping * step
            largest = max(largest, abs(step))
    return mu.reshape(model.shape), largest


def jacobi_sweep(model, mean, damping):
    """Return the means after one damped sweep in which all sites move at once."""
    mu = np.array(mean, np.float64).reshape(-1)
    target = np.tanh(matrix(model) @ mu + field(model))
    return ((1 - damping) * mu + damping * target).reshape(model.shape)


def fixed_point(model, start, tol=1e-10, rounds=20_000):
    """Return the mean-field fixed point that checkerboard sweeps reach from `start`."""
    J, h, mu = matrix(model), field(model), np.array(start, np.float64).reshape(-1)
    for _ in range(rounds):
        for sites in colours(model):  # sites of one colour are never neighbours
            mu[sites] = np.tanh(J[sites] @ mu + h[sites])
        if np.max(np.abs(np.tanh(J @ mu + h) - mu)) <= tol:
            return mu.reshape(model.shape)
    raise AssertionError("the reference did not converge")


def icm_sweep(model, labels):
    """Return the labels after one sweep, how many flipped, and the energy given up."""
    J, h, z = matrix(model), field(model), np.array(labels, np.float64).reshape(-1)
    flips, drop = 0, 0.0
    for sites in colours(model):
        for i in sites:
            a = J[i] @ z + h[i]
            if a * z[i] < 0:  # a tie keeps the old label
                drop -= 2 * a * z[i]
                z[i], flips = -z[i], flips + 1
    return z.reshape(model.shape).astype(np.int8), flips, drop


def gibbs_sweep(model, labels, uniforms):
    """Return the labels after one sweep, and the conditional means drawn from."""
    J, h, z = matrix(model), field(model), np.array(labels, np.float64).reshape(-1)
    u, means = uniforms.reshape(-1), np.empty(z.size)
    for sites in colours(model):
        for i in sites:
            means[i] = np.tanh(J[i] @ z + h[i])
            z[i] = 1 if u[i] < means[i] else -1
    return z.reshape(model.shape).astype(np.int8), means.reshape(model.shape)


def philox(counter, key, rounds=7):
    """Philox4x32 in Python's own integers: 4 words for a counter of 4 and a key of 2."""
    c, k = list(counter), list(key)
    for _ in range(rounds):
        high0, low0 = divmod(0xD2511F53 * c[0], 1 << 32)
        high1, low1 = divmod(0xCD9E8D57 * c[2], 1 << 32)
        c = [high1 ^ c[1] ^ k[0], low1, high0 ^ c[3] ^ k[1], low0]
        k = [(k[0] + 0x9E3779B9) % (1 << 32), (k[1] + 0xBB67AE85) % (1 << 32)]
    return tuple(c)


def uniform(word):
    """Return the middle of the interval of 2^-22 in (-1, 1) that the top 23 bits choose."""
    return (word >> 9) * 2.0**-22 + 2.0**-23 - 1


def row_of_uniforms(n, row, sweep, chain, key):
    """Return n uniforms: word w of block k stands at k + w * ceil(n / 4)."""
    quarter = -(-n // 4)
    out = np.empty(4 * quarter)
    for block in range(quarter):
        words = philox((block, row, sweep, chain), key)
        for w, word in enumerate(words):
            out[block + w * quarter] = uniform(word)
    return out[:n]


def picture_of_uniforms(shape, sweep, chain, key):
    """Return the uniform that each site of a picture gets, (H, W)."""
    out = np.full(shape, np.nan)
    for plane, (y, x) in zip((0, 3, 1, 2), COLOURS, strict=True):
        part = out[y::2, x::2]
        for i, row in enumerate(part):
            row[:] = row_of_uniforms(row.size, 4 * (i + 1) + plane, sweep, chain, key)
    return out


def random_model(seed, shape, *, neighbours=4, size=0.5, spread=1.0, signs=(1, 1, 1, 1)):
    """Return a model whose four strengths differ, with a normal random field."""
    rng = np.random.default_rng(seed)
    strengths = size * rng.uniform(0.5, 1.0, 4) * np.array(signs)
    if neighbours == 4:
        strengths[2:] = 0
    return IsingModel(
        spread * rng.standard_normal(shape),
        Coupling(*(float(s) for s in strengths)),
        float(rng.normal()),
    )


def local_fields_met(model, before, after):
    """Return each site's local field when a sweep that turns `before` into `after` visits it."""
    state, met = np.array(before, np.float64), np.empty(model.shape)
    for y, x in COLOURS:
        met[y::2, x::2] = model.local_field(state)[y::2, x::2]
        state[y::2, x::2] = after[y::2, x::2]
    return met


def half_plane(coupling, shape=(8, 9)):
    """Return a model with one obvious answer, in whatever order the sites are visited.

    A dark and a bright half, and two pixels that claim the contrary.
    """
    truth = np.where(np.arange(shape[1]) < 4, -1, 1) * np.ones(shape, int)
    field = 1.2 * truth
    field[2, 1] = 0.5
    field[5, 6] = -0.5
    return IsingModel(field, coupling), truth


def assert_same_solution(a, b):
    """Bit for bit, but for the time it took."""
    np.testing.assert_array_equal(a.labels, b.labels)
    assert (a.mean is None) == (b.mean is None)
    if a.mean is not None:
        np.testing.assert_array_equal(a.mean, b.mean)
    assert (a.energy, a.lower_bound, a.upper_bound) == (b.energy, b.lower_bound, b.upper_bound)
    assert (a.status, a.work) == (b.status, b.work)
    for name in ("site_updates", "residual", "lower_bound", "upper_bound", "energy"):
        np.testing.assert_array_equal(getattr(a.trace, name), getattr(b.trace, name))


def run_sweep(lattice, new, old, weight, threshold=0.1):
    """Run the mean-field kernel; return the residual of each row and how many sites moved."""
    from isingdenoise._kernels import mean_field

    rows, moving = lattice.rows(np.float32), lattice.rows(np.int32)
    weights = np.float32(weight), np.float32(threshold)
    lattice.run(mean_field.sweep, new, old, *lattice.parameters, *weights, rows, moving)
    return rows, moving


def log_evidence(eta, evidence):
    """Return sum_i log(sigma(eta_i) exp(e_i) + sigma(-eta_i)), term by term."""
    total = 0.0
    for a, e in zip(eta, evidence, strict=True):
        bright, dark = -np.logaddexp(0, -a), -np.logaddexp(0, a)
        total += float(np.logaddexp(bright + e, dark))
    return total


def calibration_objective(bias, slope, pull, evidence):
    """Return what `calibrate` maximises: the log evidence less 5 (b^2 + (t - 1)^2)."""
    score = log_evidence(bias + 2 * slope * pull, evidence)
    return score - 5 * (bias**2 + (slope - 1) ** 2)


def neighbour_sums(mean, rows, columns):
    """Return the sums of horizontal, vertical, diagonal, antidiagonal neighbours, (4, n)."""
    height, width = mean.shape
    pairs = [((0, -1), (0, 1)), ((-1, 0), (1, 0)), ((-1, -1), (1, 1)), ((-1, 1), (1, -1))]
    sums = np.zeros((4, len(rows)))
    for site, (y, x) in enumerate(zip(rows, columns, strict=True)):
        for kind, pair in enumerate(pairs):
            for dy, dx in pair:
                if 0 <= y + dy < height and 0 <= x + dx < width:
                    sums[kind, site] += mean[y + dy, x + dx]
    return sums


def pack(image, dtype):
    """Return the four planes of a picture, by parity of row and column, zeros around them."""
    height, width = image.shape
    planes = np.zeros((4, (height + 1) // 2 + 2, (width + 1) // 2 + 2), dtype)
    for y in range(height):
        for x in range(width):
            planes[2 * (y % 2) + x % 2, y // 2 + 1, x // 2 + 1] = image[y, x]
    return planes


def chain_product(model, mean, columns=True):
    """Return marginals and lower bound of independent chains in the mean field of `mean`.

    By listing all states of the picture: each chain is weighed by its own edges and the
    fields h + sum of J mean over its neighbours in other chains.
    """
    height, width = model.shape
    chain = np.arange(height * width) % width if columns else np.arange(height * width) // width
    mu = np.asarray(mean, np.float64).reshape(-1)
    within = [(i, j, J) for i, j, J in edges(model) if chain[i] == chain[j]]
    between = [(i, j, J) for i, j, J in edges(model) if chain[i] != chain[j]]
    theta = field(model)
    for i, j, J in between:
        theta[i] += J * mu[j]
        theta[j] += J * mu[i]
    z = Exact(model).states.astype(np.float64)
    score = z @ theta + sum(J * z[:, i] * z[:, j] for i, j, J in within)
    log_q = score - (np.log(np.exp(score - score.max()).sum()) + score.max())
    q = np.exp(log_q)
    return (q @ z).reshape(model.shape), float(q @ (-Exact(model).energies - log_q)) + model.offset


def per_edge_model(seed, shape, *, neighbours=4, size=0.5, spread=1.0):
    """Return a model whose edges have strengths of their own, of either sign."""
    rng = np.random.default_rng(seed)
    height, width = shape
    shapes = [(height, width - 1), (height - 1, width), *[(height - 1, width - 1)] * 2]
    strengths = [size * rng.uniform(-1, 1, s) for s in shapes[: neighbours // 2]]
    return IsingModel(
        spread * rng.standard_normal(shape), Coupling.per_edge(*strengths), float(rng.normal())
    )


def packed_number(model, site):
    """Return where a site stands in the flattened planes, and its row of random numbers."""
    y, x = divmod(site, model.shape[1])
    height, width = (model.shape[0] + 1) // 2 + 2, (model.shape[1] + 1) // 2 + 2
    plane, row, column = 2 * (y % 2) + x % 2, y // 2 + 1, x // 2 + 1
    return (plane * height + row) * width + column, 4 * row + plane, column


def cluster_sweep(model, labels, sweep, chain, key):
    """Return the labels after one Swendsen-Wang sweep, and the spins' means given the bonds."""
    z, h = np.array(labels, np.float64).reshape(-1), field(model)
    number = {site: packed_number(model, site) for site in range(z.size)}
    ahead = {(0, 1): 0, (1, 0): 1, (1, 1): 2, (1, -1): 3}
    cluster = list(range(z.size))
    for i, j, J in edges(model):
        (y, x), (v, u) = divmod(i, model.shape[1]), divmod(j, model.shape[1])
        word = philox((number[i][2], number[i][1], sweep, chain), key)[ahead[v - y, u - x]]
        if J * z[i] * z[j] > 0 and (word + 0.5) / 2**32 < 1 - np.exp(-2 * abs(J)):
            old, new = cluster[j], cluster[i]
            cluster = [new if c == old else c for c in cluster]
    means, after = np.empty(z.size), z.copy()
    for c in set(cluster):
        sites = [i for i in range(z.size) if cluster[i] == c]
        mean = np.tanh(h[sites] @ z[sites])
        word = philox((min(number[i][0] for i in sites), 0, sweep, chain), key)[0]
        means[sites] = z[sites] * mean
        after[sites] = z[sites] * (1 if uniform(word) < mean else -1)
    return after.reshape(model.shape).astype(np.int8), means.reshape(model.shape)


def natural_gradient(model, eta):
    """Return h + J mu - eta, (H, W): the gradient of the bound over 1 - mu^2."""
    mu = np.tanh(np.asarray(eta, np.float64)).reshape(-1)
    return (field(model) + matrix(model) @ mu).reshape(model.shape) - eta


def relaxed_gradient(model, eta, tau, nodes=50_000):
    """Return the mean of the gradient through relaxed spins, by quadrature over the uniforms."""
    u = (np.arange(nodes) + 0.5) / nodes
    logistic = np.log(u) - np.log1p(-u)
    flat = np.asarray(eta, np.float64).reshape(-1)
    s = np.tanh((flat[:, None] + logistic / 2) / tau)
    mean, slope = s.mean(axis=1), ((1 - s**2) / tau).mean(axis=1)
    pull = matrix(model) @ mean
    gradient = slope * (field(model) + pull) - flat * (1 - np.tanh(flat) ** 2)
    return gradient.reshape(model.shape)


def directions(model):
    """Return an integer for each pair of sites: which direction their edge has, -1 without one."""
    width = model.shape[1]
    found = np.full((model.field.size,) * 2, -1)
    for i, j, _ in edges(model):
        y, x = divmod(i, width)
        v, w = divmod(j, width)
        d = {(0, 1): 0, (1, 0): 1, (1, 1): 2, (1, -1): 3}[v - y, w - x]
        found[i, j] = found[j, i] = d
    return found


def messages_sent(model, heard, weight, counts):
    """Return the messages after every site has sent once, `heard[i, j]` being that from j to i.

    `counts` holds the c of each direction.
    """
    J, h, d, u = matrix(model), field(model), directions(model), np.array(heard, np.float64)
    for sites in colours(model):
        a = h + u.sum(axis=1)
        for i in sites:
            for j in np.flatnonzero(d[i] >= 0):
                c = counts[d[i, j]]
                inside = np.tanh(J[i, j] / c) * np.tanh(a[i] - u[i, j] / c)
                u[j, i] += weight * (c * np.arctanh(inside) - u[j, i])
    return u


def messages_begun(model, mean, counts):
    """Return the messages that spins with given means send."""
    J, d = matrix(model), directions(model)
    mu, u = np.asarray(mean, np.float64).reshape(-1), np.zeros_like(J)
    for i, j in zip(*np.nonzero(d >= 0), strict=True):
        c = counts[d[i, j]]
        u[j, i] = c * np.arctanh(np.tanh(J[i, j] / c) * mu[i])
    return u


def bethe(model, heard):
    """Return the Bethe approximation of log Z + c from marginals of sites and edges."""
    J, d, h = matrix(model), directions(model), field(model)
    a = h + heard.sum(axis=1)
    degree = (d >= 0).sum(axis=1)
    total = model.offset - float((degree - 1) @ np.logaddexp(a, -a))
    for i, j in zip(*np.nonzero(np.triu(d >= 0)), strict=True):
        f, g = a[i] - heard[i, j], a[j] - heard[j, i]
        total += np.logaddexp.reduce(
            [J[i, j] * y * z + f * y + g * z for y in (-1, 1) for z in (-1, 1)]
        )
    return float(total)


def forest_bound(model, heard, weights):
    """Return sum_T rho_T log Z_T + c by a recursion along each chain of each direction."""
    J, d, h = matrix(model), directions(model), field(model)
    a, total = h + heard.sum(axis=1), model.offset
    for which, rho in enumerate(weights):
        if rho == 0:
            continue
        theta = a - (heard * (d == which)).sum(axis=1) / rho
        after = [[int(j) for j in np.flatnonzero(row == which) if j > i] for i, row in enumerate(d)]
        for i in range(theta.size):  # fields are handed on, and each site's own share is summed
            for j in after[i]:
                K = J[i, j] / rho
                up, down = (
                    np.logaddexp(theta[i] + K, -theta[i] - K),
                    np.logaddexp(theta[i] - K, K - theta[i]),
                )
                total += rho * (up + down) / 2
                theta[j] += (up - down) / 2
            if not after[i]:
                total += rho * np.logaddexp(theta[i], -theta[i])
    return float(total)


def convolution(x, layer, stride=1):
    """Convolve (C, H, W) with (O, C, k, k): zeros around it for k = 3, none for k = stride."""
    weight = layer.weight.astype(np.float64)
    size = weight.shape[-1]
    x = np.pad(x, ((0, 0), (1, 1), (1, 1))) if size == 3 else x
    height, width = ((side - size) // stride + 1 for side in x.shape[1:])
    out = np.zeros((len(weight), height, width)) + layer.bias.astype(np.float64)[:, None, None]
    for dy, dx in product(range(size), repeat=2):
        seen = x[:, dy : dy + stride * height : stride, dx : dx + stride * width : stride]
        out += np.einsum("oc,cyx->oyx", weight[:, :, dy, dx], seen)
    return out


def learned_log_odds(h, network, passes=1):
    """Return the mean of a = h + f(h) over grids of cells that begin before the picture."""
    answers = []
    for down, right in ((0, 0), (3, 5))[:passes]:
        moved = np.pad(h, ((down, 0), (right, 0)))
        answers.append(_log_odds_of_one_pass(moved, network)[down:, right:])
    return np.mean(answers, axis=0)


def _log_odds_of_one_pass(h, network):
    """Return h + f(h), layer by layer, of a network of `isingdenoise.prior`."""
    layers = network.layers
    height, width = h.shape
    x = np.pad(h.astype(np.float64), ((0, -height % 8), (0, -width % 8)))
    x = np.stack([np.tanh(x), np.clip(x, -8, 8) / 8])
    x = np.stack([plane[dy::2, dx::2] for plane in x for dy, dx in product((0, 1), repeat=2)])

    def block(name, x):
        inside = convolution(np.maximum(x, 0), layers[f"{name}.a"])
        return x + convolution(np.maximum(inside, 0), layers[f"{name}.b"])

    x, skipped = convolution(x, layers["in"]), []
    for level in (0, 1):
        skipped.append(block(f"enc{level}", x))
        x = convolution(skipped[-1], layers[f"down{level}"], stride=2)
    for k in range(network.middle):
        x = block(f"mid{k}", x)
    for level in (1, 0):
        x = convolution(x, layers[f"up{level}"]).repeat(2, axis=1).repeat(2, axis=2)
        x = block(f"dec{level}", skipped[level] + x)
    f, x = np.empty((2 * x.shape[1], 2 * x.shape[2])), convolution(x, layers["out"])
    for plane, (dy, dx) in zip(x, product((0, 1), repeat=2), strict=True):
        f[dy::2, dx::2] = plane
    return h + f[:height, :width]


class DenseMachine:
    """A Boltzmann machine with hidden spins, every coupling of which is a number in a matrix."""

    def __init__(self, model, machine):
        self.model, self.machine = model, machine
        height, width = model.shape
        fine, coarse = machine.shapes(model.shape)
        self.fine = np.zeros((np.prod(fine), height * width))
        for (k, y, x), (dy, dx, c) in product(np.ndindex(fine), np.ndindex(5, 5, 4)):
            row, column = 2 * (y + dy - 2) + c // 2, 2 * (x + dx - 2) + c % 2
            if 0 <= row < height and 0 <= column < width:
                spin = np.ravel_multi_index((k, y, x), fine)
                self.fine[spin, row * width + column] = machine.fine.weight[k, c, dy, dx]
        self.coarse = np.zeros((np.prod(coarse), np.prod(fine)))
        for (k, y, x), (dy, dx, c) in product(np.ndindex(coarse), np.ndindex(3, 3, 4 * fine[0])):
            row, column = 2 * (y + dy - 1) + c % 4 // 2, 2 * (x + dx - 1) + c % 2
            if 0 <= row < fine[1] and 0 <= column < fine[2]:
                spin = np.ravel_multi_index((k, y, x), coarse)
                below = np.ravel_multi_index((c // 4, row, column), fine)
                self.coarse[spin, below] = machine.coarse.weight[k, c, dy, dx]
        self.couplings = matrix(model)
        self.field = model.field.astype(np.float64).ravel()
        self.own = self.field + machine.bias
        self.biases = [
            np.repeat(layer.bias.astype(np.float64), np.prod(shape[1:]))
            for layer, shape in ((machine.fine, fine), (machine.coarse, coarse))
        ]

    def energy(self, z, u, v):
        """Return E(z, u, v) of spins, or of means, in one row each."""
        pairs = self.machine.pull * z @ self.couplings @ z / 2
        given = self.fine @ z + self.biases[0], self.coarse @ u + self.biases[1]
        return -(self.own @ z) - pairs - u @ given[0] - v @ given[1]

    def means(self, steps):
        """Return the means of pixels, fine and coarse spins after so many rounds."""
        mean = np.tanh(self.field)
        for _ in range(16):
            mean = (mean + np.tanh(self.field + self.couplings @ mean)) / 2
        above = np.zeros(len(self.coarse))
        for _ in range(steps):
            hidden = np.tanh(self.fine @ mean + self.coarse.T @ above + self.biases[0])
            above = np.tanh(self.coarse @ hidden + self.biases[1])
            field = self.own + self.fine.T @ hidden
            for _ in range(2):
                pulled = field + self.machine.pull * self.couplings @ mean
                mean = (mean + np.tanh(pulled)) / 2
        mean = np.tanh(field + self.machine.pull * self.couplings @ mean)
        return mean.reshape(self.model.shape), hidden, above
