"""Recurrent networks, gate by gate: a state that is changed by each token and carries on what was said.

The cells are pure functions of an input, a state and weights, which are laid out and named as in torch.nn, so
that weights can be copied from one to the other. Matrices of several gates are stacked, as (gates x H, ...).
The LSTM's cell is in `lstm.py`. Left out: projections of the state, peepholes, both directions.

Sources: Elman (1990); Cho et al. (2014), in the variant of torch.nn, where the reset gate acts after the
matrix.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.functional import embedding, linear

from lmcourse.neural.lstm import ReadLSTM, lstm_step
from lmcourse.neural.torch_model import TorchModel, asking, device_of, log_probs_of
from lmcourse.reader import Reader
from lmcourse.vocabulary import Vocabulary

GATES = {"rnn": 1, "gru": 3, "lstm": 4}
PIECE = 1024  # tokens that are read before what was worked out about them is let go
State = tuple[Tensor, ...]  # what a cell carries on: the hidden state h (B, H), and of an LSTM the memory c


def rnn_step(inputs: Tensor, state: State, weight_hh: Tensor, bias_hh: Tensor) -> State:
    """h' = tanh(W x + U h + b).

    Args:
        inputs: W x + b of the input, (B, H); computed beforehand, for all tokens of a text at once.
        state: h, (B, H).
        weight_hh: U, (H, H).
        bias_hh: the second of torch's two biases, (H,).
    """
    (hidden,) = state
    return (torch.tanh(inputs + linear(hidden, weight_hh, bias_hh)),)


def gru_step(inputs: Tensor, state: State, weight_hh: Tensor, bias_hh: Tensor) -> State:
    """h' = (1 - z) n + z h: the update gate z keeps the old, the candidate n sees as much of h as r lets it.

    Args:
        inputs: W x + b for the gates r, z, n, (B, 3H).
        state: h.
        weight_hh: U for r, z, n, (3H, H).
        bias_hh: (3H,); that of n stands inside, where r acts on it.
    """
    (hidden,) = state
    reset_in, update_in, new_in = inputs.chunk(3, dim=-1)
    reset_h, update_h, new_h = linear(hidden, weight_hh, bias_hh).chunk(3, dim=-1)
    reset, update = torch.sigmoid(reset_in + reset_h), torch.sigmoid(update_in + update_h)
    new = torch.tanh(new_in + reset * new_h)
    return (new + update * (hidden - new),)


STEPS = {"rnn": rnn_step, "gru": gru_step, "lstm": lstm_step}


class RecurrentLayer(nn.Module):
    """A cell that reads a text from left to right.

    Args:
        cell: "rnn", "gru" or "lstm".
        d_in: numbers in an input.
        d_hidden: H, numbers in a state.

    Raises ValueError for another cell.
    """

    def __init__(self, cell: str, d_in: int, d_hidden: int):
        super().__init__()
        if cell not in GATES:
            raise ValueError(f"cell={cell!r} must be one of {', '.join(map(repr, GATES))}")
        self.cell, self.d_hidden = cell, d_hidden
        rows = GATES[cell] * d_hidden
        self.weight_ih = nn.Parameter(torch.empty(rows, d_in))
        self.weight_hh = nn.Parameter(torch.empty(rows, d_hidden))
        self.bias_ih = nn.Parameter(torch.empty(rows))
        self.bias_hh = nn.Parameter(torch.empty(rows))
        for parameter in self.parameters():  # as torch.nn begins
            nn.init.uniform_(parameter, -1 / math.sqrt(d_hidden), 1 / math.sqrt(d_hidden))

    def start(self, n_rows: int) -> State:
        """The state before any text: zeros, (B, H)."""
        zeros = self.bias_hh.new_zeros(n_rows, self.d_hidden)
        return (zeros, zeros) if self.cell == "lstm" else (zeros,)

    def project(self, inputs: Tensor) -> Tensor:
        """W x + b for all gates, (..., gates x H), of inputs (..., d_in); an LSTM's with both biases."""
        both = self.bias_ih + self.bias_hh if self.cell == "lstm" else self.bias_ih
        return linear(inputs, self.weight_ih, both)

    def forward(self, inputs: Tensor, state: State) -> tuple[Tensor, State]:
        """Read inputs (B, T, d_in) from a state on. Returns hidden states (B, T, H), and the last state."""
        return self.read_on(self.project(inputs.transpose(0, 1)), state)

    def read_on(self, projected: Tensor, state: State) -> tuple[Tensor, State]:
        """The same, given what the inputs say to the gates, as of `project`: (T, B, gates x H)."""
        if self.cell == "lstm":
            hiddens, memory = ReadLSTM.apply(projected, *state, self.weight_hh)
            return hiddens.transpose(0, 1), (hiddens[-1], memory)
        step, said = STEPS[self.cell], []
        for inputs in projected.unbind(dim=0):
            state = step(inputs, state, self.weight_hh, self.bias_hh)
            said.append(state[0])
        return torch.stack(said, dim=1), state


