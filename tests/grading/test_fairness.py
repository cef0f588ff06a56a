"""Right work that is oddly shaped gets full marks: 17 of 17.

Each case is a function that makes what is handed in out of the released notebook with right answers in it.
All are graded in one run.
"""

from __future__ import annotations

import codecs
import json
import os
import shutil
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
def format_4_2_without_ids():
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
    return json.dumps({"nbformat": 3, "nbformat_minor": 0, "metadata": {}, "worksheets": [{"cells": cells}]}).encode()


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


@case(".ipynb.txt")
def another_file_name():
    return as_bytes(released())


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
    files = {"Übung 1/.DS_Store": b"\0", f"__MACOSX/Übung 1/._{NAME}": b"\0\5\x16\7", f"Übung 1/._{NAME}": b"\0\5"}
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
    return as_bytes(code(made, "def typical_filter(probs, mass):\n    return half(probs, mass)", after="typical"))


@case()
def a_cell_moved_to_the_end():
    made = released()
    at = next(i for i, c in enumerate(made.cells) if c.metadata.get("nbgrader", {}).get("grade_id") == "chain_rule")
    made.cells.append(made.cells.pop(at))
    return as_bytes(made)


@case()
def the_stub_below_the_answer():
    made, stubs = released(), released({})
    for name in ("chain_rule", "typical"):
        stub = next(c for c in stubs.cells if c.metadata.get("nbgrader", {}).get("grade_id") == name)
        at = next(i for i, c in enumerate(made.cells) if c.metadata.get("nbgrader", {}).get("grade_id") == name)
        made.cells.insert(at + 1, stub)
    return as_bytes(made)


@case()
def an_answer_copied():
    made = released()
    at = next(i for i, c in enumerate(made.cells) if c.metadata.get("nbgrader", {}).get("grade_id") == "typical")
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
    for source in ("1 / 0", "def broken(:\n", "undefined_name", "import no_such_package", "assert False", "%nomagic"):
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
    code(made, "%matplotlib inline\n%load_ext autoreload\n%autoreload 2\n!pip install numpy\n%pip install numpy", before="chain_rule")
    code(made, "%%timeit -n 1 -r 1\n1 + 1", before="chain_rule")
    return as_bytes(code(made, "%%capture out\nprint('x')\n?len\nlen??", before="chain_rule"))


@case()
def top_level_await():
    source = "import asyncio\nawait asyncio.sleep(0.01)\nbase = await asyncio.sleep(0, 1.0)"
    made = released({**RIGHT, "temperature": RIGHT["temperature"].replace("temperature < 0", "temperature < 0 * base")})
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
    noise = (
        "import logging, os, sys, warnings\nlogging.basicConfig(level=logging.DEBUG)\n"
        "def loud(f):\n    def g(*a, **k):\n        warnings.warn('soon')\n        logging.warning('w')\n"
        "        print('out')\n        print('err', file=sys.stderr)\n        os.write(2, b'two')\n"
        "        np.log(np.zeros(1))\n        return f(*a, **k)\n    return g"
    )
    made = released({name: f"{RIGHT[name]}\n" + "".join(
        f"{f} = loud({f})\n" for f in [RIGHT[name].split("(")[0].split()[1]] if name in POINTS) for name in RIGHT
        if name != "parroting"} | {"parroting": RIGHT["parroting"]})
    return as_bytes(code(made, noise, before="chain_rule"))


@case()
def prints_ten_megabytes():
    return wrapped("typical", "for _ in range(100):\n    print('x' * 100_000)")


@case()
def strict_settings():
    """Every warning an error."""
    source = "import random, warnings\nrandom.seed(0)\nnp.random.seed(0)\nwarnings.simplefilter('error')\nnp.seterr(all='raise')"
    return as_bytes(code(released(), source, before="chain_rule"))


@case()
def print_replaced():
    source = "import builtins, sys, io\nbuiltins.print = lambda *_, **__: None\nsys.stdout = io.StringIO()\nsys.stderr = None"
    return as_bytes(code(released(), source, before="chain_rule"))


@case()
def progress_bars():
    source = "from tqdm import tqdm, trange\nfrom tqdm.auto import tqdm as auto\nfor _ in trange(100): pass\nlist(auto(range(5)))"
    made = released({**RIGHT, "typical": RIGHT["typical"].replace("for ", "for ")})
    return as_bytes(code(made, source, before="chain_rule"))


@case()
def plots():
    source = "import matplotlib.pyplot as plt\nfig, ax = plt.subplots()\nax.plot([1, 2])\nplt.savefig('figure.png')\nplt.show()"
    return as_bytes(code(released(), source, after="typical"))


@case()
def files_of_ones_own():
    """Written to the working directory and read again by an answer."""
    write = "import json, os, pathlib, pickle\njson.dump({'zero': 0}, open('settings.json', 'w'))\npathlib.Path('out').mkdir()"
    read = "import json\n_zero = json.load(open('settings.json'))['zero']\nassert _zero == 0"
    return as_bytes(code(released({**RIGHT, "typical": f"{read}\n{RIGHT['typical']}"}), write, before="chain_rule"))


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
    """Seven seconds of computing in one exercise, and as much sleep in a cell."""
    source = "import time\n_quick = find_loop if False else typical_filter\n_begun = []\n"
    source += "def typical_filter(probs, mass):\n    if not _begun:\n        _begun.append(1)\n        end = time.process_time() + 5\n"
    source += "        while time.process_time() < end:\n            pass\n    return _quick(probs, mass)"
    made = released({**RIGHT, "typical": f"{RIGHT['typical']}\n{source}"})
    return as_bytes(code(made, "import time\ntime.sleep(7)", before="chain_rule"))


