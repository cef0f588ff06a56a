"""A text's surprise as heat, and tokens as text: how a page shows what a model with byte-level tokens reads.

Left out: anything that answers to the reader; that is a widget's.
"""

from __future__ import annotations

from html import escape

import numpy as np

from lmcourse.model import LanguageModel, Tokens


class Heat:
    """A text, each token on a ground the warmer the more surprising it is; a notebook shows it.

    Args:
        pieces: the tokens as they are to be written.
        bits: the surprise at each; NaN: not known.
        most: bits from which on the colour is the same.
    """

    def __init__(self, pieces: list[str], bits: np.ndarray, most: float = 16):
        self.pieces, self.bits, self.most = pieces, np.asarray(bits), most

    def _repr_html_(self) -> str:
        spans = [self._span(piece, bits) for piece, bits in zip(self.pieces, self.bits)]
        scale = [self._span(f" {bits:.0f} ", bits) for bits in np.linspace(0, self.most, 5)]
        style = "background:#fff;color:#1a1a1a;padding:.7em 1em;border-radius:4px;line-height:1.9"
        return (
            f"<div style='{style}'>{''.join(spans)}"
            f"<div style='font-size:80%;margin-top:.4em'>bits: {''.join(scale)}</div></div>"
        )

    def _span(self, piece: str, bits: float) -> str:
        if np.isnan(bits):
            return f"<span>{self._written(piece)}</span>"
        share = min(max(bits / self.most, 0.0), 1.0)
        style = f"background:rgba(213,94,0,{0.85 * share:.2f});white-space:pre-wrap"
        return f"<span style='{style}' title='{bits:.1f} bits'>{self._written(piece)}</span>"

    @staticmethod
    def _written(piece: str) -> str:
        return escape(piece).replace("\n", "⏎<br>")


def heat(model: LanguageModel, text: Tokens) -> Heat:
    """How surprised a model with byte-level tokens is at each token of a text.

    A token that is no whole character is written by its bytes in hexadecimal.
    """
    ids = model.ids(text)
    return Heat([shown(model.vocab.tokens[i]) for i in ids], -model.token_log_probs(ids) / np.log(2))


def shown(token: bytes) -> str:
    """A token as text, or its bytes.

    >>> shown(" été".encode()), shown("京".encode()[:2])
    (' été', '«e4 ba»')
    """
    try:
        return token.decode()
    except UnicodeDecodeError:
        return f"«{token.hex(' ')}»"
