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

# The checks of one exercise have a limit of 10 s of their own; this one is for everything else in a notebook.
c.Execute.timeout = 60
