"""The LSTM: one step, gate by gate, and back-propagation through a whole text, written out.

`lstm_step` is all there is to understand. `ReadLSTM` takes that step at each token of a text, and knows the
way back: automatic differentiation would find the same gradients, by a dozen small operations at each token;
here the slopes of all gates at all tokens are worked out together, and only what really goes from token to
token stays in the loop. Left out: gradients of gradients.

Source: Hochreiter and Schmidhuber (1997), with the forget gate of Gers et al. (2000).
"""

from __future__ import annotations

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable
from torch.nn.functional import linear


def lstm_gated(gates: Tensor, memory: Tensor) -> tuple[Tensor, Tensor]:
    """c' = f c + i g and h' = o tanh(c'): what is kept, what is written, what is shown.

    Args:
        gates: W x + U h + b for the gates i, f, g, o, (B, 4H), before they are bent.
        memory: c, (B, H).

    Returns h' and c'.
    """
    size = memory.shape[-1]
    # the sigmoid of all four at once, though g needs none: the fewer calls, the quicker
    write, keep, _, show = torch.sigmoid(gates).chunk(4, dim=-1)
    new = torch.tanh(gates[..., 2 * size : 3 * size])
    memory = torch.addcmul(keep * memory, write, new)
    return show * torch.tanh(memory), memory


def lstm_step(
    inputs: Tensor, state: tuple[Tensor, Tensor], weight_hh: Tensor, bias_hh: Tensor
) -> tuple[Tensor, Tensor]:
    """One token: `lstm_gated` with what the input and the state say to the gates.

    Args:
        inputs: W x + b for the gates i, f, g, o, (B, 4H).
        state: h and c.
        weight_hh: U for i, f, g, o, (4H, H).
        bias_hh: (4H,).
    """
    hidden, memory = state
    return lstm_gated(inputs + linear(hidden, weight_hh, bias_hh), memory)


class ReadLSTM(torch.autograd.Function):
    """All tokens of a text, one after another, and back-propagation through time.

    `ReadLSTM.apply(inputs, hidden, memory, weight_hh)` takes W x + b of all tokens (T, B, 4H), both biases in
    it, the first state h and c, each (B, H), and U (4H, H). It returns the hidden states (T, B, H), and the
    last memory (B, H).
    """

    @staticmethod
    def forward(ctx, inputs: Tensor, hidden: Tensor, memory: Tensor, weight_hh: Tensor):
        """Forward, keeping the gates and the states before and after each token."""
        all_gates, hiddens, memories = [], [hidden], [memory]
        for said in inputs.unbind(0):
            gates = torch.addmm(said, hidden, weight_hh.T)
            hidden, memory = lstm_gated(gates, memory)
            all_gates.append(gates)
            hiddens.append(hidden)
            memories.append(memory)
        hiddens = torch.stack(hiddens)
        ctx.save_for_backward(torch.stack(all_gates), hiddens, torch.stack(memories), weight_hh)
        return hiddens[1:], memory

    @staticmethod
    @once_differentiable
    def backward(ctx, d_hiddens: Tensor, d_memory: Tensor):
        """From gradients of the hidden states and of the last memory to those of what `forward` was given."""
        gates, hiddens, memories, weight_hh = ctx.saved_tensors
        i, f, g, o = gates.chunk(4, dim=-1)
        i, f, g, o = torch.sigmoid(i), torch.sigmoid(f), torch.tanh(g), torch.sigmoid(o)
        bent = torch.tanh(memories[1:])
        shown = o * (1 - bent**2)  # ∂h'/∂c'
        # what the gates' inputs do: those of i, f and g to c', that of o to h'
        to_memory = [g * i * (1 - i), memories[:-1] * f * (1 - f), i * (1 - g**2)]
        slopes = torch.cat([*to_memory, bent * o * (1 - o)], dim=-1)
        d_gates, d_hidden = torch.empty_like(gates), d_hiddens[-1]
        before = [torch.zeros_like(d_memory), *d_hiddens[:-1]]  # given to the state that each token finds
        tokens = list(zip(d_gates, before, slopes, shown, f))
        for d_gate, d_given, slope, show, keep in reversed(tokens):
            d_memory = torch.addcmul(d_memory, d_hidden, show)
            torch.mul(slope, torch.cat([d_memory, d_memory, d_memory, d_hidden], dim=-1), out=d_gate)
            d_hidden, d_memory = torch.addmm(d_given, d_gate, weight_hh), d_memory * keep
        d_weight = d_gates.flatten(0, 1).T @ hiddens[:-1].flatten(0, 1)
        return d_gates, d_hidden, d_memory, d_weight
