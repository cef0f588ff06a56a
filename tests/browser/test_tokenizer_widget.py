"""The tokenizer explorer in a real browser: on any string the same tokens and merges as Python's."""

from __future__ import annotations

import unicodedata

import numpy as np
import pytest
import quicktok
from widget_pages import check_looks, move, open_widgets, set_theme

from lmcourse.tokenization.bpe import BPE, BYTES
from lmcourse.tokenization.pieces import BERT, GPT4O, pieces
from lmcourse.tokenization.unigram import Unigram
from lmcourse.tokenization.wordpiece import WordPiece
from lmcourse.vocabulary import Vocabulary
from lmcourse.widgets import TokenizerExplorer
from lmcourse.widgets.base import script
from lmcourse.widgets.tokenizer import PATTERNS, merge_steps, tokenize

TEXT = (
    "It's the mouse that ate the cheese, and they'll say it's the mouse's. We've 42 mice, 1,000 mice!\n\n"
    "Die Mäuse fraßen den Käse.  南京市长江大桥,研究生命起源。 👩‍🚀🚀 naïve café\tend \u00a0\u0085 mice mice"
)
SIGNS = (
    [chr(i) for i in range(0x20)]
    + list(" \u0085\u00a0\u1680\u2003\u2028\u2029\u200b\u200d\u202f\u205f\u3000\ufeff\u180e\u00ad")
    + list("aeistTmous 'dmlrv''  ##[]UNK12²½٣Ⅷßé\u0131İ\u017f\u0301\u0308\u0345南京市大👩🚀🇬🇧🏽\U0001f3ff")
    + list("\U0001d538\U0010ffff\ud800\udc00\ue000")
    + ["the", " the", "mice", "'s", "'ll", "'ve", "  ", "\r\n", "[UNK]", "##e", "e\u0301", "👩‍🚀"]
)
# Half pairs that meet make a whole character in JavaScript, and two in Python: no typed text has them.
MEETING = "\ud800\udc00"
# Every assigned character, but few of the thousands of ideographs, which are all alike.
IDEOGRAPHS = [(0x3400, 0xA000), (0xAC00, 0xD7A4), (0x17000, 0x18D00), (0x20000, 0x40000)]
ASSIGNED = [
    chr(i)
    for i in range(0x110000)
    if unicodedata.category(chr(i)) not in ("Cn", "Cs", "Co")
    and (i % 97 == 0 or not any(start <= i < end for start, end in IDEOGRAPHS))
]

O200K = quicktok.get_encoding("o200k_base")
TOKENIZERS = {
    "GPT-4o": BPE.from_ranks([O200K.decode_single_token_bytes(i) for i in range(3000)], GPT4O),
    "bytes": BPE.train(TEXT, 330),
    "bytes, words": BPE.train(TEXT, 330, pattern=r" ?\S+|\s+"),
    "bytes, BERT": BPE.train(TEXT, 330, pattern=BERT),
    "characters": BPE.train(TEXT, 120, byte_level=False),
    "uncut": BPE.train(TEXT, 120, pattern=r"(?s).+", byte_level=False),
    "falling ranks": BPE("aeist", [(1, 3), (0, 1), (6, 3), (7, 4), (0, 5)], pattern=r"(?s).+"),
    "wordpiece": WordPiece.train(TEXT, 120),
    "unigram": Unigram.train(TEXT, 120),
    # many ties: all that counts is the rule for them
    "ties": Unigram(
        {"t": -1.0, "h": -1.0, "e": -1.0, "th": -2.0, "he": -2.0, "the": -3.0, "s": -0.1, "'": -7.0}
    ),
    "word list": Vocabulary.of_words(TEXT),
    "letters": Vocabulary.of_characters(TEXT),
}


def nasty_texts() -> list[str]:
    """Texts of strange signs, of any assigned character, and of ordinary words."""
    rng = np.random.default_rng(3)
    texts = ["", " ", "\n", TEXT, "\ufeffthe", "x\x1cy", "'s's", "  the", "the \x1c the", "aestaes"]
    for size in rng.integers(1, 40, 300):
        texts.append("".join(SIGNS[i] for i in rng.integers(0, len(SIGNS), size)))
    for size in rng.integers(1, 40, 100):
        texts.append("".join(ASSIGNED[i] for i in rng.integers(0, len(ASSIGNED), size)))
    for start, size in zip(rng.integers(0, len(TEXT), 100), rng.integers(1, 80, 100)):
        texts.append(TEXT[start : start + size])
    return [text for text in texts if MEETING not in text]


