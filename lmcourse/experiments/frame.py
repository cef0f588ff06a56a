"""What all experiments share: settings are measured one by one, kept, and written with their origin."""

from __future__ import annotations

import json
import os
import platform
import time
import zlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from importlib import metadata
from importlib.util import find_spec
from pathlib import Path

import numpy as np
from tqdm import tqdm

import lmcourse
from lmcourse.files import write_whole

RESULTS = Path(__file__).parent / "results"
LIBRARIES = ("numpy", "torch")  # whose versions can change a result

Measure = Callable[[Mapping, np.random.Generator], Mapping]


@dataclass(frozen=True)
class Result:
    """What an experiment found, and how it came about."""

    command: str
    seed: int
    versions: dict[str, str]
    seconds: float  # of one process, all measurements together
    rows: list[dict]  # a setting and what was measured at it, in the order of the settings


def run(
    name: str, settings: Sequence[Mapping], measure: Measure, seed: int = 0, folder: Path = RESULTS
) -> Result:
    """Measure each setting, and write `folder`/NAME.json once all are done.

    A row is kept as soon as it is measured, so that a run which was killed goes on where it was. The numbers
    of a setting depend on it and on the seed alone, not on the others or on interruptions.

    Args:
        name: of the experiment: the module `lmcourse.experiments.NAME`.
        settings: what to vary; each a mapping that JSON can write, no two the same.
        measure: a setting and its generator to numbers (a mapping that JSON can write).
        seed: from which each setting's generator is made.
        folder: where results are kept.

    Raises ValueError if two settings are the same, or an unfinished run had another seed, other
    settings or other versions.
    """
    keys = [json.dumps(setting, sort_keys=True) for setting in settings]
    if len(set(keys)) < len(keys):
        raise ValueError(f"two settings are the same: {max(keys, key=keys.count)}")
    unfinished = folder / f".{name}.jsonl"
    versions = {"python": platform.python_version(), "lmcourse": lmcourse.__version__, **_installed()}
    head = json.dumps({"seed": seed, "settings": keys, "versions": versions})
    done = _kept(unfinished, head)
    with open(unfinished, "a", encoding="utf-8") as kept:
        for key, setting in tqdm(list(zip(keys, settings)), desc=name, unit="setting"):
            if key in done:
                continue
            start = time.perf_counter()
            found = measure(setting, np.random.default_rng([seed, zlib.crc32(key.encode())]))
            line = json.dumps([key, {**setting, **found}, time.perf_counter() - start])
            _, *done[key] = json.loads(line)  # as another run would read it
            kept.write(line + "\n")
            kept.flush()
            os.fsync(kept.fileno())
    result = Result(
        command=f"python -m lmcourse.experiments.{name}",
        seed=seed,
        versions=versions,
        seconds=round(sum(seconds for _, seconds in done.values()), 1),
        rows=[done[key][0] for key in keys],
    )
    write_whole(folder / f"{name}.json", (json.dumps(asdict(result), indent=1) + "\n").encode())
    unfinished.unlink()
    return result


def _installed() -> dict[str, str]:
    """The versions of the libraries that are here, whether this process has loaded them or not."""
    return {library: metadata.version(library) for library in LIBRARIES if find_spec(library)}


def _kept(path: Path, head: str) -> dict[str, tuple[dict, float]]:
    """The rows of an unfinished run by setting, each with its seconds; begins the file if there is none."""
    content = path.read_bytes() if path.exists() else b""
    end = content.rfind(b"\n") + 1  # what follows was being written when the run was killed
    whole = content[:end].decode().splitlines()
    if not whole:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(head + "\n", encoding="utf-8")
        return {}
    if whole[0] != head:
        raise ValueError(
            f"{path} is of an unfinished run with another seed, other settings or other versions; "
            "delete it to begin anew"
        )
    os.truncate(path, end)  # and no rewriting: a run that is killed meanwhile must lose nothing
    return {key: (row, seconds) for key, row, seconds in map(json.loads, whole[1:])}


def load(name: str, folder: Path = RESULTS) -> Result:
    """What an experiment found. Raises FileNotFoundError, naming the command, if it was not run."""
    path = folder / f"{name}.json"
    if not path.exists():
        raise FileNotFoundError(f"no result of {name!r}; run `python -m lmcourse.experiments.{name}`")
    return Result(**json.loads(path.read_text(encoding="utf-8")))
