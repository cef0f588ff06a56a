"""The training loop, in the open: one step after another, with all that keeps it from going wrong.

A step draws its batch by its number, so that nothing but the step has to be known to go on: a run that was
killed and takes up its checkpoint ends at the same weights, to the last bit, as one that was not. Left out:
several devices, reduced precision, gradients accumulated over batches.
"""

from __future__ import annotations

import copy
import io
import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Protocol

import torch
from tqdm import tqdm

from lmcourse.files import write_whole
from lmcourse.model import check_whole


class Stateful(Protocol):
    """What has to be kept with a checkpoint: a module, an optimiser, a stream that carries a state on."""

    def state_dict(self) -> dict: ...  # noqa: D102

    def load_state_dict(self, state: dict) -> object: ...  # noqa: D102


class Diverged(ValueError):
    """A loss or gradient that is no finite number."""


@dataclass(frozen=True)
class Recipe:
    """How a network is trained. AdamW; the learning rate rises linearly, then falls as a cosine to zero."""

    steps: int
    learning_rate: float = 1e-3  # its highest value
    warmup: int = 0  # steps until it is reached
    decay: bool = True  # False: it stays where it is
    clip: float | None = 1.0  # the gradient's largest norm; a longer one is shortened to it
    weight_decay: float = 0.0
    betas: tuple[float, float] = (0.9, 0.99)  # of the running means of gradients and of their squares
    judge_every: int = 100  # steps between two looks at the held-out text, and between two checkpoints
    patience: int | None = None  # looks without a new best after which to stop; None: never
    seed: int = 0  # of what is random inside the module, such as dropout

    def __post_init__(self):
        """Raise ValueError for a setting out of range."""
        check_whole(self.steps, "steps")
        check_whole(self.judge_every, "judge_every")
        check_whole(self.warmup, "warmup", least=0)
        if not 0 < self.learning_rate < math.inf:
            raise ValueError(f"learning_rate={self.learning_rate} must be above 0, and finite")
        if self.clip is not None and not self.clip > 0:
            raise ValueError(f"clip={self.clip} must be above 0; None does not clip")
        if self.patience is not None:
            check_whole(self.patience, "patience")

    def rate(self, step: int) -> float:
        """The learning rate at a step, counted from 0.

        >>> recipe = Recipe(steps=10, learning_rate=1.0, warmup=2)
        >>> [round(recipe.rate(step), 3) for step in (0, 1, 2, 6, 9)]
        [0.5, 1.0, 1.0, 0.5, 0.038]
        """
        if step < self.warmup:
            return self.learning_rate * (step + 1) / self.warmup
        if not self.decay:
            return self.learning_rate
        share = (step - self.warmup) / (self.steps - self.warmup)
        return self.learning_rate * (1 + math.cos(math.pi * share)) / 2


@dataclass
class History:
    """What was seen on the way: a number for each step, and one for each look at the held-out text."""

    losses: list[float] = field(default_factory=list)
    norms: list[float] = field(default_factory=list)  # of the gradient, before it was clipped
    judged: list[tuple[int, float]] = field(default_factory=list)  # steps done, and the held-out loss then

    @property
    def best(self) -> tuple[int, float]:
        """Steps done and loss at the best look."""
        return min(self.judged, key=lambda look: look[1])

    def looks_since_best(self) -> int:
        """How many looks have brought nothing better."""
        return len(self.judged) - 1 - self.judged.index(self.best)


def train(
    module: torch.nn.Module,
    loss: Callable[[int], torch.Tensor],
    recipe: Recipe,
    judge: Callable[[], float | None] | None = None,
    checkpoint: Path | None = None,
    stateful: Sequence[Stateful] = (),
    progress: bool = True,
    optimizer: Callable[[Iterable[torch.nn.Parameter]], torch.optim.Optimizer] | None = None,
) -> History:
    """Train a module, and leave it with the weights that judged best, or with the last if nobody judges.

    Args:
        module: whose parameters are to change.
        loss: the loss of the batch of a step, given the step's number.
        recipe: how.
        judge: the loss on text that is not learned from; called in evaluation mode, without gradients. If it
            gives none it only looks on.
        checkpoint: a file, renewed at each look; if it is there the run goes on from it.
        stateful: what else has to be kept with it, such as states that go over from batch to batch.
        progress: whether to show a bar.
        optimizer: another one for the parameters than the recipe's AdamW; the rate is the recipe's still.

    Raises:
        Diverged, a ValueError: for a loss or gradient that is no number, saying at which step.
        ValueError: for a checkpoint of another module or recipe, or one that cannot be read. The file stays
            as it is.
    """
    run = _Run(module, recipe, stateful, optimizer)
    if checkpoint is not None and checkpoint.exists():
        run.restore(checkpoint)
    with torch.random.fork_rng():
        torch.set_rng_state(run.random)
        for step in tqdm(
            range(run.done, recipe.steps), initial=run.done, total=recipe.steps, disable=not progress
        ):
            if run.is_over():
                break
            run.take(step, loss)
            if run.done % recipe.judge_every == 0 or run.done == recipe.steps:
                run.look(judge)
                if checkpoint is not None:
                    run.save(checkpoint)
    if run.best_weights is not None:
        module.load_state_dict(run.best_weights)
    module.eval()
    return run.history


