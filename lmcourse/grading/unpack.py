"""The notebook in what was handed in: itself, or somewhere in an archive.

Archives are hostile: nothing is unpacked to disk, and no link, size, name or table of contents in them is
believed.
"""

from __future__ import annotations

import io
import re
import stat
import zipfile
import zlib
from collections.abc import Callable, Iterator

from nbformat import NotebookNode

from lmcourse.grading import notebooks
from lmcourse.grading.course import GradingError
from lmcourse.grading.graft import repair
from lmcourse.grading.notebooks import Release, parse_notebook
from lmcourse.grading.recognise import another, match, recognised

MAX_FILES = 100  # of one student
MAX_UNPACKED = 150_000_000  # of one student, in all
MAX_LISTED = 100_000  # members of one student's archives, whatever they are
MAX_NOTEBOOKS = 10  # of one student that are looked at
MAX_DIRECTORY = 4_000_000  # bytes of an archive's table of contents
MAX_RATIO = 200  # of unpacked to packed bytes, where there is more than a little
PACKED = re.compile(r"\.(?:ipynb(?:\.\w+)?|zip|gz|tgz|tar)$", re.IGNORECASE)  # browsers add .txt, .json


def shown(text: str) -> str:
    """A hostile name, fit to be printed: without control characters, and not too long."""
    text = "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in text)
    return text if len(text) <= 120 else f"{text[:60]}…{text[-50:]}"


def is_clutter(name: str) -> bool:
    """Whether a file or folder is one that programs leave behind: checkpoints, settings, what a Mac adds."""
    return name.startswith(".") or name == "__MACOSX"


class _Wary:
    """What zipfile reads from; a table of contents that would fill the memory is not read."""

    def read(self, size: int | None = -1) -> bytes:
        if size is not None and size > MAX_DIRECTORY:
            raise zipfile.BadZipFile("too many files")
        return super().read(size)


class WaryFile(_Wary, io.BufferedReader):
    """A file on disk, read warily."""


class _WaryBytes(_Wary, io.BytesIO):
    pass


class Archive(zipfile.ZipFile):
    """A zip whose file is open as long as the zip is."""

    def close(self) -> None:
        """Close the zip and its file."""
        file = self.fp
        super().close()
        if file:
            file.close()


def notebook_in(data: bytes, name: str, release: Release) -> tuple[NotebookNode, list[str]]:
    """A student's notebook, out of the bytes handed in, and what there is to say about how it was found.

    Args:
        data: a notebook, or an archive that holds it; archives in archives are opened too.
        name: of the file, for messages.
        release: of several notebooks, the one that has most of this counts.

    Raises GradingError, with a reason that the student understands, if there is none.
    """
    unpacking = _Unpacking(release.path.name)
    found, reasons = [], unpacking.problems
    for n, (place, content) in enumerate(unpacking.files(data, shown(name))):
        if n == MAX_NOTEBOOKS:
            unpacking.notes.append(f"only {MAX_NOTEBOOKS} notebooks were looked at")
            break
        try:
            notebook = parse_notebook(content, place)
        except GradingError as error:
            reasons.append(str(error))
            continue
        score = recognised(release, match(release, notebook))
        if other := another(release, notebook):
            reasons.append(
                f"{place}: this is {other}, and not {release.assignment}: hand in the other notebook"
            )
        elif score:
            found.append((score, place.rpartition("/")[2] == release.path.name, -n, place, notebook))
        else:
            reasons.append(f"{place} is a notebook, but not of {release.assignment}")
    notes = list(dict.fromkeys(unpacking.notes))
    if not found:
        said = [*reasons[:5], *notes] or [f"{shown(name)} holds no notebook (.ipynb)"]
        raise GradingError("; ".join(said))
    *_, place, notebook = found[0]
    if len(found) > 1:  # a blank copy beside the finished one is not what was meant
        answered = [len(repair(release, one[-1]).answered) for one in found]
        *_, place, notebook = max(zip(answered, found), key=lambda pair: (pair[1][0], pair[0], pair[1][1:3]))[
            1
        ]
        place = re.sub(r"^\d{3}/", "", place)  # as several files of one student are numbered
        notes.append(f"{len(found)} notebooks belong to the assignment; {place}, with most answers, counts")
    return notebook, notes


