"""A conversation as one text: the template in which a chat model was trained, here ChatML.

Each message is `<|im_start|>`, who speaks, a new line, what is said, `<|im_end|>`, a new line. The model goes
on after `<|im_start|>assistant` and a new line, and says `<|im_end|>` when it is done. That is all there is
to a chat: a language model continues a text.

Left out: tools, and the templates of other models. The file holds the same as a program for Jinja.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from lmcourse.decoding.filters import Decoding
from lmcourse.decoding.generation import generate
from lmcourse.pretrained.tokenizer import PretrainedTokenizer
from lmcourse.transformer.model import TransformerModel

START, END = "<|im_start|>", "<|im_end|>"
SYSTEM = "You are a helpful AI assistant named SmolLM, trained by Hugging Face"  # unless there is another

Messages = Sequence[Mapping[str, str]]  # each with "role" ("system", "user" or "assistant") and "content"


def turns(messages: Messages) -> list[tuple[str, str]]:
    """Role and content of each message, with the default system prompt in front where none is given.

    Raises ValueError for a message without role or content.
    """
    for message in messages:
        if not {"role", "content"} <= set(message):
            raise ValueError(f"message {dict(message)} must have a role and a content")
    found = [(message["role"], message["content"]) for message in messages]
    return [("system", SYSTEM), *found] if found and found[0][0] != "system" else found


def chat_text(messages: Messages, answer: bool = True) -> str:
    """The conversation as text.

    Args:
        messages: who said what.
        answer: whether the assistant's next message is begun.

    >>> print(chat_text([{"role": "system", "content": "Be brief."}, {"role": "user", "content": "Hi"}]))
    <|im_start|>system
    Be brief.<|im_end|>
    <|im_start|>user
    Hi<|im_end|>
    <|im_start|>assistant
    <BLANKLINE>
    """
    said = "".join(f"{START}{role}\n{content}{END}\n" for role, content in turns(messages))
    return said + (f"{START}assistant\n" if answer else "")


def chat_ids(tokenizer: PretrainedTokenizer, messages: Messages, answer: bool = True) -> list[int]:
    """The conversation as token ids. Arguments as of `chat_text`.

    `tokenizer.encode(chat_text(messages), special=True)` gives the same, as long as nobody writes special
    tokens into a message; here they stay mere text.
    """
    start, end = tokenizer.special_id(START), tokenizer.special_id(END)
    ids: list[int] = []
    for role, content in turns(messages):
        ids += [start, *tokenizer.encode(f"{role}\n{content}"), end, *tokenizer.encode("\n")]
    return ids + ([start, *tokenizer.encode("assistant\n")] if answer else [])


def speakers(tokenizer: PretrainedTokenizer, ids: Sequence[int]) -> list[str]:
    """Who says each token of a conversation: the role, up to its end token; "" for what is only frame.

    What is to be learned from a conversation are the assistant's tokens; an end token among them is how a
    model learns to stop. Before the first start token nobody speaks.

    >>> from lmcourse.pretrained.model import tokenizer
    >>> ids = chat_ids(tokenizer(), [{"role": "system", "content": "Be brief."}], answer=False)
    >>> speakers(tokenizer(), ids)  # <|im_start|>, system, line; Be, brief, full stop, <|im_end|>; line
    ['', '', '', 'system', 'system', 'system', 'system', '']
    """
    start, end = tokenizer.special_id(START), tokenizer.special_id(END)
    found: list[str] = []
    speaker, role = "", None  # role: that of a header as far as it is read; None outside of one
    for i in ids:
        if i == start:
            speaker, role = "", ""
            found.append("")
        elif role is not None:
            name, line, _ = (role + tokenizer.decode([i])).partition("\n")
            speaker, role = (name, None) if line else ("", name)
            found.append("")
        else:
            found.append(speaker)
            speaker = "" if i == end else speaker
    return found


def reply(
    model: TransformerModel,
    messages: Messages,
    max_tokens: int = 100,
    decoding: Decoding | None = None,
    rng: np.random.Generator | None = None,
) -> str:
    """What the model answers. Arguments as of `generate`.

    Raises ValueError for a model with a start token: a conversation begins with one of its own.
    """
    if model.start is not None:
        raise ValueError(f"the model has the start token {model.start}, a chat has its own; use load()")
    said = generate(model, chat_ids(model.vocab, messages), max_tokens, decoding, rng)
    return model.vocab.decode(said[:-1] if said and said[-1] == model.end else said)
