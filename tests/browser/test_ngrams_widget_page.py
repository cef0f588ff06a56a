"""The n-gram explorer in a real browser: every method's probabilities, and their parts, are Python's."""

from __future__ import annotations

from base64 import b64encode

import numpy as np
import pytest
from widget_pages import call_each, check_looks, move, open_widgets, set_theme

from lmcourse.ngram import NgramModel
from lmcourse.ngram.backoff import katz_ratios
from lmcourse.ngram.smoothing import FALLBACK, Independent, discounts_of
from lmcourse.vocabulary import Vocabulary
from lmcourse.widgets import NgramExplorer
from lmcourse.widgets.base import script
from lmcourse.widgets.ngrams import BACKED_OFF, METHODS, layers


def made_up_text(size: int = 30_000) -> str:
    """Sentences of made-up words, some frequent, most rare: enough n-grams to estimate every discount."""
    rng = np.random.default_rng(7)
    words = ["".join(rng.choice(list("etaoinshrdlucm"), rng.integers(1, 8))) for _ in range(2000)]
    chosen = np.minimum(rng.zipf(1.4, size) - 1, 1999)
    marks = rng.choice([" ", " ", " ", " ", ", ", ".\n"], size)
    return "".join(words[i] + mark for i, mark in zip(chosen, marks))[:size]


LONG = made_up_text()
WORDS = "the mouse ate the cheese and the cat ate the mouse that ate the cheese the end".split()
TEXTS = {
    "long": NgramExplorer(LONG, order=5),
    "two letters": NgramExplorer("aab", order=2),
    "one letter": NgramExplorer("aaaa", order=3),
    "abracadabra": NgramExplorer("abracadabra", order=4),
    "unigrams": NgramExplorer("abracadabra", order=1),
    # letters that the text has not, and counts and ids that need two bytes
    "more letters": NgramExplorer(
        "ab" * 300 + "ba", 3, Vocabulary([*map(chr, range(97, 400))], separator="")
    ),
    "words": NgramExplorer(
        " ".join(WORDS), 3, Vocabulary(["<unk>", *sorted(set(WORDS))[2:]], unknown="<unk>")
    ),
}
JS = """async ([source, packed, size, order, cases]) => {
    const module = await import(URL.createObjectURL(new Blob([source], {type: "text/javascript"})));
    const counts = module.unpack(Uint8Array.from(atob(packed), (c) => c.charCodeAt(0)), size, order);
    const levels = counts.levels.map(({ tokens, parents, counts, suffix }) =>
        [tokens, parents, counts, suffix].map((list) => [...list]));
    return [levels, cases.map(([settings, contexts]) => {
        const tables = module.smooth(counts, settings);
        return contexts.map((ids) => {
            const backs = module.backsOff(settings.method);
            const { probs, parts, gammas } = module.predict(counts, tables, ids, backs);
            return [[...probs], parts.map((part) => [...part]), gammas];
        });
    })];
}"""


def in_page(page, explorer: NgramExplorer, cases: list) -> list:
    """The trie that the page unpacks, and what it predicts for (settings, contexts)."""
    packed = b64encode(explorer.trie).decode()
    return page.evaluate(JS, [script("ngrams.js"), packed, len(explorer.tokens), explorer.order, cases])


def some_contexts(explorer: NgramExplorer, rng: np.random.Generator, many: int) -> list[list[int]]:
    """Contexts of 0 to N tokens: some stood in the text, some only their ends, most of any tokens never."""
    found = [[]]
    for _ in range(many):
        n = int(rng.integers(1, explorer.order + 1))
        grams = explorer.counts.ngrams(n)
        context = grams[rng.integers(len(grams))].tolist()
        strange = rng.integers(0, len(explorer.tokens), rng.integers(0, 3)).tolist()
        found += [context, [*strange, *context], [*context, *strange]]
    return found


def same_settings(explorer: NgramExplorer, settings: dict) -> None:
    """Give Python's explorer the page's settings."""
    for key, value in settings.items():
        setattr(explorer, key, value)


