"""The Transformer: token ids in, logits out. One stack of blocks; what may be seen decides what it is.

Everything visible: an encoder. Each token sees those before it: a decoder, the default. A beginning that sees
all of itself: a prefix model. A decoder with `cross`, beside an encoder: `EncoderDecoder`.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import torch
from torch import Tensor, nn

from lmcourse.neural.initial import draw_weights
from lmcourse.transformer.attention import SEES_NOTHING, Sight
from lmcourse.transformer.blocks import Block, Norm
from lmcourse.transformer.cache import Cache
from lmcourse.transformer.config import Config
from lmcourse.transformer.feed_forward import FeedForward
from lmcourse.transformer.linear import Linear, linear
from lmcourse.transformer.positions import alibi, rotation, sinusoidal

Mask = np.ndarray | Tensor | None  # booleans, true where a token may see another


def as_mask(visible: Mask, n_queries: int, n_keys: int, device: torch.device) -> Tensor | None:
    """Booleans (T, S) or (B, T, S) as a tensor with a place for the heads, (T, S) or (B, 1, T, S).

    Raises ValueError for another shape, and for a token that sees nothing.
    """
    if visible is None:
        return None
    mask = torch.as_tensor(visible, device=device)
    if mask.dim() not in (2, 3) or mask.shape[-2] not in (1, n_queries) or mask.shape[-1] != n_keys:
        raise ValueError(
            f"visible has the shape {tuple(mask.shape)}; it must be (T, S) or (B, T, S) with T = {n_queries} "
            f"(or 1) tokens that see and S = {n_keys} that are seen"
        )
    return _seeing(mask if mask.dim() == 2 else mask[:, None])


def _seeing(mask: Tensor) -> Tensor:
    if not mask.any(dim=-1).all():
        raise ValueError(SEES_NOTHING)
    return mask


class Transformer(nn.Module):
    """Embedding, positions, blocks and an output.

    Args:
        config: all its choices.
    """

    def __init__(self, config: Config):
        super().__init__()
        self.config = config
        self.embedding = nn.Embedding(config.vocab_size, config.d_model)
        if config.position == "learned":
            self.positions = nn.Embedding(config.context_length, config.d_model)
        self.dropout = nn.Dropout(config.dropout)
        self.blocks = nn.ModuleList(Block(config) for _ in range(config.n_layers))
        self.norm = Norm(config) if config.norm_place == "pre" else nn.Identity()
        self.output = None if config.tied else Linear(config.d_model, config.vocab_size, bias=False)

    def draw(self, rng: np.random.Generator) -> Transformer:
        """Draw all weights anew, from NumPy's generator; returns self.

        As `draw_weights` does, uniform within ±1/√(columns): at GPT-2's width of 768 their standard deviation
        is its 0.02. What a block adds is drawn smaller the deeper the stack: with norms before, by 1/√(parts)
        as in GPT-2; DeepNorm, by its β, which concerns values and feed-forward layers too.
        """
        draw_weights(self, rng)
        with torch.no_grad():
            for part in self.modules():
                if isinstance(part, Norm):
                    part.weight.fill_(1.0)
            for block in self.blocks:
                self._shrink(block)
        return self

    def _shrink(self, block: Block) -> None:
        attentions = [block.attention, *([block.cross] if self.config.cross else [])]
        forwards = [part for part in block.modules() if isinstance(part, FeedForward)]  # one, or experts
        adders = [part.down.weight for part in forwards] + [part.output.weight for part in attentions]
        factor = 1.0
        if self.config.norm_place == "pre":
            factor = ((1 + len(attentions)) * self.config.n_layers) ** -0.5
        elif self.config.norm_place == "deep":
            factor = ((12 if self.config.cross else 8) * self.config.n_layers) ** -0.25
            adders += [part.up.weight for part in forwards]
            adders += [part.qkv.weight[-part.sizes[2] :] for part in attentions]
        for weight in adders:
            weight.mul_(factor)

    def embed(self, token_ids: Tensor, positions: Tensor) -> Tensor:
        """The residual stream before the first block, (B, T, D).

        Beside sinusoids, whose numbers are of the order of 1, embeddings are made √D times as large, as in
        the source. Raises ValueError for a token id or, of a learned position, a place out of range.
        """
        size, limit = self.config.vocab_size, self.config.context_length
        if token_ids.numel():
            least, most = map(int, token_ids.aminmax())
            if least < 0 or most >= size:
                bad = token_ids[(token_ids < 0) | (token_ids >= size)][0]
                raise ValueError(f"token id {bad} is not from 0 to {size - 1}, where vocab_size={size} ends")
        x = self.embedding(token_ids)
        if self.config.position == "learned":
            if positions.numel() and positions.max() >= limit:
                raise ValueError(
                    f"{int(positions.max()) + 1} tokens are more than context_length={limit}, and learned "
                    "positions end there; cut the text, or take another kind of position"
                )
            x = x + self.positions(positions)
        elif self.config.position == "sinusoidal":
            x = x * self.config.d_model**0.5 + sinusoidal(positions, self.config.d_model).to(x.dtype)
        return self.dropout(x)

    def sight(self, positions: Tensor, keys: Tensor, visible: Mask, dtype: torch.dtype) -> Sight:
        """What all attentions of the text to itself share.

        Args:
            positions: of the tokens, (T,) or (B, T).
            keys: positions of all that can be looked at, (S,) or (B, S), the tokens being the last of them.
            visible: as of `hidden`.
            dtype: of the stream.
        """
        n_new, n_keys = positions.shape[-1], keys.shape[-1]
        fresh = n_new == n_keys  # nothing was read before
        causal = visible is None and fresh and self.config.position != "alibi"
        if visible is None and not causal:
            places = torch.arange(n_keys, device=keys.device)
            visible = places <= places[n_keys - n_new :, None]
        visible = as_mask(visible, n_new, n_keys, keys.device)
        if visible is not None and not fresh:
            visible = _seeing(visible & (keys >= 0)[:, None, None])
            if visible.all():
                visible = None  # as for one more token in each of several texts of one length
        bias = turns = None
        if self.config.position == "alibi":
            bias = alibi(self.config.n_heads, positions, keys).to(dtype)
        if self.config.position == "rope":
            turns = rotation(positions, self.config.d_head, self.config.rope_base)
            turns = tuple(part.to(dtype) if part.dim() == 2 else part[:, None].to(dtype) for part in turns)
        return Sight(visible, bias, causal, turns)

    def hidden(
        self,
        token_ids: Tensor,
        visible: Mask = None,
        positions: Tensor | None = None,
        source: Tensor | None = None,
        source_visible: Mask = None,
        cache: Cache | None = None,
        stream: list[Tensor] | None = None,
    ) -> Tensor:
        """What the output reads, (B, T, D): the residual stream after the last block, normalised.

        Args:
            token_ids: (B, T).
            visible: booleans (T, S) or (B, T, S), true where a token may see another; S = T, behind what a
                cache holds. None: each sees itself and those before it.
            positions: where the tokens stand, (T,) or (B, T); None: one after another, from 0 or, with a
                cache, from the last of each text on.
            source, source_visible: with `cross`, vectors (B, S', D) of another text, and what each token may
                see of it, (T, S') or (B, T, S'), also with T = 1 for all tokens; None: everything.
            cache: what was read before; what is read now is added to it.
            stream: a list to which the residual stream is appended, before the first block and after each.

        Raises ValueError for tokens and positions out of range, a token that sees nothing, a cache of
        another depth, or a `source` without `cross` or the other way round.
        """
        if (source is not None) != self.config.cross:
            raise ValueError(
                f"cross={self.config.cross}, but {'no' if source is None else 'a'} source is given; "
                "with cross=True a stack reads one, without it none"
            )
        if positions is None:
            positions = torch.arange(token_ids.shape[1], device=token_ids.device)
            if cache is not None:
                held = cache.positions
                after = 0 if held is None else held.amax(dim=1, keepdim=True) + 1
                positions = positions.expand(token_ids.shape) + after
        if cache is not None and len(cache.layers) != len(self.blocks):
            raise ValueError(
                f"a cache of {len(cache.layers)} layers does not go with {len(self.blocks)} blocks; "
                f"make it by Cache({len(self.blocks)})"
            )
        x = self.embed(token_ids, positions)
        keys = positions if cache is None else cache.extend_positions(positions)
        sight = self.sight(positions, keys, visible, x.dtype)
        if source is not None:
            source_visible = as_mask(source_visible, x.shape[1], source.shape[1], x.device)
        layers = [(None, None)] * len(self.blocks) if cache is None else cache.layers
        for block, layer in zip(self.blocks, layers):
            if stream is not None:
                stream.append(x)
            x = block(x, sight, source, source_visible, layer)
        if stream is not None:
            stream.append(x)
        return self.norm(x)

    def logits(self, hidden: Tensor) -> Tensor:
        """(..., V) of what `hidden` gives, (..., D)."""
        return linear(hidden, self.embedding.weight) if self.output is None else self.output(hidden)

    def forward(self, token_ids: Tensor, *args, **named) -> Tensor:
        """Logits (B, T, V); arguments as of `hidden`."""
        return self.logits(self.hidden(token_ids, *args, **named))


class EncoderDecoder(nn.Module):
    """An encoder that sees all of one text, and a decoder that writes another; they share the embedding.

    Args:
        config: of both; each has its `n_layers`.
    """

    def __init__(self, config: Config):
        super().__init__()
        self.encoder = Transformer(replace(config, cross=False, tied=True))
        self.decoder = Transformer(replace(config, cross=True))
        self.encoder.embedding = self.decoder.embedding

    def draw(self, rng: np.random.Generator) -> EncoderDecoder:
        """Draw all weights anew; returns self."""
        self.encoder.draw(rng)
        self.decoder.draw(rng)
        return self

    def encode(self, source_ids: Tensor, source_visible: Mask = None) -> Tensor:
        """Vectors (B, S, D) of texts (B, S); `source_visible` (B, 1, S) is false where one is filled up."""
        if source_visible is None:
            source_visible = torch.ones(1, source_ids.shape[1], dtype=torch.bool, device=source_ids.device)
        return self.encoder.hidden(source_ids, source_visible)

    def forward(self, source_ids: Tensor, token_ids: Tensor, source_visible: Mask = None) -> Tensor:
        """Logits (B, T, V) after each token of (B, T), having read source ids (B, S)."""
        source = self.encode(source_ids, source_visible)
        return self.decoder(token_ids, source=source, source_visible=source_visible)
