"""One run of the sweep: counted sizes, the recipe, and an excess that is that of the definition."""

import numpy as np
import pytest
import torch

from lmcourse.model import UniformModel
from lmcourse.scaling import sweep
from lmcourse.transformer.model import TransformerModel
from lmcourse.transformer.network import Transformer
from lmcourse.world.ranked_facts import LENGTH, RankedFacts


@pytest.fixture(scope="module")
def world():
    return RankedFacts(n_names=4, n_relations=3, n_objects=5)


def test_sizes_are_those_of_the_weights(world):
    module = Transformer(sweep.config(world.vocab_size, 32))
    counted = sweep.sizes(module.config)
    tables = ("embedding.weight", "positions.weight")
    assert counted["all"] == sum(p.numel() for p in module.parameters())
    assert counted["inner"] == sum(p.numel() for name, p in module.named_parameters() if name not in tables)


def test_what_is_multiplied_with_are_blocks_and_output(world):
    config = sweep.config(world.vocab_size, 32)
    module = Transformer(config)
    table = module.get_parameter("embedding.weight").numel()  # looked up, and multiplied with at the end
    assert sweep.multiplied(config) == sweep.sizes(config)["inner"] + table
    assert table == world.vocab_size * 32


def test_rates_are_the_tuned_ones_and_fall_with_width_and_tokens():
    assert sweep.learning_rate(16, 200_000) == pytest.approx(0.0125)
    assert sweep.learning_rate(128, 200_000) == pytest.approx(0.0031 / 2)
    assert sweep.learning_rate(16, 3_200_000) == pytest.approx(0.0125 * 16**-0.15)
    rates = [sweep.learning_rate(d, 50_000) for d in (6, 7, 8, 10, 12, 20, 64, 90)]
    assert rates == sorted(rates, reverse=True)


def test_a_recipe_reads_as_many_tokens_as_it_says():
    assert [sweep.batch_size(50_000 * 2**i) for i in range(8)] == [8, 8, 16, 16, 32, 32, 64, 64]
    for n_tokens in (50_000, 123_456, 3_200_000):
        how = sweep.recipe(16, n_tokens)
        batch = sweep.batch_size(n_tokens) * LENGTH
        assert abs(how.steps * batch - n_tokens) <= batch / 2


def test_excess_is_loss_beyond_the_truths_of_the_same_sentences(world):
    held_out = world.draw(50, np.random.default_rng(0))
    module = Transformer(sweep.config(world.vocab_size, 8)).draw(np.random.default_rng(1))
    model = TransformerModel(module, world.vocab, start=world.end, end=world.end)
    expected = [world.token_log_probs(s) - model.token_log_probs(s) for s in held_out.tolist()]
    found = sweep.excesses(module, world, held_out)
    np.testing.assert_allclose(found, expected, atol=1e-5)
    mean, error = sweep.excess(module, world, held_out)
    assert (mean, error) == pytest.approx(
        (np.mean(expected), np.std(np.mean(expected, axis=1), ddof=1) / 50**0.5), rel=1e-4
    )


def test_a_network_learns_and_never_gets_below_the_truth(world):
    torch.set_num_threads(1)
    held_out = world.draw(2_000, np.random.default_rng(0))
    uniform = -UniformModel(world.vocab).token_log_probs(held_out[0].tolist()).mean() - world.entropy_rate()
    how = sweep.recipe(8, 20_000)
    found = sweep.excess(
        sweep.network(world, 8, how, sweep.batch_size(20_000), np.random.default_rng(0)), world, held_out
    )
    assert 0 < found.mean < uniform / 4
