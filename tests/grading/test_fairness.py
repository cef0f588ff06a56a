"""Right work that is oddly shaped gets full marks: 17 of 17.

Each case is a function that makes what is handed in out of the released notebook with right answers in it.
All are graded in one run.
"""

from __future__ import annotations

import codecs
import io
import json
import tarfile
from collections.abc import Callable

import nbformat
import pytest
from attacks.archives import NAME, zipped
from attacks.loader import ASSIGNMENT, POINTS, RIGHT, as_bytes, released

from lmcourse.grading import grade
from lmcourse.grading.isolated import Times

TIMES = Times(cell=15, checks=10, notebook=60)
CASES: dict[str, tuple[str, Callable[[], bytes]]] = {}


def case(ending: str = ".ipynb") -> Callable:
    """Register a function that returns the bytes of a submission; its file is called like the function."""

    def register(make: Callable[[], bytes]) -> Callable[[], bytes]:
        CASES[make.__name__] = ending, make
        return make

    return register


def code(made, source, before=None, after=None):
    """The notebook with one more code cell: before or behind a cell by grading id, or as the last one."""
    named = [c.metadata.get("nbgrader", {}).get("grade_id") for c in made.cells]
    at = named.index(before) if before else named.index(after) + 1 if after else len(named)
    made.cells.insert(at, nbformat.v4.new_code_cell(source))
    return made


def answer(name, source):
    """The notebook with one answer written otherwise."""
    return as_bytes(released({**RIGHT, name: source}))


def wrapped(name, source, where=""):
    """The notebook with the right answer and something around it."""
    return answer(name, f"{where}\n{RIGHT[name]}\n{source}")


def returning(name, expression, imports=""):
    """The right answer, whose function returns `expression` of what it would return, called `it`."""
    function = function_of(name)
    then = f"def {function}(*args):\n    it = _{function}(*args)\n    return {expression}"
    return "\n".join([RIGHT[name], imports, f"_{function} = {function}", then])


def function_of(name):
    """The name of the function that an exercise asks for."""
    return RIGHT[name].split("(")[0].split()[1]


# How programs save notebooks


@case()
def as_colab_saves():
    """Metadata gone, ids gone, others in their place."""
    made = json.loads(as_bytes(released()))
    for n, cell in enumerate(made["cells"]):
        del cell["id"]
        cell["metadata"] = {"id": f"xYz{n}", "colab": {"base_uri": "https://localhost"}}
    made["metadata"] = {"colab": {"provenance": []}, "kernelspec": {"name": "python3"}}
    return json.dumps({**made, "nbformat_minor": 0}).encode()


@case()
def an_older_format_without_ids():
    made = json.loads(as_bytes(released()))
    for cell in made["cells"]:
        del cell["id"]
    return json.dumps({**made, "nbformat_minor": 2}).encode()


@case()
def format_3():
    """As programs of ten years ago save."""
    cells = []
    for cell in released().cells:
        if cell.cell_type == "code":
            cells.append({"cell_type": "code", "input": cell.source.splitlines(True), "language": "python"})
        else:
            cells.append({"cell_type": "markdown", "source": cell.source.splitlines(True)})
    return json.dumps(
        {"nbformat": 3, "nbformat_minor": 0, "metadata": {}, "worksheets": [{"cells": cells}]}
    ).encode()


@case()
def sources_as_lists_of_lines():
    made = json.loads(as_bytes(released()))
    for cell in made["cells"]:
        cell["source"] = cell["source"].splitlines(True)
    return json.dumps(made, indent=4, ensure_ascii=False).encode()


@case()
def windows_line_ends():
    made = released({name: text.replace("\n", "\r\n") for name, text in RIGHT.items()})
    return as_bytes(made).replace(b"\n", b"\r\n")


@case()
def with_a_byte_order_mark():
    return codecs.BOM_UTF8 + as_bytes(released())


@case()
def in_utf_16():
    return as_bytes(released()).decode().encode("utf-16")


@case()
def an_unknown_kernel():
    made = released()
    made.metadata.kernelspec = {"name": "conda-env-nlp", "display_name": "My λ", "language": "R"}
    return as_bytes(made)


@case()
def a_large_picture():
    made = released()
    picture = {"output_type": "display_data", "metadata": {}, "data": {"image/png": "A" * 5_000_000}}
    made.cells[6]["outputs"] = [picture]
    return as_bytes(made)


@case(".zip")
def another_file_name():
    """As a browser saves it that takes a notebook for a text."""
    return zipped({"Kopie von language-models (3).ipynb.txt": as_bytes(released())})


