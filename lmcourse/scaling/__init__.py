"""Chapter 6: what models cost, how their loss falls with size and text, and how many facts fit in.

Read in this order:

    costs.py        operations and memory of training, by formulas
    kept.py         what autograd keeps, counted
    sweep.py        one network of a given width that reads so many tokens, measured against the truth
    laws.py         a law of loss, fitted to many such runs, its intervals and its advice
    kaplan.py       the law without a floor, for comparison
    simulated.py    a world whose runs are a formula, to plan a training with
    knowledge.py    facts in bits, and how many of them a model holds
    fact_networks.py  small networks that learn facts by heart, side by side
"""

from lmcourse.scaling.laws import Law, bootstrap, fit

__all__ = ["Law", "bootstrap", "fit"]
