"""Assignment 7: what is particular to it. What every assignment owes is in `test_every_assignment.py`."""

import contextlib
import io
import re

import numpy as np
import pytest
from authored import checks_of, defined, exercises, notebook, outcomes, wrong

from lmcourse.corpus import minhash
from lmcourse.emergence.metrics import exact_match
from lmcourse.files import course_file
from lmcourse.grading import course
from lmcourse.grading.local import local_student
from lmcourse.parallel import pipeline
from lmcourse.scaling import costs, laws
from lmcourse.scaling.simulated import Simulated
from lmcourse.transformer.config import Config

NAME = "07-scale"


def checks_module():
    """The assignment's `checks.py`."""
    return course.module_of("07-checks", course_file(f"solutions/{NAME}/checks.py").read_text())


def printed(call):
    """What a function prints."""
    out = io.StringIO()
    with contextlib.redirect_stdout(out):
        call()
    return out.getvalue()


@pytest.fixture
def rng():
    return np.random.default_rng(0)


def test_there_are_seven_graded_exercises():
    assert exercises(NAME) == list(course.points(NAME))
    assert list(course.points(NAME).values()) == [2, 4, 3, 3, 3, 3, 4]


# The package as an oracle.


def test_costs_are_those_of_the_package():
    names, config = defined(NAME), Config(100, 64, 4, 3, 128)
    sizes = {"d_model": 64, "n_layers": 3, "vocab_size": 100, "context_length": 128}
    counted = config.count_parameters()
    matrices = (
        sum(costs.forward_flops(config, 1)[p] for p in ("attention matrices", "feed-forward", "output")) // 2
    )
    assert names["multiplied"](sizes) == matrices
    left_out = counted["total"] - names["parameters"](sizes)
    assert 0 < left_out < 0.02 * counted["total"]  # biases and norms
    assert names["training_flops"](sizes, 1280) == costs.training_flops(config, 1280, 128)


def test_the_law_is_that_of_the_package(rng):
    """Which finds exponents by itself: on a grid around them no other pair is nearer."""
    names = defined(NAME)
    n, d = (x.ravel() for x in np.meshgrid(np.geomspace(1, 64, 5), np.geomspace(1, 64, 6)))
    losses = 1 + 0.5 * n**-0.7 + 0.8 * d**-0.5
    losses *= 1 + 0.003 * rng.normal(size=30)
    law = laws.fit(n, d, losses, spread="even")
    pairs = [(law.alpha * i, law.beta * j) for i in (0.8, 1, 1.25) for j in (0.8, 1, 1.25)]
    found = names["fit_law"](n, d, losses, np.ones(30), pairs)
    assert found == pytest.approx((law.E, law.A, law.B, law.alpha, law.beta), rel=1e-3)


@pytest.mark.parametrize(("p", "m"), [(2, 3), (4, 6), (5, 2)])
def test_the_pipeline_is_that_of_the_package(p, m):
    names = defined(NAME)
    orders = [names["order_of_work"](stage, p, m) for stage in range(p)]
    for stage, tasks in enumerate(orders):
        assert tasks == [(way[0], batch) for way, batch in pipeline.order_of_work(stage, p, m)]
    mine = {
        (s, *t): x
        for s, (ts, xs) in enumerate(zip(orders, names["timetable"](orders)))
        for t, x in zip(ts, xs)
    }
    theirs = {(x.stage, x.task.way[0], x.task.batch): (x.start, x.end) for x in pipeline.timetable(p, m)}
    assert mine == theirs
    span = max(end for _, end in mine.values())
    assert 1 - 3 * m / span == pytest.approx((p - 1) / (m + p - 1))


def test_the_fewest_batches_wait_little_enough_and_one_fewer_too_long():
    for p in range(2, 8):
        for q in (2, 5, 9):
            m = defined(NAME)["least_batches"](p, q)
            assert q * (p - 1) <= m + p - 1
            assert m == 1 or q * (p - 1) > m - 1 + p - 1


