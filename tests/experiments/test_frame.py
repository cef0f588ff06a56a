"""Experiments: nothing that was measured is lost, and a run that was killed ends as if it had not been."""

import json
import subprocess
import sys
from dataclasses import replace
from importlib import import_module
from pathlib import Path

import needed
import numpy as np
import pytest

import lmcourse
from lmcourse.experiments import frame, load, run

SETTINGS = [{"n": n, "method": method} for n in (1, 2, 3) for method in ("a", "b")]


def measure(setting, rng):
    return {"found": setting["n"] + float(rng.random()), "pair": (1, 2)}


def without_time(result):
    return replace(result, seconds=0)


def test_a_result_tells_where_it_comes_from(tmp_path):
    result = run("trial", SETTINGS, measure, seed=3, folder=tmp_path)
    assert load("trial", tmp_path) == result
    assert result.command == "python -m lmcourse.experiments.trial"
    assert result.seed == 3
    assert result.versions["lmcourse"] == lmcourse.__version__
    assert result.versions["numpy"] == np.__version__
    assert [{k: row[k] for k in ("n", "method")} for row in result.rows] == SETTINGS
    assert all(row["n"] <= row["found"] < row["n"] + 1 for row in result.rows)
    assert [path.name for path in tmp_path.iterdir()] == ["trial.json"]


def test_a_settings_numbers_depend_on_it_and_the_seed_alone(tmp_path):
    whole = run("whole", SETTINGS, measure, folder=tmp_path).rows
    assert run("part", SETTINGS[3:1:-1], measure, folder=tmp_path).rows == whole[3:1:-1]
    assert len({row["found"] % 1 for row in whole}) == len(whole)
    assert run("other", SETTINGS, measure, seed=1, folder=tmp_path).rows != whole


def test_an_interrupted_run_goes_on_where_it_was(tmp_path):
    asked = []

    def tired(setting, rng):
        asked.append(setting)
        if len(asked) == 4:
            raise KeyboardInterrupt
        return measure(setting, rng)

    with pytest.raises(KeyboardInterrupt):
        run("trial", SETTINGS, tired, folder=tmp_path)
    with pytest.raises(FileNotFoundError, match=r"run `python -m lmcourse.experiments.trial`"):
        load("trial", tmp_path)
    resumed = run("trial", SETTINGS, tired, folder=tmp_path)
    assert asked == [*SETTINGS[:4], *SETTINGS[3:]]
    assert without_time(resumed) == without_time(
        replace(run("again", SETTINGS, measure, folder=tmp_path), command=resumed.command)
    )


@pytest.mark.parametrize("lost", [1, 5, 40])
def test_a_line_that_was_not_written_to_its_end_is_measured_again(tmp_path, lost):
    script = (
        "import os, sys\n"
        "from pathlib import Path\n"
        "from lmcourse.experiments import run\n"
        "def measure(setting, rng):\n"
        "    if setting['n'] == 3: os._exit(9)\n"  # as if killed
        "    return {'found': float(rng.random())}\n"
        "run('trial', [{'n': n} for n in range(6)], measure, folder=Path(sys.argv[1]))\n"
    )
    assert subprocess.run([sys.executable, "-c", script, str(tmp_path)], capture_output=True).returncode == 9
    kept = tmp_path / ".trial.jsonl"
    assert len(kept.read_text().splitlines()) == 1 + 3
    kept.write_bytes(kept.read_bytes()[:-lost])
    asked = []

    def go_on(setting, rng):
        asked.append(setting["n"])
        return {"found": float(rng.random())}

    found = run("trial", [{"n": n} for n in range(6)], go_on, folder=tmp_path)
    assert asked == [2, 3, 4, 5]
    fresh = run(
        "fresh", [{"n": n} for n in range(6)], lambda _, rng: {"found": float(rng.random())}, folder=tmp_path
    )
    assert found.rows == fresh.rows


