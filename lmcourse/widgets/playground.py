"""The training playground: Bengio's network with one hidden layer, trained in the page on a mouse world."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
import traitlets

from lmcourse.model import check_whole
from lmcourse.neural.autodiff import Tensor, cross_entropy, gradients, log_softmax
from lmcourse.widgets.base import HERE, Widget, script
from lmcourse.world import World, agreement, every_window, memory_entropies

CONTEXTS = 4  # the most tokens that the network can look back
WIDTHS = [1, 2, 3, 4, 6, 8, 12]  # numbers in a token's vector
RATES = [0.01, 0.03, 0.1, 0.3, 1.0, 3.0, 10.0]
ACTIVATIONS = ["tanh", "relu", "none"]
HIDDEN = 16
BATCH = 32
LOOK = 10  # steps between two looks at the exact loss
MAX_STEPS = 2_000
MAX_TOKENS = 60  # of the vocabulary
MAX_WINDOWS = 2_000
MAX_SENTENCES = 5_000


class Run(NamedTuple):
    """What training has come to."""

    losses: list[float]  # of the batches, in bits
    exact: list[tuple[int, float]]  # (steps done, exact loss in bits per token)
    parameters: list[np.ndarray]  # C (V, D), H (M, context · D), d (M,), U (V, M), b (V,)


class TrainingPlayground(Widget):
    """A network that learns the mouse world while one looks on, towards a floor that is known.

    The reader chooses how many tokens it sees, how many numbers a word has, the learning rate and the bend in
    the hidden layer; sees the loss of each batch and the exact loss fall, and the words' vectors move; and
    opens a step to see its gradients. Steps are plain descent on batches of 32. The random numbers are the
    same in the page and in Python, so a run is too: `run` says what the page must show.

    Args:
        world: whose sentences are learned; None: `agreement(1)`.
        sentences: how many of them are the training text.
        seed: of the text, the first weights and the batches.
        context: tokens the network sees, 1 to 4.
        width: D, the numbers in a token's vector.
        rate: the learning rate.
        activation: "tanh", "relu" or "none".

    Raises ValueError for a setting that is not offered, or a world or text too large for a page.

    >>> TrainingPlayground(rate=0.3).run(50).exact[-1][0]
    50
    """

    _esm = script("playground.js")
    _css = HERE / "playground.css"

    tokens = traitlets.List(traitlets.Unicode()).tag(sync=True)
    end = traitlets.Int().tag(sync=True)
    text = traitlets.Bytes().tag(sync=True)  # the training sentences, a byte for each token
    windows = traitlets.Bytes().tag(sync=True)  # what the last four tokens can be, a byte for each token
    shares = traitlets.List(traitlets.Float()).tag(sync=True)  # how often each window is met
    follows = traitlets.List(traitlets.Int()).tag(sync=True)  # which row of `rows` says what follows it
    rows = traitlets.List(traitlets.Unicode()).tag(sync=True)  # "id probability id probability …"
    floors = traitlets.List(traitlets.Float()).tag(sync=True)  # F of 1, 2, … tokens of context; last the rate
    seed = traitlets.Int(0).tag(sync=True)
    context = traitlets.Int(2).tag(sync=True)
    width = traitlets.Int(2).tag(sync=True)
    rate = traitlets.Float(0.3).tag(sync=True)
    activation = traitlets.Enum(ACTIVATIONS, "tanh").tag(sync=True)
    step = traitlets.Int(0).tag(sync=True)  # steps done
    example = traitlets.Int(0).tag(sync=True)  # which one of the next batch is looked at
    opened = traitlets.Bool(False).tag(sync=True)  # whether the next step is shown

    def __init__(
        self,
        world: World | None = None,
        sentences: int = 500,
        seed: int = 0,
        context: int = 2,
        width: int = 2,
        rate: float = 0.3,
        activation: str = "tanh",
    ):
        world = agreement(1) if world is None else world
        check_whole(seed, "seed", least=0)
        if world.vocab_size > MAX_TOKENS:
            raise ValueError(f"a world of {world.vocab_size} tokens is too large; {MAX_TOKENS} at most")
        if check_whole(sentences, "sentences") > MAX_SENTENCES:
            raise ValueError(f"sentences={sentences:,} are too many for a page; {MAX_SENTENCES:,} at most")
        self.every = every_window(world, CONTEXTS + 1)
        if len(self.every.shares) > MAX_WINDOWS:
            raise ValueError(
                f"{world.name} has {len(self.every.shares):,} windows of {CONTEXTS} tokens, and a page takes "
                f"{MAX_WINDOWS:,}; choose a smaller world"
            )
        said = world.sample(sentences, np.random.default_rng(seed))
        distinct, follows = np.unique(self.every.probs.round(12), axis=0, return_inverse=True)
        floors = [*memory_entropies(world, CONTEXTS + 1)[1:], world.entropy_rate()]
        super().__init__(
            tokens=list(world.vocab.tokens),
            end=world.end,
            text=bytes(token for sentence in said for token in sentence),
            windows=self.every.contexts.astype(np.uint8).tobytes(),
            shares=self.every.shares.tolist(),
            follows=follows.ravel().tolist(),
            rows=[_sparse(row) for row in distinct],
            floors=[nats / math.log(2) for nats in floors],
            seed=seed,
            context=context,
            width=width,
            rate=rate,
            activation=activation,
        )

    @traitlets.validate("seed", "context", "width", "rate", "step", "example")
    def _check_setting(self, proposal: dict) -> float:
        name, value = proposal["trait"].name, proposal["value"]
        most = {"seed": 2**31 - 1, "step": MAX_STEPS, "example": BATCH - 1}
        offered = {"context": list(range(1, CONTEXTS + 1)), "width": WIDTHS, "rate": RATES}
        if name in offered and value not in offered[name]:
            raise ValueError(f"{name}={value} is not offered; choose one of {offered[name]}")
        if name in most and not 0 <= value <= most[name]:
            raise ValueError(f"{name}={value} must lie between 0 and {most[name]}")
        return value

    def examples(self) -> tuple[np.ndarray, np.ndarray]:
        """The training text's contexts (N, context) and targets (N,)."""
        before, contexts = [self.end] * self.context, []
        for token in self.text:
            contexts.append(before)
            before = [self.end] * self.context if token == self.end else [*before[1:], token]
        return np.array(contexts), np.frombuffer(self.text, dtype=np.uint8).astype(int)

    def batch(self, step: int) -> np.ndarray:
        """Which examples (32,) the step after so many others learns from."""
        return (uniform(self.seed, step + 1, BATCH) * len(self.text)).astype(int)

    def initial(self) -> list[np.ndarray]:
        """The first weights: C, H, d, U, b."""
        V, D, M, seen = len(self.tokens), self.width, HIDDEN, self.context * self.width
        sizes = [V * D, M * seen, V * M]
        draws = uniform(self.seed, 0, 12 * sum(sizes)).reshape(-1, 12).sum(axis=1) - 6  # nearly normal
        C, H, U = np.split(draws, np.cumsum(sizes)[:2])
        H, U = H.reshape(M, seen) / math.sqrt(seen), U.reshape(V, M) / math.sqrt(M)
        return [C.reshape(V, D), H, np.zeros(M), U, np.zeros(V)]

    def loss(self, parameters: list, contexts: np.ndarray, targets: np.ndarray):
        """Mean surprise in nats, with the way back to the parameters, which are tensors of autodiff."""
        return cross_entropy(self._logits(parameters, contexts), targets)

    def _logits(self, parameters: list, contexts: np.ndarray):
        C, H, d, U, b = parameters
        hidden = C[contexts].reshape(len(contexts), -1) @ H.T + d
        bend = {"tanh": hidden.tanh, "relu": hidden.relu, "none": lambda: hidden}
        return bend[self.activation]() @ U.T + b

    def exact(self, parameters: list) -> float:
        """Exact loss in bits per token."""
        contexts, shares, probs = self.every
        log_probs = log_softmax(self._logits(parameters, contexts[:, -self.context :])).data
        return float(-(shares @ (probs * log_probs).sum(axis=1)) / math.log(2))

    def run(self, steps: int) -> Run:
        """What the page shows after so many steps from the beginning, computed by `lmcourse.neural.autodiff`.

        It ends early where a loss is no number any more.
        """
        (contexts, targets), losses, exact = self.examples(), [], []
        parameters = [Tensor(array) for array in self.initial()]
        with np.errstate(over="ignore", invalid="ignore"):
            for step in range(steps + 1):
                if step % LOOK == 0:
                    exact.append((step, self.exact(parameters)))
                chosen = self.batch(step)
                loss = self.loss(parameters, contexts[chosen], targets[chosen])
                if step == steps or not np.isfinite(loss.data):
                    break
                losses.append(float(loss.data) / math.log(2))
                slopes = gradients(loss, parameters)
                parameters = [Tensor(p.data - self.rate * g) for p, g in zip(parameters, slopes)]
        return Run(losses, exact, [p.data for p in parameters])


def uniform(seed: int, stream: int, count: int) -> np.ndarray:
    """Numbers (count,) from 0 up to 1 that depend on nothing else, the same in the page.

    A counter, scrambled by multiplications and shifts of 32 bits, as in Wellons's hash lowbias32 (2018).

    >>> uniform(0, 1, 1000).mean().round(1)
    np.float64(0.5)
    """
    start = _scramble(_scramble(np.array([seed])) + stream)
    return _scramble(start + np.arange(count)) / 2**32


def _scramble(x: np.ndarray) -> np.ndarray:
    x = x.astype(np.uint64) & 0xFFFFFFFF
    for shift, factor in ((16, 0x7FEB352D), (15, 0x846CA68B)):
        x = ((x ^ (x >> np.uint64(shift))) * factor) & 0xFFFFFFFF
    return x ^ (x >> np.uint64(16))


def _sparse(row: np.ndarray) -> str:
    return " ".join(f"{i} {float(row[i])!r}" for i in np.flatnonzero(row))