def test_candidates_and_rows_are_those_of_the_package(rng):
    names = defined(NAME)
    marks = rng.integers(3, size=(12, 8))
    for rows in (1, 2, 4):
        assert set(names["candidates"](marks, rows)) == minhash.candidates(marks, rows)
    rows = names["best_rows"](60, 0.7, 0.8)
    chances = {r: minhash.chance_of_candidate(0.7, r, 60 // r) for r in range(1, 61) if 60 % r == 0}
    assert rows == max(r for r, chance in chances.items() if chance >= 0.8)


def test_a_test_of_the_size_needed_is_just_large_enough():
    for accuracy, length, chance in ((0.8, 20, 0.05), (0.5, 3, 0.5), (0.99, 100, 0.01)):
        n = defined(NAME)["answers_needed"](accuracy, length, chance)
        missed = 1 - exact_match(accuracy, length)
        assert missed**n <= chance < missed ** (n - 1)


def test_each_process_sends_less_than_twice_its_numbers(rng):
    for n in (1, 2, 6):
        arrays = list(rng.normal(size=(n, 12)))
        sums, rounds = defined(NAME)["ring_all_reduce"](arrays)
        assert all(x == pytest.approx(sum(arrays)) for x in sums)
        for r in range(n):
            sent = sum(len(each[r]) for each in rounds)
            assert sent == defined(NAME)["busiest"](12, n)[0] == 2 * (n - 1) * 12 // n


# Right work that is done otherwise.


@pytest.mark.parametrize(
    ("exercise", "code"),
    [
        ("floor", "old = fit_law\n\n\ndef fit_law(*args):\n    return np.array(old(*args))"),
        ("floor", "old = floor_interval\n\n\ndef floor_interval(*args):\n    return list(old(*args))"),
        (
            "ring",
            "old = ring_all_reduce\n\n\ndef ring_all_reduce(arrays):\n    sums, rounds = old(arrays)\n"
            "    return np.array(sums), [[x.tolist() for x in each] for each in rounds]",
        ),
        (
            "pipeline",
            "old = timetable\n\n\ndef timetable(*args):\n    return [list(map(list, t)) for t in old(*args)]",
        ),
        (
            "minhash",
            "old = candidates\n\n\ndef candidates(*args):\n    return np.array(old(*args)).reshape(-1, 2)",
        ),
        ("budget", "old = plan\n\n\ndef plan(*args):\n    return np.array(old(*args))"),
    ],
)
def test_right_work_in_another_form_passes(exercise, code):
    done = outcomes(NAME, exercise, wrong(NAME, code), 0, public_only=True)
    assert [o.message for o in done if not o.passed] == []


# The open task.


def table_alone(train, budget, law_of=None):
    """All trial runs in a table of sizes and tokens, and one law: good choices, bad predictions."""
    names = defined(NAME)
    law_of = law_of or names["law_of"]
    sizes, parts = np.geomspace(1_000, 30_000, 5), np.geomspace(1 / 16, 1, 5)
    longest = 0.0999 * budget / (6 * sizes.sum() * parts.sum())
    law = law_of([(n, part * longest, train(n, part * longest)) for n in sizes for part in parts])
    n, d = names["best_split"](law, 0.999 * budget)
    return n, d, law[0] + law[1] / n ** law[3] + law[2] / d ** law[4]


def by_exercise_2(runs, rounds):
    """The law of `fit_law` on a grid, whose errors are at first alike, then the law's own excess."""
    fit_law = defined(NAME)["fit_law"]
    sizes, tokens, losses = np.array(runs).T
    pairs = [(a, b) for a in np.arange(0.8, 2, 0.15) for b in np.arange(0.25, 0.7, 0.06)]
    errors = np.ones(len(runs))
    for _ in range(rounds):
        law = fit_law(sizes / 1e4, tokens / 1e6, losses, errors, pairs)
        E, A, B, alpha, beta = law
        errors = np.maximum(abs(A) * (sizes / 1e4) ** -alpha + abs(B) * (tokens / 1e6) ** -beta, 1e-6)
    return E, A * 1e4**alpha, B * 1e6**beta, alpha, beta


def tried(plan, seed=0):
    """The open task's outcomes for another plan."""
    return outcomes(NAME, "budget", {**defined(NAME), "plan": plan}, seed)


def test_each_step_earns_more():
    names = defined(NAME)
    rule, table = tried(names["by_rule"]), tried(table_alone)
    assert [o.passed for o in rule] == [True, False, False, False, False]
    assert all(o.score == 0 for o in rule[3:])
    assert [o.passed for o in table] == [True, True, True, False, False]
    assert all(0.6 < o.score < 0.95 for o in table[3:])


def test_weighing_right_earns_a_part_of_the_prediction_and_the_reason_is_told():
    """With what exercise 2 gives alone: weighed alike the prediction earns next to nothing, weighed more."""
    alike, weighed = (
        tried(lambda train, budget, r=rounds: table_alone(train, budget, lambda runs: by_exercise_2(runs, r)))
        for rounds in (1, 3)
    )
    prediction = [float(re.search(r"worlds: (\d+)%", o.message)[1]) for o in (alike[3], weighed[3])]
    assert prediction[0] < 15
    assert 30 < prediction[1] < 90
    assert "weigh each run by 1 over its excess" in alike[3].message
    assert "runs near the best splits" in weighed[3].message


def test_the_public_score_is_an_honest_estimate_of_what_is_earned():
    """Its worlds are of the kind of the grade's, and it says by how much these will differ by chance."""
    (check,) = [c for c in checks_of(NAME, "budget", public_only=True) if "you may see" in c.title]
    module, student = checks_module(), local_student({**defined(NAME), "plan": table_alone})
    said = check.verdict(student, 0)
    error = int(re.search(r"\(standard error (\d+)%\)", said.message)[1]) / 100
    others = [module.share_of_points(student, range(s, s + 24)).value for s in range(1_000, 1_480, 24)]
    assert np.std(others) * 2**0.5 == pytest.approx(error, rel=0.5)  # of 20 differences: known to a sixth
    assert abs(np.mean(others) - said.value) < 2 * error


@pytest.mark.parametrize("seed", range(4))
def test_the_authored_plan_earns_all_points(seed):
    assert all(o.score == 1 for o in tried(defined(NAME)["plan"], seed))


def test_the_grade_is_no_matter_of_luck():
    """A plan that earns a part earns about the same share on every draw."""
    scores = [tried(table_alone, seed)[-1].score for seed in range(3)]
    assert max(scores) - min(scores) < 0.2


def test_judge_shows_what_the_check_shows():
    (check,) = [c for c in checks_of(NAME, "budget", public_only=True) if "you may see" in c.title]
    said = check.verdict(local_student({**defined(NAME), "plan": table_alone}), 0).message
    figures = re.findall(r"([\d.]+%)", printed(lambda: defined(NAME)["judge"](table_alone)))
    assert len(figures) == 4  # two means, each with its error
    assert all(figure in said for figure in figures)


def test_who_knows_the_public_worlds_does_not_know_those_of_the_grade():
    """Anyone can make them of their seeds: then all is well in the notebook, and little in the grade."""

    def plan(train, budget):
        known = [world for world in map(Simulated, range(24)) if world.budget == budget]
        loss = train(1_000, 1_000)
        if known and known[0].train(1_000, 1_000) == loss:
            n, d = known[0].best()
            return n, 0.999 * d, known[0].loss(n, 0.999 * d)
        return (budget / 120) ** 0.5, 20 * (budget / 120) ** 0.5, loss

    public, hidden = tried(plan)[3:]
    assert public.score == 1
    assert hidden.score == 0


@pytest.mark.parametrize(
    ("line", "what"),
    [
        ("return None", "should return three numbers, (N, D, loss)"),
        ("return 1e5, budget / 6e5", "should return three numbers"),
        ("return 1e5, budget / 6e5, float('nan')", "three finite numbers"),
        ("return 1e5, budget / 1e5, 1.2", "costs 6 times the budget; each parameter and token takes six"),
        ("return 1e5, budget / 6e6, 1.2", "costs 0.1 of the budget; spend 99 to 100 per cent"),
        ("return 1e5, budget / 6e5, 1.2", "has not called the function `train`"),
        ("train(1e5, budget / 6e5)", "of the tenth of the budget that trial runs may cost"),
        ("train(10, 1e5)", "n_params must be a number from 100 on, not 10"),
        ("while True: train(100, 100)", "30 trial runs have been made"),
        ("train(1e5)", "`train` cannot do what your `plan` asks"),
    ],
)
def test_a_plan_that_breaks_the_contract_is_told_so(line, what):
    done = outcomes(NAME, "budget", wrong(NAME, f"def plan(train, budget):\n    {line}"), 0)
    assert not any(o.passed for o in done)
    assert what in done[0].message


def test_the_curves_are_as_the_text_says():
    text = next(cell.source for cell in notebook(NAME).cells if cell.id == "intro-budget")
    module = checks_module()
    shares = [
        round(100 * x) for x in (module.CHOICE_NONE, module.CHOICE_FULL, module.OFF_NONE, module.OFF_FULL)
    ]
    assert [int(x) for x in re.findall(r"\*\*(\d+) per cent\*\*", text)] == shares
    assert "100 per cent at most" in text
    assert "the mean over 24 worlds that nobody has seen" in text
    assert module.N_WORLDS == 24
    weights = [c.weight for c in checks_of(NAME, "budget")]
    assert weights == [0.5, 0.5, 0.5, 0.5, 2]
    assert "Of the 4 points 1.5 are for" in text


def test_the_figures_of_the_model_answer_are_those_of_the_runs():
    names = defined(NAME)
    told = next(cell.source for cell in notebook(NAME).cells if cell.id == "claims")
    found = []
    for s in (1.0, 0.62):
        found += re.findall(
            r"inside (\d+) of 30 intervals, which are ([\d.]+) wide", printed(lambda s=s: names["covered"](s))
        )
    (floor, a), (large, b), (floor_bent, c), (large_bent, d) = found
    assert f"inside {floor} of 30 intervals ({a} wide) and the larger run inside {large} ({b} wide)" in told
    assert (
        f"wider, {c} and {d}. The floor is inside {floor_bent} of them; the larger run inside {large_bent}."
        in told
    )
    none = {p: (1 - p**20) ** 100 for p in (0.75, 0.8)}
    assert f"0.41^(1/20) = {0.41 ** (1 / 20):.3f}" in told
    assert f"(1 \N{MINUS SIGN} {0.75**20:.4f})^100 = {none[0.75]:.2f}" in told
    assert f"still in {none[0.8]:.2f} of all cases" in told
    assert f"takes {names['answers_needed'](0.75, 20, 0.05)} problems" in told