@case(".IPYNB")
def capital_letters():
    return as_bytes(released())


# Archives


@case(".zip")
def several_notebooks():
    """The assignment as handed out, the finished work, and a scratch pad."""
    pad = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell("1 + 1")])
    return zipped({"notes/pad.ipynb": as_bytes(pad), NAME: as_bytes(released())})


@case(".zip")
def a_blank_copy_in_a_folder():
    """The finished work, and below it the notebook as it was handed out."""
    return zipped({NAME: as_bytes(released()), f"original/{NAME}": as_bytes(released({}))})


@case(".zip")
def a_zip_in_a_zip():
    return zipped({"inner.zip": zipped({"homework/final (2).ipynb": as_bytes(released())})})


@case(".zip")
def a_folder_from_a_mac():
    files = {
        "Übung 1/.DS_Store": b"\0",
        f"__MACOSX/Übung 1/._{NAME}": b"\0\5\x16\7",
        f"Übung 1/._{NAME}": b"\0\5",
    }
    files |= {f"Übung 1/.ipynb_checkpoints/{NAME}": as_bytes(released({}))}
    return zipped({**files, f"Übung 1/{NAME}": as_bytes(released())})


# Cells


@case()
def cells_added_everywhere():
    made = released()
    cells = []
    for n, cell in enumerate(made.cells):
        cells += [nbformat.v4.new_code_cell(f"x{n} = {n}"), nbformat.v4.new_markdown_cell(f"note {n}"), cell]
    return as_bytes({**made, "cells": cells})


@case()
def helpers_in_a_cell_above():
    source = RIGHT["chain_rule"].replace("math.log(", "my_log(")
    made = released({**RIGHT, "chain_rule": source})
    return as_bytes(code(made, "def my_log(x):\n    return math.log(x)", before="chain_rule"))


@case()
def a_solution_in_two_cells():
    lines = "def tail_of(tokens, n):\n    return list(tokens[len(tokens) - n :])"
    made = released({**RIGHT, "typical": RIGHT["typical"] + "\n\nhalf = typical_filter"})
    code(made, lines, before="typical")
    return as_bytes(
        code(made, "def typical_filter(probs, mass):\n    return half(probs, mass)", after="typical")
    )


@case()
def a_cell_moved_to_the_end():
    made = released()
    at = next(
        i for i, c in enumerate(made.cells) if c.metadata.get("nbgrader", {}).get("grade_id") == "chain_rule"
    )
    made.cells.append(made.cells.pop(at))
    return as_bytes(made)


@case()
def the_stub_below_the_answer():
    made, stubs = released(), released({})
    for name in ("chain_rule", "typical"):
        stub = next(c for c in stubs.cells if c.metadata.get("nbgrader", {}).get("grade_id") == name)
        at = next(
            i for i, c in enumerate(made.cells) if c.metadata.get("nbgrader", {}).get("grade_id") == name
        )
        made.cells.insert(at + 1, stub)
    return as_bytes(made)


@case()
def an_answer_copied():
    made = released()
    at = next(
        i for i, c in enumerate(made.cells) if c.metadata.get("nbgrader", {}).get("grade_id") == "typical"
    )
    made.cells.insert(at, json.loads(json.dumps(made.cells[at])))
    return as_bytes(made)


@case()
def no_test_cells():
    made = released()
    made.cells = [c for c in made.cells if "assignment" not in c.source]
    return as_bytes(made)


@case()
def cells_that_fail():
    made = released()
    for source in (
        "1 / 0",
        "def broken(:\n",
        "undefined_name",
        "import no_such_package",
        "assert False",
        "%nomagic",
    ):
        code(made, source, before="temperature")
    return as_bytes(made)


@case()
def a_cell_that_ends_the_process():
    """Behind the last exercise, and in between."""
    made = code(released(), "import os\nos._exit(0)", before="typical")
    return as_bytes(code(made, "exit()"))


@case()
def magics():
    made = released()
    for name in POINTS:
        cell = next(c for c in made.cells if c.metadata.get("nbgrader", {}).get("grade_id") == name)
        cell.source = "%%time\n" + cell.source
    code(
        made,
        "%matplotlib inline\n%load_ext autoreload\n%autoreload 2\n!pip install numpy\n%pip install numpy",
        before="chain_rule",
    )
    code(made, "%%timeit -n 1 -r 1\n1 + 1", before="chain_rule")
    return as_bytes(code(made, "%%capture out\nprint('x')\n?len\nlen??", before="chain_rule"))


