"""Chapter 6: what models cost, how their loss falls with size and text, and what comes suddenly.

Read in this order:

    costs.py        operations and memory of training, by formulas
    kept.py         what autograd keeps, counted
    sweep.py        one network of a given width that reads so many tokens, measured against the truth
    laws.py         a law of loss, fitted to many such runs, its intervals and its advice
"""

from lmcourse.scaling.laws import Law, bootstrap, fit

__all__ = ["Law", "bootstrap", "fit"]
