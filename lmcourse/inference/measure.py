"""What this machine can do: how fast it reads its memory, and how fast a model writes on it.

One thread, and its processor time, which other programs disturb less than a clock. (Less, not never: memory
is shared with them.)
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager

import numpy as np
import torch

from lmcourse.model import LanguageModel, Tokens

LARGE = 2**28  # bytes, far more than a processor keeps near itself


@contextmanager
def one_thread() -> Iterator[None]:
    """Let torch use one thread; afterwards as many as before."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)


def fastest(tasks: Mapping[str, Callable[[], object]], repeats: int = 3) -> dict[str, float]:
    """Processor seconds of the fastest run of each task; they take turns, on one thread."""
    seconds = dict.fromkeys(tasks, float("inf"))
    with one_thread():
        for _ in range(repeats):
            for name, task in tasks.items():
                start = time.process_time()
                task()
                seconds[name] = min(seconds[name], time.process_time() - start)
    return seconds


def read_bandwidth(n_bytes: int = LARGE, repeats: int = 7) -> float:
    """Bytes a second at which one thread reads memory, in the product of two long vectors, at its fastest."""
    vectors = torch.ones(2, n_bytes // 8)
    return 4 * vectors.numel() / fastest({"": lambda: torch.dot(*vectors)}, repeats)[""]


def writing_speed(
    models: Mapping[str, LanguageModel], prompt: Tokens, n_tokens: int = 4, turns: int = 3
) -> dict[str, float]:
    """Tokens a second that each model writes greedily after a prompt, whose reading is not counted.

    They take turns, so that what disturbs a machine for a while disturbs them all, and write some tokens at a
    time: the first finds the caches full of another model's weights. The median of a model's times counts.
    """
    readers = {name: model.reader([model.ids(prompt)]) for name, model in models.items()}
    seconds: dict[str, list[float]] = {name: [] for name in models}
    with one_thread():
        for _ in range(turns):
            for name, reader in readers.items():
                for _ in range(n_tokens):
                    start = time.process_time()
                    reader.read([int(reader.log_probs()[0].argmax())])
                    seconds[name].append(time.process_time() - start)
    return {name: 1 / float(np.median(times)) for name, times in seconds.items()}
