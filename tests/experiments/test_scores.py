import numpy as np
import pytest
import torch

from lmcourse.evaluation.sets import judged, opinions
from lmcourse.experiments import load, scores
from lmcourse.transformer.config import Config
from lmcourse.transformer.network import Transformer


def test_all_settings_are_kept_and_their_examples_balanced():
    rows = load("scores").rows
    assert [(row["what"], row["which"]) for row in rows] == [(s["what"], s["which"]) for s in scores.SETTINGS]
    remarks = opinions()
    for row in rows:
        if row["what"] in ("order", "examples"):
            assert sum(remarks[i].positive for i in row["shown"]) == 2
            assert sorted(row["shown"] + row["asked"]) == list(range(60))
            assert len(row["asked"]) == len(row["odds"])
            assert isinstance(row["empty"], float)
        if row["what"] == "judge":
            assert len(row["one_is_a"]) == len(row["other_is_a"]) == len(judged())


@pytest.mark.parametrize("shown", [[0, 2, 4, 1], [0]])
def test_examples_that_are_not_balanced_are_refused(shown):
    with pytest.raises(ValueError, match=r"are in favour; take half of each kind"):
        scores.few_shot(None, shown)


def test_no_phrase_is_asked_twice():
    asked = scores.examined()
    assert len({phrase.other for phrase in asked}) == len(asked) == 400
    for row in load("scores").rows:
        assert row["what"] != "without" or len(row["right"]) == len(asked)


def test_a_block_is_left_out_and_nothing_else():
    """With norms in front, a block whose two outputs are zero adds nothing, like one that is not there."""
    network = Transformer(Config(10, 8, 2, 3, 8)).draw(np.random.default_rng(0)).eval()
    silent = Transformer(network.config)
    silent.load_state_dict(network.state_dict())
    for part in (silent.blocks[1].attention.output, silent.blocks[1].feed_forward.down):
        for weights in part.parameters():
            torch.nn.init.zeros_(weights)
    ids = torch.tensor([[1, 2, 3]])
    shorter = scores.without(network, 1)
    with torch.no_grad():
        torch.testing.assert_close(shorter(ids), silent.eval()(ids))
    assert len(network.blocks) == 3
    assert len(shorter.blocks) == 2
