"""What the student sees: the outcome of each check, as text in a terminal and as HTML in a notebook."""

from __future__ import annotations

import html
import re
import textwrap
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from lmcourse.grading.checks import NOT_WRITTEN, Check, Score

MIME = "application/vnd.lmcourse.report+json"
STRESSED = re.compile(r"(?<![\w*])\*([a-zA-Z][a-zA-Z ,']*)(?<! )\*(?![\w*])")
MAX_MESSAGE = 2_000  # characters of one message to a student


def printable(text: str) -> str:
    """`text` with what no page and no database can show (control characters, half a character) as a sign."""
    return "".join(
        c if c in "\n\t" or c.isprintable() or c == "\u00a0" else "\N{REPLACEMENT CHARACTER}" for c in text
    )


def public_factor(shown: float, hidden: float) -> float:
    """By how much the public checks of an exercise weigh less than they say, beside hidden ones.

    A table of answers learned by heart passes all public checks; so they weigh no more than half as much as
    the hidden ones together, which leaves it a third of the points.

    Args:
        shown: weight of all public checks.
        hidden: weight of all hidden ones.

    >>> public_factor(3, 2), public_factor(1, 4), public_factor(3, 0)
    (0.3333333333333333, 1.0, 1.0)
    """
    return min(1.0, hidden / 2 / shown) if hidden and shown else 1.0


@dataclass(frozen=True)
class Outcome:
    """How one check went. `title` and `message` are all that is ever shown of it."""

    title: str
    score: float  # from 0 to 1
    message: str = ""
    printed: str = ""  # what the student's code printed meanwhile; never kept for a hidden check
    hidden: bool = False
    weight: float = 1.0
    tried: str = ""  # of a hidden check, in words: its hint

    @property
    def passed(self) -> bool:
        """Whether nothing is missing."""
        return self.score == 1

    @classmethod
    def of(cls, check: Check, score: Score, printed: str) -> Outcome:
        """The outcome of `check`; a hidden one keeps its title to itself."""
        title = "Other cases, not shown" if check.hidden else check.title
        said = "" if check.hidden else printable(printed)
        message = score.message
        message = message if len(message) <= MAX_MESSAGE else message[:MAX_MESSAGE] + "…"
        return cls(title, score.value, printable(message), said, check.hidden, check.weight, check.hint)


