"""torch's products with small weights are what the module says that they are: read out number by number."""

import pytest
import torch

from lmcourse.inference import kernels
from lmcourse.inference.kernels import GROUP, eight_bit_product, four_bit_packed, four_bit_product

needs_kernels = pytest.mark.skipif(not kernels.has_small_weights(), reason="this torch has no such kernels")


@needs_kernels
def test_each_weight_of_four_bits_is_its_whole_number_times_the_scale_and_the_least_one_more():
    generator = torch.Generator().manual_seed(1)
    whole = torch.randint(0, 16, (32, 3 * GROUP), generator=generator)
    # scales and zeros that bfloat16 holds exactly: 1/4 … 4 and least weights that are multiples of them
    scale = 2.0 ** torch.randint(-2, 3, (32, 3), generator=generator)
    least = -scale * torch.randint(0, 16, (32, 3), generator=generator)
    packed, scales_and_zeros = four_bit_packed(whole, scale, least)
    read_out = four_bit_product(torch.eye(3 * GROUP), packed, scales_and_zeros).T
    expected = whole * scale.repeat_interleave(GROUP, 1) + least.repeat_interleave(GROUP, 1)
    torch.testing.assert_close(read_out, expected, atol=0, rtol=0)
    assert packed.numel() * packed.element_size() == whole.numel() / 2


@needs_kernels
def test_each_weight_of_eight_bits_is_its_whole_number_times_the_scale_of_its_row():
    whole = torch.arange(-127, 128).repeat(2)[:256].reshape(4, 64).to(torch.int8)
    scale = torch.tensor([0.5, 1.0, 2.0, 0.25], dtype=torch.bfloat16)
    read_out = eight_bit_product(torch.eye(64), whole, scale).T
    torch.testing.assert_close(read_out, whole * scale[:, None].float(), atol=0, rtol=0)


@needs_kernels
def test_shapes_in_front_and_precisions_are_kept():
    packed = four_bit_packed(torch.zeros(16, 32), torch.ones(16, 1), torch.ones(16, 1))
    for precision in (torch.float32, torch.float64, torch.bfloat16):
        found = four_bit_product(torch.ones(2, 3, 32, dtype=precision), *packed)
        assert (found.shape, found.dtype) == ((2, 3, 16), precision)
        assert (found == 32).all()  # 32 weights of one


def test_another_meaning_or_no_kernel_is_found_out(monkeypatch):
    def other(rows, *rest):
        return torch.zeros(len(rows), rest[-1].shape[1], dtype=rows.dtype)

    def none(*_):
        raise NotImplementedError

    for operator in (other, none):
        kernels.has_small_weights.cache_clear()
        with monkeypatch.context() as patch:
            patch.setattr(torch.ops.aten, "_weight_int4pack_mm_for_cpu", operator)
            assert not kernels.has_small_weights()
            with pytest.raises(kernels.Unavailable, match='lay the network out as "f16" or "f32"'):
                kernels.require_small_weights()
        kernels.has_small_weights.cache_clear()
