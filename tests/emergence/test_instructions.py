import numpy as np
import pytest
import torch

from lmcourse.emergence.instructions import LENGTH, NOUNS, WORDS, log_probs, score, split, surprise, texts
from lmcourse.neural.training import Recipe, train
from lmcourse.transformer.config import Config
from lmcourse.transformer.network import Transformer


def test_a_text_says_what_its_instruction_asks_for():
    for row in texts(np.array([[1, 4, 1], [0, 2, 3]]), np.random.default_rng(0)):
        words = [WORDS[i] for i in row]
        assert len(words) == LENGTH
        asked, answer = words[:3], words[-3:]
        assert words[3] == ":"
        assert words[9] == "="
        listed = dict(zip(("first", "second", "third", "fourth", "fifth"), words[4:9]))
        assert [listed[place] for place in asked] == answer
        assert len(set(listed.values())) == 5
        assert set(listed.values()) <= set(NOUNS)


def test_instructions_to_read_and_new_ones_do_not_meet():
    (few, new), (many, same) = (split(n, 25, np.random.default_rng(0)) for n in (5, 100))
    assert (new == same).all()
    assert (many[:5] == few).all()
    every = {tuple(row) for part in (many, new) for row in part}
    assert len(every) == 125
    with pytest.raises(ValueError, match="n_read=101 and n_new=25 are more than all 125"):
        split(101, 25, np.random.default_rng(0))


def test_metrics_of_the_same_answers():
    network = Transformer(Config(len(WORDS), 16, 2, 1, LENGTH)).draw(np.random.default_rng(0))
    ids = texts(np.array([[1, 4, 1], [0, 2, 3], [3, 3, 3]]), np.random.default_rng(0))
    train(network, lambda _: surprise(network, ids), Recipe(80, 0.02), progress=False)
    assert score(network, ids)["whole"] == 1
    other = ids.copy()
    other[0, -1] = (other[0, -1] + 1) % len(NOUNS)
    found = score(network, other)
    assert found["words"] == pytest.approx(8 / 9)
    assert found["whole"] == pytest.approx(2 / 3)
    said = log_probs(network, other).detach()
    targets = torch.from_numpy(other[:, -3:])
    assert found["surprise"] == pytest.approx(-said.gather(2, targets[..., None]).mean().item(), rel=1e-5)
    assert found["surprise"] == pytest.approx(surprise(network, other).item(), rel=1e-5)
