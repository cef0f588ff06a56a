import json

import numpy as np
import pytest
import traitlets

from lmcourse.widgets import MaskSwitcher
from lmcourse.widgets.mask_switcher import FAMILIES, MASK, SENTINELS


def examples(family: str) -> list:
    return [MaskSwitcher(family=family, seed=seed).example for seed in range(100)]


def test_the_decoder_by_hand():
    found = MaskSwitcher(["the cat sleeps ."], "decoder").example
    assert found.inputs == ["<s>", "the", "cat", "sleeps"]
    assert found.targets == ["the", "cat", "sleeps", "."]
    assert found.judged == [True] * 4
    assert found.visible == [[j <= i for j in range(4)] for i in range(4)]


@pytest.mark.parametrize("family", FAMILIES)
def test_an_example_is_square_and_sees_itself(family):
    for found in examples(family):
        n = len(found.inputs)
        assert len(found.targets) == len(found.judged) == n
        visible = np.array(found.visible)
        assert visible.shape == (n, n)
        assert visible.diagonal().all()
        assert [bool(target) for target in found.targets] == found.judged


def test_the_encoder_hides_one_word_and_mostly_behind_the_mask():
    found = examples("encoder")
    assert {sum(each.judged) for each in found} == {1}  # 15 % of 7 or 8, rounded
    shown = [each.inputs[each.judged.index(True)] for each in found]
    assert 65 <= shown.count(MASK) <= 95  # 80 expected
    assert all(all(map(all, each.visible)) for each in found)


def test_the_spans_and_the_source_give_back_a_sentence():
    """What stands behind a sentinel in the target, put in its place in the source."""
    widget = MaskSwitcher(family="encoder-decoder")
    for seed in range(100):
        widget.seed = seed
        found = widget.example
        source, said = found.inputs[: found.source], found.targets[found.source :]
        assert found.inputs[found.source :] == ["<s>", *said[:-1]]
        ends = [said.index(sentinel) for sentinel in SENTINELS]
        assert (ends[0], ends[2]) == (0, len(said) - 1)
        back = []
        for token in source:
            i = SENTINELS.index(token) if token in SENTINELS else None
            back += [token] if i is None else said[ends[i] + 1 : ends[i + 1]]
        assert back in widget.sentences
        visible = np.array(found.visible)
        assert not visible[: found.source, found.source :].any()  # the encoder does not see the answer
        assert not np.triu(visible[found.source :, found.source :], 1).any()


def test_a_prefix_sees_itself_and_is_not_judged_but_at_its_end():
    for found in examples("prefix"):
        known = found.judged.index(True) + 1
        visible = np.array(found.visible)
        assert 2 <= known <= len(found.inputs)
        assert visible[:known, :known].all()
        assert not visible[:known, known:].any()
        assert all(found.judged[known - 1 :])


def test_state_is_json_and_the_page_can_set_it():
    widget = MaskSwitcher()
    assert json.loads(json.dumps(widget.get_state(), allow_nan=False))["seed"] == 0
    widget.set_state({"family": "prefix", "seed": 3})
    assert widget.example == MaskSwitcher(family="prefix", seed=3).example


def test_bad_input_is_named():
    with pytest.raises(ValueError, match=r"'a cat \.' has 3 tokens"):
        MaskSwitcher(["a cat ."])
    with pytest.raises(ValueError, match="got none"):
        MaskSwitcher([])
    with pytest.raises(ValueError, match="seed=100"):
        MaskSwitcher(seed=100)
    with pytest.raises(traitlets.TraitError):
        MaskSwitcher(family="GPT")
