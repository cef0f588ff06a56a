"""Widgets that compute in the page itself, so that they also live in a published book, without a kernel.

Python validates and is the reference; the JavaScript beside each module computes the same and draws it.
"""

from lmcourse.widgets.attention_browser import AttentionBrowser
from lmcourse.widgets.attention_steps import AttentionSteps
from lmcourse.widgets.calculator import InferenceCalculator
from lmcourse.widgets.emergence_metric import EmergenceMetric
from lmcourse.widgets.entropy import EntropyExplorer
from lmcourse.widgets.gradients import GradientLaboratory
from lmcourse.widgets.guessing import GuessingGame
from lmcourse.widgets.interval import CodingInterval
from lmcourse.widgets.kl_dial import KLDial
from lmcourse.widgets.mask_switcher import MaskSwitcher
from lmcourse.widgets.ngrams import NgramExplorer
from lmcourse.widgets.planner import ParallelPlanner
from lmcourse.widgets.playground import TrainingPlayground
from lmcourse.widgets.positions import PositionExplorer
from lmcourse.widgets.real_model import RealModel
from lmcourse.widgets.scaling_law import ScalingLaw
from lmcourse.widgets.sparsity import SparsityMap
from lmcourse.widgets.surprise_reader import SurpriseReader
from lmcourse.widgets.temperature import TemperatureExplorer
from lmcourse.widgets.tokenizer import TokenizerExplorer
from lmcourse.widgets.transformer import TransformerLive
from lmcourse.widgets.tree import SentenceTree
from lmcourse.widgets.wordmap import WordMap

__all__ = [
    "AttentionBrowser",
    "AttentionSteps",
    "CodingInterval",
    "EmergenceMetric",
    "EntropyExplorer",
    "GradientLaboratory",
    "GuessingGame",
    "InferenceCalculator",
    "KLDial",
    "MaskSwitcher",
    "NgramExplorer",
    "ParallelPlanner",
    "PositionExplorer",
    "RealModel",
    "ScalingLaw",
    "SentenceTree",
    "SparsityMap",
    "SurpriseReader",
    "TemperatureExplorer",
    "TokenizerExplorer",
    "TrainingPlayground",
    "TransformerLive",
    "WordMap",
]
