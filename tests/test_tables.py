"""The sourced tables: complete, in order, and every source in the bibliography."""

from __future__ import annotations

import re

import pytest

from lmcourse.files import course_file
from lmcourse.tables import AGES, HISTORY, history
from lmcourse.tables.families import FAMILIES, KINDS, families
from lmcourse.tables.mmlu import SCORES, scores, smallest_so_far

HEADER = "year,name,age,architecture,parameters,training_tokens,source\n"


def read(tmp_path, line):
    path = tmp_path / "history.csv"
    path.write_text(HEADER + line, encoding="utf-8")
    return history(path)


def test_history_is_complete_and_its_names_are_distinct():
    rows = history()
    assert len(rows) == len(HISTORY.read_text(encoding="utf-8").strip().split("\n")) - 1
    assert len({row.name for row in rows}) == len(rows)
    assert {row.age for row in rows} == set(AGES)
    assert [row.year for row in rows] == sorted(row.year for row in rows)


def test_every_source_is_in_the_bibliography():
    keys = set(
        re.findall(r"^@\w+\{(\w+),", course_file("book/references.bib").read_text(encoding="utf-8"), re.M)
    )
    assert {row.source for row in history()} <= keys


def test_published_figures():
    by_name = {row.name: row for row in history()}
    assert by_name["GPT-3"].parameters == 175e9  # Brown et al. (2020), table 2.1
    assert by_name["GPT-3"].training_tokens == 300e9
    assert by_name["Chinchilla"].training_tokens / by_name["Chinchilla"].parameters == 20  # 1.4T / 70B
    assert by_name["Big LSTM"].parameters == 1.8e9  # Jozefowicz et al. (2016), table 1; 1.04e9 has CNN inputs
    assert by_name["DeepSeek-V3"].parameters == 671e9  # in all; 37e9 work on any one token
    assert by_name["GPT-4"].parameters is None  # its report declines to say
    assert by_name["GPT-4"].training_tokens is None


def test_empty_figures_are_none_and_others_numbers(tmp_path):
    (row,) = read(tmp_path, "2020,A,large,RNN,,3e9,key\n")
    assert (row.parameters, row.training_tokens) == (None, 3e9)


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("2020,A,modern,RNN,,,key\n", "'modern' is none of statistical"),
        ("2020,A,large,RNN,many,,key\n", "line 2 .*'many' is no positive number"),
        ("2020,A,large,RNN,-5,,key\n", "'-5' is no positive number"),
        ("2020,A,large,RNN,inf,,key\n", "'inf' is no positive number"),
        ("2020,A,large,RNN,,\n", "expected 7 fields"),
        ("2020,A,large,RNN,,,key,more\n", "expected 7 fields"),
        ("2020,A,large,RNN,,,\n", "source not empty"),
        ("2020,A,large,RNN,,,key\n2019,B,large,RNN,,,key\n", "line 3 .B.: year 2019 follows 2020"),
    ],
)
def test_a_bad_line_is_named(tmp_path, line, message):
    with pytest.raises(ValueError, match=message):
        read(tmp_path, line)


def test_wrong_columns_are_named(tmp_path):
    path = tmp_path / "history.csv"
    path.write_text("year,name\n2020,A\n", encoding="utf-8")
    with pytest.raises(ValueError, match="needs the columns year, name, age"):
        history(path)


@pytest.mark.parametrize(
    ("name", "said"), [("ELMo", "not of the paper"), ("GPT-1", "The report gives no count of parameters")]
)
def test_a_count_that_its_source_does_not_state_has_a_note(name, said):
    """Where the figure is from another place than the row's source, the bibliography says from which."""
    (row,) = [row for row in history() if row.name == name]
    entry = re.search(
        rf"^@\w+\{{{row.source},.*?^\}}",
        course_file("book/references.bib").read_text(encoding="utf-8"),
        re.M | re.S,
    )[0]
    assert said in re.search(r"^  note\s*= \{(.*)\},$", entry, re.M)[1]


# ---------- families ----------


def read_families(tmp_path, line):
    path = tmp_path / "families.csv"
    header = FAMILIES.read_text(encoding="utf-8").partition("\n")[0]
    path.write_text(f"{header}\n{line}\n", encoding="utf-8")
    return families(path)


def test_families_are_complete_and_their_names_are_distinct():
    rows = families()
    assert len(rows) == len(FAMILIES.read_text(encoding="utf-8").strip().split("\n")) - 1
    assert len({row.name for row in rows}) == len(rows)
    assert {row.kind for row in rows} == set(KINDS)


def test_every_source_of_a_family_is_in_the_bibliography():
    bibliography = course_file("book/references.bib").read_text(encoding="utf-8")
    assert {row.source for row in families()} <= set(re.findall(r"^@\w+\{(\w+),", bibliography, re.M))


@pytest.mark.parametrize(
    ("name", "own", "total"),
    [
        ("GPT-1", 0, 116_534_784),
        # two segments and the norm of the embeddings, 2 · 1024 each, and the pooler, 1024 · 1024 + 1024
        ("BERT-large", 4 * 1024 + 1024 * 1025, 335_141_888),
        # one segment, two more positions, the norm of the embeddings, and the pooler
        ("RoBERTa-large", 5 * 1024 + 1024 * 1025, 355_359_744),
        # a block: a matrix for relative positions, 5 vectors beside it, and no biases of the four others
        ("XLNet-large", 24 * (1024 * 1024 + 5 * 1024 - 4 * 1024) + 1024, 360_268_800),
        ("T5-base", 2 * 32 * 12, 222_903_552),  # 32 distances for 12 heads, in encoder and decoder
        # the norm of the embeddings and two more positions, in encoder and decoder
        ("BART-large", 2 * (2 * 1024 + 2 * 1024), 406_291_456),
        ("LLaMA-7B", 0, 6_738_415_616),
        ("Llama 2 70B", 0, 68_976_648_192),
        ("ModernBERT-base", 0, 149_014_272),
        ("Qwen3-8B", 36 * 2 * 128, 8_190_735_360),  # in each block a norm of queries and one of keys
    ],
)
def test_config_counts_as_hugging_face_s_models_do(name, own, total):
    """Their classes at these sizes, without weights, counted with transformers 5.24.0."""
    (row,) = [row for row in families() if row.name == name]
    assert row.count() + own == total


