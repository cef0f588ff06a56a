"""The mouse world: small languages of our own whose every probability is known exactly.

Read in this order:

    grammar.py      a table of rules, compiled to a weighted automaton
    world.py        the automaton as a language model: the truth, its entropy, the distance of other models
    levels.py       the tables: five words, agreement across a distance, knowledge
    memory.py       the best that a model with a short memory can do in a world, exactly
    belief.py       what a prefix tells of the automaton's state, and both sides of a missing token
    senses.py       a level with an ambiguous word
    ranked_facts.py a level of facts about many mice, for scaling laws
    guest_house.py  a level of orders, answers and what these are worth
"""

from lmcourse.world.belief import belief_states, corrupted_posteriors, given_the_rest, masked_posteriors
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
    "belief_states",
    "corrupted_posteriors",
    "every_window",
    "five_words",
    "given_the_rest",
    "knowledge",
    "masked_posteriors",
    "memory_entropies",
    "parse_rules",
    "stationary",
]
