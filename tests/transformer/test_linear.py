"""Multiplication by oneDNN: what torch gives, values and gradients, large and small, with or without bias."""

import pytest
import torch
from torch.nn.functional import linear as torch_linear

from lmcourse.transformer import linear as module
from lmcourse.transformer.linear import Linear, linear


def tensors(rows, d_in, d_out):
    generator = torch.Generator().manual_seed(0)
    shapes = ((3, rows, d_in), (d_out, d_in), (d_out,), (3, rows, d_out))
    x, weight, bias, given = (torch.randn(shape, generator=generator) for shape in shapes)
    return [t.requires_grad_() for t in (x, weight, bias)], given


@pytest.mark.parametrize("biased", [True, False])
@pytest.mark.parametrize("sizes", [(300, 70, 90), (5, 7, 9)])  # 5.7 million products, and few
def test_values_and_gradients_are_those_of_torch(sizes, biased):
    inputs, given = tensors(*sizes)
    inputs = inputs if biased else inputs[:2]
    found = []
    for function in (linear, torch_linear):
        out = function(*inputs)
        found.append([out.detach(), *torch.autograd.grad(out, inputs, given)])
    for ours, theirs in zip(*found):
        torch.testing.assert_close(ours, theirs, atol=1e-3, rtol=1e-5)


@pytest.mark.skipif(not module.has_onednn(), reason="this torch has no oneDNN")
def test_only_what_is_large_single_and_on_the_cpu_takes_onednn(monkeypatch):
    monkeypatch.setattr(module._OneDNN, "apply", lambda *_: "oneDNN")
    (x, weight, bias), _ = tensors(300, 70, 90)
    assert linear(x, weight, bias) == "oneDNN"
    assert linear(x[:1, :20], weight, bias).shape == (1, 20, 90)
    assert linear(x.double(), weight.double(), bias.double()).dtype == torch.float64


def test_without_onednn_everything_goes_torchs_way(monkeypatch):
    monkeypatch.setattr(module, "has_onednn", lambda: False)
    (x, weight, bias), _ = tensors(300, 70, 90)
    assert torch.equal(linear(x, weight, bias), torch_linear(x, weight, bias))


def test_a_layer_is_torchs_layer():
    (x, weight, bias), _ = tensors(300, 70, 90)
    layer = Linear(70, 90)
    layer.load_state_dict({"weight": weight, "bias": bias})
    torch.testing.assert_close(layer(x), torch_linear(x, weight, bias), atol=1e-4, rtol=1e-5)
    assert isinstance(layer, torch.nn.Linear)


def test_it_answers_without_gradients_and_what_is_not_contiguous():
    (x, weight, bias), _ = tensors(300, 70, 90)
    x, weight, bias = x.detach(), weight.detach(), bias.detach()
    right = torch_linear(x, weight, bias)
    turned = x.transpose(1, 2).contiguous().transpose(1, 2)
    for context in (torch.no_grad(), torch.inference_mode()):
        with context:
            torch.testing.assert_close(linear(x, weight, bias), right, atol=1e-4, rtol=1e-5)
            torch.testing.assert_close(linear(turned, weight, bias), right, atol=1e-4, rtol=1e-5)
    long = torch.ones(3000)  # 9 million products, in one row
    assert linear(long, torch.ones(3000, 3000)).tolist() == [3000] * 3000
