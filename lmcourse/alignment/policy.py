"""A network as a policy: what it answers, how likely that was, and, where all answers are listed, of each.

`TreePolicy` keeps to a list of answers, so that whatever learning by trial estimates from samples is also
known exactly. The methods of `by_trial` ask a policy for no more than `draw`, `hidden` and `log_probs`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from lmcourse.alignment.answers import Answers
from lmcourse.transformer.cache import Cache
from lmcourse.transformer.network import Transformer

NOT_ALLOWED = -1e9  # a logit of what may not be said; finite, so that its gradient is a zero and no NaN


class Drawn(NamedTuple):
    """Answers, B of them, each to one of the prompts."""

    prompts: np.ndarray  # (B,), their numbers
    which: np.ndarray  # (B,), the answers' numbers
    tokens: Tensor  # (B, L)
    said: Tensor  # (B, L), 1.0 where a place belongs to the answer, 0.0 behind it
    log_probs: Tensor  # (B, L), of the policy that gave them; 0 behind their ends

    def rows(self, chosen: np.ndarray) -> Drawn:
        """Some of them."""
        return Drawn(*(part[chosen] for part in self))


def allowed_log_probs(logits: Tensor, allowed: np.ndarray | Tensor) -> Tensor:
    """Log-probabilities (..., V) among the allowed tokens (..., V) alone; of the others, about -1e9."""
    return logits.masked_fill(~torch.as_tensor(allowed), NOT_ALLOWED).log_softmax(dim=-1)


@dataclass(frozen=True)
class TreePolicy:
    """A network that answers with one of a list of answers.

    Args:
        network: a decoder.
        prompts: token ids (P, T), all of one length.
        answers: those allowed.
    """

    network: Transformer
    prompts: Tensor
    answers: Answers

    def hidden(self, drawn: Drawn) -> Tensor:
        """The vectors (B, L, D) before each token of the answers is said."""
        read = torch.cat([self.prompts[drawn.prompts], drawn.tokens[:, :-1]], dim=1)
        return self.network.hidden(read)[:, self.prompts.shape[1] - 1 :]

    def log_probs(self, drawn: Drawn) -> Tensor:
        """Log-probability (B, L) of each token of the answers, with gradients; 0 behind their ends."""
        allowed = self.answers.allowed[self.answers.nodes[drawn.which]]
        chances = allowed_log_probs(self.network.logits(self.hidden(drawn)), allowed)
        return chances.gather(2, drawn.tokens[..., None])[..., 0] * drawn.said

    def pick(self, prompts: np.ndarray, which: np.ndarray) -> Drawn:
        """Answers by their numbers (B,), as if they had been drawn; what they were given by is not known."""
        tokens = torch.from_numpy(self.answers.tokens[which])
        said = torch.from_numpy(self.answers.said[which]).float()
        return Drawn(prompts, which, tokens, said, torch.zeros_like(said))

    @torch.no_grad()
    def draw(self, prompts: np.ndarray, rng: np.random.Generator) -> Drawn:
        """An answer to each of the prompts numbered so (B,), drawn token by token."""
        asked, rows = np.unique(prompts, return_inverse=True)  # each is read once
        cache = Cache(self.network.config.n_layers)
        last = self.network.hidden(self.prompts[asked], cache=cache)[rows, -1]
        cache.select(torch.from_numpy(rows))
        nodes, which = np.zeros(len(rows), dtype=int), np.full(len(rows), -1)
        terms = []
        while True:
            chances = allowed_log_probs(self.network.logits(last), self.answers.allowed[nodes])
            edges = chances.double().exp().numpy().cumsum(axis=1)
            said = (rng.random((len(nodes), 1)) * edges[:, -1:] >= edges).sum(axis=1)
            terms.append(chances[np.arange(len(said)), said])
            after = self.answers.children[nodes, said]
            which = np.where((which < 0) & (after <= -2), -2 - after, which)
            if (which >= 0).all():
                break
            nodes = np.maximum(after, 0)  # of one that is complete: anything, it is not looked at again
            last = self.network.hidden(torch.from_numpy(said)[:, None], cache=cache)[:, -1]
        drawn = self.pick(prompts, which)
        found = torch.zeros_like(drawn.said)
        found[:, : len(terms)] = torch.stack(terms, dim=1)
        return drawn._replace(log_probs=found * drawn.said)

    def choices(self) -> Tensor:
        """Log-probability (P, n_nodes, V) of each token at each node of the tree, with gradients."""
        texts, nodes, rows, places = self.answers.reading
        n, width = len(self.prompts), len(texts)
        begun = self.prompts.repeat_interleave(width, dim=0)
        read = torch.cat([begun, torch.from_numpy(texts).repeat(n, 1)], dim=1)
        hidden = self.network.hidden(read)[:, self.prompts.shape[1] - 1 :].unflatten(0, (n, width))
        logits = self.network.logits(hidden[:, rows, places])  # (P, M, V), where there is a choice
        alone = allowed_log_probs(logits.new_zeros(self.answers.allowed.shape), self.answers.allowed)
        found = alone.repeat(n, 1, 1)  # where there is none, the only token has the log-probability 0
        found[:, nodes] = allowed_log_probs(logits, self.answers.allowed[nodes])
        return found

    def table(self) -> Tensor:
        """Log-probability (P, N) of every answer to every prompt: exact, and with gradients."""
        terms = self.choices()[:, self.answers.nodes, self.answers.tokens]  # (P, N, L)
        return (terms * torch.from_numpy(self.answers.said)).sum(dim=-1)

    @torch.no_grad()
    def log_table(self) -> np.ndarray:
        """`table` as an array in double precision, for `lmcourse.alignment.optimum`."""
        found = self.table().double()
        return (found - found.logsumexp(dim=-1, keepdim=True)).numpy()
