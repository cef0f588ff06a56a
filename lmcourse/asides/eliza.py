"""A conversation by rules alone: what the symbolic age of AI looked like, in forty lines and a table.

A rule is a pattern and some replies. The first rule that matches answers; `*` carries the user's words over,
with *I* and *you* exchanged. After Weizenbaum (1966), "ELIZA", which also ranks its keywords, takes sentences
apart into several pieces and keeps some for later turns; that is left out, and the rules are our own.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

# Pattern -> replies, used in turn. The order matters: the first pattern that matches wins.
RULES: dict[str, tuple[str, ...]] = {
    "sorry": ("Nothing is broken yet. Go on.",),
    "i feel *": ("What happened just before you felt *?", "And under the *, what else?"),
    "i am *": ("Since when are you *?", "Who knows that you are *?"),
    "i want *": ("Suppose you had *. What then?",),
    "i need *": ("Suppose nobody gave you *. What then?",),
    "i can not *": ("What stops you, when you try to *?",),
    "i remember *": ("Why does * come back today?",),
    "i think *": ("How sure are you that *?", "Would you bet on it that *?"),
    "i love *": ("Does it matter to you whether * knows?",),
    "you are *": ("Who told you that I am *?", "Would it be better if I were not *?"),
    "because *": ("Suppose it were not so that *. What would change?",),
    "never": ("Never? Not a single time?",),
    "always": ("Always? Let us hunt for one exception.",),
    "every *": ("Every *? Name one.",),
    "why *": ("What would count as a reason?", "Ask me again at the end."),
    "how *": ("Which part of it can you do already?",),
    "what *": ("What made you wonder?",),
    "who *": ("Whom do you suspect?",),
    "my *": ("Your *: how does it touch you?", "Let us stay with your *."),
    "if *": ("Is it likely that *?",),
    "yes": ("Good. And then?",),
    "no": ("A firm no, or a tired one?",),
    "you *": ("We were speaking of you, not of me.",),
    "i *": ("You *? Tell it from the start.",),
}
DEFAULTS = ("I see. Go on.", "Say it in other words.", "Hm. What follows from that?")

# Spelled out before matching, so that one rule serves both forms.
CONTRACTIONS = {
    "i'm": "i am",
    "you're": "you are",
    "can't": "can not",
    "cannot": "can not",
}
# Who speaks changes, so these words change places. "you" is now "I" and now "me": a table cannot know which.
REFLECTIONS = {
    **{"i": "you", "me": "you", "my": "your", "mine": "yours", "myself": "yourself", "am": "are"},
    **{"you": "I", "your": "my", "yours": "mine", "yourself": "myself"},
}


def words(text: str) -> list[str]:
    """Lower-case words and sentence marks of a text, contractions spelled out.

    >>> words("I'm here, mouse.")
    ['i', 'am', 'here', ',', 'mouse', '.']
    """
    found = re.findall(r"[a-z]+(?:'[a-z]+)*|[.,;:!?]", text.lower().replace("\u2019", "'"))
    return " ".join(CONTRACTIONS.get(word, word) for word in found).split()


def reflect(said: Sequence[str]) -> str:
    """The words as the other speaker would say them.

    >>> reflect(["afraid", "of", "my", "cat"])
    'afraid of your cat'
    """
    return " ".join(REFLECTIONS.get(word, word) for word in said)


def match(
    text: str,
    rules: Mapping[str, Sequence[str]] = RULES,
) -> tuple[str | None, str]:
    """The first pattern in the text, and what its `*` stands for, reflected.

    A pattern is words, then perhaps `*` for one word or more, up to the next
    sentence mark. Returns `(None, "")` if no pattern occurs.
    """
    said = words(text)
    for pattern in rules:
        key = pattern.split()
        starred = key[-1:] == ["*"]
        if starred:
            key.pop()
        if not key or "*" in key:
            raise ValueError(f"{pattern!r}: words, then at most one final *")
        for i in range(len(said) - len(key) + 1):
            if said[i : i + len(key)] == key:
                rest = said[i + len(key) :]
                marks = [j for j, w in enumerate(rest) if not w[0].isalpha()]
                end = marks[0] if marks else len(rest)
                if end or not starred:
                    return pattern, reflect(rest[:end])
    return None, ""


class Eliza:
    """The program with its one kind of memory: how often each rule has answered, so that replies take turns.

    Args:
        rules: pattern -> replies, tried in order; a reply may hold one `*`.
        defaults: replies when no pattern occurs.
    """

    def __init__(self, rules: Mapping[str, Sequence[str]] = RULES, defaults: Sequence[str] = DEFAULTS):
        self.rules = dict(rules)
        self.defaults = tuple(defaults)
        self.used: dict[str | None, int] = {}
        if not self.defaults or not all(self.rules.values()):
            empty = next((pattern for pattern, replies in self.rules.items() if not replies), "the default")
            raise ValueError(f"{empty!r} has no reply; give at least one")

    def reply(self, text: str) -> str:
        """Answer one utterance. An empty one gets a default like any other that no rule matches."""
        pattern, rest = match(text, self.rules)
        replies = self.defaults if pattern is None else self.rules[pattern]
        turn = self.used.get(pattern, 0)
        self.used[pattern] = turn + 1
        return replies[turn % len(replies)].replace("*", rest)

    def transcript(self, said: Sequence[str]) -> str:
        """The conversation in which the user says these sentences one after the other."""
        return "\n".join(f"YOU    {text}\nELIZA  {self.reply(text)}" for text in said)
