"""Sphinx extension: the search cuts Chinese into characters and pairs of them, and puts exact names first.

Sphinx's own search stays: it gets another way to cut texts into words, here and in `search_words.js` for the
reader's question, and a function there that ranks what is called as the question says.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from sphinx.application import Sphinx
from sphinx.search.en import SearchEnglish

SCRIPT = Path(__file__).with_suffix(".js")
# Kana, Chinese characters with their extensions, and Korean syllables: writing without spaces, or nearly.
UNSPACED = "\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7af\uf900-\ufaff\U00020000-\U000323af"
PARTS = re.compile(rf"[{UNSPACED}]+|[^\W{UNSPACED}]+")


def words(text: str) -> list[str]:
    """The words that a text is found by: of Chinese its characters and the pairs of neighbours.

    >>> words("GPT切分词")
    ['GPT', '切', '分', '词', '切分', '分词']
    """
    found: list[str] = []
    for part in PARTS.findall(text):
        found += [*part, *map("".join, zip(part, part[1:]))] if re.match(f"[{UNSPACED}]", part) else [part]
    return found


class SearchWords(SearchEnglish):
    """English, with words of other writing in between."""

    def split(self, input: str) -> list[str]:
        """The words of a text."""
        return words(input)

    @property
    def js_splitter_code(self) -> str:
        """The same for the reader's question, who wants pairs alone: what has them has their characters."""
        return SCRIPT.read_text(encoding="utf-8")


def setup(app: Sphinx) -> dict[str, Any]:
    """Let this be the search's English."""
    app.add_search_language(SearchWords)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
