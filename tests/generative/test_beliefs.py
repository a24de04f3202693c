"""Beliefs and flows: densities, divergences and determinants against slow references."""

import math

import pytest

torch = pytest.importorskip("torch")

from linear_gaussian import flowed, gaussian

from isingdenoise.generative.beliefs import Flowed, log_standard_normal


def noise(*shape, seed=5):
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def test_the_density_of_a_gaussian_is_that_of_torch():
    belief = gaussian()
    z, density = belief.draw(noise(9, 4, 3))
    judge = torch.distributions.Normal(belief.mean, belief.log_std.exp()).log_prob(z).sum(-1)
    torch.testing.assert_close(density, judge)
    torch.testing.assert_close(belief.log_density(z), judge)
    standard = torch.distributions.Normal(0.0, 1.0).log_prob(z).sum(-1)
    torch.testing.assert_close(log_standard_normal(z), standard)


def test_the_divergence_is_what_draws_say():
    belief = gaussian()
    z, density = belief.draw(noise(50_000, 4, 3))
    each = (density - log_standard_normal(z)).detach()
    error = each.std(0) / math.sqrt(len(each))
    off = (each.mean(0) - belief.divergence()).detach().abs()
    assert bool((off < 4.5 * error).all())
    assert not bool((off + 0.05 < 4.5 * error).all())  # the control
    prior = torch.distributions.Normal(0.0, 1.0)
    q = torch.distributions.Normal(belief.mean, belief.log_std.exp())
    judge = torch.distributions.kl_divergence(q, prior).sum(-1)
    torch.testing.assert_close(belief.divergence(), judge)


@pytest.mark.parametrize("latent", [2, 3, 6])
@pytest.mark.parametrize("steps", [1, 2, 4])
def test_the_determinant_of_a_flow_is_that_of_its_jacobian(latent, steps):
    belief = flowed(gaussian(count=1, latent=latent), steps)

    def all_steps(z):
        for step in belief.steps:
            z = step.forward(z)[0]
        return z

    z = noise(1, latent)
    total, at = 0.0, z
    for step in belief.steps:
        at, log_det = step.forward(at)
        total = total + log_det
    jacobian = torch.autograd.functional.jacobian(lambda row: all_steps(row[None])[0], z[0])
    judge = torch.linalg.slogdet(jacobian)
    assert judge.sign > 0
    torch.testing.assert_close(total[0].detach(), judge.logabsdet)
    assert abs(float(judge.logabsdet)) > 1e-3  # not the identity


def test_a_step_and_its_way_back():
    belief = flowed(gaussian(latent=5), 3)
    z = noise(7, 4, 5)
    for step in belief.steps:
        there, log_det = step.forward(z)
        back, same = step.inverse(there)
        torch.testing.assert_close(back, z)
        torch.testing.assert_close(same, log_det)
        assert not torch.allclose(there, z)


def test_the_density_of_a_flow_is_the_same_both_ways():
    belief = flowed(gaussian(), 3)
    z, density = belief.draw(noise(9, 4, 3))
    torch.testing.assert_close(belief.log_density(z), density)
    assert not torch.allclose(belief.base.log_density(z), density)
    assert belief.divergence() is None


def test_the_density_of_a_flow_sums_to_one():
    """By importance sampling: E_r [q / r] = 1 for a wide r."""
    belief = flowed(gaussian(count=1, latent=2), 2)
    proposal = torch.distributions.Normal(0.0, 4.0)
    z = 4 * noise(200_000, 1, 2)
    ratio = (belief.log_density(z) - proposal.log_prob(z).sum(-1)).exp().detach()
    error = float(ratio.std()) / math.sqrt(len(ratio))
    assert error < 0.02
    assert abs(float(ratio.mean()) - 1) < 4.5 * error


def test_without_steps_a_flow_is_its_gaussian():
    base = gaussian()
    draws = noise(5, 4, 3)
    for found, expected in zip(Flowed(base, []).draw(draws), base.draw(draws), strict=True):
        torch.testing.assert_close(found, expected)
