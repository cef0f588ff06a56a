"""Assignments: checks that answer at once, submissions that survive the journey, grades with reasons.

    checks.py      what a check is, and the words to write one in
    local.py       runs checks on functions of this very process: the student's own kernel
    report.py      what the student sees of the outcome
    assignment.py  `Assignment`, the object in an assignment's notebook
    course.py      which assignments there are and where their files lie
    notebooks.py   reading, recognising and repairing a student's notebook
    submission.py  the zip that is handed in
    runner.py      runs a notebook in a fresh process and checks it there
    release.py     `python -m lmcourse.grading.release` makes the students' versions
    demo.py        `python -m lmcourse.grading.demo` shows an instructor the whole loop

Checks reach a student's work only through `student.name(arguments)` and see only plain values (numbers,
strings, lists, dictionaries, arrays), so where that function runs is the business of the transport alone.
"""

from lmcourse.grading.assignment import Assignment

__all__ = ["Assignment"]
