"""Assignments: checks that answer at once, submissions that survive the journey, grades with reasons.

    checks.py      what a check is, and the words to write one in
    exercise.py    an exercise told once, as a table, from which checks are made
    asking.py      what a table asks of a student's functions
    compare.py     a value held against the right one, and the difference in words
    models.py      models and texts for students' code, of which a check knows everything
    derive.py      which wrong value is due to which mistake
    student.py     what a check holds of a student's work: functions and objects, wherever they are
    local.py       runs checks on functions of this very process: the student's own kernel
    report.py      what the student sees of the outcome
    progress.py    how far a student has come: the table of all exercises
    assignment.py  `Assignment`, the object in an assignment's notebook
    course.py      which assignments there are, where their files lie, what their cells are called
    notebooks.py   reading a notebook, a student's or the released one
    recognise.py   which cell of a student's is which, and which notebook is meant
    graft.py       the student's work grafted into the release
    submission.py  the zip that is handed in
    handing_in.py  `assignment.submit()`: the notebook hands itself in
    runner.py      runs a notebook in a fresh process and checks it there
    at_home.py     what students run it for: a whole notebook, repaired
    public.py      what students get of an assignment's checks
    rules.py       what an authored notebook must be like
    release.py     `python -m lmcourse.grading.release` makes the students' versions
    demo.py        `python -m lmcourse.grading.demo` shows an instructor the whole loop

Grading a class, `lmcourse grade`, from what is handed in to what is recorded:

    naming.py      what the name of a file says: whose it is, when it came
    roster.py      who is in the class, and what the LMS calls them
    places.py      where submissions lie, and reading them warily
    gather.py      all of them, from folders, single files and an LMS's zip
    intake.py      whose is which file, and which of them counts
    unpack.py      the notebook in a file or an archive
    attempts.py    of several attempts, which counts from one run to the next
    collecting.py  submissions put where nbgrader looks for them
    lms.py         grades exported to Canvas and Moodle
    exam.py        an assignment as it is graded, as plain text
    apart.py       a process for what students have made, which may be killed
    worker.py      one submission: from its bytes to a result
    isolated.py    runs a notebook in the sandbox and its checks here, outside of it
    values.py      plain values, and how they travel between the two
    sandbox.py     the sandbox from outside: starting it, the time, the kill
    walls.py       what a program in it can see: bubblewrap
    inside.py      the processes in it: one kept warm, a fork for each submission
    confine.py     what such a fork does to lock itself in
    server.py      what it does then: it runs cells and answers questions
    shelf.py       what of the course's package an assignment lends to students' code
    lending.py     when an exercise's own share of it comes
    loan.py        how that code imports it, and nothing else
    borrowed.py    the same rule where nothing is kept away: in the student's own kernel
    result.py      the outcome, as plain data
    feedback.py    the outcome, for people
    database.py    nbgrader's database: tables, and transactions that happen whole or not
    adopt.py       an assignment's cells in it, as nbgrader would record them
    gradebook.py   the one writer of grades
    late.py        deadlines, extensions and what lateness costs, as nbgrader's plugin
    pool.py        processes of this machine, or a Dask cluster
    grade.py       a whole run, and going on after an interruption; pages written anew
    folder.py      what a run writes into the course's folder for people to read
    renaming.py    one student under two names, with and without a roster
    trial.py       what grading again would change, after checks have changed
    summary.py     what a run tells the instructor
    returning.py   feedback as a zip that an LMS takes back
    items.py       how a class did in each exercise and check
    similar.py     submissions that are alike
    overview.py    both as a page and a table
    commands.py    `lmcourse grade | feedback | collect | export | statistics`

Checks reach a student's work only through `student.name(arguments)` and see only plain values (numbers,
strings, lists, dictionaries, arrays), so where that function runs is the business of the transport alone.
"""

import sys

# For jsonschema, by which nbformat looks at notebooks, this compiles a grammar of internet addresses when it
# is imported: two seconds of computing in every process. No notebook has need of it; jsonschema does without.
sys.modules.setdefault("rfc3987_syntax", None)

from lmcourse.grading.assignment import Assignment  # noqa: E402

__all__ = ["Assignment"]
