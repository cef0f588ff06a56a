import json

import numpy as np
import pytest

from lmcourse.transformer.attention import attend, attention_weights
from lmcourse.transformer.masks import causal
from lmcourse.widgets import AttentionSteps


def test_the_verb_by_hand():
    # "ate" is (0, 0, 1, 0), so its query is the third row of W_q, (2, 0, 2, 0). Keys of "mouse" and "cheese":
    # (1 + 1, 0, 1 - 1, 0) = (2, 0, 0, 0) and (1 - 1, 0, 1 + 1, 0) = (0, 0, 2, 0); of the others no first or
    # third number. With one head both get 2 · 2 = 4, halved by √4; e² : 1, and two of five have it.
    found = AttentionSteps().matrices
    assert found["q"][2].tolist() == [2, 0, 2, 0]
    assert found["scores"][0, 2].tolist() == [0, 4, 0, 0, 4]
    assert found["scaled"][0, 2].tolist() == [0, 2, 0, 0, 2]
    share = np.exp(2) / (2 * np.exp(2) + 3)
    np.testing.assert_allclose(found["weights"][0, 2, [1, 4]], share)
    # values (1, 1, 1, 1) and (1, -1, 1, -1), the others zero: with one head "alive" cancels
    np.testing.assert_allclose(found["output"][2], [2 * share, 0, 2 * share, 0], atol=1e-15)


def test_two_heads_keep_apart_what_one_mixes():
    found = AttentionSteps(heads=2).matrices
    assert found["scores"][:, 2].tolist() == [[0, 4, 0, 0, 0], [0, 0, 0, 0, 4]]
    assert found["output"][2, 1] > 0.5
    assert found["output"][2, 3] < -0.5


@pytest.mark.parametrize("heads", [1, 2])
@pytest.mark.parametrize("masked", [False, True])
def test_it_is_the_attention_of_the_library(heads, masked):
    rng = np.random.default_rng(heads)
    drawn = {name: rng.integers(-3, 4, size=(4, 4)).tolist() for name in ("w_q", "w_k", "w_v")}
    widget = AttentionSteps(x=rng.integers(-3, 4, size=(5, 4)).tolist(), heads=heads, causal=masked, **drawn)
    found = widget.matrices
    q, k, v = (np.stack(np.split(found[name], heads, axis=1)) for name in "qkv")
    visible = causal(5) if masked else None
    np.testing.assert_allclose(found["weights"], attention_weights(q, k, visible))
    np.testing.assert_allclose(found["output"], np.concatenate([*attend(q, k, v, visible)], axis=1))


def test_without_the_scale_the_scores_stay_as_they_are():
    found = AttentionSteps(scaled=False).matrices
    np.testing.assert_array_equal(found["scaled"], found["scores"])


def test_state_is_json_and_the_page_can_set_it():
    widget = AttentionSteps(["a", "b"], x=[[1, 0, 0, 0], [0, 1, 0, 0]], causal=True)
    assert json.loads(json.dumps(widget.get_state(), allow_nan=False))["tokens"] == ["a", "b"]
    widget.set_state({"x": [[2, 0, 0, 0], [0, 1, 0, 0]], "heads": 2})
    assert widget.matrices["weights"].shape == (2, 2, 2)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("x", [[1, 0, 0, 0]]),
        ("x", [[1, 0, 0]] * 5),
        ("w_q", [[0, 0, 0, 10]] * 4),
        ("w_v", [[0, 0, 0, 0.5]] * 4),
        ("heads", 3),
        ("head", 2),
    ],
)
def test_a_bad_setting_is_named_and_leaves_the_widget_as_it_was(name, value):
    with pytest.raises(ValueError, match=name):
        AttentionSteps(**{name: value})
    widget = AttentionSteps()
    before = getattr(widget, name)
    with pytest.raises(ValueError, match=name):
        setattr(widget, name, value)
    assert getattr(widget, name) == before


@pytest.mark.parametrize("tokens", [["alone"], list("abcdefg")])
def test_too_few_or_too_many_tokens(tokens):
    with pytest.raises(ValueError, match="must be from 2 to 6"):
        AttentionSteps(tokens)