class _Run:
    """All that changes while a module is trained."""

    def __init__(
        self,
        module: torch.nn.Module,
        recipe: Recipe,
        stateful: Sequence[Stateful],
        optimizer: Callable[[Iterable[torch.nn.Parameter]], torch.optim.Optimizer] | None,
    ):
        self.module, self.recipe = module, recipe
        if optimizer is None:
            self.optimizer = torch.optim.AdamW(
                module.parameters(), recipe.learning_rate, recipe.betas, weight_decay=recipe.weight_decay
            )
        else:
            self.optimizer = optimizer(module.parameters())
        self.kept = [module, self.optimizer, *stateful]
        self.history = History()
        self.best_weights: dict[str, torch.Tensor] | None = None
        with torch.random.fork_rng():
            torch.manual_seed(recipe.seed)
            self.random = torch.get_rng_state()

    @property
    def done(self) -> int:
        return len(self.history.losses)

    def is_over(self) -> bool:
        """Whether patience has run out."""
        patience = self.recipe.patience
        return bool(patience and self.history.judged and self.history.looks_since_best() >= patience)

    def take(self, step: int, loss: Callable[[int], torch.Tensor]) -> None:
        """One step: loss, gradient, its norm, the weights."""
        self.module.train()
        for group in self.optimizer.param_groups:
            group["lr"] = self.recipe.rate(step)
        self.optimizer.zero_grad()
        value = loss(step)
        _check(value, step, "loss")
        value.backward()
        norm = torch.nn.utils.clip_grad_norm_(self.module.parameters(), self.recipe.clip or math.inf)
        _check(norm, step, "gradient's norm")
        self.optimizer.step()
        self.history.losses.append(value.item())
        self.history.norms.append(norm.item())

    def look(self, judge: Callable[[], float | None] | None) -> None:
        """Judge, if somebody does, and keep the weights if they are the best so far."""
        if judge is None:
            return
        self.module.eval()
        with torch.no_grad():
            loss = judge()
        if loss is None:
            return
        self.history.judged.append((self.done, float(loss)))
        if self.history.looks_since_best() == 0:
            self.best_weights = copy.deepcopy(self.module.state_dict())

    def _made_for(self) -> dict[str, Any]:
        """What a checkpoint must agree with."""
        shapes = {name: list(tensor.shape) for name, tensor in self.module.state_dict().items()}
        rest = {"betas": list(self.recipe.betas), "optimizer": type(self.optimizer).__name__}
        return {**asdict(self.recipe), **rest, **shapes}

    def save(self, path: Path) -> None:
        """Write all of it, whole or not at all."""
        content = io.BytesIO()
        torch.save(
            {
                "made_for": self._made_for(),
                "kept": [thing.state_dict() for thing in self.kept],
                "history": asdict(self.history),
                "best_weights": self.best_weights,
                "random": torch.get_rng_state(),
            },
            content,
        )
        write_whole(path, content.getvalue())

    def restore(self, path: Path) -> None:
        """Go on where the file was written."""
        try:
            content = torch.load(path, weights_only=True)
            found = content["made_for"]
        except Exception as error:
            raise ValueError(
                f"{path} is no checkpoint that can be read ({type(error).__name__}); delete it to begin anew"
            ) from error
        wanted = self._made_for()
        for name in [*wanted, *found]:
            if wanted.get(name) != found.get(name):
                raise ValueError(
                    f"{path} is of another run: {name} is {found.get(name)} there and {wanted.get(name)} "
                    "here; take another file, or delete it to begin anew"
                )
        for thing, state in zip(self.kept, content["kept"]):
            thing.load_state_dict(state)
        judged = [tuple(look) for look in content["history"]["judged"]]
        self.history = History(**{**content["history"], "judged": judged})
        self.best_weights, self.random = content["best_weights"], content["random"]


def _check(value: torch.Tensor, step: int, what: str) -> None:
    if not torch.isfinite(value).all():
        raise Diverged(
            f"step {step}: the {what} is {value.item()}; lower the learning rate or clip the gradient"
        )