TEXTS = nasty_texts()


def points(text: str | bytes) -> list[int]:
    """Code points, or bytes: half a surrogate pair cannot travel to the browser as text."""
    return list(text) if isinstance(text, bytes) else [ord(character) for character in text]


def in_page(page, body: str, *arguments):
    """The result of JavaScript that sees the widget's `module`, `given`, `text(points)`, `points(text)`."""
    return page.evaluate(
        """async ([source, body, given]) => {
            const module = await import(URL.createObjectURL(new Blob([source], {type: "text/javascript"})));
            const text = (points) => points.map((point) => String.fromCodePoint(point)).join("");
            const points = (text) => [...text].map((character) => character.codePointAt(0));
            return new Function("module", "text", "points", "given", body)(module, text, points, given);
        }""",
        [script("tokenizer.js"), body, list(arguments)],
    )


@pytest.mark.parametrize("name", ["characters ", "UTF-8 bytes", "words", *TOKENIZERS])
def test_tokens_equal_python(page, name):
    explorer = TokenizerExplorer({f"my {name}": tokenizer for name, tokenizer in TOKENIZERS.items()}, "")
    own = TOKENIZERS.get(name)
    schemes = {s["name"]: s for s in explorer.schemes}
    found = in_page(
        page,
        """const scheme = module.compile(given[0]);
        const told = ([token, id]) => [points(token), id];
        return given[1].map((each) => scheme.encode(text(each)).map(told));""",
        schemes[f"my {name}" if own else name.strip()],
        [points(text) for text in TEXTS],
    )
    for text, tokens in zip(TEXTS, found):
        if own:
            expected = tokenize(own, text)
        elif name == "words":
            expected = [(word, None) for word in text.split()]
        elif name == "UTF-8 bytes":
            expected = [(bytes([i]), i) for i in text.encode("utf-8", "surrogatepass")]
        else:
            expected = [(character, ord(character)) for character in text]
        assert tokens == [[points(token), i] for token, i in expected], repr(text)


@pytest.mark.parametrize("name", [name for name, t in TOKENIZERS.items() if isinstance(t, BPE)])
def test_merges_equal_python(page, name):
    scheme = TokenizerExplorer({"mine": TOKENIZERS[name]}, "").schemes[-1]
    texts = TEXTS[:4] + TEXTS[4::9]
    found = in_page(
        page,
        """const scheme = module.compile(given[0]);
        return given[1].map((each) => {
            const { steps, at } = scheme.mergeSteps(text(each));
            return steps.map(({ rank, places }, k) => [
                rank, at(k + 1).map(([token]) => points(token)), at(k).length - at(k + 1).length - places]);
        });""",
        scheme,
        [points(text) for text in texts],
    )
    for text, steps in zip(texts, found):
        expected = merge_steps(TOKENIZERS[name], text)
        assert steps == [[rank, [points(t) for t in tokens], 0] for rank, tokens in expected], repr(text)


@pytest.mark.parametrize("pattern", PATTERNS)
def test_pieces_of_every_character_equal_python(page, pattern):
    found = in_page(
        page,
        """return given[1].map((point) => module.pieces(`a${String.fromCodePoint(point)}1 `, given[0])
            .map((piece) => [...piece].length).join(""));""",
        PATTERNS[pattern],
        [ord(sign) for sign in ASSIGNED],
    )
    expected = ["".join(str(len(piece)) for piece in pieces(f"a{sign}1 ", pattern)) for sign in ASSIGNED]
    assert [sign for sign, a, b in zip(ASSIGNED, found, expected) if a != b] == []


def test_bytes_that_are_no_character(page):
    # "é" is C3 A9; F0 9F 9A is the beginning of an emoji; ED A0 80 would be half a surrogate pair
    data = [0x61, 0xC3, 0xA9, 0xC3, 0xF0, 0x9F, 0x9A, 0xED, 0xA0, 0x80, 0xEF, 0xBB, 0xBF]
    found = in_page(page, "return module.readBytes(String.fromCharCode(...given[0]));", data)
    whole = [["a", None], ["é", None]]
    alone = [["", byte] for byte in [0xC3, 0xF0, 0x9F, 0x9A, 0xED, 0xA0, 0x80]]
    assert found == [*whole, *alone, ["\ufeff", None]]


# ---------- in a page ----------

SHOWN = {name: TOKENIZERS[name] for name in ["bytes", "characters", "wordpiece", "unigram", "word list"]}
ROOT = ".lmc-tokenizer"


