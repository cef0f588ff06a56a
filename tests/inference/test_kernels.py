"""torch's products with small weights are what the module says that they are: read out number by number."""

import pytest
import torch

from lmcourse.inference import kernels
from lmcourse.inference.kernels import (
    GROUP,
    digits_packed,
    digits_product,
    eight_bit_product,
    four_bit_packed,
    four_bit_product,
)

needs_kernels = pytest.mark.skipif(not kernels.has_small_weights(), reason="this torch has no such kernels")
needs_digits = pytest.mark.skipif(not kernels.has_digits(), reason="this torch has no such product")


@needs_kernels
def test_each_weight_of_four_bits_is_its_whole_number_times_the_scale_and_the_least_one_more():
    generator = torch.Generator().manual_seed(1)
    whole = torch.randint(0, 16, (32, 3 * GROUP), generator=generator)
    # scales and zeros that bfloat16 holds exactly: 1/4 … 4 and least weights that are multiples of them
    scale = 2.0 ** torch.randint(-2, 3, (32, 3), generator=generator)
    least = -scale * torch.randint(0, 16, (32, 3), generator=generator)
    packed, scales_and_zeros = four_bit_packed(whole, scale, least)
    read_out = four_bit_product(torch.eye(3 * GROUP).bfloat16(), packed, scales_and_zeros).T.float()
    expected = whole * scale.repeat_interleave(GROUP, 1) + least.repeat_interleave(GROUP, 1)
    torch.testing.assert_close(read_out, expected, atol=0, rtol=0)
    assert packed.numel() * packed.element_size() == whole.numel() / 2


@needs_kernels
def test_each_weight_of_eight_bits_is_its_whole_number_times_the_scale_of_its_row():
    whole = torch.arange(-127, 128).repeat(2)[:256].reshape(4, 64).to(torch.int8)
    scale = torch.tensor([0.5, 1.0, 2.0, 0.25], dtype=torch.bfloat16)
    read_out = eight_bit_product(torch.eye(64).bfloat16(), whole, scale).T.float()
    torch.testing.assert_close(read_out, whole * scale[:, None].float(), atol=0, rtol=0)


@needs_digits
def test_the_product_in_digits_is_exact_to_a_millionth_of_the_largest_number():
    generator = torch.Generator().manual_seed(2)
    whole = torch.randint(-127, 128, (48, 96), generator=generator).to(torch.int8)
    scale = torch.rand(48, generator=generator)
    x = torch.randn(5, 96, generator=generator)
    x[1] *= 1e-6
    x[2, 7] = 1000.0  # beside which the others are small
    x[3] = whole[0].sign()  # all products of one sign, which must not run over
    x[4] = 0
    packed = digits_packed(whole)
    found = digits_product(x, packed, scale)
    expected = x.double() @ (whole.double() * scale[:, None].double()).T
    # A millionth of a row's largest number is one step, and as many halves of it as numbers are the worst.
    bound = x.abs().amax(1, keepdim=True).double() * 96 * 127 * scale.double() / 2e6
    assert ((found - expected).abs() <= bound).all()
    alone = torch.cat([digits_product(row[None], packed, scale) for row in x])
    torch.testing.assert_close(alone, found, atol=0, rtol=1e-6)


def test_another_meaning_or_no_kernel_is_found_out(monkeypatch):
    def other(rows, *rest):
        return torch.zeros(len(rows), rest[-1].shape[1], dtype=rows.dtype)

    def none(*_):
        raise NotImplementedError

    for operator in (other, none):
        kernels.has_small_weights.cache_clear()
        with monkeypatch.context() as patch:
            patch.setattr(torch, "_weight_int4pack_mm_for_cpu", operator)
            assert not kernels.has_small_weights()
            with pytest.raises(kernels.Unavailable, match='lay the network out as "f16" or "f32"'):
                kernels.require_small_weights()
        kernels.has_small_weights.cache_clear()


@needs_digits
def test_a_product_that_runs_over_is_found_out(monkeypatch):
    right = torch.ops.onednn.qlinear_pointwise

    def saturating(*arguments):
        return right(*arguments).clamp(max=2.0**14)

    for operator in (saturating, None):
        kernels.has_digits.cache_clear()
        with monkeypatch.context() as patch:
            patch.setattr(torch.ops.onednn, "qlinear_pointwise", operator)
            assert not kernels.has_digits()
        kernels.has_digits.cache_clear()
