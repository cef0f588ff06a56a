"""Where submissions are graded: in processes of this machine, or on a Dask cluster that is already running.

Both look alike, futures of calls of `graded_by`, and both grade in a process `apart`, with the same limits.
At any time only a few submissions are on their way, so memory does not grow with their number; results come
in the order in which they are done, and none depends on that order.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from itertools import chain
from queue import SimpleQueue

from lmcourse.grading.apart import TOO_LONG, Apart, Died
from lmcourse.grading.course import GradingError
from lmcourse.grading.worker import BROKEN, Graded, Job, Rules, grade

RETRIES = 2  # on a cluster, where machines may come and go
Submit = Callable[[Job, Rules], Future]


def grade_all(jobs: Iterable[Job], rules: Rules, workers: int, scheduler: str = "") -> Iterator[Graded]:
    """Grade submissions, several at a time.

    Args:
        jobs: read one by one, as there is room for them.
        rules: of the run.
        workers: processes on this machine.
        scheduler: address of a Dask scheduler, for example `tcp://grader:8786`; then `workers` is not used.

    Raises GradingError if a worker has no sandbox, or the cluster cannot be reached.
    """
    opened: Callable = partial(_cluster, scheduler) if scheduler else partial(_processes, workers)
    with opened() as (submit, room):
        pending: dict[Future, Job] = {}
        for job in chain(jobs, [None]):  # at the end nothing more has room until all is done
            while len(pending) >= (room if job else 1):
                for future in wait(pending, return_when=FIRST_COMPLETED).done:
                    job_done = pending.pop(future)
                    try:
                        yield future.result()
                    except Exception as error:
                        if type(error).__name__ != "KilledWorker":  # Dask: its workers died, one by one
                            raise
                        yield submit(replace(job_done, refused=BROKEN, data=b""), rules).result()
            if job:
                pending[submit(job, rules)] = job


def graded_by(process: Apart, job: Job, rules: Rules) -> Graded:
    """Grade a submission in a process apart. If that dies of it, once more; then it is refused.

    Raises what `grade` raises, and Died if the process was closed.
    """
    why = BROKEN
    for _ in range(2):
        try:
            return process.call(grade, job, rules)
        except Died as died:
            if died.late:
                why = TOO_LONG.format(job.name, rules.times.reading)
                break
    return process.call(grade, replace(job, refused=why, data=b""), rules)


@contextmanager
def _processes(workers: int) -> Iterator[tuple[Submit, int]]:
    """Processes of this machine, and how many submissions may be on their way."""
    processes = [Apart() for _ in range(workers)]
    free: SimpleQueue[Apart] = SimpleQueue()

    def in_turn(job: Job, rules: Rules) -> Graded:
        process = free.get()
        try:
            return graded_by(process, job, rules)
        finally:
            free.put(process)

    executor = ThreadPoolExecutor(workers)
    try:
        for process in processes:
            process.call(_ready)
            free.put(process)
        yield partial(executor.submit, in_turn), 2 * workers
    except Died:
        raise GradingError("worker processes cannot be started: is there memory for them?") from None
    finally:  # at once, so that nobody waits for a submission when a run is stopped
        for process in processes:
            process.close()
        executor.shutdown(cancel_futures=True)


def _ready() -> None:
    """What a worker is asked first: if it dies of this, it is not a submission's fault."""


_HERE = threading.local()


def grade_here(job: Job, rules: Rules) -> Graded:
    """Grade a submission on this thread of a cluster's worker, in a process of the thread's own."""
    if not hasattr(_HERE, "process"):
        _HERE.process = Apart()
    return graded_by(_HERE.process, job, rules)


@contextmanager
def _cluster(address: str) -> Iterator[tuple[Submit, int]]:
    """A Dask cluster that is running, and how many submissions may be on their way."""
    try:
        from distributed import Client
    except ImportError:
        raise GradingError("--scheduler needs Dask: pip install 'dask[distributed]'") from None
    try:
        client = Client(address, timeout="20s")
    except (OSError, ValueError) as error:
        raise GradingError(f"no Dask scheduler answers at {address}: {error}") from None
    with client:
        threads = sum(client.nthreads().values())
        if not threads:
            raise GradingError(
                f"the Dask scheduler at {address} has no workers; start some: dask worker {address}"
            )
        yield partial(client.get_executor(pure=False, retries=RETRIES).submit, grade_here), 3 * threads