@pytest.fixture
def explorer():
    """An explorer of five tokenizers; their names must differ from the built-in ones."""
    return TokenizerExplorer({f"{name} learned": t for name, t in SHOWN.items()}, "the mouse's cheese")


def check_counts(page, explorer) -> None:
    """Each row's count, and the chosen scheme's chips, are Python's."""
    for row in page.locator("[data-scheme].lmc-row").all():
        assert int(row.get_attribute("data-tokens")) == len(explorer.tokens(row.get_attribute("data-scheme")))
    chosen = explorer.tokens(page.get_attribute(ROOT, "data-scheme"))
    chips = page.locator(".lmc-chips .lmc-chip")
    ids = chips.evaluate_all("all => all.map((e) => e.dataset.id ?? null)")
    assert ids == [None if i is None else str(i) for _, i in chosen]


def test_typing(page, tmp_path, explorer):
    open_widgets(page, tmp_path, explorer)
    check_counts(page, explorer)
    area = page.locator("textarea")
    area.fill("")
    explorer.text = ""
    check_counts(page, explorer)
    area.press_sequentially("Käse 42\n")
    area.press_sequentially("南京 🚀")
    explorer.text = "Käse 42\n南京 🚀"
    check_counts(page, explorer)
    page.get_by_role("button", name="emoji").click()
    explorer.text = "naïve café 👩‍🚀🚀"
    check_counts(page, explorer)
    assert area.input_value() == explorer.text
    # 3,000 characters: the first 2,000 stay, and the page says so
    area.fill("🚀" * 3000)
    explorer.text = "🚀" * 2000
    assert area.input_value() == explorer.text
    assert page.get_by_text("Only the first 2,000 characters are kept.").is_visible()
    area.press("Backspace")
    assert page.get_by_text("Only the first").count() == 0


def test_the_first_task(page, tmp_path):
    shown = {"letters of English": TOKENIZERS["letters"], "BPE, bytes": TOKENIZERS["GPT-4o"]}
    shown["letters of English"] = Vocabulary.of_characters("the mouse")
    explorer = TokenizerExplorer(shown, "the mouse")
    open_widgets(page, tmp_path, explorer)
    seen = page.locator(".lmc-task [role=status]")
    page.get_by_role("button", name="numbers").click()
    assert seen.inner_text() == ""
    page.get_by_role("button", name="Chinese").click()
    explorer.text = "南京市长江大桥"
    n = len(explorer.tokens("BPE, bytes"))
    assert seen.inner_text() == (
        "“letters of English” has no token for any of it. "
        f"Tokens needed by the others: “characters” 7, “UTF-8 bytes” 21, “BPE, bytes” {n}. "
        "(Words have no ids before there is a vocabulary.)"
    )
    lacking = page.locator(".lmc-row.lmc-lacks")
    assert lacking.count() == 1
    assert "letters of English 7 unknown" in lacking.inner_text()
    hatched = "e => getComputedStyle(e).backgroundImage.startsWith('repeating-linear-gradient')"
    assert lacking.locator(".lmc-fill").evaluate(hatched)
    page.get_by_role("button", name="English", exact=True).click()
    assert page.locator(".lmc-row[data-scheme='letters of English']").inner_text().count("unknown") == 1
    page.locator("textarea").fill("the mouse")
    assert lacking.count() == 0
    assert 7 < n < 21  # some characters are tokens of their own, or nearly


def test_schemes_by_mouse_and_by_keyboard(page, tmp_path, explorer):
    open_widgets(page, tmp_path, explorer)
    for name in [*explorer._tokenizers, "words", "UTF-8 bytes", "characters"]:
        page.locator(f".lmc-row[data-scheme='{name}'] .lmc-count").click()
        assert page.get_attribute(ROOT, "data-scheme") == name
        check_counts(page, explorer)
        assert page.locator(".lmc-stepper").is_visible() == (name in ("bytes learned", "characters learned"))
    page.locator(f"{ROOT} input[type=radio]:checked").focus()
    page.keyboard.press("ArrowDown")
    assert page.get_attribute(ROOT, "data-scheme") == "UTF-8 bytes"
    assert page.locator(".lmc-chips small").count() == 0
    page.get_by_label("ids").check()
    assert page.locator(".lmc-chips small").all_inner_texts() == [str(ord(c)) for c in explorer.text]