@pytest.mark.parametrize("name", TEXTS)
def test_unpacked_counts_equal_python(page, name):
    levels, _ = in_page(page, TEXTS[name], [])
    counts = TEXTS[name].counts
    for n in range(1, counts.order + 1):
        tokens, parents, times, suffix = levels[n]
        assert tokens == (counts.levels[n].keys % counts.vocab_size).tolist()
        assert parents == counts.parents(n).tolist()
        assert times == counts.levels[n].counts.tolist()
        assert suffix == counts.levels[n].suffix.tolist()


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("name", TEXTS)
def test_probabilities_equal_python(page, name, method):
    explorer, rng = TEXTS[name], np.random.default_rng(3)
    cases = []
    for n in range(1, explorer.order + 1):
        for k, weight, discount in [(1.0, 0.5, None), (0.02, 0.9, 0.75), (0.0, 0.0, 0.05)]:
            settings = {"method": method, "n": n, "k": k, "weight": weight, "discount": discount}
            cases.append([settings, some_contexts(explorer, rng, 12 if len(explorer.tokens) < 100 else 3)])
    _, found = in_page(page, explorer, cases)
    for (settings, contexts), results in zip(cases, found):
        same_settings(explorer, settings)
        counts = explorer.counts.up_to(explorer.n)
        tables = explorer.smoothing(counts)
        expected = np.exp(NgramModel(explorer.vocab, counts, explorer.smoothing).next_log_probs(contexts))
        for context, (probs, parts, gammas), row in zip(contexts, results, expected):
            np.testing.assert_allclose(probs, row, atol=1e-12)
            np.testing.assert_allclose(
                parts, layers(counts, tables, context, method in BACKED_OFF), atol=1e-12
            )
            if method in BACKED_OFF or isinstance(tables, Independent) or not len(gammas):
                continue
            # what an interpolating context keeps for itself is 1 - γ of what came down to it
            kept = np.array(gammas[::-1])
            came = np.concatenate([[1], np.cumprod(kept)[:-1]])
            np.testing.assert_allclose(np.sum(parts, axis=1)[:0:-1], came * (1 - kept), atol=1e-12)


def test_the_long_text_estimates_every_discount(page):
    counts = TEXTS["long"].counts
    for n in (3, 4, 5):
        values = counts.levels[n].counts
        [several] = call_each(page, "ngrams.js", "discountsOf", [[values.tolist(), True]])
        [ratios] = call_each(page, "ngrams.js", "katzRatios", [[values.tolist()]])
        np.testing.assert_allclose(several, discounts_of(values, several=True))
        np.testing.assert_allclose(ratios, katz_ratios(values)[1:])
        assert several != FALLBACK.tolist()
        assert ratios != [0.5, 0.75, 1 - 0.5 / 3, 0.875, 0.9]


@pytest.mark.parametrize("name", ["words", "abracadabra"])
def test_reading_equals_python(page, name):
    explorer = TEXTS[name]
    texts = [
        "",
        "abra",
        "ab?ra",
        "x",
        "the mouse",
        " the\u00a0cat\x1cate\n\tthe ",
        "the moose",
        "a\ufeffb",
        "🚀",
    ]
    vocab = {"tokens": explorer.tokens, "separator": explorer.separator, "unknown": explorer.unknown}
    found = call_each(page, "ngrams.js", "read", [[text, vocab] for text in texts])
    for text, result in zip(texts, found):
        explorer.context = text
        assert result["ids"] == explorer.context_ids, text
    assert [r["strange"] for r in found][2] == (None if name == "words" else "?")


# ---------- in a page ----------

ROOT = ".lmc-ngrams"


@pytest.fixture
def explorer():
    """An explorer that no other test has changed."""
    return NgramExplorer(LONG, order=4, context="the ")


def check(page, explorer: NgramExplorer) -> None:
    """Bars and path show what Python computes with the explorer's present settings."""
    probs = explorer.probs
    assert page.locator(f"{ROOT} textarea").input_value() == explorer.context
    rows = page.locator(".lmc-ng-bars [data-token]").all()
    shown = [(row.get_attribute("data-token"), float(row.get_attribute("data-p"))) for row in rows]
    best = [i for i in np.argsort(-probs, kind="stable")[:10] if probs[i] > 0]
    assert [token for token, _ in shown] == [explorer.tokens[i] for i in best]
    for token, p in shown:
        assert p == pytest.approx(probs[explorer.vocab.id(token)], abs=1e-9)
    others = page.locator(".lmc-ng-bars .lmc-others").get_attribute("data-p")
    assert sum(p for _, p in shown) + float(others) == pytest.approx(probs.sum())
    shares = explorer.layers.sum(axis=1)
    for n, share in enumerate(shares):
        row = page.locator(f".lmc-ng-path [data-length='{n}']")
        assert float(row.get_attribute("data-share")) == pytest.approx(share, abs=1e-9)
        if n:
            ids = explorer.context_ids[len(explorer.context_ids) - n + 1 :]
            before = explorer.vocab.decode(ids)
            text = LONG
            seen = sum(text.startswith(before, i) for i in range(len(text) - len(before)))
            assert int(row.get_attribute("data-count")) == seen
    assert page.locator(".lmc-ng-path [data-length]").count() == len(shares)