class RecurrentNetwork(nn.Module):
    """Embedding, recurrent layers one above the other, and an output layer: token ids to logits.

    Args:
        vocab_size: V.
        d_model: numbers in an embedding and in a state.
        n_layers: how many.
        cell: see `RecurrentLayer`.
        dropout: share of what goes into each layer, and into the output, that is left out in training.
    """

    def __init__(
        self, vocab_size: int, d_model: int, n_layers: int = 1, cell: str = "lstm", dropout: float = 0.0
    ):
        super().__init__()
        self.embedding = nn.Embedding(vocab_size, d_model)
        self.layers = nn.ModuleList(RecurrentLayer(cell, d_model, d_model) for _ in range(n_layers))
        self.dropout = nn.Dropout(dropout)
        self.output = nn.Linear(d_model, vocab_size)

    def draw(self, rng: np.random.Generator) -> RecurrentNetwork:
        """Draw all weights anew, from NumPy's generator, whose numbers are the same everywhere; returns self.

        From the same distributions as torch.nn: embeddings normal, all else uniform within ±1/√d_model.
        """
        bound = self.output.in_features**-0.5
        with torch.no_grad():
            for parameter in self.parameters():
                normal = parameter is self.embedding.weight
                drawn = (
                    rng.normal(size=parameter.shape)
                    if normal
                    else rng.uniform(-bound, bound, parameter.shape)
                )
                parameter.copy_(torch.from_numpy(drawn))
        return self

    def start(self, n_rows: int) -> list[State]:
        """The state of each layer before any text."""
        return [layer.start(n_rows) for layer in self.layers]

    def read(self, token_ids: Tensor, states: Sequence[State]) -> tuple[Tensor, list[State]]:
        """Read token ids (B, T) from a state on. Returns the last layer's (B, T, H), and the last states."""
        hidden, after = self.embedding(token_ids), []
        for layer, state in zip(self.layers, states):
            if layer is self.layers[0] and self._has_few_tokens(token_ids):
                table = layer.project(self.embedding.weight)  # (V, gates x H)
                hidden, state = layer.read_on(embedding(token_ids.T, table), state)
            else:
                hidden, state = layer(self.dropout(hidden), state)
            after.append(state)
        return self.dropout(hidden), after

    def _has_few_tokens(self, token_ids: Tensor) -> bool:
        """Whether it is less work to project each token of the vocabulary once than each of the text."""
        drops = self.training and self.dropout.p > 0  # then a token's vector is not the same everywhere
        return not drops and self.embedding.num_embeddings < token_ids.numel()

    def forward(self, token_ids: Tensor) -> Tensor:
        """Logits (B, T, V) of texts from their start on."""
        return self.output(self.read(token_ids, self.start(len(token_ids)))[0])


class RecurrentModel(TorchModel):
    """A recurrent network as a language model: it reads on from a state, and never reads anything twice.

    Args:
        module: the network.
        vocab: the tokens.
        start: id of a token taken to stand before every text.
        end: id of the token that closes a text.
    """

    module: RecurrentNetwork

    def __init__(self, module: RecurrentNetwork, vocab: Vocabulary, start: int, end: int | None = None):
        super().__init__(module, vocab, start=start, end=end)

    def reader(self, contexts: Sequence[Sequence[int]] = ((),)) -> RecurrentReader:
        """A reader that keeps the states of all rows in one tensor for each layer."""
        return RecurrentReader(self, contexts)

    def logits(self, token_ids: Tensor, rows: Tensor, places: Tensor) -> Tensor:
        """As `TorchModel` says: a piece at a time, with an output only where it is asked for."""
        states = self.module.start(len(token_ids))
        found = self.module.output.weight.new_empty(len(rows), self.vocab_size)
        for begin in range(0, token_ids.shape[1], PIECE):
            hidden, states = self.module.read(token_ids[:, begin : begin + PIECE], states)
            here = (places >= begin) & (places < begin + PIECE)
            found[here] = self.module.output(hidden[rows[here], places[here] - begin])
        return found


class RecurrentReader(Reader):
    """Texts that a recurrent network reads side by side.

    Args:
        model: the network.
        contexts: B sequences of token ids.
    """

    def __init__(self, model: RecurrentModel, contexts: Sequence[Sequence[int]]):
        super().__init__(model.vocab_size, len(contexts))
        self._module = model.module
        self._states = self._module.start(0)
        texts = [[model.start, *context] for context in contexts]
        order: list[int] = []
        for length in {len(text) for text in texts}:  # those of one length together
            rows = [row for row, text in enumerate(texts) if len(text) == length]
            states = self._after([texts[row] for row in rows], self._module.start(len(rows)))
            self._states = [tuple(map(torch.cat, zip(*parts))) for parts in zip(self._states, states)]
            order += rows
        self._select(np.argsort(order).tolist())

    def _after(self, texts: list[list[int]], states: list[State]) -> list[State]:
        """The states after more tokens (B, T)."""
        with asking(self._module):
            return self._module.read(torch.tensor(texts, device=device_of(self._module)), states)[1]

    def _predict(self) -> np.ndarray:
        with asking(self._module):
            return log_probs_of(self._module.output(self._states[-1][0]))

    def _read(self, tokens: list[int]) -> None:
        if tokens:
            self._states = self._after([[token] for token in tokens], self._states)

    def _select(self, rows: list[int]) -> None:
        self._states = [tuple(part[rows] for part in state) for state in self._states]

    def _mark(self) -> Callable[[], None]:
        states = self._states

        def come_back() -> None:
            self._states = states

        return come_back
