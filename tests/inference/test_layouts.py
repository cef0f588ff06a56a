"""A network laid out anew says what it said, up to what its layout rounds; the original stays as it was."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from lmcourse.decoding import GREEDY, generate
from lmcourse.inference import kernels, layouts
from lmcourse.inference.distance import distance
from lmcourse.inference.layouts import LAYOUTS, EightBit, eight_bit, four_bit, lay_out
from lmcourse.pretrained.model import pretrained_file
from lmcourse.reader import ContextReader
from lmcourse.transformer.model import TransformerModel
from lmcourse.transformer.network import Transformer
from lmcourse.vocabulary import Vocabulary

VOCAB = Vocabulary([f"<{i}>" for i in range(64)])
IDS = torch.from_numpy(np.random.default_rng(1).integers(64, size=(3, 20)))
HAS = kernels.has_small_weights()
HERE = [
    pytest.param(layout, marks=pytest.mark.skipif(layout == "q4" and not HAS, reason="no such kernels"))
    for layout in LAYOUTS
]
each_layout = pytest.mark.parametrize("layout", HERE)
# Logits, whose standard deviation is about 1.5, may be off by so much. 16 bits have 11 digits of two, so that
# products are off by some 2^-11 of their size. The weights' own rounding to 4 bits is compared apart.
CLOSE = {"f32": 0, "f32-apart": 1e-5, "f32-flat": 2e-5, "f32-transposed": 2e-5, "f16": 3e-2}


@pytest.mark.parametrize("layout", CLOSE)
def test_logits_are_the_same(small, layout):
    expected = small(IDS)
    assert 1 < expected.std() < 3
    torch.testing.assert_close(lay_out(small, layout)(IDS), expected, atol=CLOSE[layout], rtol=0)


@pytest.mark.parametrize("layout", CLOSE)
def test_an_output_of_its_own_is_laid_out(small, layout):
    untied = Transformer(replace(small.config, tied=False)).draw(np.random.default_rng(4)).eval()
    found, expected = lay_out(untied, layout)(IDS), untied(IDS)
    torch.testing.assert_close(found, expected, atol=CLOSE[layout], rtol=0)
    assert expected.std() > 10 * CLOSE[layout]


def with_rounded_weights(network):
    """In full precision the weights that "q4" is said to have."""
    rounded = Transformer(network.config)
    state = dict(network.state_dict())
    for name, weight in state.items():
        if name == "embedding.weight":
            whole, scale = eight_bit(weight)
            state[name] = whole * scale[:, None].float()
        elif weight.dim() == 2:
            whole, scale, least = four_bit(weight)
            zero = (least + 8 * scale).bfloat16().float()
            steps = (whole.unflatten(1, (-1, 32)).float() - 8) * scale.bfloat16().float()[..., None]
            state[name] = (steps + zero[..., None]).flatten(1)
    rounded.load_state_dict(state)
    return rounded.eval()


@pytest.mark.skipif(not HAS, reason="no such kernels")
def test_four_bits_are_a_network_with_rounded_weights(small):
    """Up to the rounding of what is multiplied, to the 8 binary digits of bfloat16."""
    off = (lay_out(small, "q4")(IDS) - with_rounded_weights(small)(IDS)).abs()
    by_rounding = (small(IDS) - with_rounded_weights(small)(IDS)).abs()
    assert off.mean() < 0.02
    assert 0.1 < by_rounding.mean()  # so that the first line says something


@pytest.mark.skipif(not HAS, reason="no such kernels")
def test_the_output_of_eight_bits_is_the_same_by_either_product(monkeypatch):
    weight, x = torch.randn(2, 64, 96, generator=torch.Generator().manual_seed(0))
    by_digits = EightBit(weight)
    monkeypatch.setattr(layouts, "has_digits", lambda: False)
    in_bfloat = EightBit(weight)
    assert by_digits.whole.equal(in_bfloat.whole)
    # bfloat16 has 8 binary digits: of 96 products of standard deviation 1 each is off by some thousandths
    torch.testing.assert_close(by_digits(x), in_bfloat(x), atol=0.2, rtol=0)
    rows = layouts.EightBitRows(by_digits)(torch.arange(64))
    torch.testing.assert_close(by_digits(torch.eye(96)).T, rows, atol=1e-5, rtol=0)


@each_layout
def test_what_holds_its_weights_in_other_forms_says_that_it_cannot_be_converted(small, layout):
    found = lay_out(small, layout)
    if LAYOUTS[layout].matrix is None:
        torch.testing.assert_close(found.double()(IDS).float(), small(IDS), atol=1e-4, rtol=0)
    else:
        for convert in (found.double, lambda: found.blocks[0].to("meta"), found.output.float):
            with pytest.raises(ValueError, match="lay it out anew"):
                convert()


@each_layout
def test_reading_on_is_the_same_as_being_asked_anew(small, layout):
    model = TransformerModel(lay_out(small, layout), VOCAB, start=0)
    contexts = [[5, 9, 2], [7], [5, 9, 2]]
    reader, anew = model.reader(contexts), ContextReader(model, contexts)
    for tokens in ([1, 2, 3], [40, 50, 60], [8, 8, 8]):
        np.testing.assert_allclose(reader.log_probs(), anew.log_probs(), atol=0.1 if layout == "q4" else 1e-2)
        reader.read(tokens)
        anew.read(tokens)


@each_layout
def test_the_original_is_not_touched_and_what_is_the_same_is_shared(small, layout):
    before = {name: tensor.clone() for name, tensor in small.state_dict().items()}
    found = lay_out(small, layout)
    assert found.norm.weight.data_ptr() == small.norm.weight.data_ptr()
    assert not any(part.training for part in found.modules())
    for name, tensor in small.state_dict().items():
        assert torch.equal(tensor, before[name])
    if layout in ("f16", "q4"):
        assert found.output.forward.__func__ is not type(small.embedding).forward
        table = found.embedding.weight if layout == "f16" else found.embedding.whole
        head = found.output.weight if layout == "f16" else found.output.whole
        assert table.data_ptr() == head.data_ptr()  # tied: one table for both


def n_bytes(module):
    tensors = {t.data_ptr(): t for t in (*module.parameters(), *module.buffers())}
    return sum(t.numel() * t.element_size() for t in tensors.values())


@pytest.mark.skipif(not HAS, reason="no such kernels")
def test_bytes(small):
    matrices = 2 * (64 * 128 + 64 * 64 + 64 * 192 + 96 * 64)  # qkv, output, up, down; two blocks
    norms, table = 5 * 64, 64 * 64
    assert n_bytes(small) == 4 * (matrices + norms + table)
    assert n_bytes(lay_out(small, "f16")) == 2 * (matrices + table) + 4 * norms
    # 4 bits, two numbers of 16 bits for 32 weights; the table: 8 bits, and 16 bits for each row. (Beside it,
    # and not counted here, what oneDNN makes of the table.)
    assert n_bytes(lay_out(small, "q4")) == matrices * 5 / 8 + table + 2 * 64 + 4 * norms


def test_four_bits_keep_the_least_and_the_largest_of_each_group():
    weight = torch.from_numpy(np.random.default_rng(2).normal(size=(16, 64)).astype(np.float32))
    whole, scale, least = four_bit(weight)
    groups = weight.unflatten(1, (2, 32))
    restored = whole.unflatten(1, (2, 32)) * scale[..., None] + least[..., None]
    torch.testing.assert_close(restored.amin(2), groups.amin(2))
    torch.testing.assert_close(restored.amax(2), groups.amax(2))
    assert ((restored - groups).abs() <= scale[..., None] / 2 * (1 + 1e-4)).all()
    assert (whole.min(), whole.max()) == (0, 15)


def test_a_group_of_equal_weights_is_kept():
    whole, scale, least = four_bit(torch.full((16, 32), -0.3))
    assert (whole == 0).all()
    assert (scale == 0).all()
    assert (least == torch.tensor(-0.3)).all()


def test_eight_bits_make_up_for_their_scales_rounding():
    weight = torch.tensor([[1.0, -0.5, 0.2001], [0.0, 0.0, 0.0]])
    whole, scale = eight_bit(weight)
    # 1/127 = .007874 lies between the bfloat16 numbers .0078735 and .0079041
    assert scale[0].item() == pytest.approx(0.0078735, abs=1e-7)
    assert whole.tolist() == [[127, -64, 25], [0, 0, 0]]  # .5 / .0078735 = 63.5…, .2001 / … = 25.4


def test_the_files_own_numbers_are_found_again(real):
    """Also where the file has queries, keys and values apart, and ours one below the other."""
    tensors = pretrained_file().tensors
    names = {"attention.qkv": ("attn_q", "attn_k", "attn_v"), "feed_forward.down": ("ffn_down",)}
    for part, stored in names.items():
        whole, scale, _ = four_bit(real.module.get_submodule(f"blocks.7.{part}").weight)
        blocks = np.concatenate([tensors[f"blk.7.{name}.weight"].blocks for name in stored])
        pairs = blocks["pairs"]
        expected = np.concatenate([pairs & 15, pairs >> 4], axis=-1).reshape(whole.shape)
        np.testing.assert_array_equal(whole.numpy(), expected)
        np.testing.assert_allclose(scale.numpy(), blocks["scale"].astype(np.float32), rtol=1e-4)


@pytest.mark.skipif(not HAS, reason="no such kernels")
def test_the_real_model_says_nearly_the_same(real):
    prompt = real.ids("The capital of France is")
    said = generate(real, prompt, 6, GREEDY, end=())
    models = {
        layout: TransformerModel(lay_out(real.module, layout), real.vocab)
        for layout in ("f32-transposed", "f16", "q4")
    }
    assert generate(models["f32-transposed"], prompt, 6, GREEDY, end=()) == said
    text = [*prompt, *said]
    far = {layout: distance(real, model, text, given=1) for layout, model in models.items()}
    assert far["f32-transposed"].mean_kl < 1e-6
    assert far["f16"].mean_kl < 1e-4
    assert 1e-4 < far["q4"].mean_kl < 0.02
    assert far["f16"].agreement == 1


@pytest.mark.parametrize("faster", [True, False])
def test_the_library_is_the_one_that_a_trial_found_faster(faster, monkeypatch):
    calls = []
    monkeypatch.setattr(layouts, "onednn_is_faster", lambda: faster)
    monkeypatch.setattr(layouts, "onednn", lambda x, weight: calls.append(1) or x @ weight.T)
    x, weight = torch.randn(2, 8), torch.randn(5, 8)
    torch.testing.assert_close(layouts.Transposed(weight).rows(x), x @ weight.T)
    assert len(calls) == faster


@pytest.mark.parametrize("seconds", [{"onednn": 1.0, "mkl": 2.0}, {"onednn": 2.0, "mkl": 1.0}])
def test_a_trial_is_won_by_the_shorter_time(seconds, monkeypatch):
    monkeypatch.setattr(layouts, "has_onednn", lambda: True)
    monkeypatch.setattr(layouts, "fastest", lambda tasks: {name: seconds[name] for name in tasks})
    assert layouts.onednn_is_faster.__wrapped__() == (seconds["onednn"] < seconds["mkl"])
    monkeypatch.setattr(layouts, "has_onednn", lambda: False)
    assert not layouts.onednn_is_faster.__wrapped__()


def test_bad_input_is_named(small, monkeypatch):
    with pytest.raises(ValueError, match="layout='int3' must be one of 'f32-apart', 'f32'"):
        lay_out(small, "int3")
    for choice in ({"bias": True}, {"cross": True}, {"norm": "layer"}, {"position": "alibi"}):
        (name, value), *_ = choice.items()
        with pytest.raises(
            ValueError, match=f"only a network of Llama's kind.*this one has .'{name}': {value!r}"
        ):
            lay_out(Transformer(replace(small.config, **choice)), "f16")
    with pytest.raises(
        ValueError, match="a matrix of 16 rows and 48 columns cannot be laid out in four bits"
    ):
        four_bit(torch.ones(16, 48))
    with pytest.raises(ValueError, match="rows must be a multiple of 16"):
        four_bit(torch.ones(8, 32))
    monkeypatch.setattr(kernels, "has_small_weights", lambda: False)
    with pytest.raises(kernels.Unavailable, match="no products with weights of four and eight bits"):
        lay_out(small, "q4")