@case()
def top_level_await():
    source = "import asyncio\nawait asyncio.sleep(0.01)\nbase = await asyncio.sleep(0, 1.0)"
    made = released(
        {**RIGHT, "temperature": RIGHT["temperature"].replace("temperature < 0", "temperature < 0 * base")}
    )
    return as_bytes(code(made, source, before="temperature"))


@case()
def names_that_are_not_english():
    text = "größe = 1\n逆 = lambda x: -x\nπ = math.pi\nprint('🐭 ate 🧀')"
    return as_bytes(code(released(), text, before="chain_rule"))


@case()
def an_earlier_function_is_redefined():
    """The exercise keeps its marks, as it does when the notebook is run from top to bottom."""
    return as_bytes(code(released(), "def sequence_log_prob(*_):\n    return 0.0", before="typical"))


@case()
def a_function_used_by_a_later_exercise():
    source = RIGHT["fill_blank"] + "\n\nassert sequence_log_prob(mouse, ['the']) <= 0"
    return answer("fill_blank", source)


# What else is printed, warned of, saved and set


@case()
def noise_everywhere():
    noise = """
import logging, os, sys, warnings
logging.basicConfig(level=logging.DEBUG)
def loud(f):
    def g(*a, **k):
        warnings.warn("soon")
        logging.warning("w")
        print("out")
        print("err", file=sys.stderr)
        os.write(2, b"two")
        np.log(np.zeros(1))
        return f(*a, **k)
    return g
"""
    noisy = {name: f"{RIGHT[name]}\n{function_of(name)} = loud({function_of(name)})" for name in POINTS}
    return as_bytes(code(released({**RIGHT, **noisy}), noise, before="chain_rule"))


@case()
def prints_ten_megabytes():
    return wrapped("typical", "for _ in range(100):\n    print('x' * 100_000)")


@case()
def strict_settings():
    """Every warning an error."""
    source = (
        "import random, warnings\n"
        "random.seed(0)\n"
        "np.random.seed(0)\n"
        "warnings.simplefilter('error')\n"
        "np.seterr(all='raise', under='ignore')"
    )
    return as_bytes(code(released(), source, before="chain_rule"))


@case()
def print_replaced():
    source = "import builtins, sys, io\nbuiltins.print = lambda *_, **__: None\nsys.stdout = io.StringIO()"
    return as_bytes(code(released(), source, before="chain_rule"))


@case()
def streams_closed_or_gone():
    """A log in place of the standard streams, closed again; then nothing at all."""
    made = code(
        released(),
        "import sys\nsys.stdout = open('log', 'w')\nprint('x')\nsys.stdout.close()",
        before="chain_rule",
    )
    return as_bytes(code(made, "import sys\nsys.stdout = sys.stderr = None", before="typical"))


@case()
def progress_bars():
    source = (
        "from tqdm import tqdm, trange\n"
        "from tqdm.auto import tqdm as auto\n"
        "for _ in trange(100): pass\n"
        "list(auto(range(5)))"
    )
    return as_bytes(code(released(), source, before="chain_rule"))


@case()
def plots():
    source = (
        "import matplotlib.pyplot as plt\n"
        "fig, ax = plt.subplots()\n"
        "ax.plot([1, 2])\n"
        "plt.savefig('figure.png')\n"
        "plt.show()"
    )
    return as_bytes(code(released(), source, after="typical"))


@case()
def files_of_ones_own():
    """Written to the working directory and read again by an answer."""
    write = (
        "import json, os, pathlib, pickle\n"
        "json.dump({'zero': 0}, open('settings.json', 'w'))\n"
        "pathlib.Path('out').mkdir()"
    )
    read = "import json\n_zero = json.load(open('settings.json'))['zero']\nassert _zero == 0"
    return as_bytes(
        code(released({**RIGHT, "typical": f"{read}\n{RIGHT['typical']}"}), write, before="chain_rule")
    )


@case()
def a_main_block():
    return wrapped("chain_rule", "if __name__ == '__main__':\n    print(sequence_log_prob(mouse, ['the']))")


@case()
def threads_of_ones_own():
    source = (
        "from concurrent.futures import ThreadPoolExecutor\n_one = typical_filter\n"
        "def typical_filter(probs, mass):\n    with ThreadPoolExecutor(2) as pool:\n"
        "        return pool.submit(_one, probs, mass).result()"
    )
    return wrapped("typical", source)


@case()
def slow_but_in_time():
    """Five seconds of computing in one exercise, and as much sleep in a cell."""
    slow = """
import time
_quick, _begun = typical_filter, []
def typical_filter(probs, mass):
    if not _begun:
        _begun.append(1)
        end = time.process_time() + 5
        while time.process_time() < end:
            pass
    return _quick(probs, mass)
"""
    made = released({**RIGHT, "typical": RIGHT["typical"] + slow})
    return as_bytes(code(made, "import time\ntime.sleep(5)", before="chain_rule"))


