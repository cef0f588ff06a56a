"""The notebook in what was handed in, in archives of all kinds, also hostile ones."""

import contextlib
import gzip
import io
import json
import stat
import tarfile
import zipfile

import pytest
from handed_in import NAME, OTHER, RELEASE, answered, as_bytes, packed
from hypothesis import given, settings
from hypothesis import strategies as st

from lmcourse.grading import unpack
from lmcourse.grading.course import GradingError
from lmcourse.grading.unpack import notebook_in


def link(name):
    info = zipfile.ZipInfo(name)
    info.create_system, info.external_attr = 3, (stat.S_IFLNK | 0o777) << 16
    return info


def test_archives_of_all_kinds(solved):
    work = as_bytes(solved)
    tar = io.BytesIO()
    with tarfile.open(fileobj=tar, mode="w") as archive:
        info = tarfile.TarInfo("me/x.ipynb")
        info.size = len(work)
        archive.addfile(info, io.BytesIO(work))
    for data in (
        work,
        packed({"x.ipynb": work}),
        packed({"me/deep/Untitled (1).ipynb": work, "README.md": b"hello"}),
        packed({"x.ipynb.txt": work}),
        packed({"x.ipynb.json": work, "manifest.json": b"{}"}),
        packed({"x.zip": packed({"y.ipynb": work})}),
        packed({"x.zip": packed({"y.zip": packed({"z.ipynb": work})})}),
        gzip.compress(work),
        tar.getvalue(),
        gzip.compress(tar.getvalue()),
        b"\xef\xbb\xbf" + work,
        work.decode().encode("utf-16"),
        work.decode().encode("utf-32"),
    ):
        assert answered(data)[0] == 9


def test_what_leads_out_of_the_archive_is_never_used(solved, released):
    work, blank = as_bytes(solved), as_bytes(released)
    for name in (
        "../x.ipynb",
        "/x.ipynb",
        "C:/x.ipynb",
        "a\\..\\x.ipynb",
        "a/../../x.ipynb",
        link("x.ipynb"),
    ):
        data = packed({name: work, "blank.ipynb": blank})
        count, notes = answered(data)
        assert count == 0
        assert "not used from the zip" in notes[0]
        with pytest.raises(GradingError, match="not used from the zip"):
            answered(packed({name: work}))


def test_what_macs_and_jupyter_leave_behind_is_no_notebook(solved, released):
    work, blank = as_bytes(solved), as_bytes(released)
    clutter = "__MACOSX/._x.ipynb", ".ipynb_checkpoints/x-checkpoint.ipynb", "a/.x.ipynb"
    data = packed({**dict.fromkeys(clutter, blank), "a/x.ipynb": work})
    assert answered(data) == (9, [])


def test_of_several_notebooks_the_one_of_this_assignment_counts(solved, released):
    half = {**solved, "cells": solved.cells[:12]}
    work = as_bytes(solved)
    assert answered(packed({"language-models.ipynb": OTHER, "Untitled.ipynb": work}))[0] == 9
    count, notes = answered(packed({"a.ipynb": json.dumps(half).encode(), "z.ipynb": work}))
    assert (count, notes) == (9, ["2 notebooks belong to the assignment; z.ipynb, with most answers, counts"])
    count, notes = answered(packed({"zz.ipynb": as_bytes(released), "language-models.ipynb": work}))
    assert (count, notes) == (
        9,
        ["2 notebooks belong to the assignment; language-models.ipynb, with most answers, counts"],
    )


def encrypted(data):
    """The zip with the mark that its members are encrypted."""
    data = bytearray(data)
    for signature, at in ((b"PK\3\4", 6), (b"PK\1\2", 8)):
        data[data.index(signature) + at] |= 1
    return bytes(data)


def overlapping(copies):
    """Many members that share one compressed body."""
    data = packed({"0.ipynb": bytes(9_000_000)})
    body, directory = data[: data.index(b"PK\1\2")], data[data.index(b"PK\1\2") : data.index(b"PK\5\6")]
    return body + directory * copies + (
        b"PK\5\6\0\0\0\0" + copies.to_bytes(2, "little") * 2
        + (len(directory) * copies).to_bytes(4, "little") + len(body).to_bytes(4, "little") + b"\0\0"
    )  # fmt: skip


