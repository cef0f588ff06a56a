"""Assignment 6: what is particular to it. What every assignment owes is in `test_every_assignment.py`."""

import contextlib
import io
import itertools
import re

import numpy as np
import pytest
import torch
from authored import checks_of, defined, exercises, notebook, outcomes, wrong

from lmcourse.files import course_file
from lmcourse.grading import course
from lmcourse.grading.local import local_student
from lmcourse.inference import memory, speculative
from lmcourse.inference.metered import Metered
from lmcourse.pretrained import gguf
from lmcourse.transformer import positions
from lmcourse.transformer.config import Config

NAME = "06-inference"


def checks_module():
    """The assignment's `checks.py`."""
    return course.module_of("06-checks", course_file(f"solutions/{NAME}/checks.py").read_text())


@pytest.fixture
def rng():
    return np.random.default_rng(0)


def test_there_are_eight_graded_exercises():
    assert exercises(NAME) == list(course.points(NAME))
    assert sum(course.points(NAME).values()) == 22


def test_a_cache_is_torchs_attention_of_the_whole(rng):
    weights = {name: rng.normal(size=(6, 5)) for name in ("query", "key", "value")}
    x, cache, found = rng.normal(size=(8, 5)), None, []
    for part in np.split(x, [2, 3, 6]):
        new, cache = defined(NAME)["attend_with_cache"](part, cache, weights)
        found.extend(new)
    cos, sin = positions.rotation(torch.arange(8), 6)
    q, k, v = (torch.tensor(x @ weights[name].T) for name in ("query", "key", "value"))
    q, k = positions.rotate(q, cos, sin), positions.rotate(k, cos, sin)
    right = torch.nn.functional.scaled_dot_product_attention(q, k, v, is_causal=True)
    assert np.array(found) == pytest.approx(right.numpy())


def test_a_cache_is_counted_as_the_package_counts_it():
    for kv_heads in (1, 2, 4):
        config = Config(50, 16, 4, 3, 8, n_kv_heads=kv_heads, position="rope")
        sizes = {"block_count": 3, "head_count": 4, "embedding_length": 16}
        found = defined(NAME)["cache_bytes"]({**sizes, "head_count_kv": kv_heads}, 7)
        assert found == memory.cache_bytes(config, 7)


def test_a_stretched_base_keeps_the_first_pair_and_squeezes_the_last():
    names, at = defined(NAME), np.array([0, 1, 700])
    for size, trained, longest in ((4, 100, 1000), (64, 2048, 5000)):
        squeezed = names["squeezed_angles"](at, size, trained, longest)
        assert squeezed == pytest.approx(positions.angles(torch.tensor(at * trained / longest), size).numpy())
        base = names["stretched_base"](size, trained, longest)
        stretched = positions.angles(torch.tensor(at), size, base).numpy()
        assert stretched[:, 0] == pytest.approx(at)
        assert stretched[:, -1] == pytest.approx(squeezed[:, -1])


def test_blocks_are_those_of_the_file(rng):
    weights = rng.normal(size=(5, 32))
    blocks = defined(NAME)["quantise"](weights)
    stored = gguf.StoredTensor("w", (5, 32), "Q4_1", blocks.view(gguf.BLOCKS["Q4_1"]))
    mine = defined(NAME)["dequantise"](blocks)
    assert mine == pytest.approx(gguf.dequantise(stored).reshape(5, 32), rel=1e-6, abs=1e-6)
    steps = np.ptp(weights, axis=1, keepdims=True) / 15
    assert (abs(mine - weights) < 0.51 * steps + 0.002).all()  # half a step, and what 16 bits lose


def test_guesses_are_checked_as_in_the_package(rng):
    names = defined(NAME)
    for _ in range(200):
        p, q = rng.dirichlet(np.ones(5), 4), rng.dirichlet(np.ones(5), 3)
        guesses, uniform = [int(rng.choice(5, p=row)) for row in q], rng.random(4)
        kept, following = speculative.check(p, q, guesses, uniform)
        assert names["verify"](p, q, guesses, uniform) == [*guesses[:kept], following]
        assert names["residual"](p[0], q[0]) == pytest.approx(speculative.remainder(p[0], q[0]))


def test_the_error_of_a_difference_is_how_far_it_scatters():
    """Over all 4^4 classes of four questions, drawn from both right, one right, none: by the definition."""
    names, kinds = defined(NAME), [(True, True), (True, False), (False, True), (False, False)]
    found = [names["difference"](*map(np.array, zip(*drawn))) for drawn in itertools.product(kinds, repeat=4)]
    differences, errors = np.array(found).T
    assert (errors**2).mean() == pytest.approx(differences.var())


def test_even_attention_is_scored_by_hand():
    ids = np.array([3, 1, 3, 3, 1])  # 1/3, 2/4 and 1/5 from the places 2, 3 and 4
    assert defined(NAME)["even_score"](ids) == pytest.approx((1 / 3 + 1 / 2 + 1 / 5) / 3)


# A message names the function that is wrong.