class _TooMuch(GradingError):
    """So much is in an archive that nothing more of it is looked at."""


class _Unpacking:
    """Takes the files that could be a notebook out of archives in archives, in memory and within limits.

    Whatever is opened, listed or unpacked counts, whether it is kept or refused.
    """

    def __init__(self, wanted: str) -> None:
        self.wanted = wanted  # the name that comes first
        self.left, self.opened, self.listed = MAX_UNPACKED, 0, 0
        self.notes: list[str] = []
        self.problems: list[str] = []

    def files(self, data: bytes, name: str) -> Iterator[tuple[str, bytes]]:
        """Name and content of each."""
        try:
            yield from self._files(data, name, depth=3)
        except _TooMuch as error:
            self.problems.insert(0, f"{name}: {error}")

    def _files(self, data: bytes, name: str, depth: int) -> Iterator[tuple[str, bytes]]:
        if data[:4] in (b"PK\3\4", b"PK\5\6"):
            members = self._zip(data)
        elif data[:2] == b"\x1f\x8b":
            members = self._gzip(data, name)
        elif data[257:262] == b"ustar":
            members = self._tar(data)
        elif data[:4] in (b"Rar!", b"7z\xbc\xaf"):
            self.problems.append(f"{name} is packed in a way that is not opened here: hand in a zip")
            return
        else:
            yield name, data
            return
        if not depth:
            self.problems.append(f"{name} is an archive in too many archives: hand in a zip of the notebook")
            return
        try:
            for member, content in members:
                yield from self._files(content, member, depth - 1)
        except _TooMuch:
            raise
        except GradingError as error:
            self.problems.append(f"{name}: {error}")
        except Exception:  # whatever zipfile and zlib say of bytes that somebody has made up
            self.problems.append(f"{name} is damaged or no zip at all: make it again, with lmcourse submit")

    def _count(self, listed: int = 0, opened: int = 0, unpacked: int = 0) -> None:
        """Count what has been done; _TooMuch if it is more than anybody needs."""
        self.listed, self.opened, self.left = self.listed + listed, self.opened + opened, self.left - unpacked
        if self.left < 0 or self.opened > MAX_FILES or self.listed > MAX_LISTED:
            raise _TooMuch("there is too much in it: hand in a zip of the notebook alone")

    def _zip(self, data: bytes) -> Iterator[tuple[str, bytes]]:
        with zipfile.ZipFile(_WaryBytes(data)) as archive:
            members = archive.infolist()
            self._count(listed=len(members))
            candidates, strange = [], []
            for info in members:
                clutter = info.is_dir() or any(map(is_clutter, info.filename.split("/")))
                if reason := foreign(info):
                    strange.append(f"{shown(info.orig_filename)} {reason}")
                elif not clutter and PACKED.search(info.filename):
                    candidates.append(info)
            if strange:
                self.notes.append(
                    f"not used from the zip: {'; '.join(strange[:3])}{'; …' * (len(strange) > 3)}"
                )
            for info in sorted(candidates, key=lambda info: self._order(info.filename)):
                self._count(opened=1)
                try:
                    content = unzipped(archive, info, notebooks.MAX_BYTES, self._count)
                except _TooMuch:
                    raise
                except GradingError as error:
                    self.problems.append(str(error))
                else:
                    yield shown(info.filename), content

    def _order(self, name: str) -> tuple[object, ...]:
        """Notebooks before archives, the release's name before others, what lies higher before the rest."""
        packed = ".ipynb" not in name.lower()
        return packed, name.rpartition("/")[2] != self.wanted, name.count("/"), name

    def _gzip(self, data: bytes, name: str) -> Iterator[tuple[str, bytes]]:
        limit = min(self.left, notebooks.MAX_BYTES)
        content = zlib.decompressobj(31).decompress(data, limit + 1)
        self._count(opened=1, unpacked=len(content))
        if len(content) > limit:
            raise GradingError(f"unpacks to more than {limit / 1e6:.0f} MB")
        yield re.sub(r"\.(gz|tgz)$", "", name, flags=re.IGNORECASE), content

    def _tar(self, data: bytes) -> Iterator[tuple[str, bytes]]:
        """Ordinary files only; one with a long name has it in a part before it."""
        at, long_name = 0, ""
        while data[at : at + 1].strip(b"\0"):
            self._count(listed=1)
            head = data[at : at + 512]
            size = int(head[124:136].strip(b"\0 ") or b"0", 8)
            if size < 0:
                raise GradingError("is damaged")
            kind, content = head[156:157], slice(at + 512, at + 512 + size)
            at += 512 + -(-size // 512) * 512
            if kind in b"Lx" and kind:
                long_name = _long_name(kind, data[content.start : content.start + min(size, 10_000)])
                continue
            name, long_name = long_name or _tar_name(head), ""
            if kind in b"0\0" and PACKED.search(name) and not any(map(is_clutter, name.split("/"))):
                self._count(opened=1, unpacked=size)
                yield shown(name), data[content]


def _tar_name(head: bytes) -> str:
    """The name in the head of a file in a tar."""
    name, folder = (
        part.partition(b"\0")[0].decode("utf-8", "replace") for part in (head[:100], head[345:500])
    )
    return f"{folder}/{name}" if folder and head[257:263] == b"ustar\0" else name


def _long_name(kind: bytes, content: bytes) -> str:
    """The name in the part of a tar that goes before a file; empty if there is none."""
    if kind == b"L":  # as GNU's tar writes it
        return content.partition(b"\0")[0].decode("utf-8", "replace")
    for line in content.split(b"\n"):  # as POSIX has it: its length, a key and a value
        if line.partition(b" ")[2].startswith(b"path="):
            return line.partition(b"=")[2].decode("utf-8", "replace")
    return ""


def foreign(info: zipfile.ZipInfo) -> str:
    """Why a member of a zip must not be touched: what it says it is; empty if it is an ordinary file."""
    kind = stat.S_IFMT(info.external_attr >> 16)
    if kind not in (0, stat.S_IFREG, stat.S_IFDIR):
        return "is a link or a device"
    name = info.orig_filename
    if re.match(r"/|[A-Za-z]:", name) or "\\" in name or "\0" in name or ".." in name.split("/"):
        return "has a name that could lead out of its folder"
    return ""


def unzipped(
    archive: zipfile.ZipFile, info: zipfile.ZipInfo, limit: int, count: Callable[..., None] | None = None
) -> bytes:
    """The content of a member; GradingError if it has more than `limit` bytes, whatever the archive says.

    `count` is told of each part that was `unpacked`, and may refuse to go on.
    """
    name = shown(info.filename)
    if info.flag_bits & 0x1:
        raise GradingError(f"{name} is protected by a password: hand in a zip without one")
    if info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):  # others unpack without a limit
        raise GradingError(f"{name} is packed in an unusual way: make an ordinary zip, with lmcourse submit")
    content = bytearray()
    most = min(limit, max(10_000_000, MAX_RATIO * info.compress_size))
    try:
        with archive.open(info) as member:
            while chunk := member.read(1 << 16):
                if count:
                    count(unpacked=len(chunk))
                content += chunk
                if len(content) > most:
                    raise GradingError(f"{name} unpacks to more than {most / 1e6:.0f} MB: clear its outputs")
    except GradingError:
        raise
    except Exception:  # zipfile raises a dozen kinds
        raise GradingError(
            f"{name} in the zip is damaged: make the zip again, with lmcourse submit"
        ) from None
    return bytes(content)
