import json
import math
import subprocess
import sys
import zlib

import numpy as np
import pytest
from traitlets import TraitError

from lmcourse.decoding import Decoding
from lmcourse.model import UniformModel
from lmcourse.tokenization.bpe import BPE
from lmcourse.vocabulary import Vocabulary
from lmcourse.widgets import TemperatureExplorer
from lmcourse.widgets.temperature import STEP, pack_tail
from lmcourse.world import five_words


def test_probs_by_hand():
    # T = 0.5: .4² = .16, .6² = .36, sum .52;  T = 0.2: .4⁵ = .01024, .6⁵ = .07776, sum .088
    explorer = TemperatureExplorer.from_probs(["no", "yes"], [0.4, 0.6], temperature=0.5)
    np.testing.assert_allclose(explorer.probs, [0.16 / 0.52, 0.36 / 0.52])
    explorer.temperature = 0.2
    np.testing.assert_allclose(explorer.probs, [0.1164, 0.8836], atol=5e-5)
    explorer.temperature = 0
    assert explorer.probs.tolist() == [0, 1]
    explorer.temperature = math.inf
    np.testing.assert_allclose(explorer.probs, [0.5, 0.5])


def test_settings_act_in_the_order_of_decoding():
    # T = inf makes all four equal, top-k keeps the three that were largest, and .6 takes two of the thirds.
    explorer = TemperatureExplorer.from_probs("abcd", [0.1, 0.2, 0.3, 0.4], math.inf, top_k=3, top_p=0.6)
    np.testing.assert_allclose(explorer.probs, [0, 0, 0.5, 0.5])


def test_a_model_with_a_prompt():
    world = five_words()
    explorer = TemperatureExplorer(world, "the mouse ate the", temperature=0.5, top_k=2)
    settings = Decoding(temperature=0.5, top_k=2)
    row = world.next_log_probs([world.ids("the mouse ate the")])[0]
    np.testing.assert_allclose(explorer.probs, np.exp(settings.apply(row)))
    assert explorer.prompts[0]["heading"] == "The next token after “the mouse ate the”"
    assert TemperatureExplorer(world).prompts[0]["heading"] == "The first token"


def test_several_prompts_to_choose_from():
    world, texts = five_words(), ["the mouse ate the", "the", "the ball ate"]
    explorer = TemperatureExplorer(world, texts, temperature=0.5)
    assert [prompt["text"] for prompt in explorer.prompts] == texts
    for i, text in enumerate(texts):
        explorer.chosen = i
        alone = TemperatureExplorer(world, text, temperature=0.5)
        np.testing.assert_array_equal(explorer.probs, alone.probs)
        assert explorer.tokens == alone.tokens
        assert explorer.prompts[i] == alone.prompts[0]
    for wrong in (-1, 3):
        with pytest.raises(ValueError, match=f"chosen={wrong}: the prompts have the numbers from 0 to 2"):
            explorer.chosen = wrong
    assert explorer.chosen == 2
    with pytest.raises(ValueError, match="impossible"):
        TemperatureExplorer(world, ["the", "mouse mouse"])


def test_tokens_of_bytes_are_spelled():
    # 您 is e6 82 a8: one letter of the alphabet for each byte, and a token for the first two of them
    bpe = BPE([b"a", b"\xe6", b"\x82", b"\xa8"], [(1, 2)])
    explorer = TemperatureExplorer(UniformModel(bpe))
    assert explorer.tokens == ["a", "\\xe6", "\\x82", "\\xa8", "\\xe6\\x82"]


def test_state_is_json_without_infinities():
    explorer = TemperatureExplorer(five_words(), "the mouse ate", temperature=math.inf)
    state = explorer.get_state()
    prompt = state["prompts"][0]
    assert prompt.pop("tail") == b""
    state = json.loads(json.dumps(state, allow_nan=False))
    assert state["temperature"] == "inf"
    assert prompt["log_probs"].count(None) == 4  # after "ate" comes only "the" or the end
    assert prompt["tokens"][:2] == ["the", "."]
    assert "render" in state["_esm"]
    assert ".lmc-temperature" in state["_css"]
    assert ".lmc-slider" in state["_ui"]


