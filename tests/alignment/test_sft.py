import math

import numpy as np
import pytest
import torch

from lmcourse.alignment.sft import chat_rows, draw_answers, sft_loss

PROMPT, ANSWER = [5, 6], [7]  # three tokens: the answer alone is learned, from the second on


def test_mask_by_hand_on_three_tokens():
    inputs, targets, mask = chat_rows([PROMPT], [ANSWER])
    assert inputs.tolist() == [[5, 6]]
    assert targets.tolist() == [[6, 7]]
    assert mask.tolist() == [[False, True]]


def test_prompts_count_if_asked_for_but_never_the_first_token():
    assert chat_rows([PROMPT], [ANSWER], on_prompts=True).loss_mask.tolist() == [[True, True]]


def test_each_row_has_its_own_beginning_and_end():
    _, targets, mask = chat_rows([[5, 6], [5]], [[7], [8, 9, 4]])
    assert targets.tolist() == [[6, 7, 0], [8, 9, 4]]
    assert mask.tolist() == [[False, True, False], [True, True, True]]


def test_loss_is_cross_entropy_by_hand():
    # Two tokens; at the place that counts the second has odds of 3 to 1, so its surprise is ln(4/3).
    logits = torch.tensor([[[9.0, -9.0], [0.0, math.log(3)]]])
    loss = sft_loss(logits, torch.tensor([[1, 1]]), torch.tensor([[False, True]]))
    assert loss.item() == pytest.approx(math.log(4 / 3), rel=1e-6)


def test_loss_is_a_mean_over_tokens_not_over_conversations():
    # Counted: ln 2 once in the first row; ln 4 three times in the second.
    logits = torch.zeros(2, 3, 4)
    logits[0, :, 2:] = -1e9
    mask = torch.tensor([[True, False, False], [True, True, True]])
    loss = sft_loss(logits, torch.zeros(2, 3, dtype=torch.long), mask)
    assert loss.item() == pytest.approx((math.log(2) + 3 * math.log(4)) / 4, rel=1e-6)


def test_filling_up_changes_nothing():
    torch.manual_seed(0)
    logits = torch.randn(1, 5, 10)
    _, targets, mask = chat_rows([PROMPT], [ANSWER])
    alone = sft_loss(logits[:, :2], targets, mask)
    rows = chat_rows([PROMPT, [1]], [ANSWER, [2, 3, 4, 5, 6]])  # the first is filled up to six
    filled = sft_loss(logits, rows.targets[:1], rows.loss_mask[:1])
    assert filled.item() == alone.item()


@pytest.mark.parametrize(
    ("prompts", "given", "said"),
    [
        ([PROMPT], [], "1 prompts and 0 answers"),
        ([], [], "0 prompts and 0 answers"),
        ([PROMPT], [[]], "answer 0 is empty"),
        ([PROMPT, []], [ANSWER, ANSWER], "prompt 1 is empty"),
    ],
)
def test_what_cannot_be_laid_out_is_named(prompts, given, said):
    with pytest.raises(ValueError, match=said):
        chat_rows(prompts, given)


def test_a_mask_without_a_place_that_counts_is_refused():
    with pytest.raises(ValueError, match="false everywhere"):
        sft_loss(torch.zeros(1, 2, 3), torch.zeros(1, 2, dtype=torch.long), torch.zeros(1, 2).bool())


def test_what_is_certain_is_drawn():
    chances = np.array([[0.0, 1.0, 0.0], [0.0, 0.0, 1.0]])
    assert draw_answers(chances, np.random.default_rng(0)).tolist() == [1, 2]
