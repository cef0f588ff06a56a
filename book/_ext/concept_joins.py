"""Which pages, functions and exercises belong to a term of the glossary, from what `concepts.py` has noted.

Pages are those that set the term in bold, where they explain it. A function belongs to a term if it is called
like it, or if a page that explains the term uses the function and its name or the first sentence of its
docstring has the term; failing these, if it is at work in the section that explains the term. An exercise
belongs to a term that its title has, or a function that it asks for, and to one that its text dwells on.
"""

from __future__ import annotations

import importlib.util
import re
from collections import Counter
from pathlib import Path
from typing import Any, NamedTuple

from concept_sources import PACKAGE, Definition, Finder, find, words
from cross_links import BACK, names, pages_in_order
from docutils import nodes
from sphinx.environment import BuildEnvironment

TOOLS = ("lmcourse.experiments", "lmcourse.grading", "lmcourse.plotting", "lmcourse.text")
NOTED = "course-concepts"
CHINESE = "In Chinese:"  # how the glossary's line begins that has a term's Chinese name
OFTEN, RARE, FEW = 12, 3, 3  # exercises that have a common term, a rare one; functions of a section


class Exercise(NamedTuple):
    """An exercise of an assignment."""

    page: str
    anchor: str
    title: str  # such as "3.2 What a sentence costs"
    text: str
    asks: list[str]  # the functions to write


class Concept(NamedTuple):
    """A term of the glossary, and where it is at work."""

    name: str
    anchor: str
    glossary: tuple[str, str]  # page and anchor, as all places here
    explained: list[tuple[str, str]]
    functions: list[Definition]
    beside: list[Definition]  # if there are none: what is at work where the term is explained
    exercises: list[Exercise]
    chinese: str  # its name, if the glossary has it


class Index(NamedTuple):
    """What the page shows."""

    concepts: list[Concept]
    functions: dict[Definition, list[str]]  # with the pages that use them
    asked: dict[str, list[Exercise]]  # by the name of a function


def joined(env: BuildEnvironment) -> Index:
    """The index, when all pages have been read and cross_links knows who explains what."""
    root = Path(importlib.util.find_spec(PACKAGE).origin).parents[1]
    order = [page for page in pages_in_order(env) if page in env.all_docs]
    noted = {page: env.metadata[page].get(NOTED, {}) for page in order}
    functions: dict[Definition, list[str]] = {}
    for page, has in noted.items():
        for found in filter(None, (find(*use, root) for use in has.get("uses", []))):
            if page not in functions.setdefault(found, []):
                functions[found].append(page)
    exercises = [each for has in noted.values() for each in has.get("exercises", [])]
    asked: dict[str, list[Exercise]] = {}
    for each in exercises:
        for name in each.asks:
            asked.setdefault(name, []).append(each)
    objects = env.get_domain("std").get_objects()
    terms = {(page, anchor): name for name, _, kind, page, anchor, _ in objects if kind == "term"}
    explained = {term: _explained(env, order, term) for term in terms}
    finder = Finder({term: names(name) for term, name in terms.items()})
    of_functions = functions_of(terms, explained, functions, finder)
    of_exercises = exercises_by_term(terms, explained, exercises, finder, order)
    concepts = [
        Concept(
            name,
            nodes.make_id(f"concept-{name}".replace("\N{EN DASH}", "-")),
            term,
            [place for place in explained[term] if not noted[place[0]].get("exercises")],
            of_functions[term],
            [] if of_functions[term] else _beside(noted, explained[term], functions, env, root),
            of_exercises[term],
            noted.get(term[0], {}).get("chinese", {}).get(term[1], ""),
        )
        for term, name in sorted(terms.items(), key=lambda item: words(item[1]))
    ]
    return Index(concepts, dict(sorted(functions.items(), key=_by_name)), asked)


def _by_name(item: tuple[Definition, Any]) -> tuple[str, str]:
    return item[0].name.lower(), item[0].module


