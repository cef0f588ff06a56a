"""What students' code can use of the course's package: what its assignment declares, and no solution more."""

import ast
import json
import subprocess
import sys

import nbformat
import pytest
from adapters import ADAPTERS
from attacks.loader import as_bytes

from lmcourse.grading import course, derive, loan, shelf, worker
from lmcourse.grading.assignment import Assignment
from lmcourse.grading.borrowed import not_lent
from lmcourse.grading.exam import Exam
from lmcourse.grading.local import local_student, run_checks

SEED = 5
each_assignment = pytest.mark.parametrize("name", course.assignments())


def handed_in(name, sources):
    """The released notebook with some of its cells, by grading id, filled in."""
    made = nbformat.read(course.release_notebook(name), as_version=4)
    for cell in made.cells:
        cell.source = sources.get(cell.metadata.get("nbgrader", {}).get("grade_id", ""), cell.source)
    return made


def graded(name, notebook, unsafe=False):
    data = as_bytes(notebook)
    rules = worker.Rules(Exam.of(name), SEED, unsafe=unsafe)
    return worker.grade(worker.Job("a", "a.ipynb", data, worker.digest_of(data)), rules).result


@pytest.fixture(scope="module", autouse=True)
def closed(bubblewrap):  # noqa: ARG001
    yield
    while worker._SANDBOXES:
        worker._SANDBOXES.popitem()[1].close()


@each_assignment
def test_an_adapter_around_the_package_earns_what_an_empty_notebook_does(name):
    result = graded(name, handed_in(name, ADAPTERS[name]))
    assert result.points == 0, {r.exercise: r.points for r in result.reports}
    reasons = "\n".join(reason for report in result.reports for reason in report.reasons())
    assert "is not part of this assignment: write it yourself; " in reasons


@each_assignment
def test_a_solution_earns_everything_with_what_is_lent(name):
    result = graded(name, handed_in(name, derive.solutions(name)))
    assert result.points == sum(Exam.of(name).points().values())
    assert result.failures == []


@each_assignment
def test_what_the_authored_notebook_imports_is_declared(name):
    imports = Exam.of(name).imports()
    declared = {name for names in imports.values() for name in names}
    for cell in nbformat.read(course.source_notebook(name), as_version=4).cells:
        if cell.cell_type == "code" and not cell.id.startswith(("setup", "assignment")):
            for node in ast.walk(ast.parse(cell.source)):
                if isinstance(node, ast.ImportFrom) and node.module.split(".")[0] == "lmcourse":
                    used = {f"{node.module}.{alias.name}" for alias in node.names}
                    assert node.module in declared or used <= declared


LOOK = """
import gc, importlib, os, sys

secrets = ["def bidirectional_matching", "def apply_merges", "def shortest_bits", "def conditional_entropy"]
secrets = [secret.encode() for secret in secrets]
found = []
for name, module in list(sys.modules.items()):
    if any(hasattr(module, s.decode()[4:]) and type(getattr(module, s.decode()[4:])).__name__ == "function"
           for s in secrets):
        found.append(name)
for thing in gc.get_objects():
    if type(thing).__name__ == "function" and (thing.__module__ or "").startswith("lmcourse."):
        if f"def {thing.__name__}".encode() in secrets:
            found.append(thing.__module__)
    if isinstance(thing, dict):
        texts = [v for v in list(thing.values()) if isinstance(v, str) and "secrets = [" not in v]
        found += [v for v in texts if any(s.decode() in v for s in secrets)]
for top, folders, files in os.walk("/"):
    folders[:] = [f for f in folders if f not in ("proc", "sys", "dev", "torch", "numpy", "scipy")]
    for file in files:
        if "lmcourse" in top or file.endswith(".pth") or "lmcourse" in file:
            try:
                data = open(os.path.join(top, file), "rb").read()
            except OSError:
                continue
            if any(s in data or s[4:] in data for s in secrets):
                found.append(os.path.join(top, file))
for finder in sys.meta_path + list(sys.path_importer_cache.values()):
    for value in vars(finder).values() if hasattr(finder, "__dict__") else ():
        if any(s.decode() in str(value) for s in secrets):
            found.append(repr(finder))
"""


def test_nothing_else_of_it_is_in_memory_or_on_disk():
    name = "01b-tokenization"
    sources = {"matching": LOOK + "\n\ndef cut_forward(*_):\n    raise RuntimeError(f'FOUND {found}')"}
    result = graded(name, handed_in(name, sources))
    reasons = [reason for report in result.reports for reason in report.reasons()]
    assert any("FOUND []" in reason for reason in reasons), reasons[:1]


