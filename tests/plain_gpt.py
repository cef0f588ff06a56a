"""A GPT of torch's own parts and a training loop on the plan of nanoGPT: what `bench.py` races ours against.

As in nanoGPT: one matrix for queries, keys and values, torch's fused causal attention, the exact GELU, norms
before, a tied output, learned positions; AdamW that decays matrices only, warm-up and cosine, clipping at 1.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from lmcourse.transformer.config import Config
from lmcourse.transformer.network import Transformer

Batches = Callable[[int], tuple[Tensor, Tensor]]  # step to inputs and targets, each (B, T)


class PlainAttention(nn.Module):
    def __init__(self, config: Config):
        super().__init__()
        self.n_heads, self.d_model = config.n_heads, config.d_model
        self.c_attn = nn.Linear(config.d_model, 3 * config.d_model)
        self.c_proj = nn.Linear(config.d_model, config.d_model)

    def forward(self, x: Tensor) -> Tensor:
        B, T, D = x.size()
        q, k, v = (
            part.view(B, T, self.n_heads, D // self.n_heads).transpose(1, 2)
            for part in self.c_attn(x).split(self.d_model, dim=2)
        )
        y = F.scaled_dot_product_attention(q, k, v, attn_mask=None, dropout_p=0, is_causal=True)
        return self.c_proj(y.transpose(1, 2).contiguous().view(B, T, D))


class PlainBlock(nn.Module):
    def __init__(self, config: Config):
        super().__init__()
        self.ln_1, self.ln_2 = nn.LayerNorm(config.d_model), nn.LayerNorm(config.d_model)
        self.attn = PlainAttention(config)
        self.c_fc = nn.Linear(config.d_model, 4 * config.d_model)
        self.gelu = nn.GELU()
        self.c_proj = nn.Linear(4 * config.d_model, config.d_model)

    def forward(self, x: Tensor) -> Tensor:
        x = x + self.attn(self.ln_1(x))
        return x + self.c_proj(self.gelu(self.c_fc(self.ln_2(x))))


class PlainGPT(nn.Module):
    """With the weights of one of ours, copied."""

    def __init__(self, ours: Transformer):
        super().__init__()
        config = ours.config
        self.wte = nn.Embedding(config.vocab_size, config.d_model)
        self.wpe = nn.Embedding(config.context_length, config.d_model)
        self.h = nn.ModuleList(PlainBlock(config) for _ in range(config.n_layers))
        self.ln_f = nn.LayerNorm(config.d_model)
        self.lm_head = nn.Linear(config.d_model, config.vocab_size, bias=False)
        self.lm_head.weight = self.wte.weight
        pairs = [(ours.embedding, self.wte), (ours.positions, self.wpe), (ours.norm, self.ln_f)]
        for mine, block in zip(ours.blocks, self.h):
            pairs += [(mine.attention_norm, block.ln_1), (mine.feed_forward_norm, block.ln_2)]
            pairs += [(mine.attention.qkv, block.attn.c_attn), (mine.attention.output, block.attn.c_proj)]
            pairs += [(mine.feed_forward.up, block.c_fc), (mine.feed_forward.down, block.c_proj)]
        for mine, theirs in pairs:
            theirs.load_state_dict(mine.state_dict())

    def forward(self, ids: Tensor, targets: Tensor) -> tuple[Tensor, Tensor]:
        """Logits and loss."""
        x = self.wte(ids) + self.wpe(torch.arange(ids.size(1)))
        for block in self.h:
            x = block(x)
        logits = self.lm_head(self.ln_f(x))
        return logits, F.cross_entropy(logits.view(-1, logits.size(-1)), targets.view(-1))


def train_plainly(model: PlainGPT, batches: Batches, steps: int, rate: float, warmup: int) -> None:
    """The loop: nothing is looked at, nothing kept."""
    parameters = list(model.parameters())
    matrices, vectors = ([p for p in parameters if (p.dim() > 1) == many] for many in (True, False))
    groups = [{"params": matrices, "weight_decay": 0.1}, {"params": vectors, "weight_decay": 0.0}]
    optimizer = torch.optim.AdamW(groups, lr=rate, betas=(0.9, 0.99))
    model.train()
    for step in range(steps):
        share = (step - warmup) / (steps - warmup)
        falling = 0.1 + 0.45 * (1 + math.cos(math.pi * share))
        for group in optimizer.param_groups:
            group["lr"] = rate * ((step + 1) / (warmup + 1) if step < warmup else falling)
        _, loss = model(*batches(step))
        loss.backward()
        torch.nn.utils.clip_grad_norm_(parameters, 1.0)
        optimizer.step()
        optimizer.zero_grad(set_to_none=True)