@pytest.mark.parametrize(
    ("exercise", "code", "blamed", "not_said"),
    [
        (
            "users",
            "def cache_bytes(config, n_tokens, bytes_per_number=2):\n    return 7 * n_tokens",
            "first `cache_bytes`, above; `most_users` needs it",
            "round down",
        ),
        (
            "speculation",
            "def residual(p, q):\n    return q",
            "first `residual`, above; `verify` needs it",
            "stays",
        ),
        (
            "induction",
            "def induction_scores(weights, ids):\n    return weights.mean(axis=(1, 2))",
            "first `induction_scores`, above; `even_score` needs it",
            "i + 1 places",
        ),
    ],
)
def test_a_function_is_not_blamed_for_one_that_it_calls(exercise, code, blamed, not_said):
    failed = [o for o in outcomes(NAME, exercise, wrong(NAME, code), 0) if not o.passed and not o.hidden]
    said = [o.message for o in failed if blamed in o.message]
    assert said
    assert not any(not_said in message for message in said), said


# Right work that is done otherwise.


@pytest.mark.parametrize(
    ("exercise", "code"),
    [
        (  # keys as they are, in a dictionary, and the number of tokens beside them
            "kv_cache",
            "old = attend_with_cache\n\n\ndef attend_with_cache(x, cache, weights):\n"
            "    found, (k, v) = old(x, cache and (cache['k'], cache['v']), weights)\n"
            "    return found, {'k': k, 'v': v, 'read': len(k)}",
        ),
        (  # a large negative number for what is masked
            "kv_cache",
            "def attend_with_cache(x, cache, weights):\n    q, k, v = (x @ weights[n].T for n in weights)\n"
            "    S = 0 if cache is None else cache.shape[1]\n    at = np.arange(S, S + len(x))\n"
            "    new = np.stack([rotate(k, at), v])\n"
            "    cache = new if cache is None else np.append(cache, new, axis=1)\n"
            "    scores = rotate(q, at) @ cache[0].T / q.shape[1] ** 0.5\n"
            "    scores[np.arange(cache.shape[1]) > at[:, None]] = -1e9\n"
            "    odds = np.exp(scores)\n    return odds @ cache[1] / odds.sum(axis=1)[:, None], cache",
        ),
        (
            "four_bits",
            "old = dequantise\n\n\ndef dequantise(blocks):\n    return old(blocks).astype(np.float32)",
        ),
        (  # integers in place of bytes
            "four_bits",
            "old_q = quantise\n\n\ndef quantise(weights):\n    return old_q(weights).astype(int).tolist()",
        ),
        (
            "speculation",
            "old = verify\n\n\ndef verify(p, q, guesses, uniform):\n"
            "    return [np.int64(t) for t in old(p, q, guesses, uniform)]",
        ),
        (
            "questions",
            "old = choose\n\n\ndef choose(log_probs, answers):\n    return np.int64(old(log_probs, answers))",
        ),
        (
            "fast",
            "old = write\n\n\ndef write(read, prompts, n_tokens):\n"
            "    return [np.array(text) for text in old(read, prompts, n_tokens)]",
        ),
    ],
)
def test_right_work_in_another_form_passes(exercise, code):
    done = outcomes(NAME, exercise, wrong(NAME, code), 0)
    assert [o.message for o in done if not o.passed] == []


# The open task.


def one_by_one(read, prompts, n_tokens):
    """What is new is read, text by text."""
    written = []
    for prompt in prompts:
        text, new = list(prompt), list(prompt)
        for _ in range(n_tokens):
            new = read([(0, len(text) - len(new), new)])[0][-1:]
            text += new
        written.append(text[len(prompt) :])
    return written


def together(read, prompts, n_tokens):
    """What is new is read, all texts in a pass."""
    texts, new = [list(prompt) for prompt in prompts], [list(prompt) for prompt in prompts]
    for _ in range(n_tokens):
        said = read([(i, len(text) - len(new[i]), new[i]) for i, text in enumerate(texts)])
        new = [row[-1:] for row in said]
        texts = [text + row for text, row in zip(texts, new)]
    return [text[len(prompt) :] for text, prompt in zip(texts, prompts)]


def tried(write, seed=0):
    """The open task's outcomes for another `write`."""
    return outcomes(NAME, "fast", {**defined(NAME), "write": write}, seed)


def test_each_step_earns_more():
    slow = defined(NAME)["slow_write"]
    for write, passed, least, most in ((slow, 1, 0, 0), (one_by_one, 2, 0, 0), (together, 3, 0.45, 0.6)):
        done = tried(write)
        assert [o.passed for o in done] == [i < passed for i in range(5)]
        assert all(least <= o.score <= most for o in done[3:]), done[3:]


@pytest.mark.parametrize("seed", range(4))
def test_the_authored_loop_earns_all_points(seed):
    assert all(o.score == 1 for o in tried(defined(NAME)["write"], seed))


def paid(write):
    """What `pay` prints: passes, tokens read and milliseconds for a token."""
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        defined(NAME)["pay"](write)
    return printed.getvalue()