def check_step(page, explorer, k: int) -> None:
    """The page shows the text after k merges."""
    steps = explorer.merge_steps("bytes learned")
    assert page.get_attribute(ROOT, "data-step") == str(k)
    assert page.get_attribute(ROOT, "data-steps") == str(len(steps))
    if not k:
        tokens = [BYTES[i] for i in explorer.text.encode()]
    else:
        rank, tokens = steps[k - 1]
        assert page.get_attribute(ROOT, "data-rank") == str(rank)
        said = page.locator(".lmc-merge").inner_text()
        assert f"Merge {k}: " in said
        assert f"number {rank + 1} of the {len(TOKENIZERS['bytes'].merges)} learned" in said
    faces = page.locator(".lmc-chips .lmc-face").all_inner_texts()
    assert faces == [token.decode().replace(" ", "␣") for token in tokens]


def test_merges_one_by_one(page, tmp_path, explorer):
    open_widgets(page, tmp_path, explorer)
    last = len(explorer.merge_steps("bytes learned"))
    check_step(page, explorer, last)
    slider = page.locator("[data-slider=step]")
    move(page, slider, 3)
    check_step(page, explorer, 3)
    for key, k in [("ArrowRight", 4), ("Home", 0), ("End", last), ("ArrowLeft", last - 1)]:
        slider.press(key)
        check_step(page, explorer, k)
    for name, k in [("No merges", 0), ("One merge on", 1), ("One merge on", 2), ("One merge back", 1)]:
        page.get_by_role("button", name=name).press("Enter")
        check_step(page, explorer, k)
    page.get_by_text("All merges of this text").click()
    rows = page.locator(".lmc-merges button")
    rows.first.wait_for()
    assert rows.count() == last
    rows.nth(4).click()
    check_step(page, explorer, 5)
    assert page.locator(".lmc-merges [aria-current]").get_attribute("data-step") == "5"
    page.locator("textarea").fill("the cheese")
    explorer.text = "the cheese"
    last = len(explorer.merge_steps("bytes learned"))
    check_step(page, explorer, last)
    assert rows.count() == last


def test_merges_play_by_themselves(page, tmp_path, explorer):
    page.clock.install()
    open_widgets(page, tmp_path, explorer)
    last = len(explorer.merge_steps("bytes learned"))
    page.get_by_role("button", name="Play").click()
    check_step(page, explorer, 0)
    page.clock.run_for(2 * 700)
    check_step(page, explorer, 2)
    page.get_by_role("button", name="Pause").click()
    page.clock.run_for(2 * 700)
    check_step(page, explorer, 2)
    page.get_by_role("button", name="Play").click()
    page.clock.run_for((last + 3) * 700)
    check_step(page, explorer, last)
    assert page.get_by_role("button", name="Play").is_visible()


def test_what_cannot_be_seen_is_shown(page, tmp_path):
    widget = TokenizerExplorer({"letters": Vocabulary.of_characters("ab")}, "a \n\t\u200d\u0301c")
    open_widgets(page, tmp_path, widget)
    faces = page.locator(".lmc-chips .lmc-face").all_inner_texts()
    assert faces == ["a", "␣", "↵", "⇥", "U+200D", "◌\u0301", "c"]
    assert page.locator(".lmc-chips .lmc-unknown").count() == 6
    assert "6 in a dashed box are unknown here" in page.locator(".lmc-detail").inner_text()


def test_a_text_as_long_as_may_be_is_typed_fluently(page, tmp_path, explorer):
    explorer.text = ("the mouse's cheese 南京 " * 100)[:1990]
    open_widgets(page, tmp_path, explorer)
    page.locator("textarea").press("End")
    page.locator("textarea").press_sequentially("the end.")
    assert int(page.locator("[data-scheme='characters'].lmc-row").get_attribute("data-tokens")) == 1998
    page.locator("[data-scheme='UTF-8 bytes'].lmc-row").click()
    assert " more" in page.locator(".lmc-detail .lmc-note").first.inner_text()  # 2,000 chips are drawn
    assert page.locator(".lmc-chips .lmc-chip").count() == 2000


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("width", [360, 390, 1280])
def test_looks(page, tmp_path, explorer, theme, width):
    page.set_viewport_size({"width": width, "height": 800})
    explorer.text = "The mouse's cheeses: 42 Käse,\nnaïve 南京 " + "x" * 80 + " 👩‍🚀"
    other = TokenizerExplorer({"word list": SHOWN["word list"]}, "mice and men")
    open_widgets(page, tmp_path, explorer, other)
    set_theme(page, theme)
    page.get_by_label("ids").first.check()
    page.get_by_text("All merges of this text").first.click()
    page.get_by_role("button", name="One merge back").first.click()
    check_looks(page)
