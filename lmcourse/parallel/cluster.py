"""Processes that work together: each knows its number and can send numbers to the others.

The machines of a cluster are processes of one computer here, joined by torch.distributed's library for CPUs
(gloo). What is sent between two of them is counted; that it takes longer between real machines is not
imitated.
"""

from __future__ import annotations

import multiprocessing
import os
import pickle
import sys
import tempfile
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from multiprocessing.connection import Connection, wait
from pathlib import Path
from types import ModuleType
from typing import Any

import cloudpickle
import torch
import torch.distributed as dist
from torch import Tensor

from lmcourse.model import check_whole

# A server loads torch once, and each process is a copy of it; where there is none, each loads torch itself.
START = "forkserver" if "forkserver" in multiprocessing.get_all_start_methods() else "spawn"


class Group:
    """The processes of a cluster, as one of them sees them.

    Args:
        rank: the number of this one, from 0.
        size: how many there are.
    """

    def __init__(self, rank: int, size: int):
        self.rank, self.size = rank, size
        self.sent = 0  # bytes that this process has sent to others

    def send(self, x: Tensor, to: int) -> dist.Work:
        """Begin to send numbers to another process; wait for what is returned before x is changed."""
        self.sent += x.numel() * x.element_size()
        return dist.isend(x.contiguous(), to)

    def receive(self, like: Tensor, source: int) -> Tensor:
        """Wait for numbers of a known shape and type from another process."""
        found = torch.empty_like(like, memory_format=torch.contiguous_format)
        dist.recv(found, source)
        return found


class Cluster:
    """So many processes, which do jobs until they are closed; a context manager.

    Args:
        n: how many.
        timeout: seconds after which a process that waits for another gives up.

    Raises RuntimeError if they do not start.
    """

    def __init__(self, n: int, timeout: float = 120.0):
        self.n = check_whole(n, "n")
        self._folder = tempfile.TemporaryDirectory(prefix="cluster-")
        context = multiprocessing.get_context(START)
        if START == "forkserver":
            context.set_forkserver_preload(["lmcourse.parallel.cluster"])
        self._pipes: list[Connection] = []
        self._processes = []
        for rank in range(n):
            here, there = context.Pipe()
            process = context.Process(
                target=_work, args=(rank, n, Path(self._folder.name), timeout, there), daemon=True
            )
            with _no_script():
                process.start()
            there.close()
            self._pipes.append(here)
            self._processes.append(process)
        self._answers()

    def run(self, job: Callable[..., Any], *args: Any) -> list[Any]:
        """What job(group, *args) returns in each process, in order of their numbers.

        Job and arguments are copied to each process, functions of a notebook too; what is returned comes
        back as a copy.

        Raises RuntimeError with the words of the first process that failed; the others are stopped, and the
        cluster is closed.
        """
        if not self._processes:
            raise RuntimeError("this cluster is closed; make another")
        task = cloudpickle.dumps((job, args))
        for pipe in self._pipes:
            pipe.send_bytes(task)
        return self._answers()

    def _answers(self) -> list[Any]:
        """One answer of each process, in whatever order they come; none is waited for once one has failed."""
        answers: dict[int, Any] = {}
        while len(answers) < self.n:
            waiting = {pipe: rank for rank, pipe in enumerate(self._pipes) if rank not in answers}
            for pipe in wait(list(waiting)):
                rank = waiting[pipe]
                try:
                    good, answer = pickle.loads(pipe.recv_bytes())
                except EOFError:
                    good, answer = False, "it ended without a word"
                if not good:
                    self._kill()
                    raise RuntimeError(f"process {rank} of {self.n} failed:\n{answer}")
                answers[rank] = answer
        return [answers[rank] for rank in range(self.n)]

    def _kill(self) -> None:
        for process in self._processes:
            process.kill()
        self._end()

    def close(self) -> None:
        """Let the processes end."""
        for pipe in self._pipes:
            pipe.send_bytes(b"")
        self._end()

    def _end(self) -> None:
        for process, pipe in zip(self._processes, self._pipes):
            process.join()
            pipe.close()
        self._processes, self._pipes = [], []
        self._folder.cleanup()

    def __enter__(self) -> Cluster:  # noqa: D105
        return self

    def __exit__(self, kind: type | None, *_) -> None:  # noqa: D105
        self._kill() if kind else self.close()  # after an error nobody waits for what is under way


@contextmanager
def _no_script() -> Iterator[None]:
    """A process that is started meanwhile does not first run the caller's script, as Python would let it."""
    main = sys.modules["__main__"]
    sys.modules["__main__"] = ModuleType("__main__")
    try:
        yield
    finally:
        sys.modules["__main__"] = main


def _work(rank: int, n: int, folder: Path, timeout: float, pipe: Connection) -> None:
    """What a process does: join the others, then job after job until an empty message comes."""

    def answer(good: bool, what: Any) -> None:
        pipe.send_bytes(cloudpickle.dumps((good, what)))

    try:
        torch.set_num_threads(1)
        if sys.platform == "linux":
            os.environ.setdefault("GLOO_SOCKET_IFNAME", "lo")  # no network is needed, nor a name in it
        store = dist.FileStore(str(folder / "meeting"), n)
        dist.init_process_group(
            "gloo", store=store, rank=rank, world_size=n, timeout=timedelta(seconds=timeout)
        )
        answer(True, None)
        while task := pipe.recv_bytes():
            job, args = pickle.loads(task)
            answer(True, job(Group(rank, n), *args))
    except EOFError:
        return  # whoever asked is gone
    except BaseException:
        answer(False, traceback.format_exc())
    dist.destroy_process_group()
