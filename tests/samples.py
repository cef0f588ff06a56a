"""One of each of the course's widgets, made quickly: tests show them in a browser, and as on Colab."""

import numpy as np
import torch

from lmcourse import widgets
from lmcourse.information import LETTERS
from lmcourse.neural.vectors import WordVectors
from lmcourse.ngram import CountModel
from lmcourse.scaling.laws import Law
from lmcourse.tokenization.bpe import BPE
from lmcourse.transformer.config import Config
from lmcourse.transformer.model import TransformerModel
from lmcourse.transformer.network import Transformer
from lmcourse.vocabulary import Vocabulary
from lmcourse.world import five_words

TEXT = "the mouse ate the cheese and the cheese was good "


def word_map() -> widgets.WordMap:
    """A map of words at random places."""
    vectors = np.random.default_rng(1).normal(size=(120, 8))
    return widgets.WordMap(WordVectors([f"word{i}" for i in range(120)], vectors))


def transformer() -> widgets.TransformerLive:
    """A model that was not trained."""
    vocab = Vocabulary(LETTERS, separator="")
    network = Transformer(Config(27, 16, 2, 2, 32, bias=False, position="rope"))
    with torch.no_grad():
        return widgets.TransformerLive(
            TransformerModel(network.draw(np.random.default_rng(3)).eval(), vocab, start=0), "the mouse"
        )


def guessing() -> widgets.GuessingGame:
    """A game that was begun."""
    model = CountModel(Vocabulary(LETTERS, separator=""), 3, TEXT)
    game = widgets.GuessingGame(["the cheese ate the mouse"], {"3-gram": model}, given=4)
    game.guesses = [[1, 3, 1, 2, 1, 1]]
    return game


SAMPLES = {
    "AttentionBrowser": widgets.AttentionBrowser,
    "AttentionSteps": widgets.AttentionSteps,
    "CodingInterval": lambda: widgets.CodingInterval(five_words(), "the mouse ate ."),
    "EmergenceMetric": lambda: widgets.EmergenceMetric([100, 200, 400], [0.1, 0.6, 1.0]),
    "EntropyExplorer": lambda: widgets.EntropyExplorer([0.5, 0.3, 0.2]),
    "GradientLaboratory": widgets.GradientLaboratory,
    "GuessingGame": guessing,
    "InferenceCalculator": widgets.InferenceCalculator,
    "KLDial": lambda: widgets.KLDial(["?"], ["a", "b"], np.log([[0.7, 0.3]]), [[0.0, 1.0]]),
    "MaskSwitcher": widgets.MaskSwitcher,
    "NgramExplorer": lambda: widgets.NgramExplorer(TEXT, order=3, context="the "),
    "ParallelPlanner": lambda: widgets.ParallelPlanner({"small": Config(10, 8, 2, 4, 16)}, "small", 16),
    "PositionExplorer": widgets.PositionExplorer,
    "RealModel": widgets.RealModel,
    "ScalingLaw": lambda: widgets.ScalingLaw({"even": Law(1.0, 1.0, 1.0, 0.5, 0.5)}, [(4e5, 4e5, 1.01)]),
    "SentenceTree": widgets.SentenceTree,
    "SparsityMap": lambda: widgets.SparsityMap(TEXT),
    "SurpriseReader": widgets.SurpriseReader,
    "TemperatureExplorer": lambda: widgets.TemperatureExplorer(five_words(), "the mouse ate the"),
    "TokenizerExplorer": lambda: widgets.TokenizerExplorer({"BPE": BPE.train(TEXT, 270)}, TEXT),
    "TrainingPlayground": widgets.TrainingPlayground,
    "TransformerLive": transformer,
    "WordMap": word_map,
}
