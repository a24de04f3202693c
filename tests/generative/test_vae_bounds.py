"""Bounds on log p(x), held against a model whose log p(x) is known in closed form."""

import math

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from linear_gaussian import LinearGaussian, gaussian

from isingdenoise.errors import ParameterError
from isingdenoise.generative.beliefs import log_standard_normal
from isingdenoise.generative.bounds import (
    effective_samples,
    elbo_terms,
    importance_bound,
    log_weights,
)

SHIFT = torch.tensor([0.3, -0.2, 0.5]).double()


@pytest.fixture
def model():
    return LinearGaussian()


def within(values, expected, errors=4.5):
    """Tell whether the mean over the first axis is as expected, up to so many standard errors."""
    values = np.asarray(values)
    error = values.std(0, ddof=1) / math.sqrt(len(values))
    return bool(np.all(np.abs(values.mean(0) - np.asarray(expected)) < errors * error))


def test_the_closed_form_is_that_of_bayes_rule(model):
    """The judge itself: log p(x|z) + log p(z) - log p(z|x) is log p(x), whatever z is."""
    x, z = model.draw(4), model.noise(4, 3)
    by_bayes = model.log_likelihood(x)(z) + log_standard_normal(z) - model.posterior(x).log_prob(z)
    torch.testing.assert_close(by_bayes, model.log_evidence(x))


def test_with_the_exact_posterior_every_weight_is_the_evidence(model):
    x = model.draw(6)
    weights = log_weights(model.exact_belief(x), model.log_likelihood(x), model.noise(50, 6, 3))
    torch.testing.assert_close(weights, model.log_evidence(x).expand(50, 6))
    torch.testing.assert_close(importance_bound(weights, 1), model.log_evidence(x))
    torch.testing.assert_close(effective_samples(weights), torch.full((6,), 50.0).double())


def test_with_another_belief_some_weights_differ(model):
    """The control of the test above."""
    x = model.draw(6)
    weights = log_weights(model.diagonal_belief(x), model.log_likelihood(x), model.noise(50, 6, 3))
    assert float(weights.std(0).min()) > 0.05


@pytest.mark.parametrize(("shift", "widen"), [(0.0, 1.0), (SHIFT, 1.0), (SHIFT, 1.5)])
def test_the_elbo_lies_below_the_evidence_by_the_divergence_from_the_posterior(model, shift, widen):
    x = model.draw(5)
    belief = model.diagonal_belief(x, shift, widen)
    q = torch.distributions.Independent(
        torch.distributions.Normal(belief.mean, belief.log_std.exp()), 1
    )
    q = torch.distributions.MultivariateNormal(q.mean, torch.diag_embed(q.variance))
    gap = torch.distributions.kl_divergence(q, model.posterior(x))
    assert float(gap.min()) > 0.01
    weights = log_weights(belief, model.log_likelihood(x), model.noise(40_000, 5, 3))
    assert within(weights, model.log_evidence(x) - gap)
    assert not within(weights, model.log_evidence(x))


def test_reconstruction_less_divergence_is_the_elbo(model):
    x = model.draw(5)
    belief = model.diagonal_belief(x, SHIFT)
    noise = model.noise(30_000, 5, 3)
    reconstruction, divergence = elbo_terms(belief, model.log_likelihood(x), noise)
    # E_q of the likelihood is known: it is quadratic
    error = (x - belief.mean @ model.W.T - model.b).square().sum(-1)
    noisy = ((model.W**2) @ (2 * belief.log_std).exp().T).sum(0)
    constant = len(model.b) * math.log(2 * math.pi * model.spread**2)
    expected = -0.5 * ((error + noisy) / model.spread**2 + constant)
    torch.testing.assert_close(reconstruction, expected, rtol=0.01, atol=0.01)
    weights = log_weights(belief, model.log_likelihood(x), noise)
    torch.testing.assert_close(reconstruction - divergence, weights.mean(0), rtol=0.01, atol=0.01)


def test_the_bound_rises_with_the_samples_and_tends_to_the_evidence(model):
    x = model.draw(3)
    belief = model.diagonal_belief(x, SHIFT, widen=2.0)  # wider than p(z | x): w is bounded
    weights = log_weights(belief, model.log_likelihood(x), model.noise(512 * 200, 3, 3))
    gaps = []
    sizes = (1, 4, 16, 64, 512)
    for size in sizes:
        groups = weights.reshape(-1, size, 3).logsumexp(1) - math.log(size)
        torch.testing.assert_close(importance_bound(weights, size), groups.mean(0))
        gaps.append(groups)
    for fewer, more, less in zip(gaps, gaps[1:], sizes, strict=False):
        paired = more - fewer.reshape(len(more), -1, 3).mean(1)  # the same draws: paired
        error = paired.std(0) / math.sqrt(len(paired))
        assert bool((paired.mean(0) > 4 * error).all()), less
    evidence = model.log_evidence(x)
    left = [float((evidence - groups.mean(0)).max()) for groups in gaps]
    assert left[0] > 0.3
    assert abs(left[-1]) < 0.02


def test_a_bound_from_fewer_groups_leaves_the_rest_out():
    weights = torch.tensor([[0.0], [math.log(3.0)], [100.0]]).double()
    assert importance_bound(weights, 2).item() == pytest.approx(math.log(2.0))
    assert importance_bound(weights[:2]).item() == pytest.approx(math.log(2.0))
    assert importance_bound(weights - 1e4).item() == pytest.approx(100 - 1e4 - math.log(3))


@pytest.mark.parametrize("samples", [0, 4, 1.5, True])
def test_a_number_of_samples_that_there_is_not_is_refused(samples):
    with pytest.raises(ParameterError, match="samples"):
        importance_bound(torch.zeros((3, 2)), samples)


def test_without_draws_there_is_no_bound():
    with pytest.raises(ParameterError, match="weights"):
        importance_bound(torch.zeros((0, 2)))


def test_effective_samples_count_equal_weights():
    one = torch.tensor([[0.0, 0.0], [-800.0, 0.0], [-900.0, -900.0]]).double()
    assert effective_samples(one).tolist() == pytest.approx([1.0, 2.0])


def test_the_gradient_through_the_draws_is_that_of_finite_differences(model):
    x = model.draw(4)
    noise = model.noise(7, 4, 3)

    def elbo(mean, log_std):
        belief = type(start)(mean, log_std)
        reconstruction, divergence = elbo_terms(belief, model.log_likelihood(x), noise)
        return (reconstruction - divergence).sum()

    start = gaussian()
    assert torch.autograd.gradcheck(elbo, (start.mean, start.log_std))


def test_the_gradient_through_the_draws_is_unbiased(model):
    """Its mean is the gradient of the ELBO in closed form: of a quadratic and the divergence."""
    x = model.draw(4)
    start = gaussian()
    mean, log_std = start.mean, start.log_std
    estimates = []
    for _ in range(400):
        terms = elbo_terms(start, model.log_likelihood(x), model.noise(4, 4, 3))
        estimates.append(torch.autograd.grad((terms[0] - terms[1]).sum(), [mean, log_std]))
    residual = x - mean.detach() @ model.W.T - model.b
    of_mean = residual @ model.W / model.spread**2 - mean
    variance = (2 * log_std).exp()
    of_std = 1 - variance * (1 + (model.W**2).sum(0) / model.spread**2)
    for k, expected in enumerate((of_mean, of_std)):
        values = torch.stack([pair[k] for pair in estimates]).numpy()
        assert within(values, expected.detach())
        assert not within(values, (expected + 1).detach())
