"""The mouse world: small languages of our own whose every probability is known exactly.

Read in this order:

    grammar.py      a table of rules, compiled to a weighted automaton
    world.py        the automaton as a language model: the truth, its entropy, the distance of other models
    levels.py       the tables: five words, agreement across a distance, knowledge
    memory.py       the best that a model with a short memory can do in a world, exactly
"""

from lmcourse.world.grammar import Arc, Automaton, parse_rules
from lmcourse.world.levels import agreement, five_words, knowledge
from lmcourse.world.memory import ShortMemory, every_window, memory_entropies, stationary
from lmcourse.world.world import World

__all__ = [
    "Arc",
    "Automaton",
    "ShortMemory",
    "World",
    "agreement",
    "every_window",
    "five_words",
    "knowledge",
    "memory_entropies",
    "parse_rules",
    "stationary",
]
