"""Assignment 5: what is particular to it. What every assignment owes is in `test_every_assignment.py`."""

import contextlib
import io
import math
import re
from functools import partial

import numpy as np
import pytest
import torch
from authored import checks_of, defined, exercises, notebook, outcomes, wrong

from lmcourse.grading import course
from lmcourse.transformer import attention, positions
from lmcourse.transformer.config import Config
from lmcourse.world import agreement

NAME = "05-attention"
CAUSAL = np.tri(4, dtype=int)


@pytest.fixture
def rng():
    return np.random.default_rng(0)


def test_there_are_seven_graded_exercises():
    assert exercises(NAME) == list(course.points(NAME))
    assert sum(course.points(NAME).values()) == 20


def test_attention_is_the_packages_and_torchs(rng):
    q, k, v = rng.normal(size=(4, 3)), rng.normal(size=(6, 3)), rng.normal(size=(6, 2))
    visible = rng.random((4, 6)) < 0.5
    visible[:, 0] = True
    for mask in (None, visible):
        found = defined(NAME)["attend"](q, k, v, mask)
        assert found == pytest.approx(attention.attend(q, k, v, mask))
        given = None if mask is None else torch.tensor(mask)
        right = torch.nn.functional.scaled_dot_product_attention(*map(torch.tensor, (q, k, v)), given)
        assert found == pytest.approx(right.numpy())


def test_several_heads_are_torchs_own_layer(rng):
    layer = torch.nn.MultiheadAttention(6, 3, batch_first=True).double()
    names = {"in": "in_proj_weight", "in_bias": "in_proj_bias", "out": "out_proj.weight"}
    names["out_bias"] = "out_proj.bias"
    state = {name: torch.tensor(rng.normal(size=w.shape)) for name, w in layer.state_dict().items()}
    layer.load_state_dict(state)
    x, visible = rng.normal(size=(5, 6)), np.tri(5, dtype=bool)
    given = torch.tensor(x)[None]
    right, _ = layer(given, given, given, attn_mask=torch.tensor(~visible))
    weights = {name: state[theirs].numpy() for name, theirs in names.items()}
    found = defined(NAME)["multi_head"](x, weights, 3, visible)
    assert found == pytest.approx(right[0].detach().numpy())


def test_rotations_are_the_packages_and_scores_depend_on_the_distance(rng):
    x, where = rng.normal(size=(5, 6)), np.array([0, 3, 4, 9, 17])
    rotate = defined(NAME)["rotate"]
    cos, sin = positions.rotation(torch.tensor(where), 6)
    assert rotate(x, where) == pytest.approx(positions.rotate(torch.tensor(x), cos, sin).numpy())
    q, k = rng.normal(size=(2, 1, 6))
    scores = [rotate(q, np.array([p])) @ rotate(k, np.array([p - 3])).T for p in (3, 5, 100)]
    assert scores == [pytest.approx(scores[0])] * 3


def test_the_block_is_torchs_own_layer(rng):
    gelu = partial(torch.nn.functional.gelu, approximate="tanh")
    layer = torch.nn.TransformerEncoderLayer(
        4, 2, 9, dropout=0.0, activation=gelu, batch_first=True, norm_first=True, dtype=torch.double
    )
    names = {
        "self_attn.in_proj_weight": "in",
        "self_attn.in_proj_bias": "in_bias",
        "self_attn.out_proj.weight": "out",
        "self_attn.out_proj.bias": "out_bias",
        "linear1.weight": "up",
        "linear1.bias": "up_bias",
        "linear2.weight": "down",
        "linear2.bias": "down_bias",
        **{
            f"norm{i}.{theirs}": f"{mine}{i}"
            for i in (1, 2)
            for theirs, mine in (("weight", "gain"), ("bias", "shift"))
        },
    }
    state = {name: torch.tensor(rng.normal(size=w.shape)) for name, w in layer.state_dict().items()}
    layer.load_state_dict(state)
    x = rng.normal(size=(5, 4))
    hidden = torch.ones(5, 5, dtype=torch.bool).triu(1)
    right = layer(torch.tensor(x)[None], src_mask=hidden)[0].detach().numpy()
    weights = {mine: state[name].numpy() for name, mine in names.items()}
    assert defined(NAME)["block"](x, weights, 2) == pytest.approx(right)


