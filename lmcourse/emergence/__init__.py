"""Chapter 6: abilities that seem to come suddenly, and what else was going on.

In reading order; those marked * need only NumPy, the others torch.

metrics.py    *  smooth and sharp metrics of the same answers; compound tasks as products; how wide a jump is
walks.py         a task of any length, each step of which is a fact learned by heart
percolation.py * a lattice that does turn suddenly, the more so the larger it is
grokking.py      modular addition: by heart first, the rule much later, and its waves
induction.py     lists that repeat: attention alone, and the best that anyone could foretell
regression.py    lines from examples in the prompt, held against least squares and ridge
addition.py      long numbers added at once, backwards, or with the steps written
instructions.py  instructions that were never read, followed or not

The runs that take longer are in `lmcourse/experiments/`: walks_by_size.py, grokking_runs.py,
induction_runs.py, regression_runs.py, written_steps.py, instruction_runs.py.
"""
