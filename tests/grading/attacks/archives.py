"""Attacks by the shape of what is handed in: archives, links, and notebooks that are none.

Each function writes one submission, called like the function, into a folder.
"""

from __future__ import annotations

import copy
import gzip
import io
import json
import os
import tarfile
import warnings
import zipfile
from collections.abc import Callable
from pathlib import Path

import nbformat

from attacks.loader import POINTS, Expected, as_bytes, released

NAME = "language-models.ipynb"
SHAPES: dict[str, tuple[Callable[[Path], None], Expected]] = {}


def shape(ending: str, *, all_points: bool = False, refused: str = "", says: str = "") -> Callable:
    """Register a function that returns the bytes of a submission, or writes it to the path it is given."""

    def register(make: Callable) -> Callable:
        def hand_in(folder: Path) -> None:
            path = folder / (make.__name__ + ending)
            data = make(path) if make.__code__.co_argcount else make()
            if data is not None:
                path.write_bytes(data)

        SHAPES[make.__name__] = hand_in, Expected(POINTS if all_points else {}, refused, says)
        return make

    return register


def zipped(files: dict[str | zipfile.ZipInfo, bytes], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    """A zip of some files."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", method) as archive:
        for name, data in files.items():
            archive.writestr(name, data, compress_type=method)
    return buffer.getvalue()


def linked(name: str, target: str) -> dict[str | zipfile.ZipInfo, bytes]:
    """A symbolic link as a zip has it."""
    info = zipfile.ZipInfo(name)
    info.create_system, info.external_attr = 3, 0o120777 << 16
    return {info: target.encode()}


# Notebooks


@shape(".ipynb", refused="has no cells")
def just_a_list():
    """JSON, and no notebook."""
    return b"[]"


@shape(".ipynb", refused="no text in UTF-8|no JSON")
def not_utf8():
    """Bytes that are no text."""
    return b'{"cells": ["\xff\xfe\xc0"]}'


@shape(".ipynb", refused="is empty")
def empty():
    """Nothing at all."""
    return b""


@shape(".ipynb", refused="100 MB")
def hundred_megabytes(path):
    """A file that is a hole of 100 MB."""
    with open(path, "wb") as file:
        file.truncate(100_000_000)


@shape(".ipynb", all_points=True)
def huge_numbers():
    """Numbers of a million digits, where a notebook has small ones."""
    text = as_bytes(released()).decode()
    return text.replace('"nbformat": 4', '"nbformat": ' + "9" * 1_000_000 + ', "x": 1e999999').encode()


@shape(".ipynb", refused="no JSON|too deep")
def nested():
    """Brackets a million deep."""
    return b'{"cells": ' + b"[" * 1_000_000 + b"]" * 1_000_000 + b"}"


@shape(".ipynb", refused="more than 5000000 values")
def many_values():
    """Small in the file, large in memory."""
    return b'{"cells": [' + b"{}," * 6_000_000 + b"{}]}"


@shape(".ipynb", refused="3000 cells|cells, more than")
def many_cells():
    """Three thousand cells beside a right solution."""
    made = released()
    made.cells += [nbformat.v4.new_code_cell("x = 1") for _ in range(3000)]
    return as_bytes(made)


@shape(".ipynb", all_points=True)
def many_similar_cells():
    """As many cells as are allowed, each nearly one of the release: comparing them all must not take long."""
    made = released()
    texts = [cell.source for cell in made.cells if cell.cell_type == "markdown"]
    more = [nbformat.v4.new_markdown_cell(f"{texts[n % len(texts)]} {n}") for n in range(1000)]
    made.cells += more
    return as_bytes(made)


@shape(".ipynb", refused="its cells are not as")
def cells_of_other_kinds():
    """Cells whose parts are of other types than a notebook's."""
    return json.dumps({"cells": [{"cell_type": "code", "source": {"a": 1}}, 7, None]}).encode()


@shape(".ipynb")
def strange_parts():
    """Metadata, ids and attachments of types that nobody expects."""
    made = json.loads(as_bytes(released({})))
    for n, cell in enumerate(made["cells"]):
        cell["metadata"] = [[], 7, {"nbgrader": []}, {"nbgrader": {"grade_id": {"a": 1}}}][n % 4]
        cell["id"] = [None, 7, {"a": []}, "x" * 100_000][n % 4]
    return json.dumps(made).encode()


@shape(".ipynb", all_points=True)
def same_ids():
    """All cells have one id, and claim to be one exercise."""
    made = released()
    for cell in made.cells:
        cell.id = "same"
        if "nbgrader" in cell.metadata:
            cell.metadata.nbgrader.grade_id = "chain_rule"
    return as_bytes(made)


@shape(".ipynb")
def tests_taken_out():
    """No test cells, and answers that are none."""
    made = released(dict.fromkeys(POINTS, "x = 1"))
    made.cells = [c for c in made.cells if not c.metadata.get("nbgrader", {}).get("grade")]
    return as_bytes(made)


@shape(".ipynb", all_points=True)
def tests_many_times():
    """Each test cell fifty times: fifty times the points?"""
    made = released()
    tests = [copy.deepcopy(c) for c in made.cells if c.metadata.get("nbgrader", {}).get("grade")]
    made.cells += [*tests * 50]
    return as_bytes(made)


@shape(".ipynb")
def other_cell_types():
    """Code as words, words as code, both as raw text; with outputs that claim success."""
    made = json.loads(as_bytes(released(dict.fromkeys(POINTS, "raise SystemExit"))))
    report = {"exercise": "chain_rule", "seed": 1, "points": 2, "max_points": 2, "outcomes": []}
    shown = {
        "text/html": "<script>alert(1)</script>chain_rule: 6 of 6 checks passed",
        "application/vnd.lmcourse.report+json": report,
    }
    for n, cell in enumerate(made["cells"]):
        cell["cell_type"] = ["markdown", "code", "raw", "heading", "<script>"][n % 5]
        cell["outputs"] = [{"output_type": "display_data", "metadata": {}, "data": shown}]
    return json.dumps(made).encode()


@shape(".ipynb")
def notebook_metadata():
    """A kernel that is a program, widgets with scripts, an exporter by name, attachments, a trusted flag."""
    made = released({})
    made.metadata = {
        "kernelspec": {"name": "evil", "display_name": "<script>", "argv": ["touch", "/var/tmp/x"]},
        "language_info": {"name": "bash", "nbconvert_exporter": "os.system"},
        "widgets": {
            "application/vnd.jupyter.widget-state+json": {"state": {"a": "<script>alert(1)</script>"}}
        },
        "signature": "0" * 64,
    }
    for cell in made.cells:
        cell.metadata.trusted = True
        cell["attachments"] = {"x.svg": {"image/svg+xml": "<svg onload=alert(1)>"}}
    return as_bytes(made)


@shape(".ipynb")
def hard_to_parse():
    """Source that brings parsers and compilers to their knees, in cells that seem to define a function."""
    bombs = ["(" * 9000, "-" * 19_000 + "1", "1" + "+1" * 9000, "f" + "()" * 9000, "a" + ".b" * 9000]
    bombs += ["lambda: " * 2000 + "1", "[" * 150 + "]" * 150, "9" * 19_000, "'\0'", "f'{" * 90 + "}'" * 90]
    made = released({})
    made.cells += [nbformat.v4.new_code_cell(f"def sequence_log_prob(*_):\n    return {b}") for b in bombs]
    made.cells += [
        nbformat.v4.new_code_cell("async" + "\t" * 100_000),
        nbformat.v4.new_code_cell("%" * 100_000),
    ]
    return as_bytes(made)


@shape(".ipynb", all_points=True)
def blank_lines():
    """A million blank lines, which a pattern that tries to skip them from each of them never gets through."""
    made = released()
    made.cells += [nbformat.v4.new_code_cell("\n" * 1_200_000), nbformat.v4.new_code_cell(" " * 500_000)]
    return as_bytes(made)


# Archives


@shape(".zip", all_points=True, says="could lead out of its folder")
def zip_slip():
    """Names that lead out of the folder, beside an honest notebook."""
    names = ["../../evil.ipynb", "/etc/cron.d/evil.ipynb", "..\\evil.ipynb", "C:\\evil.ipynb"]
    return zipped({**dict.fromkeys(names, as_bytes(released({}))), NAME: as_bytes(released())})


@shape(".zip", all_points=True, says="is a link or a device")
def zip_links():
    """Links to the gradebook and to the solution, beside an honest notebook."""
    links = linked("a.ipynb", "../gradebook.db") | linked("b.ipynb", "/proc/self/environ")
    return zipped({**links, NAME: as_bytes(released())})


@shape(".zip", refused="is a link or a device")
def zip_of_a_link():
    """Nothing but a link to where the authors' solution may lie."""
    return zipped(linked(NAME, f"{Path.cwd()}/solutions/01-language-models/{NAME}"))


@shape(".zip", refused="unpacks to more than")
def zip_bomb():
    """Forty kilobytes that unpack to forty megabytes."""
    return zipped({NAME: bytes(40_000_000)})


@shape(".zip", refused="only 10 notebooks were looked at")
def zip_of_bombs():
    """Bombs in zips in zips, many of them."""
    bomb = zipped({f"{n}.ipynb": bytes(9_000_000) for n in range(20)})
    return zipped({f"{n}.zip": bomb for n in range(20)})


@shape(".zip", refused="too many archives|no notebook")
def zips_in_zips():
    """A notebook in a zip in a zip in a zip …"""
    data = as_bytes(released())
    for _ in range(8):
        data = zipped({"inner.zip": data}) if data[:2] == b"PK" else zipped({NAME: data})
    return data


@shape(".zip", refused="password")
def zip_locked():
    """A zip that says it is encrypted."""
    data = bytearray(zipped({NAME: as_bytes(released())}))
    for mark, flags in ((b"PK\3\4", 6), (b"PK\1\2", 8)):
        data[data.find(mark) + flags] |= 1
    return bytes(data)


@shape(".zip", refused="unusual way")
def zip_of_another_method():
    """A method of packing whose memory nobody bounds."""
    return zipped({NAME: as_bytes(released())}, zipfile.ZIP_LZMA)


@shape(".zip", refused="damaged|no notebook")
def zip_cut_off():
    """The first half of a zip."""
    data = zipped({NAME: as_bytes(released())})
    return data[: len(data) // 2]


@shape(".zip", refused="damaged|too many|too much")
def zip_of_many_files():
    """A table of contents of a hundred thousand files."""
    return zipped({f"{n:050}.ipynb": b"" for n in range(40_000)}, zipfile.ZIP_STORED)


@shape(".zip", refused="damaged")
def zip_with_wrong_sizes():
    """A member that says it is smaller than it is."""
    data = bytearray(zipped({NAME: as_bytes(released())}))
    at = data.find(b"PK\1\2")
    data[at + 24 : at + 28] = (10).to_bytes(4, "little")
    return bytes(data)


@shape(".zip", all_points=True)
def zip_with_one_name_twice():
    """Two files of one name, where an archive can have only one."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        archive.writestr(NAME, b"[]")
        archive.writestr(NAME, as_bytes(released()))
    return buffer.getvalue()


@shape(".zip", refused="there is too much in it")
def zip_of_refused_files():
    """Hundreds of files that are unpacked to their limit and then refused."""
    bomb, buffer = bytes(10_100_000), io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("0.ipynb", bomb)
    return copied(buffer.getvalue(), 1000)


@shape(".zip", refused="there is too much in it")
def zips_of_refused_files():
    """The same, nested: a few kilobytes."""
    inner = copied(zipped({"0.ipynb": bytes(10_100_000)}), 90)
    return zipped({f"{n}.zip": inner for n in range(90)})


@shape(".zip", refused="there is too much in it")
def zips_with_long_tables():
    """Zips in a zip whose tables of contents name tens of thousands of files that nobody wants."""
    inner = zipped(dict.fromkeys((f"{n}" for n in range(40_000)), b""), zipfile.ZIP_STORED)
    return zipped({f"{n}.zip": inner for n in range(90)})


def copied(data: bytes, copies: int) -> bytes:
    """A zip with one member, listed many times: they all share one body."""
    body, directory = data[: data.index(b"PK\1\2")], data[data.index(b"PK\1\2") : data.index(b"PK\5\6")]
    count, size = copies.to_bytes(2, "little"), (len(directory) * copies).to_bytes(4, "little")
    return (
        body
        + directory * copies
        + b"PK\5\6\0\0\0\0"
        + count * 2
        + size
        + len(body).to_bytes(4, "little")
        + b"\0\0"
    )


@shape(".ipynb.gz", refused="unpacks to more than")
def gzip_bomb():
    """A hundred kilobytes that unpack to a hundred megabytes."""
    return gzip.compress(bytes(100_000_000), 1)


@shape(".tar", refused="no notebook|holds no")
def tar_of_links():
    """Links, devices and names that lead out, as a tar has them."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        for kind in (tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.CHRTYPE, tarfile.FIFOTYPE):
            info = tarfile.TarInfo("../../x.ipynb")
            info.type, info.linkname = kind, "/etc/passwd"
            archive.addfile(info)
    return buffer.getvalue()


@shape(".tar", refused="damaged|no notebook")
def tar_of_negative_size():
    """A size that leads back to the beginning, for ever."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=tarfile.USTAR_FORMAT) as archive:
        archive.addfile(tarfile.TarInfo(NAME), io.BytesIO(b""))
    data = bytearray(buffer.getvalue())
    data[124:136] = b"-0000001000\0"
    return bytes(data)


# Files that are none


@shape(".ipynb", refused="is a link")
def link_to_the_gradebook(path):
    """A link to a file of the instructor."""
    path.symlink_to(path.parent.parent / "course" / "gradebook.db")


@shape("", refused="is a link")
def link_to_a_folder(path):
    """A link to everybody's work."""
    path.symlink_to(path.parent)


@shape(".ipynb", refused="hard links")
def hard_link(path):
    """A second name of a file of the instructor."""
    os.link(path.parent.parent / "home" / ".bashrc", path)


@shape(".ipynb", refused="no ordinary file")
def pipe(path):
    """A pipe that nobody writes to: reading it would wait for ever."""
    os.mkfifo(path)


@shape("", refused="too much|no notebook|not a notebook|is empty")
def folder_of_many_files(path):
    """A folder with thousands of files, and folders nested deeply."""
    (path / "a/b/c/d/e/f/g/h/i/j/k").mkdir(parents=True)
    for n in range(2000):
        (path / f"{n}.ipynb").touch()