def test_shares_of_a_text_with_holes_are_never_found_wrong_by_chance():
    """The check rounds to 5 %: a right solution would have to be half of that off."""
    for rows, rate, *fates in ((1000, 0.15, 0.8, 0.099), (500, 0.15, 0.8, 0.099), (500, 0.3, 0.5, 0.2475)):
        words = rows * 198
        chances = ((rate, words), *((fate, 0.9 * words * rate) for fate in fates))
        for share, number in chances:
            room = 0.025 - abs(share - round(20 * share) / 20)
            assert room > 6 * math.sqrt(share * (1 - share) / number)


def test_memory_is_counted_as_the_package_counts_parameters():
    bytes_needed = defined(NAME)["bytes_needed"]
    for kv_heads in (1, 2, 4):
        config = Config(
            vocab_size=50,
            d_model=16,
            n_heads=4,
            n_layers=3,
            context_length=8,
            n_kv_heads=kv_heads,
            position="rope",
            norm="rms",
            bias=False,
        )
        assert bytes_needed(kv_heads, 50, 16, 4, 3, 0, 0) == 2 * config.count_parameters()["total"]


# A message names the function that is wrong.


@pytest.mark.parametrize(
    "line",
    [
        "    return weights",
        "    return weights.T",
        "    return 2 * (weights @ v)",
    ],
)
def test_multi_head_is_not_blamed_for_a_wrong_attend(line):
    code = (
        "def attend(q, k, v, visible=None):\n    scores = q @ k.T / np.sqrt(q.shape[1])\n"
        "    scores = scores if visible is None else np.where(visible, scores, -np.inf)\n"
        "    weights = np.exp(scores - scores.max(axis=1, keepdims=True))\n"
        "    weights /= weights.sum(axis=1, keepdims=True)\n"
    )
    done = [o for o in outcomes(NAME, "attend", wrong(NAME, code + line), 0) if not o.hidden]
    heads = [o.message for o in done[4:]]
    assert len(heads) == 3
    assert all("first `attend`, above; `multi_head` needs it" in said for said in heads), heads


def test_an_attend_that_raises_is_not_told_how_heads_are_laid_side_by_side():
    code = "def attend(q, k, v, visible=None):\n    return q @ k @ v"
    done = [o for o in outcomes(NAME, "attend", wrong(NAME, code), 0) if not o.hidden]
    assert all("line 2 of its cell" in o.message or "sees nothing" in o.title for o in done), done
    assert not any("side by side" in o.message or "are cut as well" in o.message for o in done), done


def test_attend_rotated_is_not_blamed_for_a_wrong_rotate():
    code = (
        "old = rotate\n\n\ndef rotate(x, positions, base=10_000.0):\n"
        "    return old(x, positions, base).astype(int)"
    )
    done = [o for o in outcomes(NAME, "rotary", wrong(NAME, code), 0) if not o.hidden]
    assert "first `rotate`, above; `attend_rotated` needs it" in done[-1].message
    assert not any("to be turned as well" in o.message or "nothing is turned" in o.message for o in done)


def test_who_leaves_out_what_is_exactly_full_is_not_told_of_a_loop_that_ends():
    code = (
        "def most_kv_heads(memory, vocab_size, d_model, n_heads, *others):\n"
        "    for n in range(n_heads, 0, -1):\n"
        "        if n_heads % n == 0 and bytes_needed(n, vocab_size, d_model, n_heads, *others) < memory:\n"
        "            return n\n"
        "    raise ValueError('too little memory')"
    )
    done = [o for o in outcomes(NAME, "budget", wrong(NAME, code), 0) if not o.passed and not o.hidden]
    assert done
    assert all("exactly full fits" in o.message and "your loop ends" not in o.message for o in done), done


# The bug hunt, and what the model answer says of it.


def late(x, w):
    """The attention of the hunt, with the fault that its mask comes after the softmax."""
    q, k, v = x @ w["query"], x @ w["key"], x @ w["value"]
    scores = q @ k.transpose(1, 2) / q.shape[-1] ** 0.5
    return (scores.softmax(dim=-1) * torch.ones(x.shape[1], x.shape[1]).tril()) @ v @ w["output"]


def one_off(x, w):
    """The attention of the hunt, with the fault that its mask lets the next place through."""
    q, k, v = x @ w["query"], x @ w["key"], x @ w["value"]
    scores = q @ k.transpose(1, 2) / q.shape[-1] ** 0.5
    hidden = torch.ones(x.shape[1], x.shape[1]).triu(2) == 1
    return scores.masked_fill(hidden, -torch.inf).softmax(dim=-1) @ v @ w["output"]


