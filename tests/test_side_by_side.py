"""One beginning by several models: the numbers by hand, the page that shows them, the front page's claims."""

import re
import struct
from html.parser import HTMLParser

import numpy as np
import pytest

from lmcourse.experiments import depths
from lmcourse.model import LanguageModel
from lmcourse.ngram import CountModel
from lmcourse.side_by_side import READ, TRUTH, as_html, in_words, lesson, next_words, readers, social_image
from lmcourse.world import five_words


class Fixed(LanguageModel):
    """Says the same after everything."""

    def __init__(self, vocab, **probs):
        self.vocab, self.end = vocab, None
        self._log = np.log([probs.get(token, 0.01) for token in vocab.tokens])

    def next_log_probs(self, contexts):
        """The fixed log-probabilities, a row for each context; see the base class."""
        return np.tile(self._log, (len(contexts), 1))


WORLD = five_words()


def test_words_probabilities_and_bits_by_hand():
    # After "the mouse ate", chapter 1's small world: "the" 0.8 and "." 0.2.
    truth = np.exp(WORLD.next_log_probs([WORLD.vocab.encode("the mouse ate")])[0])
    (the,), (dot,) = WORLD.vocab.encode("the"), WORLD.vocab.encode(".")
    assert (truth[the], truth[dot]) == pytest.approx((0.8, 0.2))
    model = Fixed(WORLD.vocab, **{"the": 0.4, ".": 0.4, "mouse": 0.15})
    read = [
        WORLD.vocab.encode(text) for text in ("the mouse ate .", "the mouse ate the cheese .", "the mouse")
    ]
    said = next_words("the mouse ate", {"fixed": model}, WORLD, read)
    assert said.words == ["the", ".", "mouse"]  # by truth; then what the model alone gives five in a hundred
    assert said.probs["fixed"] == pytest.approx([0.4, 0.4, 0.15])
    assert said.probs[TRUTH] == pytest.approx([0.8, 0.2, 0])
    assert said.bits == pytest.approx({"fixed": 0.8 * 1 + 0.2 * -1})
    assert said.times == 2


def test_a_text_that_begins_nothing_is_refused():
    with pytest.raises(ValueError, match="text='mouse mouse' begins no sentence"):
        next_words("mouse mouse", {}, WORLD)


class Shown(HTMLParser):
    """What a page shows: texts, radio buttons, widths of bars."""

    def __init__(self, text):
        super().__init__()
        self.radios, self.widths, self.texts = [], [], []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        """Note an element."""
        values = dict(attrs)
        if tag == "input":
            self.radios.append("checked" in values)
        if tag == "span":
            self.widths.append(float(re.search(r"width: ([\d.]+)%", values["style"])[1]))

    def handle_data(self, data):
        """Note a text."""
        self.texts.append(data)


def test_the_page_shows_each_beginning_and_opens_on_the_one_asked_for():
    model = Fixed(WORLD.vocab, **{"the": 0.4, ".": 0.396})
    several = [next_words(text, {"a <model>": model}, WORLD, []) for text in ("the mouse ate", "the mouse")]
    html = as_html(several, first=1)
    shown = Shown(html)
    assert shown.radios == [False, True]
    # "the" and "." by the model, then in truth; the longest bar, of 0.8, has all the room.
    assert shown.widths[:4] == [50.0, 49.5, 100.0, 25.0]
    assert "<model>" not in html
    assert "a <model>" in shown.texts
    assert (
        f"Each of the four has read {READ:,} sentences, among them none that begins like this." in shown.texts
    )
    for i in range(2):
        assert f".lmc-side:has(#lmc-beginning-{i}:checked) #lmc-said-{i}" in html
    assert re.search(r'<tr class="never"><th scope="row">ate</th>', html) is None


def test_a_word_that_never_comes_is_marked():
    said = next_words("the mouse ate", {"a": Fixed(WORLD.vocab, mouse=0.5)}, WORLD)
    assert '<tr class="never"><th scope="row">mouse</th>' in as_html([said])
    assert as_html([said]).count('class="never"') == 2  # in both panels


def test_the_picture_has_the_size_that_other_sites_ask_for():
    said = next_words("the mouse ate", {"1 · a": Fixed(WORLD.vocab, the=0.5)}, WORLD)
    png = social_image(said, "Title", "A line.")
    assert png.startswith(b"\x89PNG")
    assert struct.unpack(">II", png[16:24]) == (1200, 630)
    assert len(png) < 150_000
    assert (
        in_words(said, "T")
        == "T. Bars: how a sentence that begins “the mouse ate …” goes on, by a; the truth."
    )


def test_what_the_front_page_says_of_the_four_models():
    """The networks know the number of a noun nine words back, the counts do not; near it all but one do."""
    world = depths.world()
    assert len(lesson()) == READ
    far = next_words("the mice that the cat near the dogs chases", readers(), world, lesson())
    near = next_words("the mice near the cat", readers(), world, lesson())
    assert far.words == ["sleep", "run", "hide", "sleeps", "runs", "hides"]
    pairs, kneser_ney, lstm, transformer = readers()
    for network in (lstm, transformer):
        assert far.bits[network] < 0.02
        assert far.probs[network][3:].sum() < 0.01
    assert far.probs[kneser_ney][3:].sum() > 0.15
    assert far.probs[pairs][3:].sum() > 0.4
    assert near.bits[kneser_ney] < 0.1 < near.bits[pairs]
    # The counts of pairs are those of the first chapter's model, unsmoothed, to a thousandth.
    stream = [token for sentence in lesson() for token in sentence]
    plain = CountModel(world.vocab, 2, stream, start=world.end)
    ids = world.vocab.encode(far.text)
    ours, theirs = (np.exp(m.next_log_probs([ids])[0]) for m in (readers()[pairs], plain))
    assert ours == pytest.approx(theirs, abs=2e-3)
