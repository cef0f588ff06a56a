"""Weights in a byte each: by hand, how far off they can be, and a file is what was computed with."""

import numpy as np
import pytest
import torch
from safetensors.torch import load

from lmcourse.transformer.config import Config
from lmcourse.transformer.model import TransformerModel
from lmcourse.transformer.network import Transformer
from lmcourse.transformer.quantise import (
    dequantise,
    load_quantised,
    quantise,
    quantised,
    round_to_bits,
    save_quantised,
    to_bytes,
    with_rounded_weights,
)
from lmcourse.vocabulary import Vocabulary


def network(d_model: int = 16) -> Transformer:
    return Transformer(Config(7, d_model, 2, 2, 8, bias=False, position="rope")).draw(
        np.random.default_rng(0)
    )


def test_by_hand():
    # largest 2.54 = 127 · 0.02; 0.029 / 0.02 = 1.45, so 1; -0.031 / 0.02 = -1.55, so -2
    whole, scales = quantise(torch.tensor([[2.54, 0.029, -0.031], [0.0, 0.0, 0.0], [0.1, -12.7, 0.0]]))
    assert whole.dtype == torch.int8
    assert whole.tolist() == [[127, 1, -2], [0, 0, 0], [1, -127, 0]]
    assert scales.tolist() == pytest.approx([0.02, 1.0, 0.1])
    assert dequantise(whole, scales)[0].tolist() == pytest.approx([2.54, 0.02, -0.04])


def test_no_weight_is_off_by_more_than_half_a_step():
    weights = torch.from_numpy(np.random.default_rng(1).standard_t(3, size=(50, 40))).float()
    whole, scales = quantise(weights)
    off = (dequantise(whole, scales) - weights).abs() / scales[:, None]
    assert 0.45 < off.max() <= 0.5 + 1e-3
    assert (whole.abs().amax(dim=1) == 127).all()


@pytest.mark.parametrize(
    "bad", [torch.zeros(3), torch.tensor([[1.0, float("nan")]]), torch.tensor([[torch.inf]])]
)
def test_what_is_no_matrix_of_numbers_is_refused(bad):
    with pytest.raises(ValueError, match=r"must be a matrix of finite numbers"):
        quantise(bad)


def test_a_file_holds_what_is_computed_with(tmp_path):
    one, other = network(), network().draw(np.random.default_rng(5))
    before = one.blocks[0].feed_forward.up.weight.clone()
    save_quantised(one, tmp_path / "kept")
    assert not torch.equal(one.blocks[0].feed_forward.up.weight, before)  # rounded to what was written
    load_quantised(other, tmp_path / "kept")
    for a, b in zip(one.parameters(), other.parameters()):
        assert torch.equal(a, b)
    state = load((tmp_path / "kept").read_bytes())
    matrices = [name for name, tensor in one.state_dict().items() if tensor.dim() == 2]
    assert {state[name].dtype for name in matrices} == {torch.int8}
    assert state["norm.weight"].dtype == torch.float32
    assert state["embedding.weight.scale"].shape == (7,)


def test_what_was_rounded_stays_as_it_is(tmp_path):
    """So the model of the page may be made from the file or from what was read of it."""
    one = network()
    save_quantised(one, tmp_path / "kept")
    again = load(to_bytes(one))
    for name, tensor in load((tmp_path / "kept").read_bytes()).items():
        torch.testing.assert_close(again[name], tensor, rtol=1e-6, atol=0)


def test_another_network_and_a_cut_file_are_named(tmp_path):
    save_quantised(network(), tmp_path / "kept")
    larger = network(32)
    before = [weight.clone() for weight in larger.parameters()]
    with pytest.raises(ValueError, match=r"the shape \[7, 16\] there and \[7, 32\] here"):
        load_quantised(larger, tmp_path / "kept")
    (tmp_path / "cut").write_bytes((tmp_path / "kept").read_bytes()[:-9])
    with pytest.raises(ValueError, match="holds no weights that can be read"):
        load_quantised(larger, tmp_path / "cut")
    assert all(torch.equal(a, b) for a, b in zip(before, larger.parameters()))


def test_a_copy_of_a_model_is_rounded_and_the_model_is_not():
    model = TransformerModel(network().eval(), Vocabulary("abcdefg"), start=0)
    before = model.token_log_probs([1, 2, 3])
    rounded = with_rounded_weights(model)
    np.testing.assert_array_equal(model.token_log_probs([1, 2, 3]), before)
    whole, scales = (quantised(model.module)[f"embedding.weight{end}"] for end in ("", ".scale"))
    assert torch.equal(rounded.module.embedding.weight, dequantise(whole, scales))
    off = np.abs(rounded.token_log_probs([1, 2, 3]) - before)
    assert 0 < off.max() < 0.05


def test_rounding_to_few_bits_keeps_the_ends_and_errs_by_half_a_step_at_most():
    weights = torch.tensor(np.random.default_rng(2).standard_normal((3, 8)), dtype=torch.float32)
    for bits, group in ((1, None), (3, None), (3, 4), (8, 2)):
        found = round_to_bits(weights, bits, group).unflatten(1, (-1, group or 8))
        groups = weights.unflatten(1, (-1, group or 8))
        assert torch.allclose(found.amin(2), groups.amin(2))
        assert torch.allclose(found.amax(2), groups.amax(2))
        step = (groups.amax(2, keepdim=True) - groups.amin(2, keepdim=True)) / (2**bits - 1)
        assert ((found - groups).abs() <= step / 2 + 1e-6).all()
        assert max(len(one.unique()) for one in found.flatten(0, 1)) <= 2**bits
    assert torch.equal(round_to_bits(torch.full((2, 4), 0.3), 2), torch.full((2, 4), 0.3))


@pytest.mark.parametrize(("shape", "bits", "group"), [((4,), 4, None), ((2, 4), 0, None), ((2, 6), 4, 4)])
def test_rounding_that_cannot_be_is_named(shape, bits, group):
    with pytest.raises(ValueError, match=r"give a matrix, at least 1 bit, and a group that divides"):
        round_to_bits(torch.zeros(shape), bits, group)