# How functions are written and what they return


@case()
def numpy_scalars_and_matrices():
    answers = {
        "chain_rule": returning("chain_rule", "np.float64(it)"),
        "temperature": returning("temperature", "tuple(map(np.float64, it))"),
        "thermostat": returning("thermostat", "np.array(it)"),
        "fill_blank": returning(
            "fill_blank",
            "OrderedDict((np.str_(word), np.float64(p)) for word, p in it.items())",
            "from collections import OrderedDict",
        ),
        "typical": returning("typical", "np.ma.asarray(np.asfortranarray(it)[::-1][::-1])"),
        "best_sentence": returning("best_sentence", "[np.str_(word) for word in it]"),
        "annealed_sequence": returning(
            "annealed_sequence", "defaultdict(float, it)", "from collections import defaultdict"
        ),
    }
    return as_bytes(released({**RIGHT, **answers}))


@case()
def torch_tensors():
    tensor = "torch.tensor(np.array(it), requires_grad=True)"
    return answer("temperature", returning("temperature", tensor, "import torch"))


KINDS = {
    "chain_rule": """
_lambda = {f}
{f} = lambda *a, **k: _lambda(*a, **k)
""",
    "temperature": """
_called = {f}
class Callable:
    def __call__(self, *a):
        return _called(*a)
{f} = Callable()
""",
    "thermostat": """
import functools
{f} = functools.partial({f})
""",
    "fill_blank": """
class Home:
    f = staticmethod({f})
{f} = Home.f
""",
    "typical": """
import functools
_slow = {f}
@functools.lru_cache(maxsize=None)
def _cached(p, m):
    return _slow(list(p), m)
{f} = lambda p, m: _cached(tuple(p), m)
""",
    "best_sentence": """
import functools
def again(f):
    @functools.wraps(f)
    def g(*a, **k):
        return f(*a, **k)
    return g
{f} = again({f})
""",
    "annealed_sequence": """
class Deep:
    def method(self, *a, **k):
        return self.inner(*a, **k)
deep = Deep()
deep.inner = {f}
{f} = deep.method
""",
}


@case()
def functions_of_all_kinds():
    """Lambdas, callable objects, partial functions, methods, caches, decorators."""
    kinds = {name: RIGHT[name] + text.format(f=function_of(name)) for name, text in KINDS.items()}
    return as_bytes(released({**RIGHT, **kinds}))


@case()
def annotated():
    signature = (
        "(next_probs: t.Callable[[tuple[str, ...]], dict], tokens: list[str] | None, *, x=0.0) -> float:"
    )
    source = RIGHT["chain_rule"].replace("(next_probs, tokens):", signature, 1)
    return answer("chain_rule", f"from __future__ import annotations\nimport typing as t\n{source}")


@case()
def exceptions_of_ones_own():
    source = RIGHT["temperature"].replace("raise ValueError", "raise BadTemperature")
    return answer("temperature", f"class BadTemperature(ValueError):\n    pass\n\n\n{source}")


@case()
def deep_recursion():
    """A chain rule that calls itself a thousand times."""
    return answer(
        "chain_rule",
        (
            "import sys\nsys.setrecursionlimit(20_000)\n\ndef sequence_log_prob(next_probs, tokens, n=0):\n"
            "    if n == len(tokens):\n        return 0.0\n"
            "    p = next_probs(tuple(tokens[:n])).get(tokens[n], 0.0)\n"
            "    return math.log(p) + sequence_log_prob(next_probs, tokens, n + 1) if p > 0 else -math.inf"
        ),
    )


@case()
def state_between_cells():
    made = code(released(), "CALLS = {'n': 0}", before="chain_rule")
    name = "def sequence_log_prob(next_probs, tokens):"
    cell = next(c for c in made.cells if c.metadata.get("nbgrader", {}).get("grade_id") == "chain_rule")
    cell.source = cell.source.replace(name, f"{name}\n    CALLS['n'] += 1")
    return as_bytes(code(made, "assert CALLS['n'] >= 0", after="chain_rule"))


@case()
def seven_digits_are_enough():
    """Single precision where the docstring asks for no more than 1e-6."""
    source = (
        "_wide = temperature_for_entropy\ndef temperature_for_entropy(*a):\n    return round(_wide(*a), 10)"
    )
    return wrapped("thermostat", source)


