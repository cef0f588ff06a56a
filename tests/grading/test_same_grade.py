"""A result depends on the submission, the assignment and the seed, and on nothing else: not on the number of
workers, the order of submissions, the machine, nor on who was graded before.
"""

from __future__ import annotations

import random
from dataclasses import replace

import pytest
from attacks import loader
from attacks.loader import ASSIGNMENT, RIGHT, as_bytes, released

from lmcourse.grading.demo import answers
from lmcourse.grading.exam import Exam
from lmcourse.grading.isolated import Times
from lmcourse.grading.pool import grade_all
from lmcourse.grading.worker import Job, Rules, digest_of

TIMES = Times(cell=3, checks=3, notebook=90)
CHANCE = "import random\n_log = sequence_log_prob\n" + (
    "def sequence_log_prob(*a):\n    return _log(*a) + random.random() * 1e-12 + len({'a', 'b'}) - 2"
)
EXTRA = ["os_exit", "recognise_public", "evil_text", "exit_in_cell", "tamper_callbacks", "loop_in_cell"]


def jobs():
    """Submissions of many kinds: right, wrong, noisy, endless, broken, hostile."""
    places = dict.fromkeys(("HOME", "COURSE", "HANDED", "CACHE", "MARKS", "REPO"), "/nowhere") | {"PORT": "1"}
    files = {name: as_bytes(released(sources)) for name, sources in answers().items()}
    files["by-chance"] = as_bytes(released({**RIGHT, "chain_rule": f"{RIGHT['chain_rule']}\n{CHANCE}"}))
    files |= {name: as_bytes(loader.notebook(name, places)) for name in EXTRA}
    files |= {"cut-off": files["ada-perfect"][:5000], "nothing": b""}
    return [Job(name, f"{name}.ipynb", data, digest_of(data)) for name, data in sorted(files.items())]


@pytest.fixture(scope="module")
def rules(bubblewrap):  # noqa: ARG001
    return Rules(Exam.of(ASSIGNMENT), seed=5, times=TIMES)


def results(graded):
    """By student; pages and notebooks with them."""
    return {one.result.student: (one.result, one.page, one.notebook) for one in graded}


@pytest.fixture(scope="module")
def reference(rules):
    """One worker, one submission after the other."""
    found = results(grade_all(jobs(), rules, workers=1))
    assert found.keys() == {job.student for job in jobs()}
    assert found["ada-perfect"][0].points == found["by-chance"][0].points == 17
    return found


@pytest.mark.parametrize(("workers", "order"), [(2, 1), (3, 2), (1, 3)])
def test_neither_workers_nor_order_change_a_result(rules, reference, workers, order):
    shuffled = random.Random(order).sample(jobs(), len(jobs()))
    assert results(grade_all(shuffled, rules, workers)) == reference


def test_a_cluster_gives_the_same_results(rules, reference):
    distributed = pytest.importorskip("distributed")
    with distributed.LocalCluster(
        n_workers=2, threads_per_worker=1, processes=True, dashboard_address=None, silence_logs=50
    ) as cluster:
        shuffled = random.Random(4).sample(jobs(), len(jobs()))
        assert results(grade_all(shuffled, rules, 0, cluster.scheduler_address)) == reference


def test_another_seed_changes_nothing_for_work_that_is_right_or_plainly_wrong(rules, reference):
    names = ("ada-perfect", "fred-unfinished", "recognise_public", "tamper_callbacks")
    chosen = [job for job in jobs() if job.student in names]
    for seed in (6, 7):
        graded = grade_all(chosen, replace(rules, seed=seed), workers=2)
        points = {one.result.student: one.result.points for one in graded}
        assert points == {name: reference[name][0].points for name in names}
