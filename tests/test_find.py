"""What the search and the index of concepts are made of: words, names, terms in texts, functions of pages."""

from __future__ import annotations

import doctest
import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "book/_ext"))
import concept_joins  # noqa: E402
import concept_sources  # noqa: E402
import search_words  # noqa: E402
from sphinx.search.en import js_porter_stemmer  # noqa: E402


@pytest.mark.parametrize("module", [concept_joins, concept_sources, search_words], ids=lambda m: m.__name__)
def test_the_examples_of_the_docstrings(module):
    assert doctest.testmod(module).failed == 0


@pytest.fixture(scope="module")
def javascript():
    """A function that evaluates an expression where the search's script has run."""
    deno = Path(sys.executable).with_name("deno")
    script = search_words.SCRIPT.read_text(encoding="utf-8")

    def evaluate(expression: str):
        code = (
            f"(0, eval)({json.dumps(js_porter_stemmer + script)}); console.log(JSON.stringify({expression}));"
        )
        done = subprocess.run([deno, "eval", code], capture_output=True, text=True, timeout=60)
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    return evaluate


TEXTS = ["GPT切分词 n-gram kneser_ney", "词", "分词", "naïve Σ p(x)", "", "東京タワー"]


def test_a_question_is_cut_as_the_texts_are(javascript):
    """Whatever a question is cut into is in the index of a text that has the question in it."""
    asked = javascript(f"{json.dumps(TEXTS)}.map(splitQuery)")
    assert asked[0] == ["GPT", "切分", "分词", "n", "gram", "kneser_ney"]
    assert asked[1:3] == [["词"], ["分词"]]
    for text, cut in zip(TEXTS, asked, strict=True):
        assert set(cut) <= set(search_words.words(f"前{text}后"))
        assert cut or not text


@pytest.mark.parametrize(
    ("question", "title", "kind", "first"),
    [
        ("kneser-ney", "Kneser\N{EN DASH}Ney", "concept, in Index of concepts", True),
        ("bpe", "byte-pair encoding (BPE)", "concept, in Index of concepts", True),
        ("nucleus", "top-p, nucleus", "concept, in Index of concepts", True),
        ("masks", "mask (of attention)", "concept, in Index of concepts", True),
        ("add_k", "lmcourse.ngram.smoothing.add_k", "function or class, in Index of concepts", True),
        ("smoothing", "lmcourse.ngram.smoothing.add_k", "function or class, in Index of concepts", False),
        ("what is a token", "token", "concept, in Index of concepts", True),
        ("What is a language model?", "What is a language model?", None, True),
        ("MouseWorld", "mouse world", "concept, in Index of concepts", True),
        ("KneserNey", "Kneser\N{EN DASH}Ney", "concept, in Index of concepts", True),
        ("log_probability", "log-probability", "concept, in Index of concepts", True),
        ("困惑度", "perplexity (困惑度)", "concept, in Index of concepts", True),
        ("the block", "The block", None, True),
        ("block", "The block", None, False),
    ],
)
def test_what_is_called_as_the_question_says_is_preferred(javascript, question, title, kind, first):
    given = ", ".join(map(json.dumps, (question, title, kind)))
    assert (javascript(f"preferred({given})") > 100) == first  # Sphinx itself gives 100 at most


NAMES = [
    "perplexity",
    "Transformer",
    "Kneser\N{EN DASH}Ney",
    "neural network",
    "token",
    "bit (of surprise)",
    "taken",
]


@pytest.mark.parametrize(
    ("question", "names"),
    [
        ("perplexty", ["perplexity"]),
        ("transfomer", ["Transformer"]),
        ("Kneser Nye", ["Kneser\N{EN DASH}Ney"]),
        ("nerual netwrok", ["neural network"]),
        ("perplexty of a nework", ["perplexity of a network"]),
        ("tokan", ["token"]),
        ("bti", []),  # of three letters nearly anything could be meant
        ("zeitgeist", []),
    ],
)
def test_what_was_misspelt_is_guessed(javascript, question, names):
    assert javascript(f"meant({json.dumps(question)}, {json.dumps(NAMES)})") == names


def test_edits_are_counted(javascript):
    pairs = [("", "abc"), ("kitten", "sitting"), ("ab", "ba"), ("token", "token"), ("abcd", "acbd")]
    # k → s, e → i and a g; two neighbours change places at one stroke
    assert javascript(f"{json.dumps(pairs)}.map(([a, b]) => edits(a, b))") == [3, 3, 1, 0, 1]


@pytest.mark.parametrize(
    ("question", "left"),
    [
        ("what is a token", "token"),
        ("How does attention work?", "attention work"),
        ("how long does it take", "long take"),
        ("what is it", "what is it"),
        ("add-k", "add-k"),
    ],
)
def test_idle_words_are_left_out(javascript, question, left):
    assert javascript(f"essence({json.dumps(question)})") == left


def test_functions_are_found_where_they_are_defined():
    found = concept_sources.find("lmcourse.ngram", "kneser_ney", ROOT)
    assert found.module == "lmcourse.ngram.smoothing"
    assert found.summary
    assert concept_sources.find("lmcourse.evaluation", "errors", ROOT) is None  # a module
    assert concept_sources.find("lmcourse.nowhere", "nothing", ROOT) is None


def test_a_cell_says_what_it_uses_and_asks_for():
    cell = "from lmcourse.ngram import add_k as smooth\n%timeit 1\nsmooth(1)"
    assert concept_sources.uses(cell) == [("lmcourse.ngram", "add_k")]
    assert concept_sources.called(cell) == ["smooth"]
    stub = "def f():\n    def inner():\n        pass\n    raise NotImplementedError\n"
    assert concept_sources.asked_for(stub) == ["f"]
    assert concept_sources.asked_for("def f(): pass") == []


def test_an_exercise_is_known_by_its_heading():
    import concepts

    found = concepts.EXERCISE.fullmatch("2. What a sentence costs (20 minutes, 2 points)")
    assert found.groups() == ("2", "What a sentence costs")
    assert (
        concepts.EXERCISE.fullmatch("For the joy of it: two heads (25 minutes, no points)")[2] == "two heads"
    )
    assert not concepts.EXERCISE.fullmatch("Hand in")


def test_exercises_come_after_what_explains_their_terms():
    exercise = concept_joins.Exercise("b", "x", "1.1 Two heads", "heads and heads", ["count_heads"])
    finder = concept_sources.Finder({"head": ["head"]})

    def of(order: list[str]) -> list[concept_joins.Exercise]:
        found = concept_joins.exercises_by_term(
            {"head": "head"}, {"head": [("a", "")]}, [exercise], finder, order
        )
        return found["head"]

    assert of(["a", "b"]) == [exercise]
    assert of(["b", "a"]) == []


def test_the_script_beside_the_terms_is_light():
    script = (ROOT / "book/_ext/definitions.js").read_text(encoding="utf-8")
    assert len(script.encode()) <= 5000
    assert not re.search(r"https?:", script)