def _explained(env: BuildEnvironment, order: list[str], term: tuple[str, str]) -> list[tuple[str, str]]:
    """Where pages set a term in bold."""
    found = []
    for page in order:
        noted = env.metadata[page].get(BACK, {})
        found += [(page, noted["bold"][text]) for text, to in noted.get("links", {}).items() if to == term]
    return found


def functions_of(
    terms: dict[Any, str],
    explained: dict[Any, list[tuple[str, str]]],
    functions: dict[Definition, list[str]],
    finder: Finder,
) -> dict[Any, list[Definition]]:
    """The functions that belong to each term by name or description, those by name first."""
    called_so: dict[Any, list[Definition]] = {term: [] for term in terms}
    described: dict[Any, list[Definition]] = {term: [] for term in terms}
    begins = {
        tuple(words(name)[:k]): term for term in terms for name in names(terms[term]) for k in (1, 2, 3)
    }
    for function, pages in functions.items():
        form = tuple(words(function.name))
        near = {term for term in terms if {page for page, _ in explained[term]} & set(pages)}
        whole = finder.forms.get(form) or begins.get(form)
        if whole in near or form in finder.forms:
            called_so[whole].insert(0, function)
            near.discard(whole)
        in_name = set(finder(function.name)) & near
        for term in sorted(in_name):
            called_so[term].append(function)
        for term in (set(finder(function.summary)) & near) - in_name:
            described[term].append(function)
    # What half the package has to do with (a token) leads nowhere.
    return {t: called_so[t] + (described[t] if len(described[t]) <= 2 * FEW else []) for t in terms}


def _beside(
    noted: dict[str, dict[str, Any]],
    places: list[tuple[str, str]],
    functions: dict[Definition, list[str]],
    env: BuildEnvironment,
    root: Path,
) -> list[Definition]:
    """The first functions at work in the section that explains a term first, but for what many pages use."""
    for page, anchor in places[:1]:
        text = next(t for t, a in env.metadata[page][BACK]["bold"].items() if a == anchor)
        found = [find(*use, root) for use in noted[page].get("beside", {}).get(text, [])]
        own = [f for f in dict.fromkeys(found) if f and not f.module.startswith(TOOLS)]
        return [f for f in own if len(functions[f]) <= FEW][:FEW]
    return []


def exercises_by_term(
    terms: dict[Any, str],
    explained: dict[Any, list[tuple[str, str]]],
    exercises: list[Exercise],
    finder: Finder,
    order: list[str],
) -> dict[Any, list[Exercise]]:
    """The exercises that each term is at work in; none before the course has explained it."""
    found: dict[Any, list[Exercise]] = {term: [] for term in terms}
    counts = [Counter(finder(each.text)) for each in exercises]
    common = Counter(term for count in counts for term in count)
    for each, count in zip(exercises, counts, strict=True):
        named = {*finder(each.title), *(t for name in each.asks for t in finder(name))}
        for term in {*count, *named}:
            known = any(order.index(page) < order.index(each.page) for page, _ in explained[term])
            long = len(words(names(terms[term])[-1])) > 1
            dwells = common[term] <= RARE and (count[term] > 1 or long)
            dwells |= common[term] <= OFTEN and count[term] >= 3
            if known and (term in named or dwells) and fits(terms[term], each.text):
                found[term].append(each)
    return found


def fits(term: str, text: str) -> bool:
    """Whether a text has the sense in mind that the glossary gives in brackets, as in *score (attention)*.

    >>> fits("block (Transformer)", "a block of 32 weights"), fits("byte-pair encoding (BPE)", "an encoding")
    (False, True)
    """
    sense = re.search(r"\(([^)]*)\)", term)
    if not sense or sense[1].isupper() or term.split()[0].isupper() or "," in sense[1]:
        return True
    return words(sense[1])[-1] in words(text)