def test_the_page_can_set_an_infinite_temperature():
    explorer = TemperatureExplorer(five_words())
    explorer.set_state({"temperature": "inf", "top_k": 2, "counts": [0, 1, 0, 0, 0, 3]})
    assert explorer.temperature == math.inf
    assert explorer.counts[5] == 3


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"temperature": -0.1}, "temperature=-0.1 must be 0 or more"),
        ({"temperature": math.nan}, "temperature=nan"),
        ({"top_k": 0}, "k=0 must be"),
        ({"top_p": 1.5}, r"p=1\.5 must be"),
        ({"min_p": -0.1}, r"p=-0\.1 must"),
        ({"prompt": "the moose"}, "unknown token 'moose'.*did you mean 'mouse'"),
        ({"prompt": "mouse mouse"}, "impossible"),
        ({"shown": 0}, "shown=0 must be"),
        ({"shown": 101}, "shown=101 must be a whole number from 1 to 100"),
    ],
)
def test_bad_arguments(arguments, message):
    with pytest.raises(ValueError, match=message):
        TemperatureExplorer(five_words(), **arguments)


@pytest.mark.parametrize(
    ("tokens", "probs", "message"),
    [
        ("ab", [0.4, 0.5], "sum to 0.9, not 1"),
        ("ab", [1.2, -0.2], "not negative"),
        ("abc", [0.4, 0.6], "3 tokens, but 2 probabilities"),
        ("aa", [0.4, 0.6], "'a' stands twice"),
    ],
)
def test_bad_tables(tokens, probs, message):
    with pytest.raises(ValueError, match=message):
        TemperatureExplorer.from_probs(tokens, probs)


def test_the_tail_by_hand():
    # The hundredth lies at -5; the others 0, 1.4, 1.4, 300 steps below it, the last is impossible. Rounded:
    # one at 0, two at 1, one at 300; and 299 = 2 · 128 + 43.
    falling = np.concatenate([np.full(100, -5.0), -5 - np.array([0, 1.4, 1.4, 300]) * STEP, [-np.inf]])
    assert list(pack_tail(falling)) == [0, 1, 1, 2, 43 + 128, 2, 1]
    assert pack_tail(falling[:100]) == pack_tail(falling[:7]) == b""


def test_a_large_vocabulary_weighs_little_and_says_all():
    logits = np.random.default_rng(4).normal(0, 2.5, 49_152)
    probs = np.exp(logits) / np.exp(logits).sum()
    explorer = TemperatureExplorer.from_probs(map(str, range(len(probs))), probs)
    prompt = explorer.prompts[0]
    assert len(prompt["tokens"]) == 12
    assert len(prompt["log_probs"]) == 100
    assert len(prompt["tail"]) < 7_000
    assert len(zlib.compress(prompt["tail"])) < 3_500
    # read back: seven bits of each byte, the eighth says that more follow
    numbers, number, shift = [], 0, 0
    for byte in prompt["tail"]:
        number, shift = number + ((byte & 127) << shift), shift + 7
        if byte < 128:
            numbers, number, shift = [*numbers, number], 0, 0
    tail = prompt["log_probs"][-1] - np.repeat(np.cumsum(numbers[::2]), numbers[1::2]) * STEP
    np.testing.assert_allclose(tail, np.sort(np.log(probs))[::-1][100:], rtol=0, atol=STEP / 2 + 1e-9)


def test_too_many_tokens():
    class Huge(UniformModel):
        vocab_size = 400_001

    with pytest.raises(ValueError, match="up to 400,000 tokens, this vocabulary has 400,001"):
        TemperatureExplorer(Huge(Vocabulary("ab")))


def test_bad_settings_later_leave_the_widget_as_it_was():
    explorer = TemperatureExplorer(five_words(), temperature=0.7, top_k=3)
    for name, value in [("temperature", -1), ("top_k", 0), ("top_p", 0.0)]:
        with pytest.raises(ValueError, match="must be"):
            setattr(explorer, name, value)
    with pytest.raises(TraitError):
        explorer.temperature = "warm"
    assert (explorer.temperature, explorer.top_k, explorer.top_p) == (0.7, 3, None)


@pytest.mark.parametrize("has_output", [True, False])
def test_colab_is_told_to_show_custom_widgets(has_output):
    code = f"""
import sys, types
sys.modules["google.colab"] = types.ModuleType("google.colab")
called = []
if {has_output}:
    output = sys.modules["google.colab.output"] = types.ModuleType("google.colab.output")
    output.enable_custom_widget_manager = lambda: called.append(1)
from lmcourse.widgets import TemperatureExplorer
TemperatureExplorer.from_probs("ab", [0.5, 0.5])
assert bool(called) == {has_output}, called
"""
    subprocess.run([sys.executable, "-c", code], check=True)
