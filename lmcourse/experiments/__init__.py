"""Experiments too slow for a page: each is a command that writes a committed result, which pages load.

    python -m lmcourse.experiments.NAME     run it, or go on with a run that was interrupted
    load("NAME")                            what it found

`frame.py` is what they share. An experiment's module is a list of settings and a function that measures one
of them; its result, in `results/`, tells the command, the seed, the versions and the time it took. `AGAIN` is
one of the settings, a quick one: the tests measure it anew and compare.
"""

from lmcourse.experiments.frame import Result, load, run

__all__ = ["Result", "load", "run"]