def lying(data):
    """The zip, saying that its member has a hundred bytes."""
    data = bytearray(data)
    for signature, at in ((b"PK\3\4", 22), (b"PK\1\2", 24)):
        start = data.index(signature) + at
        data[start : start + 4] = (100).to_bytes(4, "little")
    return bytes(data)


def nested(files, times):
    """A zip in a zip in a zip."""
    return packed(files if times == 1 else {"x.zip": nested(files, times - 1)})


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"", "is empty: save the notebook again"),
        (b"[]", "has no cells"),
        (OTHER, f"is a notebook, but not of {NAME}"),
        (b"%PDF-1.4", "is not a notebook"),
        (packed({}), "holds no notebook"),
        (packed({"report.pdf": b"x"}), "holds no notebook"),
        (packed({"x.ipynb": b"{"}), "is no JSON"),
        (encrypted(packed({"x.ipynb": b"{}"})), "protected by a password"),
        (packed({"x.ipynb": b"{}" * 99}, zipfile.ZIP_BZIP2), "packed in an unusual way"),
        (packed({"x.ipynb": bytes(40_000_000)}), "unpacks to more than"),
        (packed({"x.ipynb": bytes(60_000_000)}, zipfile.ZIP_STORED), "unpacks to more than 50 MB"),
        (lying(packed({"x.ipynb": bytes(40_000_000)})), "damaged|unpacks"),
        (overlapping(200), "damaged|no JSON|too much in it"),
        (gzip.compress(bytes(60_000_000)), "unpacks to more than 50 MB"),
        (packed({"x.ipynb": b"{}"})[:-9], "damaged"),
        (b"PK\3\4" + bytes(100), "damaged"),
        (b"Rar!\x1a\7" + bytes(100), "not opened here: hand in a zip"),
        (b"7z\xbc\xaf\x27\x1c" + bytes(100), "not opened here: hand in a zip"),
        (packed({f"{n}.zip": packed({}) for n in range(300)}), "too much in it"),
        (nested({"d.ipynb": OTHER}, 4), "too many archives"),
    ],
    ids=lambda x: x[:25] if isinstance(x, str) else "",
)  # fmt: skip
def test_what_holds_no_notebook_is_refused_in_words(data, said):
    with pytest.raises(GradingError, match=said) as caught:
        notebook_in(data, "x", RELEASE)
    assert len(str(caught.value)) < 1000


def test_a_table_of_contents_without_end_is_not_read(monkeypatch):
    monkeypatch.setattr(unpack, "MAX_DIRECTORY", 10_000)
    with pytest.raises(GradingError, match="damaged"):
        notebook_in(packed({f"{n}.txt": b"" for n in range(300)}), "x", RELEASE)


def test_many_members_that_are_no_notebooks_do_not_matter(solved):
    files = {f"venv/{n}.py": b"pass" for n in range(3000)}
    assert answered(packed({**files, "x.ipynb": as_bytes(solved)}))[0] == 9


@settings(deadline=None, max_examples=300)
@given(st.binary(max_size=200), st.sampled_from([b"", b"PK\3\4", b"\x1f\x8b", b"{", b"\xff\xfe"]))
def test_arbitrary_bytes_are_refused_and_nothing_else(data, start):
    with pytest.raises(GradingError):
        notebook_in(start + data, "x", RELEASE)


WHOLE = packed({"a/x.ipynb": RELEASE.path.read_bytes(), link("l"): b"/etc/passwd"})


@settings(deadline=None, max_examples=200)
@given(st.lists(st.tuples(st.integers(0, len(WHOLE) - 1), st.integers(0, 255)), min_size=1, max_size=6))
def test_a_damaged_zip_gives_a_notebook_or_a_reason(changes):
    data = bytearray(WHOLE)
    for at, value in changes:
        data[-1 - at] = value  # the end, where the table of contents is, as well as the rest
    with contextlib.suppress(GradingError):
        notebook_in(bytes(data), "x", RELEASE)