@dataclass(frozen=True)
class Report:
    """The outcomes of one exercise; with points, if it was graded."""

    exercise: str
    outcomes: Sequence[Outcome]
    seed: int
    max_points: float | None = None

    @property
    def passed(self) -> bool:
        """Whether every check passed."""
        return all(outcome.passed for outcome in self.outcomes)

    @property
    def begun(self) -> bool:
        """Whether anything is written."""
        return any(not outcome.message.startswith(NOT_WRITTEN) for outcome in self.outcomes)

    @property
    def points(self) -> float:
        """Points earned: `max_points` times the mean of the checks' scores by weight, to two decimals."""
        shown, hidden = (sum(o.weight for o in self.outcomes if o.hidden is kind) for kind in (False, True))
        factor = public_factor(shown, hidden)
        weights = [outcome.weight * (1.0 if outcome.hidden else factor) for outcome in self.outcomes]
        earned = sum(weight * outcome.score for weight, outcome in zip(weights, self.outcomes))
        return round((self.max_points or 0.0) * earned / sum(weights), 2) if sum(weights) else 0.0

    def headline(self, worth: str = "") -> str:
        """For example `chain_rule (2 points): 3 of 4 checks passed`, if it is told the worth."""
        count = sum(outcome.passed for outcome in self.outcomes)
        name = f"{self.exercise} ({worth})" if worth else self.exercise
        line = f"{name}: {count} of {len(self.outcomes)} checks passed"
        return line if self.max_points is None else f"{line}, {self.points:g} of {self.max_points:g} points"

    def reasons(self) -> list[str]:
        """The messages of the checks that did not pass, each once."""
        return list(dict.fromkeys(outcome.message for outcome in self.outcomes if not outcome.passed))

    def shown(self) -> list[tuple[Outcome, str]]:
        """Each outcome with its message; that nothing is written yet is said once, whatever was tried."""
        rows: list[tuple[Outcome, str]] = []
        said = False
        for outcome in self.outcomes:
            unwritten = outcome.message.startswith(NOT_WRITTEN)
            message = outcome.message
            if outcome.tried and not message:  # who has passed learns what was tried, as others do
                message = f"tried and right: {outcome.tried}"
            rows.append((outcome, "" if said and unwritten else message))
            said = said or unwritten
        return rows

    def as_text(self, width: int = 88, worth: str = "") -> str:
        """For a terminal; with what the exercise is worth, if that is to stand behind its name."""
        lines = [self.headline(worth)]
        for outcome, message in self.shown():
            lines += textwrap.wrap(
                _titled(outcome), width, initial_indent=f"  {_mark(outcome)} ", subsequent_indent="    "
            )
            lines += textwrap.wrap(message, width, initial_indent="    → ", subsequent_indent="      ")
            if outcome.printed and not outcome.passed:
                lines.append("    Your code printed:")
                lines += [f"      | {line}" for line in _shortened(outcome.printed).splitlines()]
        return "\n".join(lines)

    def as_html(self) -> str:
        """For a notebook or a feedback page; its colours do on light and on dark ground."""
        colour = "#2e8b57" if self.passed else "#c8553d"
        rows = []
        for outcome, message in self.shown():
            details = f'<div style="text-indent:0">{_code(message)}</div>' if message else ""
            if outcome.printed and not outcome.passed:
                details += (
                    '<div style="text-indent:0;opacity:.8">Your code printed:'
                    f'<pre style="margin:.2em 0">{html.escape(_shortened(outcome.printed))}</pre></div>'
                )
            mark_colour = "#2e8b57" if outcome.passed else "#c8553d"
            sign = f'<span style="color:{mark_colour};font-weight:bold">{_mark(outcome)}</span>'
            hanging = "margin-top:.3em;padding-left:1.6em;text-indent:-1.6em"
            mark = f'<span style="display:inline-block;width:1.6em;text-indent:0">{sign}</span>'
            rows.append(f'<div style="{hanging}">{mark}{_code(_titled(outcome))}{details}</div>')
        if self.max_points is not None:
            rows.append(f'<div style="margin-top:.3em;opacity:.7">inputs from seed {self.seed}</div>')
        style = f"border-left:4px solid {colour};padding:.3em 0 .4em .9em;max-width:50em;line-height:1.45"
        title = f'<div style="font-weight:bold">{_code(self.headline())}</div>'
        return f'<div style="{style}">{title}{"".join(rows)}</div>'

    def as_json(self) -> dict[str, Any]:
        """For programs that read a graded notebook, and to pass a report between processes."""
        return {
            "exercise": self.exercise,
            "seed": self.seed,
            "points": self.points,
            "max_points": self.max_points,
            "outcomes": [dict(vars(outcome)) for outcome in self.outcomes],
        }

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> Report:
        """The report that `as_json` was made from."""
        outcomes = [Outcome(**outcome) for outcome in data["outcomes"]]
        return cls(data["exercise"], outcomes, data["seed"], data["max_points"])


def _mark(outcome: Outcome) -> str:
    return "✓" if outcome.passed else "◐" if outcome.score else "✗"


def _titled(outcome: Outcome) -> str:
    """The title, with the part that was earned where that is neither all nor nothing."""
    return outcome.title + (f" ({outcome.score:.0%} of its points)" if 0 < outcome.score < 1 else "")


def _code(text: str) -> str:
    """Escaped HTML, with `backticks` turned into code and *asterisks* into emphasis."""
    parts = html.escape(text).split("`")
    if len(parts) % 2 == 0:
        return html.escape(text)
    return "".join(
        f"<code>{part}</code>" if i % 2 else STRESSED.sub(r"<em>\1</em>", part)
        for i, part in enumerate(parts)
    )


def _shortened(text: str, lines: int = 12, characters: int = 1200) -> str:
    """The beginning of what was printed, if it is long."""
    text = text.strip("\n")
    short = "\n".join(text[:characters].split("\n")[:lines])
    return short if short == text else short + "\n…"
