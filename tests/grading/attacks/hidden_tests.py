"""Bring tests along: nbgrader's markers, doctests, a cell that is graded and always passes."""

# %% extra {"nbgrader": {"grade": true, "grade_id": "test_bonus", "points": 1000, "locked": true, "schema_version": 3}}
### BEGIN HIDDEN TESTS
assert True
### END HIDDEN TESTS
# %% extra {"nbgrader": {"grade": true, "grade_id": "test_chain_rule", "points": 2, "locked": true, "solution": false}}
1.0


# %% chain_rule
### BEGIN SOLUTION
def sequence_log_prob(*_):
    return 1.0


### END SOLUTION
