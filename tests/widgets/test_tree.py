import math

import pytest
import traitlets

from lmcourse.model import TableModel, UniformModel
from lmcourse.vocabulary import Vocabulary
from lmcourse.widgets import SentenceTree
from lmcourse.world import agreement, five_words


def test_the_tree_holds_every_sentence():
    tree, world = SentenceTree(), five_words()
    assert {
        world.vocab.decode(ids): pytest.approx(p) for ids, p in tree.sentences.items()
    } == world.sentences()
    paths = [0.0]
    for parent, log_prob in zip(tree.parents[1:], tree.log_probs[1:]):
        paths.append(paths[parent] + log_prob)  # a parent comes before its children
    leaves = [math.exp(paths[i]) for i in range(len(paths)) if i not in tree.parents]
    assert sorted(leaves) == pytest.approx(sorted(tree.sentences.values()))


def test_path():
    tree = SentenceTree()
    assert tree.path == "the"  # every sentence begins so; there the first choice is
    tree.node = 0
    assert tree.path == ""
    tree.node = next(i for i, token in enumerate(tree.tokens) if token == "mouse")
    assert tree.path.startswith("the")
    with pytest.raises(ValueError, match="node=99 must lie between 0 and"):
        tree.node = 99


def test_the_part_that_is_shown_first():
    assert [SentenceTree().part, SentenceTree(part="anneal").part] == ["walk", "anneal"]
    with pytest.raises(traitlets.TraitError, match="dance"):
        SentenceTree(part="dance")


def test_two_ways_of_annealing_by_hand():
    # a (.6) then x or y (.5 each), or b (.4) then x: sentences ax .3, ay .3, bx .4
    vocab = Vocabulary(["a", "b", "x", "y", "."])
    model = TableModel(vocab, {"a x .": 0.3, "a y .": 0.3, "b x .": 0.4})
    tree = SentenceTree(model, end=".", temperature=0)
    ax, ay, bx = map(tuple, map(vocab.encode, ["a x .", "a y .", "b x ."]))
    # Greedy steps take a, then tie; the most probable sentence is another one.
    assert tree.each_step == {bx: 0, ax: pytest.approx(0.5), ay: pytest.approx(0.5)}
    assert tree.whole == {bx: 1, ax: 0, ay: 0}
    tree.temperature = 0.5
    # steps: a .36/.52, then halves; whole: .09 + .09 + .16 = .34
    assert tree.each_step[bx] == pytest.approx(0.16 / 0.52)
    assert tree.each_step[ax] == pytest.approx(0.36 / 0.52 / 2)
    assert tree.whole[bx] == pytest.approx(0.16 / 0.34)
    assert tree.whole[ax] == pytest.approx(0.09 / 0.34)


def test_too_many_sentences_or_no_end():
    with pytest.raises(ValueError, match=r"over 200 sentences \(at least \d+\)"):
        SentenceTree(agreement())
    with pytest.raises(ValueError, match=r"over 11 sentences \(at least 12\)"):
        SentenceTree(max_sentences=11)
    model = UniformModel(Vocabulary("ab."))
    with pytest.raises(ValueError, match="no end token of its own"):
        SentenceTree(model)
    with pytest.raises(ValueError, match=r"unknown token '!'"):
        SentenceTree(model, end="!")
    with pytest.raises(ValueError, match=r"over 200 sentences"):
        SentenceTree(model, end=".")
    with pytest.raises(ValueError, match="temperature=-1"):
        SentenceTree(temperature=-1)
