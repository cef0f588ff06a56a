"""Shakespeare and parallel messages: how files become texts, on invented files; what the real ones are."""

import gettext
import io
import re
import struct

import needed
import pytest

from lmcourse import data
from lmcourse.data import DataError, fetch, pins
from lmcourse.text import (
    HELD_OUT,
    read_catalogue,
    sentences,
    shakespeare,
    shakespeare_split,
    translations,
    web_counts,
)

WORKS = ("hamlet", "macbeth", "sonnets", "tempest", "twelfth_night")


@pytest.fixture
def invented(tmp_path, monkeypatch):
    """A cache whose Shakespeare is five files of our own."""
    monkeypatch.setenv("LMCOURSE_CACHE", str(tmp_path))
    monkeypatch.setattr(data, "damage", lambda *_: "")  # which they are, beside the real ones
    folder = tmp_path / f"shakespeare-{pins()['shakespeare'][0]}"
    folder.mkdir()
    for name in WORKS:
        content = f"\n{name.upper()}  \r\n\r\n  Act I \t\n\n\nÆneas\n\n\n"
        (folder / f"{name}_gut.txt").write_bytes(content.encode("latin-1"))


@pytest.mark.usefixtures("invented")
def test_line_ends_and_blanks_are_cleaned_and_nothing_else():
    works = shakespeare()
    assert tuple(works) == WORKS
    assert works["hamlet"] == "HAMLET\n\n  Act I\n\n\nÆneas\n"


@pytest.mark.usefixtures("invented")
def test_the_split_is_by_work():
    train, held_out = shakespeare_split()
    assert re.findall("[A-Z_]{3,}", train) == ["HAMLET", "SONNETS"]
    assert re.findall("[A-Z_]{3,}", held_out) == ["MACBETH", "TEMPEST", "TWELFTH_NIGHT"]
    assert train.count("Æneas") == 2


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("", []),
        ("?! . ...", []),  # marks without a word end no sentence
        ("Ay.", [["ay", "."]]),
        ("no end", [["no", "end", "."]]),  # the last one is closed, too
        ("Who's there?\nNay, answer me!", [["who's", "there", "."], ["nay", "answer", "me", "."]]),
        ("'Tis o'er 'em-- Æneas' 2nd.", [["tis", "o'er", "em", "æneas", "nd", "."]]),  # inner apostrophes
        ("to-morrow; snake_case", [["to", "morrow", "snake", "case", "."]]),
    ],
)
def test_sentences_are_words_and_a_full_stop(text, found):
    assert sentences(text) == found


@pytest.fixture(scope="module")
def works():
    """The real works; without them the tests below are skipped, in CI they fail."""
    with needed.data():
        fetch("shakespeare")
    return shakespeare()


def test_all_works_are_there(works):
    assert len(works) == 42
    assert sum(len(text.split()) for text in works.values()) == 905_018  # blanks apart, nothing is lost
    assert "To be, or not to be," in works["hamlet"]


def test_no_blank_ends_a_line(works):
    for text in works.values():
        assert not re.search(r"[^\S\n]\n|\r", text)
        assert text.endswith("\n")
        assert not text[0].isspace()


def test_the_held_out_works_are_six_percent_and_unseen(works):
    train, held_out = shakespeare_split()
    assert len(held_out) / (len(train) + len(held_out)) == pytest.approx(0.06, abs=0.005)
    for name in HELD_OUT:
        assert works[name] in held_out
        assert works[name][1000:2000] not in train
    assert set(held_out) <= set(train)  # a model of characters meets no unknown one


def catalogue(messages, order="<"):
    """A compiled catalogue, written as gettext's manual describes it."""
    pairs = [(a.encode(), b.encode()) for a, b in messages.items()]
    start, tables, texts = 28 + 16 * len(pairs), [b"", b""], b""
    for side in (0, 1):
        for pair in pairs:
            tables[side] += struct.pack(f"{order}2I", len(pair[side]), start + len(texts))
            texts += pair[side] + b"\0"
    head = struct.pack(f"{order}7I", 0x950412DE, 0, len(pairs), 28, 28 + 8 * len(pairs), 0, 28)
    return head + tables[0] + tables[1] + texts


INVENTED = {
    "": "Content-Type: text/plain; charset=UTF-8\n",
    "No": "Nein",
    "month\x04May": "Mai",  # with a note on its context
    "%d day\0%d days": "%d Tag\0%d Tage",  # with plural forms
    "Yes": "はい",
    "untranslated": "",
}


@pytest.mark.parametrize("order", "<>")
def test_the_plain_messages_of_a_catalogue_are_read(order):
    data = catalogue(INVENTED, order)
    assert read_catalogue(data) == {"No": "Nein", "Yes": "はい"}
    assert (
        gettext.GNUTranslations(io.BytesIO(data)).gettext("Yes") == "はい"
    )  # our writer writes what is read


@pytest.mark.parametrize("data", [b"", b"PK", catalogue(INVENTED)[:20], catalogue(INVENTED)[:-4]])
def test_a_damaged_catalogue_is_an_error(data):
    with pytest.raises(DataError, match="this is no catalogue of gettext"):
        read_catalogue(data)


def test_the_messages_are_parallel_and_as_gettext_reads_them():
    with needed.data():
        folder = fetch("django")
    messages = translations()
    assert len(messages) == 97  # all but English itself, whose messages are the keys
    assert messages["de"]["Yes"] == "Ja"
    assert messages["zh_Hans"]["Enter a number."] == "输入一个数字。"
    for language in ("fr", "hi", "zh_Hans"):
        with open(folder / language / "LC_MESSAGES" / "django.mo", "rb") as file:
            peer = gettext.GNUTranslations(file)
        assert len(messages[language]) > 200
        assert all(peer.gettext(text) == translated for text, translated in messages[language].items())


def test_counts_of_words_on_the_web():
    words, pairs = web_counts()
    assert (len(words), len(pairs)) == (333_213, 258_437)
    assert pairs["able", "to"] == 593_366 + 100_783_318  # two lines of the file
    assert max(words, key=words.get) == "the"
    assert words["the"] == 23_135_851_162
    assert ("<s>", "a") in pairs
    assert {len(pair) for pair in pairs} == {2}
