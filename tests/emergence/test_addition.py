import numpy as np
import pytest
import torch

from lmcourse.emergence import addition
from lmcourse.emergence.addition import (
    SIGNS,
    Sums,
    add_columns,
    continued,
    draw_sums,
    right,
    surprise,
    written,
)
from lmcourse.neural.training import Recipe, train
from lmcourse.transformer.config import Config
from lmcourse.transformer.network import Transformer

TWO = Sums(np.array([[4, 7], [0, 3]]), np.array([[8, 5], [9, 9]]))  # 47 + 85 = 132, 03 + 99 = 102


def said(texts):
    return ["".join(SIGNS[i] for i in row) for row in texts.token_ids]


def test_each_form_by_hand():
    assert said(written(TWO, "once")) == ["47+85=132", "03+99=102"]
    assert said(written(TWO, "backwards")) == ["47+85=231", "03+99=201"]
    assert said(written(TWO, "steps")) == ["47+85=2131:132", "03+99=2101:102"]
    assert said(written(TWO, "dots")) == ["47+85=....:132", "03+99=....:102"]
    assert said(written(TWO, "after")) == ["47+85=132:2131", "03+99=102:2101"]
    assert said(written(TWO, "leftmost")) == ["47+85=3121:132", "03+99=0121:102"]


def test_the_answer_is_found_where_it_stands():
    for form in addition.FORMS:
        texts = written(TWO, form)
        answers = ["".join(SIGNS[i] for i in row) for row in texts.token_ids[:, texts.answer]]
        assert answers == (["231", "201"] if form == "backwards" else ["132", "102"])
        spoiled = texts.token_ids.copy()
        spoiled[0, texts.answer.stop - 1] += 1
        assert right(spoiled, texts)[0].tolist() == [False, True]


def test_numbers_have_their_digits_and_columns_give_the_sum():
    n = np.repeat([1, 2, 5], 200)
    sums = draw_sums(n, 5, np.random.default_rng(0))
    powers = 10 ** np.arange(5)
    a, b = (part[:, ::-1] @ powers for part in sums)
    for number in (a, b):
        assert ([len(str(x)) for x in number.tolist()] == n).all()
    assert (a[:200] == 0).any()
    digits, carries = add_columns(sums)
    assert (digits @ powers + carries[:, -1] * 10**5 == a + b).all()


def test_the_longest_carry_by_hand():
    # 0999 + 0001 hands a 1 over three columns; 5050 + 5050 over one, twice
    sums = Sums(np.array([[0, 9, 9, 9], [5, 0, 5, 0]]), np.array([[0, 0, 0, 1], [5, 0, 5, 0]]))
    assert addition.longest_carry(sums).tolist() == [3, 1]


def test_a_few_sums_by_heart_and_what_is_said_of_them():
    texts = written(draw_sums(np.full(6, 2), 2, np.random.default_rng(0)), "steps")
    network = Transformer(Config(len(SIGNS), 16, 2, 1, 18)).draw(np.random.default_rng(0))
    train(network, lambda _: surprise(network, texts), Recipe(120, 0.02), progress=False)
    found = continued(network, texts.token_ids, texts.n_given)
    assert (found == texts.token_ids).all()
    assert surprise(network, texts).item() < 0.05
    spoiled = found.copy()
    spoiled[0, -1] = (spoiled[0, -1] + 1) % 10
    whole, digits = right(spoiled, texts)
    assert whole.tolist() == [False] + [True] * 5
    assert digits[0].tolist() == [True, True, False]


def test_the_loss_can_leave_out_what_stands_before_the_answer():
    texts = written(TWO, "dots")
    network = Transformer(Config(len(SIGNS), 8, 1, 1, 18)).draw(np.random.default_rng(0))
    ids = torch.from_numpy(texts.token_ids)
    log_probs = network(ids[:, :-1]).log_softmax(-1).gather(2, ids[:, 1:, None])[..., 0]
    assert surprise(network, texts, answer_only=True).item() == pytest.approx(
        -log_probs[:, -3:].mean().item()
    )
    assert surprise(network, texts).item() == pytest.approx(-log_probs[:, 5:].mean().item())
    after = written(TWO, "after")  # the question has 6 signs, the answer 3, the rest 5
    ids = torch.from_numpy(after.token_ids)
    log_probs = network(ids[:, :-1]).log_softmax(-1).gather(2, ids[:, 1:, None])[..., 0]
    assert surprise(network, after, answer_only=True).item() == pytest.approx(
        -log_probs[:, 5:8].mean().item()
    )
    assert surprise(network, after).item() == pytest.approx(-log_probs[:, 5:].mean().item())


def test_bad_input_is_named():
    with pytest.raises(ValueError, match="form='sideways' must be one of 'once', 'backwards'"):
        written(TWO, "sideways")
    with pytest.raises(ValueError, match="n_digits from 1 to 4 must be from 1 to width=3"):
        draw_sums([1, 4], 3, np.random.default_rng(0))