def test_typing(page, tmp_path, explorer):
    open_widgets(page, tmp_path, explorer)
    check(page, explorer)
    area = page.locator("textarea")
    for text in ["", "t", "in th", "rrrrr", "é", "thé a", "e.\n"]:
        area.fill("")
        area.press_sequentially(text)
        explorer.context = text
        check(page, explorer)
        note = page.locator(".lmc-ng-note").inner_text()
        assert (f"“é” is none of the {len(explorer.tokens)} characters" in note) == ("é" in text)
    area.fill("a" * 1200)
    explorer.context = "a" * 1000
    check(page, explorer)


def test_the_first_task(page, tmp_path, explorer):
    open_widgets(page, tmp_path, explorer)
    seen = page.locator(".lmc-task [role=status]")
    page.get_by_role("button", name="one seen once").click()
    assert seen.inner_text() == ""
    page.get_by_role("button", name="one never seen").click()
    context = page.locator("textarea").input_value()
    assert [len(context), LONG.count(context)] == [3, 0]
    end = next(context[i:] for i in (1, 2, 3) if LONG.count(context[i:]))
    told = seen.inner_text().replace("␣", " ").replace("↵", "\n")
    assert told.startswith(
        f"Maximum likelihood: “{context}” is new to the counts. The others ask its end “{end}”,"
    )
    times = sum(LONG.startswith(end, i) for i in range(len(LONG)))
    assert f"seen {times} time" in told
    zero = page.locator(".lmc-ng-strip.lmc-ng-empty")
    assert zero.count() == 1  # what the line says is what the strips show
    assert page.locator("[data-method=maximum_likelihood] .lmc-ng-empty").count() == 1


def test_methods_by_mouse_and_by_keyboard(page, tmp_path, explorer):
    open_widgets(page, tmp_path, explorer)
    for method in METHODS:
        page.locator(f"[data-method={method}] .lmc-ng-strip").click()
        assert page.get_attribute(ROOT, "data-method") == method
        explorer.method = method
        check(page, explorer)
        setting = page.locator("[data-slider=setting]")
        assert setting.is_visible() == (
            method in ("add_k", "jelinek_mercer", "absolute_discounting", "kneser_ney")
        )
    page.get_by_label("Add-k").check()
    page.keyboard.press("ArrowDown")
    assert page.get_attribute(ROOT, "data-method") == "jelinek_mercer"
    page.keyboard.press("Tab")
    page.keyboard.press("ArrowLeft")
    explorer.method, explorer.n = "jelinek_mercer", 3
    check(page, explorer)


def test_sliders(page, tmp_path, explorer):
    open_widgets(page, tmp_path, explorer)
    setting = page.locator("[data-slider=setting]")
    assert setting.get_attribute("aria-valuetext") == "estimated"
    move(page, setting, 15)
    explorer.discount = 0.75
    check(page, explorer)
    assert "0.75 is taken from each count." in page.locator(".lmc-ng-explain").inner_text()
    for method, name, stop, value in [("add_k", "k", 3, 0.01), ("jelinek_mercer", "weight", 16, 0.8)]:
        page.locator(f"[data-method={method}] label").click()
        move(page, setting, stop)
        explorer.method = method
        setattr(explorer, name, value)
        check(page, explorer)
    move(page, page.locator("[data-slider=n]"), 0)  # the first stop but one: n goes from 1
    explorer.n = 1
    check(page, explorer)
    page.locator("[data-slider=n]").press("End")
    explorer.n = 4
    check(page, explorer)
    page.locator("[data-method=kneser_ney] label").click()
    explorer.method = "kneser_ney"
    check(page, explorer)
    setting.press("Home")
    explorer.discount = None
    check(page, explorer)