def test_an_import_for_show_stops_nothing():
    solution = derive.solutions("01b-tokenization")["matching"]
    for line in (
        "from lmcourse.widgets.temperature import Temperature\nimport lmcourse.plotting as plotting\n"
        "plotting.use_style()\nTemperature(probs=[1]).show()",
        "from lmcourse.tokenization import BPE\nfrom lmcourse.tokenization.bpe import *",
    ):
        result = graded(
            "01b-tokenization", handed_in("01b-tokenization", {"matching": f"{line}\n{solution}"})
        )
        assert result.points == 2
        assert result.failures == []


def test_what_one_exercise_may_use_is_lent_after_those_before_it():
    """Whoever imports it at the top has it, where it is lent; before, its name stands for nothing."""
    made = handed_in("06-inference", {**derive.solutions("06-inference"), **ADAPTERS["06-inference"]})
    early = "from lmcourse.inference.metered import Metered\n"
    cell = next(c for c in made.cells if c.get("id") == "imports")
    cell.source = early + cell.source
    report = {report.exercise: report for report in graded("06-inference", made).reports}
    assert report["kv_cache"].points == 0
    assert report["fast"].points == report["fast"].max_points
    assert "lmcourse.inference.metered" in "".join(report["kv_cache"].reasons())


def test_the_checks_at_home_say_the_same():
    name = "01b-tokenization"
    namespace = {"__name__": "__main__"}
    exec(derive.solutions(name)["fallback"], namespace)
    exec(ADAPTERS[name]["matching"] + ADAPTERS[name]["best_cut"], namespace)
    exec("from lmcourse.tokenization.matching import bidirectional_matching as cut_both_ways", namespace)
    assignment = Assignment(name, namespace)
    for exercise, used in {
        "matching": "matching.forward_matching",
        "best_cut": "lattice.Dictionary",
        "both_ways": "matching.bidirectional_matching",
    }.items():
        told = f"`lmcourse.tokenization.{used}` is not part of this assignment: write it yourself; "
        assert {outcome.message for outcome in assignment.report(exercise).outcomes} == {
            f"{told}nothing of the package is needed here"
        }
    assert assignment.report("fallback").passed


@pytest.mark.parametrize(
    ("code", "told"),
    [
        ("from lmcourse.world import five_words\nw = five_words()\ndef f():\n    return w.name", ""),
        ("def f():\n    from lmcourse.world import five_words\n    return five_words().name", ""),
        ("import lmcourse.world\ndef f():\n    return lmcourse.world.five_words().name", ""),
        ("from lmcourse import widgets\ndef f():\n    return widgets and 'five words'", ""),
        ("def f():\n    import lmcourse.ngram\n    return 1", "lmcourse.ngram"),
        ("def f():\n    return g()\ndef g():\n    from lmcourse.ngram import add_k\n", "smoothing.add_k"),
        ("import lmcourse.ngram as n\nclass C:\n    def f(self):\n        return n\nf = C", "lmcourse.ngram"),
        ("from lmcourse.vocabulary import Vocabulary as V\nf = lambda: V(['a'])", "vocabulary.Vocabulary"),
        ("from lmcourse.tokenization.hmm import *\nimport functools\nfrom lmcourse.ngram import add_k\n"
         "f = functools.cache(lambda: add_k)", "add_k"),
        ("f = 1", ""),
        ("def f(n=3):\n    return f(n - 1) if n else [f for _ in ()]", ""),
    ],
)  # fmt: skip
def test_what_a_function_uses_is_found(code, told):
    namespace = {"__name__": "__main__"}
    exec(code, namespace)
    lent = ["lmcourse.world.five_words"]
    said = not_lent("f", namespace, lent)
    assert said.startswith("`lmcourse") == bool(told)
    assert told in said
    assert not told or said.endswith("you may import `lmcourse.world.five_words`")


def test_the_sandboxs_own_part_of_the_package_is_all_it_needs():
    code = (
        "import sys, json, lmcourse.grading.inside;"
        "print(json.dumps([m for m in sys.modules if m.split('.')[0] == 'lmcourse']))"
    )
    needed = json.loads(subprocess.check_output([sys.executable, "-c", code]))
    assert {*needed} == {*loan.RUNTIME}


def test_a_declaration_of_what_is_not_there_is_refused():
    for name in ("lmcourse.worlds", "lmcourse.world.six_words", "numpy.random", "lmcourse.world.World.a.b"):
        with pytest.raises(ValueError, match=name):
            shelf.sources((name,))


def test_of_a_class_only_the_methods_that_are_declared_or_called_come_along():
    source = shelf.sources(("lmcourse.world.five_words", "lmcourse.world.World.sample"))
    assert "def sample" in source["lmcourse.world.world"]
    assert "def kl_divergence" not in source["lmcourse.world.world"]
    assert "def log_prob(" not in source["lmcourse.model"]
    assert "lmcourse.world.belief" not in source


def test_without_declaration_all_is_as_it_was():
    namespace = {"f": course.assignments}
    assert local_student(namespace).f() == course.assignments()
    assert run_checks([], namespace, 0) == []
