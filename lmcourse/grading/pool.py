"""Where submissions are graded: in processes of this machine, or on a Dask cluster that is already running.

Both look alike, an executor with futures. At any time only a few submissions are on their way, so memory does
not grow with their number; results come in the order in which they are done, and none depends on that order.
"""

from __future__ import annotations

import multiprocessing
import os
import resource
import signal
from collections.abc import Callable, Generator, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Executor, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from dataclasses import replace
from functools import partial

from lmcourse.grading.confine import die_with_parent
from lmcourse.grading.course import GradingError
from lmcourse.grading.worker import BROKEN, Graded, Job, Rules, grade

WORKER_MEMORY = 4_000_000_000  # bytes: a file that was made to eat memory when it is read fails here
RETRIES = 2  # on a cluster, where machines may come and go


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
    jobs, unfinished = iter(jobs), True
    while unfinished:
        pending: dict[Future, Job] = {}
        with opened() as (executor, room):
            unfinished = yield from _grade_some(executor, jobs, rules, room, pending)
        # A worker process has died. Each of those it may have died of is tried again alone.
        for job in pending.values():
            yield _grade_alone(job, rules)


def _grade_some(
    executor: Executor, jobs: Iterator[Job], rules: Rules, room: int, pending: dict[Future, Job]
) -> Generator[Graded, None, bool]:
    """Grade until all is done or a process has died; whether it has: the jobs in hand stay in `pending`."""
    more = True
    while more or pending:
        while more and len(pending) < room:
            job = next(jobs, None)
            more = job is not None
            if more:
                try:
                    pending[executor.submit(grade, job, rules)] = job
                except BrokenProcessPool:
                    pending[Future()] = job
                    return True
        for future in wait(pending, return_when=FIRST_COMPLETED).done:
            try:
                graded = future.result()
            except BrokenProcessPool:
                continue
            except Exception as error:
                if type(error).__name__ != "KilledWorker":  # Dask: its workers died, one after the other
                    raise
                graded = grade(replace(pending[future], refused=BROKEN, data=b""), rules)
            del pending[future]
            yield graded
        if any(isinstance(f.exception(), BrokenProcessPool) for f in pending if f.done()):
            return True
    return False


def _grade_alone(job: Job, rules: Rules) -> Graded:
    with _processes(1) as (executor, _):
        try:
            return executor.submit(grade, job, rules).result()
        except BrokenProcessPool:
            return grade(replace(job, refused=BROKEN, data=b""), rules)


@contextmanager
def _processes(workers: int) -> Iterator[tuple[Executor, int]]:
    """Processes of this machine, and how many submissions may be on their way."""
    context = multiprocessing.get_context("spawn")
    executor = ProcessPoolExecutor(workers, context, _start)
    try:
        try:
            executor.submit(_ready).result()
        except BrokenProcessPool:
            raise GradingError("worker processes cannot be started: is there memory for them?") from None
        yield executor, 2 * workers
    finally:
        executor.shutdown(cancel_futures=True)


def _ready() -> None:
    """What a worker is asked first: if it dies of this, it is not a submission's fault."""


def _start() -> None:
    """How a worker process begins."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the main process, which ends us
    die_with_parent()
    if os.getppid() != multiprocessing.parent_process().pid:  # it has died before we asked to be told
        os._exit(1)
    hard = resource.getrlimit(resource.RLIMIT_AS)[1]
    resource.setrlimit(resource.RLIMIT_AS, (WORKER_MEMORY, hard))


@contextmanager
def _cluster(address: str) -> Iterator[tuple[Executor, int]]:
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
        if threads > len(client.nthreads()):
            raise GradingError(
                "a sandbox and its clock want a process of their own: start the cluster's workers with one "
                f"thread each: dask worker {address} --nworkers auto --nthreads 1"
            )
        yield client.get_executor(pure=False, retries=RETRIES), 3 * threads
