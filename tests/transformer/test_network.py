"""The whole stack: beside torch's, what it may see and what it sees, and what it keeps."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn.functional import cross_entropy

from lmcourse.neural.training import Recipe, train
from lmcourse.neural.weights import load_weights, save_weights
from lmcourse.transformer.attention import Sight
from lmcourse.transformer.cache import Cache
from lmcourse.transformer.config import PLACES, POSITIONS, Config
from lmcourse.transformer.network import EncoderDecoder, Transformer
from lmcourse.transformer.positions import sinusoidal

SMALL = Config(vocab_size=11, d_model=16, n_heads=4, n_layers=2, context_length=9)
IDS = torch.from_numpy(np.random.default_rng(0).integers(11, size=(3, 8)))
EVERYTHING = np.ones((8, 8), dtype=bool)
PREFIX = np.tril(EVERYTHING) | (np.arange(8) < 4)  # the first four are seen by all
MASKS = {"causal": None, "triangle": np.tril(EVERYTHING), "everything": EVERYTHING, "prefix": PREFIX}
MODERN = {"norm": "rms", "feed_forward": "swiglu", "bias": False, "n_kv_heads": 2, "position": "rope"}
each_position = pytest.mark.parametrize("position", POSITIONS)


def network(module=Transformer, **choices):
    """A network whose weights matter, in double precision."""
    made = module(replace(SMALL, **choices)).double().eval().draw(np.random.default_rng(1))
    with torch.no_grad():
        for parameter in made.parameters():
            parameter *= 1.5
    return made


def says(module, *args, **named):
    with torch.no_grad():
        return module(*args, **named)


@pytest.mark.parametrize("name", MASKS)
def test_a_whole_stack_is_that_of_torch(name):
    ours = network(d_ff=20)
    layer = nn.TransformerEncoderLayer(16, 4, 20, 0, "gelu", norm_first=True, batch_first=True)
    theirs = nn.TransformerEncoder(layer, 2, nn.LayerNorm(16), enable_nested_tensor=False).double().eval()
    with torch.no_grad():
        for mine, other in zip(ours.blocks, theirs.layers):
            for part, same in [
                (mine.attention.qkv.weight, other.self_attn.in_proj_weight),
                (mine.attention.qkv.bias, other.self_attn.in_proj_bias),
                *zip(mine.attention.output.parameters(), other.self_attn.out_proj.parameters()),
                *zip(mine.attention_norm.parameters(), other.norm1.parameters()),
                *zip(mine.feed_forward.up.parameters(), other.linear1.parameters()),
                *zip(mine.feed_forward.down.parameters(), other.linear2.parameters()),
                *zip(mine.feed_forward_norm.parameters(), other.norm2.parameters()),
            ]:
                same.copy_(part)
        theirs.norm.load_state_dict(ours.norm.state_dict())
        x = ours.embedding.weight[IDS] + ours.positions.weight[:8]
        visible = torch.from_numpy(np.tril(EVERYTHING) if MASKS[name] is None else MASKS[name])
        right = theirs(x, mask=~visible) @ ours.embedding.weight.T
    torch.testing.assert_close(says(ours, IDS, MASKS[name]), right, atol=1e-9, rtol=1e-9)


@pytest.mark.parametrize("name", MASKS)
@each_position
def test_what_changes_is_what_may_be_seen(name, position):
    """Another token changes what is said where it is seen, by way of others too, and nowhere else."""
    module, mask = network(position=position), MASKS[name]
    one_step = np.tril(EVERYTHING) if mask is None else mask
    reached = one_step.astype(int) @ one_step > 0  # in two layers
    before = says(module, IDS[:1], mask)
    for place in range(8):
        other = IDS[:1].clone()
        other[0, place] = (other[0, place] + 1) % 11
        changed = (says(module, other, mask) - before).abs().amax(dim=(0, 2)) > 1e-12
        assert changed.tolist() == reached[:, place].tolist()


@each_position
def test_a_triangle_is_the_default(position):
    module = network(position=position)
    torch.testing.assert_close(says(module, IDS), says(module, IDS, MASKS["triangle"]))
    each = np.stack([MASKS["triangle"]] * 3)  # a mask for each text
    torch.testing.assert_close(says(module, IDS), says(module, IDS, each))


@each_position
def test_order_is_known_by_positions_alone(position):
    module, order = network(position=position), torch.tensor([5, 2, 7, 0, 1, 6, 4, 3])
    same_set = says(module, IDS[:, order], EVERYTHING)
    straight = says(module, IDS, EVERYTHING)[:, order]
    assert torch.allclose(same_set, straight) == (position == "none")
    told = says(module, IDS[:, order], EVERYTHING, positions=order)  # and they may be told
    torch.testing.assert_close(told, straight)


@pytest.mark.parametrize("position", ["none", "alibi", "rope"])
def test_relative_positions_count_differences(position):
    module = network(position=position)
    torch.testing.assert_close(says(module, IDS, positions=torch.arange(50, 58)), says(module, IDS))


def test_sinusoids_are_added_to_embeddings_root_d_times_as_large():
    module, stream = network(position="sinusoidal"), []
    with torch.no_grad():
        module.hidden(IDS, stream=stream)
        # √16 = 4
        torch.testing.assert_close(
            stream[0], 4 * module.embedding.weight[IDS] + sinusoidal(torch.arange(8), 16)
        )


@pytest.mark.parametrize("choices", [{}, MODERN, {"position": "alibi"}, {"position": "sinusoidal"}])
@pytest.mark.parametrize("norm_place", PLACES)
def test_reading_on_from_a_cache_is_reading_anew(choices, norm_place):
    module, cache = network(norm_place=norm_place, **choices), Cache(2)
    pieces = [says(module, part, cache=cache) for part in IDS.split([3, 1, 1, 3], dim=1)]
    torch.testing.assert_close(torch.cat(pieces, dim=1), says(module, IDS))


@each_position
def test_texts_of_different_lengths_share_a_cache(position):
    module, cache = network(position=position), Cache(2)
    lengths = torch.tensor([2, 5, 3])
    says(module, IDS[:, :5], cache=cache)
    cache.forget(lengths)
    for step in range(3):
        if step == 2:
            cache.select(torch.tensor([2, 0, 0]))
            lengths, ids = lengths[[2, 0, 0]], IDS[[2, 0, 0]]
        else:
            ids = IDS
        tokens = ids[torch.arange(3), lengths + step][:, None]
        found = says(module, tokens, cache=cache)[:, 0]
        for row, length in enumerate(lengths + step):
            torch.testing.assert_close(found[row], says(module, ids[row : row + 1, : length + 1])[0, -1])


def test_a_cache_that_holds_nothing_has_nothing_to_forget():
    module, cache = network(), Cache(2)
    cache.forget(torch.tensor([0, 0, 0]))
    cache.select(torch.tensor([2, 0]))
    cache.crop(4)
    assert cache.positions is None
    torch.testing.assert_close(says(module, IDS, cache=cache), says(module, IDS))


def test_a_cache_that_is_cropped_and_read_on_leaves_alone_what_it_was_given():
    module, cache, places = network(), Cache(2), torch.tensor([[0, 1, 2, 3]] * 3)
    says(module, IDS[:, :4], positions=places, cache=cache)
    cache.crop(2)
    says(module, IDS[:, :2], positions=places[:, :2] + 6, cache=cache)
    assert places.tolist() == [[0, 1, 2, 3]] * 3
    assert cache.positions.tolist() == [[0, 1, 6, 7]] * 3


@pytest.mark.parametrize("depth", [1, 3])
def test_a_cache_of_another_depth_is_refused_before_anything_is_read(depth):
    cache = Cache(depth)
    with pytest.raises(ValueError, match=rf"a cache of {depth} layers .* 2 blocks; make it by Cache\(2\)"):
        network()(IDS, cache=cache)
    assert cache.positions is None


def test_a_prefix_model_can_keep_its_prefix():
    module, cache = network(**MODERN), Cache(2)
    prefix = says(module, IDS[:, :4], np.ones((4, 4), dtype=bool), cache=cache)
    rest = [says(module, IDS[:, place : place + 1], cache=cache) for place in range(4, 8)]
    torch.testing.assert_close(torch.cat([prefix, *rest], dim=1), says(module, IDS, PREFIX))


@each_position
def test_two_streams_are_one_stack_that_reads_each_place_twice(position):
    """XLNet: the text, then for each place a token that says nothing and sees what is before it in an order.

    It also sees itself, so that the first in the order sees something; that tells it no more than its place.
    """
    module, order, blank = network(position=position), np.array([5, 2, 7, 0, 1, 6, 4, 3]), 10
    rank = np.argsort(order)
    content, query = rank[:, None] >= rank, rank[:, None] > rank
    visible = np.block([[content, np.zeros_like(content)], [query, np.eye(8, dtype=bool)]])
    twice = torch.arange(8).repeat(2)
    text = IDS[:1] % 10
    ids = torch.cat([text, torch.full_like(text, blank)], dim=1)
    before = says(module, ids, visible, twice)[0, 8:]
    for place in range(8):
        other = ids.clone()
        other[0, place] = (other[0, place] + 1) % 10
        changed = (says(module, other, visible, twice)[0, 8:] - before).abs().amax(dim=1) > 1e-12
        assert changed.tolist() == (rank > rank[place]).tolist()


def test_a_decoder_beside_an_encoder_looks_at_all_of_the_source():
    module = network(EncoderDecoder, position="sinusoidal", norm_place="post")
    source, ids = IDS[:2, :5], IDS[:2, 3:]
    before = says(module, source, ids)
    other = source.clone()
    other[:, -1] += 1
    other %= 11
    assert ((says(module, other, ids) - before).abs().amax(dim=-1) > 1e-9).all()
    # unless it is only filled up
    held = np.arange(5) < np.array([[[5]], [[4]]])  # (B, 1, S)
    shorter = says(module, source[1:, :4], ids[1:])
    torch.testing.assert_close(says(module, source, ids, held)[1:], shorter)
    torch.testing.assert_close(says(module, source, ids, held)[:1], before[:1])


def test_a_decoder_keeps_what_it_made_of_the_source():
    module, cache = network(EncoderDecoder, **MODERN), Cache(2)
    source, ids = IDS[:, :5], IDS[:, 2:]
    with torch.no_grad():
        told = module.encode(source)
    first = says(module.decoder, ids[:, :2], source=told, cache=cache)
    cache.select(torch.tensor([1, 0, 2]))
    swapped = torch.zeros_like(told)  # it is not looked at again
    rest = [
        says(module.decoder, ids[[1, 0, 2], place : place + 1], source=swapped, cache=cache)
        for place in range(2, 6)
    ]
    right = says(module, source, ids)
    torch.testing.assert_close(first, right[:, :2])
    torch.testing.assert_close(torch.cat(rest, dim=1), right[[1, 0, 2], 2:])


def test_encoder_and_decoder_share_the_embedding():
    module = EncoderDecoder(replace(SMALL, tied=False))
    assert module.encoder.embedding is module.decoder.embedding
    assert module.encoder.output is None


def test_a_larger_base_turns_more_slowly():
    straight = says(network(position="rope", rope_base=500.0), IDS)
    assert not torch.allclose(says(network(position="rope"), IDS), straight)


def test_the_residual_stream_is_there_to_be_read():
    module, stream = network(), []
    with torch.no_grad():
        hidden = module.hidden(IDS, stream=stream)
        assert len(stream) == 3
        torch.testing.assert_close(module.norm(stream[-1]), hidden)
        torch.testing.assert_close(module.logits(hidden), module(IDS))
        torch.testing.assert_close(module.blocks[1](stream[1], Sight(causal=True)), stream[2])


def test_weights_are_drawn_from_numpys_generator():
    config = Config(vocab_size=300, d_model=64, n_heads=4, n_layers=8, context_length=20, tied=False)
    drawn = Transformer(config).draw(np.random.default_rng(5))
    torch.manual_seed(9)
    again = Transformer(config).draw(np.random.default_rng(5))
    assert all(torch.equal(a, b) for a, b in zip(drawn.parameters(), again.parameters()))
    block = drawn.blocks[3]

    def spread(weight):
        return float(weight.detach().std())

    # uniform within 1/√64 has the standard deviation 0.125/√3 = 0.0722; GPT-2's 1/√(2 · 8) makes it a quarter
    assert spread(block.attention.qkv.weight) == pytest.approx(0.0722, rel=0.02)
    assert spread(drawn.embedding.weight) == pytest.approx(0.0722, rel=0.02)
    assert spread(block.attention.output.weight) == pytest.approx(0.0722 / 4, rel=0.03)
    assert spread(block.feed_forward.down.weight) == pytest.approx(0.0722 / 2 / 4, rel=0.02)  # of 256 columns
    assert not block.feed_forward.up.bias.any()
    assert (block.attention_norm.weight == 1).all()
    # DeepNorm's β = (8 · 8)^(-1/4) = 0.354, of values as well, not of queries and keys
    deep = Transformer(replace(config, norm_place="deep")).draw(np.random.default_rng(5)).blocks[3]
    q, k, v = deep.attention.qkv.weight.split(64)
    assert [spread(part) for part in (q, k)] == pytest.approx([0.0722] * 2, rel=0.03)
    assert [spread(part) for part in (v, deep.attention.output.weight, deep.feed_forward.up.weight)] == (
        pytest.approx([0.0722 * 0.354] * 3, rel=0.03)
    )


@pytest.mark.parametrize("choices", [{}, MODERN, {"norm_place": "deep", "position": "alibi", "dropout": 0.1}])
def test_one_batch_is_learned_by_heart(choices):
    module = Transformer(replace(SMALL, d_model=32, **choices)).draw(np.random.default_rng(0))

    def loss(_):
        return cross_entropy(module(IDS[:, :-1]).flatten(0, 1), IDS[:, 1:].flatten())

    train(module, loss, Recipe(steps=150, learning_rate=1e-2, warmup=5), progress=False)
    with torch.no_grad():
        logits = module(IDS[:, :-1])
    # the first token of the three texts says which it is, or else two are continued alike
    assert len(set(IDS[:, 0].tolist())) == 3
    assert (logits.argmax(dim=-1) == IDS[:, 1:]).all()


def test_weights_go_through_a_file(tmp_path):
    module = Transformer(SMALL).draw(np.random.default_rng(0))
    save_weights(module, tmp_path / "weights")
    again = Transformer(SMALL)
    load_weights(again, tmp_path / "weights")
    torch.testing.assert_close(says(again.eval(), IDS), says(module.eval(), IDS), atol=0, rtol=0)


def test_a_context_can_be_overrun_unless_positions_are_learned():
    longer = torch.zeros(1, 10, dtype=torch.int64)
    with pytest.raises(ValueError, match="10 tokens are more than context_length=9"):
        Transformer(SMALL)(longer)
    module, cache = Transformer(SMALL), Cache(2)
    module(longer[:, :9], cache=cache)
    with pytest.raises(ValueError, match="10 tokens are more than context_length=9"):
        module(longer[:, :1], cache=cache)
    for position in ("none", "sinusoidal", "alibi", "rope"):
        assert Transformer(replace(SMALL, position=position))(longer).shape == (1, 10, 11)


def test_bad_input_is_named():
    module = Transformer(SMALL)
    for bad in (11, -1):
        with pytest.raises(ValueError, match=f"token id {bad} is not from 0 to 10"):
            module(torch.tensor([[3, bad]]))
    blind = EVERYTHING.copy()
    blind[5] = False
    with pytest.raises(ValueError, match="a query sees nothing"):
        module(IDS, blind)
    with pytest.raises(ValueError, match=r"visible has the shape \(3, 8\); .* T = 8 .* S = 8"):
        module(IDS, np.ones((3, 8), dtype=bool))
    with pytest.raises(ValueError, match="visible must be boolean"):
        module(IDS, EVERYTHING.astype(np.int64))
    with pytest.raises(ValueError, match="cross=False, but a source is given"):
        module(IDS, source=torch.zeros(3, 5, 16))
    with pytest.raises(ValueError, match="cross=True, but no source is given"):
        Transformer(replace(SMALL, cross=True))(IDS)