def test_a_small_discount_trusts_the_counts_more(page, tmp_path, explorer):
    open_widgets(page, tmp_path, explorer)
    setting, shares = page.locator("[data-slider=setting]"), []
    for stop in (1, 10, 19):
        setting.evaluate("(e, stop) => { e.value = stop; e.dispatchEvent(new Event('input')); }", stop)
        shares.append(float(page.locator(".lmc-ng-path [data-length='4']").get_attribute("data-share")))
    # what the longest context passes on is D times the kinds over the count: a straight line in D
    assert shares[0] > shares[1] > shares[2]
    np.testing.assert_allclose((1 - np.array(shares)) / [0.05, 0.5, 0.95], (1 - shares[0]) / 0.05)


def test_drawing_goes_on_with_the_text(page, tmp_path, explorer):
    explorer.context = ""
    open_widgets(page, tmp_path, explorer)
    page.evaluate("() => { let x = 0; Math.random = () => (x = (x + 0.137) % 1); }")
    rolls, expected = iter((np.arange(1, 60) * 0.137) % 1), ""
    for button, many in [("Draw the next character", 1), ("Draw 50", 50)]:
        page.get_by_role("button", name=button).click()
        for _ in range(many):
            explorer.context = expected
            below = np.cumsum(explorer.probs) <= next(rolls) + 1e-12
            expected += explorer.tokens[int(below.sum())]
        assert page.locator("textarea").input_value() == expected
    explorer.context = expected
    check(page, explorer)
    page.get_by_role("button", name="Clear").click()
    explorer.context = ""
    check(page, explorer)


def test_examples_are_what_they_say(page, tmp_path, explorer):
    open_widgets(page, tmp_path, explorer)
    grams = [LONG[i : i + 3] for i in range(len(LONG) - 2)]
    for _ in range(5):
        for kind, fits in [
            ("frequent", lambda count: count > 100),
            ("once", lambda count: count == 1),
            ("never", lambda count: count == 0),
        ]:
            page.locator(f"[data-example={kind}]").click()
            context = page.locator("textarea").input_value()
            assert len(context) == 3
            assert fits(grams.count(context))
            explorer.context = context
            check(page, explorer)


def test_maximum_likelihood_says_that_it_has_nothing_to_say(page, tmp_path, explorer):
    explorer.method, explorer.context = "maximum_likelihood", "mmmm"
    open_widgets(page, tmp_path, explorer)
    check(page, explorer)
    assert "was never seen: maximum likelihood has nothing to say" in page.locator(ROOT).inner_text()
    assert page.locator("[data-draw='1']").is_disabled()
    assert page.locator("[data-method=maximum_likelihood] .lmc-ng-empty").is_visible()
    page.get_by_label("Katz").check()
    assert page.locator("[data-draw='1']").is_enabled()


def test_words(page, tmp_path):
    vocab = Vocabulary(["<unk>", "the", "mouse", "ate"], unknown="<unk>")
    explorer = NgramExplorer(" ".join(WORDS), 2, vocab, context="the moose", method="add_k")
    open_widgets(page, tmp_path, explorer)
    rows = page.locator(".lmc-ng-bars [data-token]").all()
    shown = {row.get_attribute("data-token"): float(row.get_attribute("data-p")) for row in rows}
    assert shown == pytest.approx(dict(zip(explorer.tokens, explorer.probs)))
    page.evaluate("() => { Math.random = () => 0; }")
    page.locator("[data-draw='1']").click()
    assert page.locator("textarea").input_value() == "the moose <unk>"


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("width", [360, 390, 1280])
def test_looks(page, tmp_path, explorer, theme, width):
    page.set_viewport_size({"width": width, "height": 800})
    vocab = Vocabulary(["<unk>", *sorted(set(WORDS)), "antidisestablishmentarianism"], unknown="<unk>")
    words = NgramExplorer(
        " ".join(WORDS), 3, vocab, context="cat antidisestablishmentarianism", method="stupid_backoff"
    )
    nothing = NgramExplorer(LONG, order=4, context="é mmmm", method="maximum_likelihood")
    open_widgets(page, tmp_path, explorer, words, nothing)
    set_theme(page, theme)
    check_looks(page)