def hunted():
    """Fault -> batch, normalise and attention, with this one fault each; and without any."""
    names = defined(NAME)
    sound = [names[name] for name in ("batch", "normalise", "attention")]
    return {
        "none": sound,
        "batch": [names["leaky_batch"], *sound[1:]],
        "normalise": [sound[0], names["leaky_normalise"], sound[2]],
        "one off": [*sound[:2], one_off],
        "late": [*sound[:2], late],
    }


def test_perturbation_finds_the_leaks_that_the_model_answer_names():
    names = defined(NAME)
    right = {"none": CAUSAL, "batch": CAUSAL, "one off": np.tri(4, k=1, dtype=int)}
    for fault, (_, *parts) in hunted().items():

        def network(w, ids, parts=parts):
            return names["leaky_network"](w, ids, *parts)

        said = partial(names["logits_of"], names["drawn"](), network=network)
        expected = right.get(fault, np.ones((4, 4), dtype=int))
        assert names["sees"](said, 4, 22).astype(int).tolist() == expected.tolist(), fault


def test_the_losses_of_the_model_answer_are_those_of_the_runs():
    names, told = defined(NAME), next(cell.source for cell in notebook(NAME).cells if cell.id == "evidence")
    for fault, steps, loss, off in (
        ("none", 300, 1.50, 0.04),
        ("batch", 100, 0.00, 0.02),
        ("normalise", 300, 1.38, 0.06),
        ("normalise", 1000, 1.02, 0.1),
        ("one off", 300, 0.08, 0.04),
        ("late", 300, 0.43, 0.15),
    ):
        batch, *parts = hunted()[fault]
        printed = io.StringIO()
        with contextlib.redirect_stdout(printed):
            names["trained"](batch, lambda w, ids, parts=parts: names["leaky_network"](w, ids, *parts), steps)
        first, *losses = re.findall(r"\d\.\d\d", printed.getvalue())
        assert f"{float(first):.2f}" == "1.37"
        assert float(losses[-1]) == pytest.approx(loss, abs=off), fault
        assert f"{loss:.2f}" in told


def test_the_network_as_it_is_given_is_below_the_entropy_rate():
    names, printed = defined(NAME), io.StringIO()
    with contextlib.redirect_stdout(printed):
        names["trained"](names["leaky_batch"], names["leaky_network"], 100)
    rate, loss = map(float, re.findall(r"\d\.\d\d", printed.getvalue()))
    assert loss < 0.1 < rate


# The open task.


def bits(namespace):
    """What the check on the text that students may see says."""
    done = outcomes(NAME, "small_transformer", namespace, 0)
    message = [outcome.message for outcome in done if not outcome.hidden][-1]
    return float(re.match(r"0\.\d{4}(?= bits per token from the world)", message)[0])


def test_the_authored_network_is_small_and_earns_all_points():
    names = defined(NAME)
    assert names["CONFIG"].count_parameters()["total"] == sum(w.size for w in names["weights"]().values())
    assert sum(w.size for w in names["weights"]().values()) == 1_936
    assert bits(names) < 0.006
    assert all(outcome.score == 1 for outcome in outcomes(NAME, "small_transformer", names, 5))


def test_the_authored_recipe_is_past_a_table_of_pairs_in_some_seconds():
    names = defined(NAME)
    found = names["trained_small"](steps=300, m=3_000)
    code = "old = weights\n\n\ndef weights():\n    return FOUND"
    namespace = wrong(NAME, code)
    namespace["FOUND"] = found
    assert bits(namespace) < 0.2


def said(code, what, seed=0):
    """What the checks of the open task say of other definitions."""
    done = outcomes(NAME, "small_transformer", wrong(NAME, code), seed)
    assert any(what in outcome.message for outcome in done if not outcome.passed), done
    return done


