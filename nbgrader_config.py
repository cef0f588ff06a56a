"""nbgrader's settings for this course: authored in solutions/, handed out from notebooks/assignments/.

Student work goes to submitted/, autograded/ and feedback/ and grades to gradebook.db, all of them beside this
file and none of them under version control.
"""

c = get_config()  # noqa: F821  (nbgrader provides it)

c.CourseDirectory.course_id = "lmcourse"
c.CourseDirectory.source_directory = "solutions"
c.CourseDirectory.release_directory = "notebooks/assignments"
# What lies beside an authored notebook and must reach neither the students nor their folders.
c.CourseDirectory.ignore = [
    ".ipynb_checkpoints",
    "__pycache__",
    "*.pyc",
    "checks.py",
    "public_checks.py",
    "mistakes.py",
    "manifest.json",
]

c.ClearSolutions.code_stub = {"python": "# YOUR CODE HERE\nraise NotImplementedError"}
c.ClearSolutions.text_stub = "*Write your answer here.*"
c.GenerateAssignment.post_convert_hook = "lmcourse.grading.release.after_generate_assignment"

# When work is due, and what lateness costs: for `lmcourse grade` and for nbgrader's own autograder alike.
c.AssignLatePenalties.plugin_class = "lmcourse.grading.late.LatePolicy"
# c.LatePolicy.due = {"01-language-models": "2026-11-30 23:59 Europe/Berlin"}
# c.LatePolicy.extensions = {"01-language-models": {"ada": "2026-12-03 23:59 Europe/Berlin"}}
# c.LatePolicy.per_day = 0.1  # a tenth of the score for each day begun
# c.LatePolicy.grace_minutes = 15
# c.LatePolicy.cut_off_days = 7  # later than that nothing counts

# The checks of one exercise have a limit of 10 s of their own; this one is for everything else in a notebook.
c.Execute.timeout = 60
