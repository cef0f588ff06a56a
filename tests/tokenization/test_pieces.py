"""The patterns lose nothing, and GPT-2's is the one that the tokenizers library has built in."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tokenizers.pre_tokenizers import ByteLevel

from lmcourse.tokenization.pieces import BERT, GPT2, pieces

OFFSETS = ByteLevel(add_prefix_space=False, use_regex=True)


@pytest.mark.parametrize("pattern", [GPT2, BERT, "a", ""])
@given(text=st.text(st.characters()))
def test_nothing_is_lost(pattern, text):
    assert "".join(pieces(text, pattern)) == text
    assert all(pieces(text, pattern))


@given(st.text("aZé猫1²_'  \n\tsdtl.,-", max_size=40))
def test_gpt2s_pattern_is_the_built_in_one(text):
    assert pieces(text) == [text[a:b] for _, (a, b) in OFFSETS.pre_tokenize_str(text)]


def test_a_bad_pattern_is_named():
    with pytest.raises(ValueError, match=r"pattern='\(' is not a regular expression"):
        pieces("a", "(")