@pytest.mark.parametrize(
    ("code", "what"),
    [
        ("def weights():\n    return {'W': np.zeros((30, 70))}", "2,100 parameters; at most 2,000"),
        ("def weights():\n    return [np.zeros(3)]", "a dictionary from name to array"),
        ("def weights():\n    unpacked(WEIGHTS)", "you returned None"),
        ("def predict(weights, ids):\n    return np.eye(22)[ids]", "gave a token the probability 0"),
        ("def predict(weights, ids):\n    return np.full(22, 1 / 22)", "a row for each place of each text"),
        ("def predict(weights, ids):\n    return np.full((*ids.shape, 22), 1.0)", "one sums to 22"),
        ("def predict(weights, ids):\n    return np.full((*ids.shape, 22), np.nan)", "an overflow in exp"),
        (
            "def predict(weights, ids):\n    return np.log(np.full((*ids.shape, 22), 1 / 22))",
            "those look like logarithms of probabilities",
        ),
        (
            "old = predict\n\n\ndef predict(weights, ids):\n    return old(unpacked(WEIGHTS), ids)",
            "with all weights at zero",
        ),
        (  # copies the token that it is to say
            "def predict(weights, ids):\n    return 0.5 / 22 + 0.5 * np.eye(22)[np.roll(ids, -1, axis=1)]",
            "it sees the future",
        ),
        (  # a trace of the mean of the whole text
            "old = predict\n\n\ndef predict(weights, ids):\n    said = old(weights, ids)\n"
            "    said = said * (1 + 1e-3 * (ids.mean(axis=1)[:, None, None] - 10) * np.eye(22)[3])\n"
            "    return said / said.sum(axis=2, keepdims=True)",
            "it sees the future",
        ),
    ],
)
def test_a_network_that_breaks_the_contract_is_told_so(code, what):
    said(code, what)


def test_the_floors_that_the_text_names():
    """Of models that know none, one or two tokens of the sentence, as of shares and of nothing."""
    names, world = defined(NAME), agreement(4)
    inputs, targets = names["rows_of"](40_000, 5)
    there = targets >= 0
    before = np.roll(inputs, 1, axis=1)
    before[:, 0] = world.end
    contexts = np.zeros_like(inputs), inputs, 22 * before + inputs
    rate = world.entropy_rate() / math.log(2)

    def above(context):
        pairs, alone = context[there] * 22 + targets[there], context[there]
        joint, alone = (np.unique(a, return_counts=True)[1] for a in (pairs, alone))
        return ((alone * np.log2(alone)).sum() - (joint * np.log2(joint)).sum()) / there.sum() - rate

    assert [above(context) for context in contexts] == pytest.approx([2.38, 0.30, 0.30], abs=0.015)
    assert math.log2(22) - rate == pytest.approx(3.09, abs=0.015)


def test_each_halving_of_the_distance_earns_a_quarter():
    """Of a mixture with the uniform distribution."""
    code = (
        "old = predict\n\n\ndef predict(weights, ids):\n"
        "    return SHARE * old(weights, ids) + (1 - SHARE) / 22"
    )
    scores = []
    for share in ("0.99", "0.95", "0.5"):
        namespace = wrong(NAME, code.replace("SHARE", share))
        done = outcomes(NAME, "small_transformer", namespace, 0)
        visible = next(o for o in done if not o.hidden and " bits per token from" in o.message)
        lost = float(visible.message.split()[0])
        assert visible.score == pytest.approx(min(1, max(0, math.log2(0.16 / lost) / 6)), abs=0.01)
        scores.append(done[-1].score)
        assert ("build the very network that was trained" in visible.message) == (lost > 0.3)
    assert 1 > scores[0] > scores[1] > scores[2] == 0


def test_the_hidden_text_is_another_one_for_each_seed():
    check = [c for c in checks_of(NAME, "small_transformer") if c.hidden]
    assert len(check) == 1
    assert "hidden text" in check[0].hint


@pytest.mark.parametrize(
    ("mended", "leaky"), [("batch", "ids"), ("normalise", "x, gain, shift"), ("attention", "x, w")]
)
def test_who_hands_in_a_leak_is_told_that_it_is_wrong_and_not_why(mended, leaky):
    """To find that out is the exercise."""
    code = f"def {mended}({leaky}):\n    return leaky_{mended}({leaky})"
    said = [o.message for o in outcomes(NAME, "leak", wrong(NAME, code), 0) if not o.hidden and o.message]
    assert said
    for word in ("reading", "over several", "future", "too late", "next one", "softmax"):
        assert not any(word in message for message in said), said


def test_holes_in_lists_are_as_good_as_in_arrays():
    code = "old = corrupt\ndef corrupt(*args):\n    return tuple(part.tolist() for part in old(*args))"
    assert all(o.passed for o in outcomes(NAME, "corrupt", wrong(NAME, code), 0))
