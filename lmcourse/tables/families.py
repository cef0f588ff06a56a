"""Families of pre-trained Transformers: what each is, in the terms of `Config`, and what was published."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

from lmcourse.tables import TABLES, positive, rows_by_year
from lmcourse.transformer.config import Config

FAMILIES = TABLES / "families.csv"
KINDS = ("encoder", "decoder", "prefix", "encoder-decoder", "any order")  # who sees whom
_SHAPE = ["vocab_size", "d_model", "n_heads", "n_kv_heads", "n_layers", "context_length", "d_ff"]
_CHOICES = ["position", "norm", "norm_place", "feed_forward", "bias", "tied"]
_COLUMNS = ["year", "name", "kind", "objective", "parameters", "active", "training_tokens"]
_COLUMNS += [*_SHAPE, *_CHOICES, "source"]


@dataclass(frozen=True)
class Family:
    """One row of families.csv. A number that no source states is None, never an estimate."""

    year: int  # first made public
    name: str
    kind: str  # one of KINDS
    objective: str  # of pre-training
    parameters: float | None  # as published
    active: float | None  # that work on a token, where not all do
    training_tokens: float | None  # read in pre-training; what is read again counts again
    position: str
    norm: str
    config: Config | None  # of one stack; None where `Config` has not all of its parts
    source: str  # key in the book's bibliography

    def count(self) -> int | None:
        """Parameters of `config`; of an encoder and a decoder together, which share the embedding."""
        if self.config is None:
            return None
        total = self.config.count_parameters()["total"]
        if self.kind != "encoder-decoder":
            return total
        decoder = replace(self.config, cross=True).count_parameters()
        return total + decoder["total"] - decoder["embedding"]

    def training_operations(self) -> float | None:
        """6 N D, a product and a sum for each parameter and token, and twice that backwards.

        N are the published parameters that work on a token. Half as many for an encoder-decoder, each of
        whose tokens passes through one of two halves. An estimate: attention itself is left out, and the
        embedding is counted though it is only looked up.
        """
        used = self.active or self.parameters
        if used is None or self.training_tokens is None:
            return None
        return 6 * used * self.training_tokens / (2 if self.kind == "encoder-decoder" else 1)


def families(path: Path = FAMILIES) -> list[Family]:
    """The families in order of year. Raises ValueError as `rows_by_year`, or naming a bad figure."""
    return [
        Family(
            year=int(row["year"]),
            **{name: row[name] for name in ("name", "kind", "objective", "position", "norm")},
            **{name: positive(row[name], where) for name in ("parameters", "active", "training_tokens")},
            config=_config(row, where),
            source=row["source"],
        )
        for where, row in rows_by_year(path, _COLUMNS, "objective", "kind", KINDS)
    ]


def _config(row: dict[str, str], where: str) -> Config | None:
    """What `Config` can say of a row; relative positions are left out, of which it knows only ALiBi."""
    if not row["d_model"]:
        return None
    shape = {name: positive(row[name], where) for name in _SHAPE}
    choices: dict = {name: row[name] for name in _CHOICES[:4]}
    if choices["position"] == "relative":
        choices["position"] = "none"
    for name in _CHOICES[4:]:
        if row[name] not in ("yes", "no"):
            raise ValueError(f"{where}: {name} is {row[name]!r}; write yes or no")
        choices[name] = row[name] == "yes"
    return Config(**{name: None if n is None else int(n) for name, n in shape.items()}, **choices)
