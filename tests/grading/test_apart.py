"""The process in which students' bytes are read: it ends when it takes too long, and takes nobody along."""

import json
import os
import resource
import signal
import subprocess
import sys
import threading
import time

import pytest
from attacks.archives import zipped
from attacks.loader import ASSIGNMENT, RIGHT, as_bytes, released

from lmcourse.grading import pool
from lmcourse.grading.apart import MEMORY, TOO_LONG, Apart, Died, reading
from lmcourse.grading.exam import Exam
from lmcourse.grading.isolated import Times
from lmcourse.grading.pool import grade_all
from lmcourse.grading.worker import Job, Rules, digest_of


@pytest.fixture
def process():
    one = Apart()
    yield one
    one.close()


def spin(seconds):
    with reading(seconds):
        while True:
            pass


def in_one_step(seconds):
    """A single instruction of Python's, in which no signal's handler is called."""
    with reading(seconds):
        return sum(range(10**15))


def hoard():
    with reading(100, memory=100_000_000):
        return len(bytes(1_000_000_000))


def well_behaved():
    with reading(0.05, memory=100_000_000):
        pass
    end = time.process_time() + 0.2
    while time.process_time() < end:
        pass
    return len(bytes(1_000_000_000))


@pytest.mark.parametrize("endless", [spin, in_one_step])
def test_the_kernel_ends_what_takes_too_long_and_another_goes_on(process, endless):
    with pytest.raises(Died) as died:
        process.call(endless, 0.05)
    assert died.value.late
    assert process.call(abs, -1) == 1


def test_memory_is_limited_while_something_is_read_and_only_then(process):
    with pytest.raises(MemoryError):
        process.call(hoard)
    assert process.call(well_behaved) == 1_000_000_000


def test_a_crash_is_no_lateness(process):
    with pytest.raises(Died) as died:
        process.call(os._exit, 1)
    assert not died.value.late


def test_exceptions_travel_also_those_that_cannot(process):
    with pytest.raises(ValueError, match="invalid literal"):
        process.call(int, "x")
    with pytest.raises(RuntimeError, match="Odd: of a function"):
        process.call(raise_odd)


def raise_odd():
    class Odd(Exception):
        pass

    raise Odd("of a function")


def test_what_is_printed_there_is_no_answer(process, capfd):
    assert process.call(print, "hello") is None
    process.call(os.write, 1, b"hello")
    assert "hello" not in capfd.readouterr().out


def test_closing_ends_a_call_that_is_under_way(process):
    ended = []

    def call():
        with pytest.raises(Died):
            process.call(time.sleep, 10**6)
        ended.append(True)

    caller = threading.Thread(target=call)
    caller.start()
    process.close()
    caller.join(60)
    assert ended
    with pytest.raises(Died):
        process.call(abs, -1)


def test_elsewhere_nothing_is_limited():
    with reading(0.01, memory=1):
        assert resource.getrlimit(resource.RLIMIT_AS)[0] == resource.RLIM_INFINITY
        assert signal.getitimer(signal.ITIMER_PROF)[0] == 0


def job(name, data):
    return Job(name, f"{name}.ipynb", data, digest_of(data))


DENSE = json.dumps(
    {"cells": [{"cell_type": "code", "source": f"def f{n}(): return {'1+' * 450}1"} for n in range(1900)]}
).encode()


def test_a_file_that_takes_too_long_to_read_is_a_row_and_delays_nobody(bubblewrap):  # noqa: ARG001
    rules = Rules(Exam.of(ASSIGNMENT), seed=1, times=Times(reading=0.3))
    # twenty times what the limit allows, of which none is refused for its size
    bundle = zipped({f"{n}.ipynb": DENSE for n in range(10)})
    jobs = [job("dense", bundle), job("honest", as_bytes(released())), job("more", bundle)]
    results = {one.result.student: one.result for one in grade_all(jobs, rules, 1)}
    assert results["dense"].refused == TOO_LONG.format("dense.ipynb", 0.3)
    assert results["dense"].points == 0
    assert results["more"].refused == TOO_LONG.format("more.ipynb", 0.3)
    assert results["honest"].points == 17


def off_the_main_thread(function, *args):
    """What a function returns on a thread like one of a Dask worker's."""
    found = []
    thread = threading.Thread(target=lambda: found.append(function(*args)))
    thread.start()
    thread.join()
    return found[0]


def limits():
    return resource.getrlimit(resource.RLIMIT_AS)[0], threading.current_thread() is threading.main_thread()


def test_a_thread_of_a_cluster_grades_under_the_same_limits(monkeypatch):
    """Timers that end what takes too long work on a main thread only, and memory is limited by process."""
    monkeypatch.setattr(pool, "graded_by", lambda process, *_: process.call(limits))
    assert off_the_main_thread(pool.grade_here, None, None) == (MEMORY, True)


def test_reading_on_a_thread_of_a_cluster_ends_too(bubblewrap):  # noqa: ARG001
    rules = Rules(Exam.of(ASSIGNMENT), seed=1, times=Times(reading=0.3))
    bundle = zipped({f"{n}.ipynb": DENSE for n in range(10)})
    graded = off_the_main_thread(pool.grade_here, job("dense", bundle), rules)
    assert graded.result.refused == TOO_LONG.format("dense.ipynb", 0.3)


def test_ctrl_c_waits_for_nobody(tmp_path, prepared, left_running, bubblewrap):  # noqa: ARG001
    (tmp_path / "gradebook.db").write_bytes(prepared.read_bytes())
    asleep = released(dict.fromkeys(RIGHT, "import time\ntime.sleep(10**6)"))
    (tmp_path / "sleeper.ipynb").write_bytes(as_bytes(asleep))
    (tmp_path / "a.ipynb").write_bytes(as_bytes(released()))
    command = [sys.executable, "-m", "lmcourse.cli", "grade", ASSIGNMENT, str(tmp_path), "--workers", "2"]
    run = subprocess.Popen(
        [*command, "--course", str(tmp_path), "--seconds", "100000"],
        stderr=subprocess.PIPE,
        text=True,
        # a shell that starts these tests in the background ignores Ctrl-C, and all that they start does
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )
    while not (tmp_path / "feedback" / "a").exists() and run.poll() is None:
        time.sleep(0.1)
    run.send_signal(signal.SIGINT)
    said = run.communicate(timeout=90)[1]  # each of the cells sleeps for a minute
    assert "stopped; " in said
    assert "goes on from here" in said
    assert left_running() == set()