@case()
def a_module_written_by_a_cell():
    """A helper in a file beside the notebook, as courses teach it."""
    made = code(released(), "%%writefile helpers.py\ndef plus(a, b):\n    return a + b", before="chain_rule")
    name = function_of("chain_rule")
    then = (
        f"import helpers\n_{name} = {name}\ndef {name}(*args):\n    return helpers.plus(_{name}(*args), 0.0)"
    )
    for cell in made.cells:
        if cell.metadata.get("nbgrader", {}).get("grade_id") == "chain_rule":
            cell.source += f"\n{then}"
    return as_bytes(made)


@case()
def an_answer_written_to_a_file():
    """The answer's own cell writes a module, and one below it imports that."""
    made = code(released(), f"from answer import {function_of('chain_rule')}", after="chain_rule")
    for cell in made.cells:
        if cell.metadata.get("nbgrader", {}).get("grade_id") == "chain_rule":
            cell.source = f"%%writefile answer.py\nimport math\n{cell.source}"
    return as_bytes(made)


def without_marks(made):
    """The notebook as Colab may save it: no grading marks, other ids."""
    for n, cell in enumerate(made.cells):
        cell.metadata = nbformat.NotebookNode({"id": f"colab{n}"})
        cell.id = f"colab{n}"
    return made


@case()
def an_older_try_below_without_marks():
    """Two tries below the finished notebook, where nothing but names says what is what."""
    older = "def sequence_log_prob(next_probs, tokens):\n    return 0.0"
    oldest = "def apply_temperature(probs, temperature):\n    return probs"
    return as_bytes(without_marks(code(code(released(), older), oldest)))


@case()
def an_older_try_above_without_marks():
    """A try that stands before the finished answer."""
    older = "def sequence_log_prob(next_probs, tokens):\n    return 0.0"
    return as_bytes(without_marks(code(released(), older, before="chain_rule")))


@case()
def a_helper_redefined_later():
    """Two exercises with a helper of one name each."""
    made = released()
    for exercise, helper in (("chain_rule", "def helper(x):"), ("typical", "def helper(y, *, of=None):")):
        name, argument = function_of(exercise), "" if exercise == "chain_rule" else ", of=0"
        for cell in made.cells:
            if cell.metadata.get("nbgrader", {}).get("grade_id") == exercise:
                cell.source += (
                    f"\n_{name} = {name}\ndef {name}(*a):\n    return helper(_{name}(*a){argument})"
                )
        code(made, f"{helper}\n    return {helper[11]}", before=exercise)
    code(made, "def helper(*args):\n    raise RuntimeError('of another exercise')")
    return as_bytes(made)


@case()
def more_than_double_precision():
    return answer("chain_rule", returning("chain_rule", "np.longdouble(it)", "import numpy as np"))


def tarred(form):
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=form) as archive:
        info = tarfile.TarInfo("/".join(["a folder with quite a long name"] * 5) + "/language-models.ipynb")
        info.size = len(as_bytes(released()))
        archive.addfile(info, io.BytesIO(as_bytes(released())))
    return buffer.getvalue()


@case(".tar")
def a_long_path_in_gnus_tar():
    return tarred(tarfile.GNU_FORMAT)


@case(".tar")
def a_long_path_in_posixs_tar():
    return tarred(tarfile.PAX_FORMAT)


@case(".tar")
def a_long_path_in_an_old_tar():
    return tarred(tarfile.USTAR_FORMAT)


@case(".ipynb.txt")
def a_name_that_a_browser_lengthened():
    return as_bytes(released())


@case(".ipynb.json")
def a_name_that_another_browser_lengthened():
    return as_bytes(released())


@pytest.fixture(scope="module")
def results(bubblewrap, tmp_path_factory):  # noqa: ARG001
    top = tmp_path_factory.mktemp("fair")
    (top / "handed").mkdir()
    for name, (ending, make) in CASES.items():
        (top / "handed" / f"{name}{ending}").write_bytes(make())
    options = grade.Options(top, f"sqlite:///{top}/gradebook.db", 2, seed=12, times=TIMES)
    return {result.student: result for result in grade.run(ASSIGNMENT, [top / "handed"], options).graded}


def assert_full_marks(result):
    reasons = {report.exercise: report.reasons() for report in result.reports if not report.passed}
    assert not result.refused
    assert (result.points, reasons) == (17, {}), result.failures
    assert result.written == {"parroting": {"points": 3, "answered": True}}


@pytest.mark.parametrize("name", CASES)
def test_right_work_gets_full_marks(results, name):
    assert_full_marks(results[name])


def test_there_is_a_result_for_everybody(results):
    assert results.keys() == CASES.keys()
