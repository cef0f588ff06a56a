"""Positions: by hand, beside complex numbers, and what depends on differences alone."""

import math

import numpy as np
import pytest
import torch

from lmcourse.transformer.positions import alibi, alibi_slopes, angles, rotate, rotation, sinusoidal


def test_sinusoids_by_hand():
    found = sinusoidal(torch.tensor([0, 3]), 4)
    # at 0 each pair is (sin 0, cos 0); at 3 the angles are 3 and 3 / 10,000^(2/4) = 0.03
    right = [[0, 1, 0, 1], [math.sin(3), math.cos(3), math.sin(0.03), math.cos(0.03)]]
    np.testing.assert_allclose(found, right)


def test_a_sinusoid_some_places_on_is_a_rotation_of_it():
    """As the source notes: PE(p + 5) is a linear function of PE(p), the same for all p."""
    here, there = sinusoidal(torch.arange(20), 8), sinusoidal(torch.arange(5, 25), 8)
    cos, sin = rotation(torch.tensor(-5), 8)  # the pairs are (sin, cos), so that they turn the other way
    np.testing.assert_allclose(rotate(here, cos, sin), there, atol=1e-12)


@pytest.fixture
def vectors():
    return torch.from_numpy(np.random.default_rng(0).normal(size=(2, 6)))


def test_rope_is_a_product_of_complex_numbers(vectors):
    positions = torch.tensor([0, 7])
    found = rotate(vectors, *rotation(positions, 6, base=100.0))
    turned = torch.view_as_complex(vectors.reshape(2, 3, 2)) * torch.exp(1j * angles(positions, 6, 100.0))
    np.testing.assert_allclose(found, torch.view_as_real(turned).flatten(1))
    np.testing.assert_allclose(found[0], vectors[0])  # position 0 turns by nothing
    np.testing.assert_allclose(found.norm(dim=1), vectors.norm(dim=1))


def test_rope_is_the_form_with_halves_in_another_order(vectors):
    """Llama's code at Hugging Face: x cos + (-second half, first half) sin, the angles written twice."""
    angle = angles(torch.tensor([3, 7]), 6)
    cos, sin = torch.cat([angle, angle], dim=-1).cos(), torch.cat([angle, angle], dim=-1).sin()
    order = torch.tensor([0, 2, 4, 1, 3, 5])
    halves = vectors[:, order]
    right = halves * cos + torch.cat([-halves[:, 3:], halves[:, :3]], dim=-1) * sin
    np.testing.assert_allclose(rotate(vectors, angle.cos(), angle.sin())[:, order], right)


def test_rope_depends_on_differences_of_positions_alone(vectors):
    def score(at_query, at_key):
        q, k = (rotate(x, *rotation(torch.tensor(p), 6)) for x, p in zip(vectors, (at_query, at_key)))
        return float(q @ k)

    assert score(9, 4) == pytest.approx(score(105, 100), abs=1e-12)
    assert score(9, 4) == pytest.approx(score(5, 0), abs=1e-12)
    assert abs(score(9, 4) - score(9, 5)) > 1e-3


def test_slopes_of_alibi():
    # the source, section 3: 8 heads have 1/2, 1/4, …, 1/256; 16 heads 2^-0.5, 2^-1, …, 2^-8
    assert alibi_slopes(8) == [2.0**-i for i in range(1, 9)]
    np.testing.assert_allclose(alibi_slopes(16), [2 ** (-i / 2) for i in range(1, 17)])
    assert alibi_slopes(1) == [2**-8]
    # 3 heads: the two of 2^-4, 2^-8, and of 4 heads' 2^-2, 2^-4, … the first
    assert alibi_slopes(3) == [2**-4, 2**-8, 2**-2]


def test_alibi_by_hand():
    found = alibi(2, torch.tensor([2, 3]), torch.tensor([0, 1, 2, 3]))
    # slopes 1/16 and 1/256; distances from place 2: 2 1 0 1; from place 3: 3 2 1 0
    distances = np.array([[2, 1, 0, 1], [3, 2, 1, 0]])
    np.testing.assert_allclose(found, [-distances / 16, -distances / 256])
    batch = alibi(2, torch.tensor([[2, 3], [7, 8]]), torch.tensor([[0, 1, 2, 3], [5, 6, 7, 8]]))
    assert batch.shape == (2, 2, 2, 4)
    np.testing.assert_allclose(batch[0], batch[1])


def test_bad_input_is_named():
    with pytest.raises(ValueError, match="size=5 must be even"):
        angles(torch.arange(3), 5)