def test_the_figures_of_the_model_answer_are_those_of_the_runs():
    names = defined(NAME)
    told = next(cell.source for cell in notebook(NAME).cells if cell.id == "worth")
    namespace = wrong(NAME, "MOST = 20")
    for write, passes, tokens, each in (
        (names["slow_write"], 256.0, "23,152", 175.7),
        (one_by_one, 256.0, "488", 42.9),
        (together, 64.0, "488", 12.9),
        (names["write"], 27.9, "602", 7.9),
        (namespace["write"], 22.2, "1,423", 11.8),
    ):
        assert paid(write) == f"{passes} passes, {tokens} tokens read, {each} ms for each token written\n"
        assert all(figure in told for figure in (f"{passes:g}", tokens, f"{each} ms"))
    rng, alone = np.random.default_rng(72), []
    for seed in range(8):
        for prompt in checks_module().given(rng):
            machine = Metered(seed)
            names["write"](machine.read, [prompt], 64)
            alone.append(machine.milliseconds / 64)
    assert f"{np.mean(alone):.1f} ms on average of the {len(alone)} prompts" in told


def test_pay_shows_the_mean_that_the_check_shows():
    """The same decoders and prompts, so that a student sees in the notebook what the check will say."""
    (check,) = [c for c in checks_of(NAME, "fast", public_only=True) if "you may see" in c.title]
    said = check.verdict(local_student(defined(NAME)), 0).message
    shown = float(re.search(r"([\d.]+) ms for each token", paid(defined(NAME)["write"])).group(1))
    assert said.startswith(f"{shown:.1f} ms for each token")


@pytest.mark.parametrize(
    ("line", "what"),
    [
        ("read([(0, 0, [1])]); return [[0] * n_tokens for _ in prompts]", "its token 0 should be"),
        (
            "read([(0, 0, [1])]); return [[0] * (n_tokens + 1) for _ in prompts]",
            "Guesses must not go past the end",
        ),
        ("read([(0, 0, [1])]); return []", "a list of 3 texts"),
        ("read([(0, 0, [1])]); return ['a'] * len(prompts)", "a list of whole numbers"),
        ("read([(0, 0, [1])]); return [[0.5] * n_tokens for _ in prompts]", "a list of whole numbers"),
        ("return read([(0, 1, prompts[0])])", "slot 0, which holds 0 tokens"),
        ("return read([(0, 0, [99])])", "a token must be a whole number from 0 to 63"),
        ("return read([])", "must read something"),
        ("while True: read([(0, 0, prompts[0])])", "an endless loop"),
    ],
)
def test_a_loop_that_breaks_the_contract_is_told_so(line, what):
    done = outcomes(NAME, "fast", wrong(NAME, f"def write(read, prompts, n_tokens):\n    {line}"), 0)
    assert not any(o.passed for o in done)
    assert what in done[0].message


def test_who_knows_the_public_decoders_does_not_know_those_of_the_grade():
    """Anyone can make them of their seeds: then all is well in the notebook, and little in the grade."""

    def write(read, prompts, n_tokens):
        for seed in range(8):
            if Metered(seed).read([(0, 0, prompts[0])]) == read([(0, 0, prompts[0])]):
                return one_by_one(Metered(seed).read, prompts, n_tokens)
        return one_by_one(read, prompts, n_tokens)

    public, hidden = tried(write)[3:]
    assert public.score == 1
    assert hidden.score < 0.25


def test_the_grade_is_no_matter_of_luck():
    """Batches alone get about the same share of the points on every draw."""
    scores = [tried(together, seed)[-1].score for seed in range(3)]
    assert max(scores) - min(scores) < 0.03


def test_the_curve_is_as_the_text_says():
    text = next(cell.source for cell in notebook(NAME).cells if cell.id == "intro-fast")
    (full,) = re.findall(r"\*\*(\d+) times\*\* all", text)
    assert "**ten times** as fast as `slow_write` gives none" in text
    assert checks_module().NONE_AT == 10
    assert f"{full} times as fast" in next(c for c in checks_of(NAME, "fast") if c.hidden).hint
    weights = [c.weight for c in checks_of(NAME, "fast")]
    assert weights == [0.5, 0.5, 0.5, 0.5, 2]
    assert "Of the 4 points 1.5 are for" in text


def test_an_array_of_tokens_is_as_good_as_a_list():
    code = "old = verify\ndef verify(*args):\n    return np.array(old(*args))"
    assert all(o.passed for o in outcomes(NAME, "speculation", wrong(NAME, code), 0))


@pytest.mark.parametrize("parts", ["(0, 0, [1])", "[(0, 0, 1)]"])
def test_what_read_takes_is_said_to_who_gives_it_something_else(parts):
    code = f"def write(read, prompts, n_tokens):\n    return read({parts})"
    said = [o.message for o in outcomes(NAME, "fast", wrong(NAME, code), 0) if not o.hidden]
    assert said[0] == (
        "`read` takes a list of parts, each (slot, start, tokens) with a list of tokens; you gave it " + parts
    )