def test_gpt_3_by_the_formula():
    (row,) = [row for row in families() if row.name == "GPT-3"]
    # 12 D² + 13 D in a block, V + L rows of D, and the last norm
    blocks = 96 * (12 * 12_288**2 + 13 * 12_288)
    assert row.count() == blocks + (50_257 + 2_048) * 12_288 + 2 * 12_288 == 174_604_259_328


def test_the_published_figures_of_families():
    by_name = {row.name: row for row in families()}
    assert by_name["DeepSeek-V3"].active == 37e9
    assert by_name["DeepSeek-V3"].training_operations() == 6 * 37e9 * 14.8e12
    assert by_name["T5-base"].training_operations() == 3 * 220e6 * 1e12
    assert by_name["gpt-oss-120b"].training_operations() is None  # "trillions of tokens", says its card
    # Devlin et al. (2019), A.2: 256 sequences a step, nine tenths of the steps of 128 tokens, then 512
    assert by_name["BERT-large"].training_tokens == round(1e6 * 256 * (0.9 * 128 + 0.1 * 512), -9)
    # RoBERTa and XLNet: 500,000 steps of 8,192 sequences of 512
    assert by_name["XLNet-large"].training_tokens == pytest.approx(500_000 * 8_192 * 512, rel=0.01)
    for row in families():
        if row.count() is not None and row.name != "GPT-2 small":  # the report's figure was an error
            assert row.count() == pytest.approx(row.parameters, rel=0.018)


GOOD = "2020,A,decoder,next token,1e6,,,10,8,2,,1,5,16,rope,rms,pre,swiglu,no,no,key"


@pytest.mark.parametrize(
    ("line", "message"),
    [
        (GOOD.replace("decoder", "causal"), "'causal' is none of encoder"),
        (GOOD.replace("1e6", "many"), "'many' is no positive number"),
        (GOOD.replace("no,no", "no,"), "line 2 .A.: tied is ''; write yes or no"),
        (GOOD.replace(",key", ","), "source not empty"),
        (GOOD.replace("next token", ""), "objective and source not empty"),
        (GOOD + ",more", "expected 21 fields"),
        (GOOD.replace("rope", "ropes"), "position='ropes' must be one of"),
        (GOOD + "\n" + GOOD.replace("2020", "2019"), "line 3 .A.: year 2019 follows 2020"),
    ],
)
def test_a_bad_family_is_named(tmp_path, line, message):
    assert read_families(tmp_path, GOOD)[0].count() > 0
    with pytest.raises(ValueError, match=message):
        read_families(tmp_path, line)


def test_wrong_columns_of_families_are_named(tmp_path):
    path = tmp_path / "families.csv"
    path.write_text("year,name,kind,objective,source\n2020,A,decoder,next token,key\n", encoding="utf-8")
    with pytest.raises(ValueError, match="needs the columns year, name, kind, objective"):
        families(path)


def test_relative_positions_are_told_and_left_out_of_the_config():
    (row,) = [row for row in families() if row.name == "T5-base"]
    assert (row.position, row.config.position) == ("relative", "none")


def test_scores_on_mmlu_are_complete_and_their_sources_known():
    rows = scores()
    assert len(rows) == len(SCORES.read_text(encoding="utf-8").strip().split("\n")) - 1
    assert {row.source for row in rows} <= set(
        re.findall(r"^@\w+\{(\w+),", course_file("book/references.bib").read_text(encoding="utf-8"), re.M)
    )
    by_name = {row.name: row for row in rows}
    assert by_name["GPT-3"].score == 43.9  # Hendrycks et al. (2021), table 1
    assert by_name["Qwen2 0.5B"].score == 45.4  # Qwen2's report, table 5
    assert by_name["Qwen3 0.6B"].score == 52.8  # Qwen3's report, table 8
    assert by_name["LLaMA 65B"].score == 63.4  # Touvron et al. (2023b), table 3


def test_the_smallest_so_far_at_a_level():
    # at 60: Gopher, Chinchilla, LLaMA 65B, Mistral, Qwen2.5 1.5B; larger and later ones are none
    assert [row.name for row in smallest_so_far(scores(), 60)] == [
        "Gopher",
        "Chinchilla",
        "LLaMA 65B",
        "Mistral 7B",
        "Qwen2.5 1.5B",
    ]


def test_a_score_that_cannot_be_is_named(tmp_path):
    path = tmp_path / "mmlu.csv"
    head = SCORES.read_text(encoding="utf-8").splitlines()[0]
    for line in ("2020,5,A,1e9,143.9,others,,key", "2020,13,A,1e9,43.9,others,,key"):
        path.write_text(f"{head}\n{line}\n", encoding="utf-8")
        with pytest.raises(ValueError, match=r"mmlu.csv, line 2 \(A\): needs parameters, a score up to 100"):
            scores(path)