def test_a_run_that_is_killed_as_it_goes_on_loses_nothing(tmp_path):
    """At the worst moment, too: when the file with what is kept was opened to be written anew."""

    def stopping(setting, rng):
        if setting["n"] == 3:
            raise KeyboardInterrupt
        return measure(setting, rng)

    with pytest.raises(KeyboardInterrupt):
        run("trial", SETTINGS, stopping, folder=tmp_path)
    kept = tmp_path / ".trial.jsonl"
    before = kept.read_bytes()
    script = (
        "import os, sys\n"
        "from pathlib import Path\n"
        "from lmcourse.experiments import run\n"
        "def killed(event, given):\n"
        "    if event == 'open' and str(given[0]).endswith('.trial.jsonl') and given[2] & os.O_TRUNC:\n"
        "        os.truncate(given[0], 0)\n"
        "        os._exit(9)\n"
        "sys.addaudithook(killed)\n"
        f"run('trial', {SETTINGS!r}, lambda *_: os._exit(9), folder=Path(sys.argv[1]))\n"
    )
    assert subprocess.run([sys.executable, "-c", script, str(tmp_path)], capture_output=True).returncode == 9
    assert kept.read_bytes() == before


def test_a_run_does_not_go_on_with_other_versions(tmp_path, monkeypatch):
    with pytest.raises(ZeroDivisionError):
        run("trial", SETTINGS, lambda setting, _: {"found": 1 // (setting["n"] - 2)}, folder=tmp_path)
    monkeypatch.setattr(frame, "_installed", lambda: {"numpy": "0.1"})
    with pytest.raises(ValueError, match=r"an unfinished run with .* other versions; delete it"):
        run("trial", SETTINGS, measure, folder=tmp_path)


def test_bad_input_is_named_and_nothing_is_lost(tmp_path):
    with pytest.raises(ValueError, match=r'two settings are the same: \{"n": 1\}'):
        run("trial", [{"n": 1}, {"n": 2}, {"n": 1}], measure, folder=tmp_path)
    with pytest.raises(ZeroDivisionError):
        run("trial", SETTINGS, lambda setting, _: {"found": 1 // (setting["n"] - 2)}, folder=tmp_path)
    before = (tmp_path / ".trial.jsonl").read_bytes()
    for other in ({"seed": 1}, {"settings": SETTINGS[:3]}):
        with pytest.raises(ValueError, match="unfinished run with another seed, other settings"):
            run("trial", **{"settings": SETTINGS, "measure": measure, "folder": tmp_path, **other})
    assert (tmp_path / ".trial.jsonl").read_bytes() == before


RESULTS = sorted((Path(lmcourse.__file__).parent / "experiments" / "results").glob("*.json"))


each_result = pytest.mark.parametrize("path", RESULTS, ids=lambda p: p.stem)


@each_result
def test_every_committed_result_is_that_of_its_command(path):
    module = import_module(f"lmcourse.experiments.{path.stem}")
    result = load(path.stem)
    assert result.command == f"python -m {module.__name__}"
    assert set(result.versions) >= {"python", "lmcourse", "numpy"}
    settings = json.loads(json.dumps(module.SETTINGS))
    assert len(result.rows) == len(settings)
    assert [{key: row[key] for key in setting} for setting, row in zip(settings, result.rows)] == settings


def alike(found, kept, within=2e-3) -> bool:
    """Whether results are the same, fractions to 2 thousandths: processors add up in different orders."""
    if isinstance(kept, dict):
        return found.keys() == kept.keys() and all(alike(found[key], kept[key], within) for key in kept)
    if isinstance(kept, list):
        return len(found) == len(kept) and all(alike(*pair, within) for pair in zip(found, kept))
    return found == pytest.approx(kept, abs=within) if isinstance(kept, float) else found == kept


def test_results_are_alike_but_for_rounding():
    kept = [{"which": 6, "odds": [0.5, -1.25], "said": "yes"}]
    assert alike([{"which": 6, "odds": [0.501, -1.25], "said": "yes"}], kept)
    for other in ({"odds": [0.51, -1.25]}, {"odds": [0.5]}, {"said": "no"}, {"which": 7}, {"more": 1}):
        assert not alike([kept[0] | other], kept)


@each_result
def test_what_is_measured_anew_is_what_was_committed(path, tmp_path):
    """A quick setting of each kind: code that has changed since must not leave an old result on a page."""
    module, committed = import_module(f"lmcourse.experiments.{path.stem}"), load(path.stem)
    quick = module.AGAIN if isinstance(module.AGAIN, list) else [module.AGAIN]
    with needed.data():  # of an experiment with the real model
        again = run(path.stem, quick, module.measure, committed.seed, tmp_path)
    kept = [row for each in quick for row in committed.rows if row.items() >= each.items()]
    within = getattr(module, "WITHIN", 2e-3)
    assert alike(again.rows, kept, within), f"{again.rows}\n\nand committed were\n{kept}"