# How functions are written and what they return


@case()
def numpy_scalars_and_matrices():
    made = released({
        **RIGHT,
        "chain_rule": RIGHT["chain_rule"] + "\n_f1 = sequence_log_prob\ndef sequence_log_prob(*a):\n    return np.float64(_f1(*a))",
        "temperature": RIGHT["temperature"] + "\n_f2 = with_temperature\ndef with_temperature(*a):\n    return tuple(map(np.float64, _f2(*a)))",
        "thermostat": RIGHT["thermostat"] + "\n_f3 = temperature_for_entropy\ndef temperature_for_entropy(*a):\n    return np.array(_f3(*a))",
        "fill_blank": RIGHT["fill_blank"] + "\nfrom collections import Counter, OrderedDict\n_f4 = fill_blank\ndef fill_blank(*a):\n    return OrderedDict((np.str_(k), np.float64(v)) for k, v in _f4(*a).items())",
        "typical": RIGHT["typical"] + "\n_f5 = typical_filter\ndef typical_filter(*a):\n    return np.ma.asarray(np.asfortranarray(_f5(*a))[::-1][::-1])",
        "best_sentence": RIGHT["best_sentence"] + "\n_f6 = most_probable\ndef most_probable(*a):\n    return [np.str_(w) for w in _f6(*a)]",
        "annealed_sequence": RIGHT["annealed_sequence"] + "\nfrom collections import defaultdict\n_f7 = annealed_next\ndef annealed_next(*a):\n    return defaultdict(float, _f7(*a))",
    })
    return as_bytes(made)


@case()
def torch_tensors():
    source = "import torch\n_numpy = with_temperature\ndef with_temperature(*a):\n    return torch.tensor(np.array(_numpy(*a)), requires_grad=True)"
    return wrapped("temperature", source)


@case()
def functions_of_all_kinds():
    """Lambdas, callable objects, partial functions, methods, caches, decorators, coroutines aside."""
    first = {name: RIGHT[name].split("(")[0].split()[1] for name in POINTS}
    kinds = {
        "chain_rule": "_a = {f}\n{f} = lambda *a, **k: _a(*a, **k)",
        "temperature": "_b = {f}\nclass Callable:\n    def __call__(self, *a):\n        return _b(*a)\n{f} = Callable()",
        "thermostat": "import functools\n{f} = functools.partial({f})",
        "fill_blank": "class Home:\n    f = staticmethod({f})\n{f} = Home.f",
        "typical": "import functools\n@functools.lru_cache(maxsize=None)\ndef _c(p, m):\n    return _d(list(p), m)\n_d = {f}\n{f} = lambda p, m: _c(tuple(p), m)",
        "best_sentence": "def again(f):\n    @functools.wraps(f)\n    def g(*a, **k):\n        return f(*a, **k)\n    return g\n{f} = again({f})",
        "annealed_sequence": "class Deep:\n    def method(self, *a, **k):\n        return self.inner(*a, **k)\ndeep = Deep()\ndeep.inner = {f}\n{f} = deep.method",
    }
    return as_bytes(released({**RIGHT, **{n: f"{RIGHT[n]}\n{kinds[n].format(f=first[n])}" for n in POINTS}}))


@case()
def annotated():
    source = RIGHT["chain_rule"].replace(
        "def sequence_log_prob(next_probs, tokens):",
        "from __future__ import annotations\nimport typing as t, numpy.typing as npt\n"
        "def sequence_log_prob(next_probs: t.Callable[[tuple[str, ...]], dict], tokens: list[str] | None, *, eps: float = 0) -> float:",
    )
    return answer("chain_rule", source)


@case()
def exceptions_of_ones_own():
    source = RIGHT["temperature"].replace("raise ValueError", "raise BadTemperature")
    return answer("temperature", f"class BadTemperature(ValueError):\n    pass\n\n\n{source}")


@case()
def deep_recursion():
    """A chain rule that calls itself a thousand times."""
    return answer("chain_rule", (
        "import sys\nsys.setrecursionlimit(20_000)\n\ndef sequence_log_prob(next_probs, tokens, n=0):\n"
        "    if n == len(tokens):\n        return 0.0\n    p = next_probs(tuple(tokens[:n])).get(tokens[n], 0.0)\n"
        "    return math.log(p) + sequence_log_prob(next_probs, tokens, n + 1) if p > 0 else -math.inf"
    ))


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
    source = "_wide = temperature_for_entropy\ndef temperature_for_entropy(*a):\n    return round(_wide(*a), 10)"
    return wrapped("thermostat", source)


@pytest.fixture(scope="module")
def results(tmp_path_factory):
    if not shutil.which("bwrap") and not os.environ.get("CI"):
        pytest.skip("there is no bubblewrap")
    top = tmp_path_factory.mktemp("fair")
    handed = top / "handed"
    handed.mkdir()
    for name, (ending, make) in CASES.items():
        (handed / f"{name}{ending}").write_bytes(make())
    options = grade.Options(top, f"sqlite:///{top}/gradebook.db", 2, seed=12, times=TIMES)
    return {result.student: result for result in grade.run(ASSIGNMENT, [handed], options).graded}


@pytest.mark.parametrize("name", CASES)
def test_right_work_gets_full_marks(results, name):
    result = results[name]
    reasons = {report.exercise: report.reasons() for report in result.reports if not report.passed}
    assert not result.refused
    assert (result.points, reasons) == (17, {}), result.failures
    assert result.written == {"parroting": {"points": 3, "answered": True}}


def test_there_is_a_result_for_everybody(results):
    assert results.keys() == CASES.keys()
