"""How fast the core is beside its peers: `python tests/bench.py` prints a table of ratios.

Both sides of a row run on the same input, in turn; the best of several runs counts. A ratio above 1 says how
many times faster we are. Seconds depend on the machine and its load, ratios much less; nothing is asserted.
"""

from __future__ import annotations

import copy
import functools
import math
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from importlib.util import find_spec
from pathlib import Path

import nbformat
import numpy as np
import tokenizers
import torch
from datasketch import MinHash, MinHashLSH
from hugging_face_llama import continuation, llama
from nltk.lm import KneserNeyInterpolated, WittenBellInterpolated
from nltk.util import everygrams
from plain_gpt import PlainGPT, train_plainly
from playwright.sync_api import sync_playwright
from scipy.optimize import least_squares
from torch.nn.functional import cross_entropy

from lmcourse.corpus import minhash
from lmcourse.data import DataError
from lmcourse.decoding import GREEDY, anneal, beam_search, generate, generate_batch, top_p
from lmcourse.grading import course, demo
from lmcourse.grading.release import make_course
from lmcourse.inference.layouts import LAYOUTS, lay_out
from lmcourse.inference.measure import fastest, read_bandwidth
from lmcourse.inference.memory import step_cost, weight_bytes
from lmcourse.model import LanguageModel
from lmcourse.neural.autodiff import Tensor, gradients
from lmcourse.neural.autodiff import cross_entropy as our_cross_entropy
from lmcourse.neural.feed_forward import FeedForwardNetwork
from lmcourse.neural.recurrent import RecurrentModel, RecurrentNetwork
from lmcourse.neural.training import Recipe, train
from lmcourse.neural.word2vec import train_word2vec
from lmcourse.ngram import CountModel, NgramModel, kneser_ney
from lmcourse.pretrained.gguf import read
from lmcourse.pretrained.model import load, network_of, pretrained_file
from lmcourse.scaling import bootstrap, sweep
from lmcourse.scaling.laws import Law
from lmcourse.text import shakespeare, shakespeare_split
from lmcourse.tokenization.bpe import BPE, BYTES, merge
from lmcourse.tokenization.pieces import pieces
from lmcourse.transformer.config import Config
from lmcourse.transformer.model import TransformerModel
from lmcourse.transformer.network import Transformer
from lmcourse.transformer.quantise import to_bytes
from lmcourse.vocabulary import Vocabulary
from lmcourse.widgets.base import script
from lmcourse.world import agreement
from lmcourse.world.ranked_facts import RankedFacts

Row = tuple[str, str, float, float]  # what, the peer, our seconds, the peer's seconds


def best(
    ours: Callable, theirs: Callable, repeats: int, clock: Callable[[], float] = time.perf_counter
) -> tuple[float, float]:
    """The shortest run of each side in seconds; the sides take turns."""
    seconds: tuple[list[float], list[float]] = ([], [])
    for _ in range(repeats):
        for side, times in zip((ours, theirs), seconds):
            start = clock()
            side()
            times.append(clock() - start)
    return min(seconds[0]), min(seconds[1])


def imports() -> Iterator[Row]:
    """`import lmcourse` beside `import numpy`, each in a fresh interpreter that times itself."""

    def seconds(module: str) -> float:
        code = (
            f"import time; start = time.perf_counter(); import {module}; print(time.perf_counter() - start)"
        )
        return min(float(subprocess.check_output([sys.executable, "-c", code])) for _ in range(5))

    yield "import lmcourse", "import numpy", seconds("lmcourse"), seconds("numpy")


def counting(order: int = 3) -> Iterator[Row]:
    """Fit and score word trigrams: ours beside nltk's interpolated (Witten-Bell) model, on the same text."""
    works = shakespeare()
    train, held_out = works["hamlet"].split(), works["macbeth"].split()[:3000]
    vocab = Vocabulary(sorted({*train, *held_out}))
    ids, held_out_ids = vocab.encode(train), vocab.encode(held_out)

    def fit_nltk() -> WittenBellInterpolated:
        model = WittenBellInterpolated(order)
        model.fit([list(everygrams(train, max_len=order))], [*train, *held_out])
        return model

    def score_nltk() -> float:
        contexts = (held_out[max(0, i - order + 1) : i] for i in range(len(held_out)))
        return sum(peer.logscore(word, context) for word, context in zip(held_out, contexts))

    size = f"{len(train):,} words, order {order}"
    yield f"fit, {size}", "nltk.lm", *best(lambda: CountModel(vocab, order, ids), fit_nltk, 3)
    model, peer = CountModel(vocab, order, ids), fit_nltk()
    size = f"{len(held_out):,} words, order {order}"
    yield f"score, {size}", "nltk.lm", *best(lambda: model.log_prob(held_out_ids), score_nltk, 3)


def kneser_ney_at_scale(order: int = 5, asked: int = 300) -> Iterator[Row]:
    """Interpolated Kneser-Ney: on characters and words of Shakespeare, beside nltk.lm on the same text.

    nltk is so slow here that it reads a part and is asked a part; its seconds are scaled up to the whole.
    """
    train, held_out = shakespeare_split()
    for what, vocab, part in (
        ("characters", Vocabulary.of_characters(train + held_out), 100_000),
        ("words", Vocabulary.of_words(train + held_out), 50_000),
    ):
        ids, judged = np.array(vocab.encode(train)), np.array(vocab.encode(held_out))
        some = [vocab.tokens[i] for i in ids[:part]]

        def fit_nltk(some: list[str] = some) -> KneserNeyInterpolated:
            model = KneserNeyInterpolated(order)
            model.fit([list(everygrams(some, max_len=order))], some)
            return model

        fit, fit_peer = best(
            lambda vocab=vocab, ids=ids: NgramModel.fit(vocab, order, [ids], kneser_ney), fit_nltk, 1
        )
        yield f"fit Kneser-Ney, {len(ids):,} {what}", "nltk.lm", fit, fit_peer * len(ids) / part
        model, peer = NgramModel.fit(vocab, order, [ids], kneser_ney), fit_nltk()
        size = f"{model.nbytes() / model.count_parameters():.0f} bytes an n-gram"

        def score_nltk(peer: KneserNeyInterpolated = peer, some: list[str] = some) -> None:
            for i in range(order, order + asked):
                peer.score(some[i], some[i - order + 1 : i])

        score, score_peer = best(
            lambda model=model, judged=judged: model.token_log_probs(judged), score_nltk, 1
        )
        yield f"score, {len(judged):,} {what}, {size}", "nltk.lm", score, score_peer * len(judged) / asked


def naive_merges(text: str, vocab_size: int) -> list[tuple[int, int]]:
    """Byte-pair encoding as it is explained: count every pair of the whole text again before each merge."""
    spelled = [list(piece.encode()) for piece in pieces(text)]
    merges = []
    for new in range(256, vocab_size):
        counts = Counter(pair for ids in spelled for pair in zip(ids, ids[1:]))
        pair = min(counts, key=lambda pair: (-counts[pair], pair))
        spelled = [merge(ids, pair, new) for ids in spelled]
        merges.append(pair)
    return merges


def rust_trainer(text: str, vocab_size: int) -> tokenizers.Tokenizer:
    """The `tokenizers` library's byte-level BPE, trained on the same text with the same pieces."""
    tokenizer = tokenizers.Tokenizer(tokenizers.models.BPE())
    tokenizer.pre_tokenizer = tokenizers.pre_tokenizers.ByteLevel(add_prefix_space=False)
    alphabet = tokenizers.pre_tokenizers.ByteLevel.alphabet()
    trainer = tokenizers.trainers.BpeTrainer(
        vocab_size=vocab_size, initial_alphabet=alphabet, show_progress=False
    )
    tokenizer.train_from_iterator([text], trainer)
    return tokenizer


def tokenizing(size: int = 1_115_394) -> Iterator[Row]:
    """Train and apply byte-level BPE: ours beside recounting everything, and beside the Rust library."""
    text = "\n".join(shakespeare().values())[:size]
    start = time.perf_counter()
    merges = naive_merges(text, 512)
    naive = time.perf_counter() - start
    assert BPE.train(text, 512).merges == merges  # the same result, or the race means nothing
    megabytes = f"{len(text) / 1e6:.1f} M characters"
    ours, _ = best(lambda: BPE.train(text, 512), lambda: None, 3)
    yield f"train BPE, {megabytes}, 512 tokens", "recounting", ours, naive
    for vocab_size in (512, 8192):
        seconds = best(lambda n=vocab_size: BPE.train(text, n), lambda n=vocab_size: rust_trainer(text, n), 3)
        yield f"train BPE, {megabytes}, {vocab_size} tokens", "tokenizers (Rust)", *seconds
    peer, trained = rust_trainer(text, 8192), BPE.train(text, 8192)
    merges = trained.merges
    # A new tokenizer each time: ours keeps the pieces it has met, so a second run would measure its memory.
    seconds = best(lambda: BPE(BYTES, merges).encode(text), lambda: peer.encode(text), 3)
    yield f"encode with 8192 tokens, {megabytes}", "tokenizers (Rust)", *seconds
    letters = "".join(np.random.default_rng(0).choice(list("etaoinshrdlu"), 100_000))
    seconds = best(lambda: BPE(BYTES, merges).encode(letters), lambda: peer.encode(letters), 3)
    yield "encode 100,000 letters without a border", "tokenizers (Rust)", *seconds


def reshaping(batch: int = 64, vocab_size: int = 5000) -> Iterator[Row]:
    """Temperature and nucleus on a batch: ours beside a loop, and beside torch."""
    rng = np.random.default_rng(0)
    logits = 3 * rng.standard_normal((batch, vocab_size))
    log_probs = anneal(logits, 1.0)

    def loop() -> list[list[float]]:
        reshaped = []
        for row in log_probs.tolist():
            powers = [math.exp(x / 0.8) for x in row]
            total = sum(powers)
            probs = [x / total for x in powers]
            kept, mass = set(), 0.0
            for i in sorted(range(len(probs)), key=lambda i: -probs[i]):
                if mass >= 0.9:
                    break
                kept.add(i)
                mass += probs[i]
            reshaped.append([p / mass if i in kept else 0.0 for i, p in enumerate(probs)])
        return reshaped

    def ours() -> np.ndarray:
        return top_p(anneal(log_probs, 0.8), 0.9)

    np.testing.assert_allclose(
        np.exp(ours()), loop(), atol=1e-9
    )  # the same result, or the race means nothing
    what = f"temperature + top-p, {batch} x {vocab_size:,}"
    yield what, "a loop", *best(ours, loop, 3)
    tensor = torch.from_numpy(log_probs)

    def in_torch() -> torch.Tensor:
        probs, order = torch.softmax(tensor / 0.8, dim=-1).sort(dim=-1, descending=True)
        probs = probs * (probs.cumsum(dim=-1) - probs < 0.9)
        return torch.zeros_like(probs).scatter(-1, order, probs / probs.sum(dim=-1, keepdim=True))

    np.testing.assert_allclose(np.exp(ours()), in_torch().numpy(), atol=1e-9)
    yield what, f"torch, {torch.get_num_threads()} threads", *best(ours, in_torch, 10)


def streams(n: int = 400) -> Iterator[Row]:
    """Score a stream of sentences of the mouse world: read once, beside the interface's general way."""
    world = agreement(2)
    stream = [token for sentence in world.sample(n, np.random.default_rng(0)) for token in sentence]
    yield (
        f"score the mouse world, {len(stream):,} tokens",
        "the general way",
        *best(lambda: world.token_log_probs(stream), lambda: LanguageModel.token_log_probs(world, stream), 2),
    )


class Anew(LanguageModel):
    """A model whose state is hidden, so that it is asked with the whole context at every step."""

    def __init__(self, model: LanguageModel):
        self.vocab, self.window, self._model = model.vocab, model.window, model

    def next_log_probs(self, contexts: list[list[int]]) -> np.ndarray:
        """What the model says."""
        return self._model.next_log_probs(contexts)


def generating() -> Iterator[Row]:
    """Generation and beams with what a model keeps between the steps, beside asking it anew at each."""
    text = shakespeare()["hamlet"]
    vocab = Vocabulary.of_characters(text)
    models = {"5-grams of Hamlet": NgramModel.fit(vocab, 5, [text], kneser_ney), "mouse world": agreement(2)}

    def rng() -> np.random.Generator:
        return np.random.default_rng(0)

    for name, model in models.items():
        anew = Anew(model)
        calls = {
            "generate 400 tokens": lambda m: generate(m, max_tokens=400, rng=rng(), end=()),
            "64 texts of 50 tokens": lambda m: generate_batch(
                m, [""] * 64, 50, rngs=[np.random.default_rng(seed) for seed in range(64)], end=()
            ),
            "beam of 8, 50 tokens": lambda m: beam_search(m, width=8, max_tokens=50, end=()),
        }
        for what, call in calls.items():
            assert call(model) == call(anew)  # the same result, or the race means nothing
            seconds = best(lambda call=call, m=model: call(m), lambda call=call, m=anew: call(m), 3)
            yield f"{what}, {name}", "asking anew", *seconds


def a_class(folder: Path, students: int, imports: str = "") -> None:
    """Invented submissions of assignment 1, most of them right: `folder`/studentN.ipynb."""
    release = nbformat.read(course.release_notebook(demo.ASSIGNMENT), as_version=4)
    answers = demo.answers()
    kinds = [answers[name] for name in ["ada-perfect"] * 5 + ["bela-warns", "dora-wrong", "fred-unfinished"]]
    texts = []
    for answer in kinds:
        notebook = copy.deepcopy(release)
        for cell in notebook.cells:
            cell.source = answer.get(cell.metadata.get("nbgrader", {}).get("grade_id"), cell.source)
            cell.source += f"\n{imports}" if cell.id == "imports" else ""
        texts.append(nbformat.writes(notebook))
    folder.mkdir(parents=True)
    for n in range(students):
        (folder / f"student{n:04}.ipynb").write_text(texts[n % len(texts)], encoding="utf-8")


def stock_seconds(students: int, imports: str) -> float:
    """Seconds that stock nbgrader takes for autograde and feedback."""
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        make_course(folder, demo.ASSIGNMENT)
        a_class(folder / "handed", students, imports)
        for path in (folder / "handed").iterdir():
            place = folder / "submitted" / path.stem / demo.ASSIGNMENT
            place.mkdir(parents=True)
            path.rename(place / "language-models.ipynb")
        start = time.perf_counter()
        for command in ("autograde", "generate_feedback"):
            demo.nbgrader(folder, command, demo.ASSIGNMENT)
        return time.perf_counter() - start


def our_seconds(students: int, imports: str = "") -> float:
    """Seconds of `lmcourse grade`: sandbox, gradebook and feedback included, in a new course folder."""
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        a_class(folder / "handed", students, imports)
        command = ["grade", demo.ASSIGNMENT, str(folder / "handed"), "--course", scratch]
        start = time.perf_counter()
        subprocess.run([sys.executable, "-m", "lmcourse", *command], check=True, capture_output=True)
        return time.perf_counter() - start


def grading(few: int = 6, many: int = 120) -> Iterator[Row]:
    """A submission's grade: ours, the start included, beside stock nbgrader's, its start left out."""
    for name, imports in (("NumPy", ""), ("torch", "import torch")):
        stock = (stock_seconds(few + 1, imports) - stock_seconds(1, imports)) / few
        yield f"grade one of {many} submissions, {name}", "nbgrader", our_seconds(many, imports) / many, stock
    yield (
        "grade one of 1,000 submissions, NumPy",
        "one of 120",
        our_seconds(1000) / 1000,
        our_seconds(120) / 120,
    )


class PeerNetwork(torch.nn.Module):
    """A `RecurrentNetwork` of one layer, with torch's own LSTM in it, and the weights of ours."""

    def __init__(self, ours: RecurrentNetwork):
        super().__init__()
        self.embedding, self.output = copy.deepcopy(ours.embedding), copy.deepcopy(ours.output)
        self.lstm = torch.nn.LSTM(ours.output.in_features, ours.output.in_features, batch_first=True)
        self.lstm.load_state_dict({f"{k}_l0": v for k, v in ours.layers[0].state_dict().items()})

    def forward(self, token_ids: torch.Tensor) -> torch.Tensor:
        """Logits."""
        return self.output(self.lstm(self.embedding(token_ids))[0])


# Width, vocabulary, length: the toys of `memory_spans`, the page's network, `recurrent_text` and its big one.
NETWORKS = ((16, 4, 8), (16, 4, 32), (32, 20, 32), (64, 80, 32), (128, 80, 64), (320, 80, 64))


def recurrent(rows: int = 32) -> Iterator[Row]:
    """Training steps of our LSTM, and reading without training, beside torch's in the same loop."""
    for width, vocab_size, length in NETWORKS:
        ours = RecurrentNetwork(vocab_size, width).draw(np.random.default_rng(0))
        peer = PeerNetwork(ours)
        token_ids = torch.from_numpy(np.random.default_rng(1).integers(vocab_size, size=(rows, length + 1)))
        inputs, targets = token_ids[:, :-1], token_ids[:, 1:].flatten()
        torch.testing.assert_close(ours(inputs), peer(inputs), atol=1e-5, rtol=0)
        steps = 3 if width > 100 else 20

        def training(module: torch.nn.Module, inputs=inputs, targets=targets, steps=steps) -> None:
            def loss(_: int) -> torch.Tensor:
                return cross_entropy(module(inputs).flatten(0, 1), targets)

            train(module, loss, Recipe(steps), progress=False)

        def reading(module: torch.nn.Module, inputs=inputs, steps=steps) -> None:
            with torch.inference_mode():
                for _ in range(steps):
                    module(inputs)

        for what, side in (("train", training), ("read with", reading)):
            seconds = best(lambda s=side, m=ours: s(m), lambda s=side, m=peer: s(m), 8, time.process_time)
            speed = f"{steps * rows * length / seconds[0]:,.0f} tokens/s"
            yield f"{what} an LSTM of {width}, {speed}", "torch.nn.LSTM", *seconds
    yield from reading_on()


def reading_on(tokens: int = 500) -> Iterator[Row]:
    """An LSTM's reader, token by token, beside its own scoring of the whole text at once."""
    vocab = Vocabulary([str(i) for i in range(80)])
    model = RecurrentModel(RecurrentNetwork(80, 320).draw(np.random.default_rng(0)), vocab, start=0)
    text = np.random.default_rng(1).integers(80, size=tokens).tolist()

    def step_by_step() -> None:
        reader = model.reader()
        for token in text:
            reader.log_probs()
            reader.read([token])

    seconds = best(step_by_step, lambda: model.token_log_probs(text), 3, time.process_time)
    yield f"LSTM's reader, {tokens / seconds[0]:,.0f} tokens/s", "scoring at once", *seconds


def word_vectors(words: int = 200_000, d_model: int = 100) -> Iterator[Row]:
    """Skip-gram with five negative samples, all pairs of a window of five: ours beside gensim's C code."""
    try:
        from gensim.models import Word2Vec
    except ImportError:
        print("word2vec beside gensim: gensim is not installed here")
        return
    text = " ".join(shakespeare().values()).lower().split()[:words]
    vocab = Vocabulary(sorted(set(text)))
    ids = np.array(vocab.encode(text))
    peer = Word2Vec(
        vector_size=d_model, window=5, sg=1, negative=5, min_count=1, sample=0, workers=1, seed=0
    )  # a thread that learns, and one that reads
    lines = [text[i : i + 5000] for i in range(0, len(text), 5000)]
    peer.build_vocab(lines)
    seconds = best(
        lambda: train_word2vec(ids, len(vocab), d_model, epochs=1, keep=0, progress=False),
        lambda: peer.train(lines, total_examples=len(lines), epochs=1),
        3,
        time.process_time,
    )
    speed = f"{6 * len(ids) / seconds[0]:,.0f} pairs/s"  # a reach of 3 to either side, on average
    yield f"skip-gram, {speed}", "gensim", *seconds


def differentiating(batch: int = 64, vocab_size: int = 1000) -> Iterator[Row]:
    """Loss and gradients of Bengio's network: by our differentiator, beside torch's, at the same weights."""
    rng = np.random.default_rng(0)
    module = FeedForwardNetwork(vocab_size, order=4, d_model=32, d_hidden=64, start=0).double()
    contexts, targets = rng.integers(vocab_size, size=(batch, 3)), rng.integers(vocab_size, size=batch)
    C, H, d, U, b = weights = [Tensor(p.detach().numpy()) for p in module.parameters()]

    def ours() -> list[np.ndarray]:
        hidden = (C[contexts].reshape(batch, -1) @ H.T + d).tanh()
        return gradients(our_cross_entropy(hidden @ U.T + b, targets), weights)

    def in_torch() -> list[np.ndarray]:
        loss = cross_entropy(module.after(torch.from_numpy(contexts)), torch.from_numpy(targets))
        return [g.numpy() for g in torch.autograd.grad(loss, list(module.parameters()))]

    for mine, other in zip(ours(), in_torch()):
        np.testing.assert_allclose(mine, other, atol=1e-9)  # the same result, or the race means nothing
    yield (
        f"gradients, {batch} examples of {vocab_size:,} words",
        "torch",
        *best(ours, in_torch, 20, time.process_time),
    )


# Vocabulary, width, heads, layers, length, rows: a known small recipe for Shakespeare's characters; a larger.
STACKS = ((65, 128, 4, 4, 64, 12), (65, 256, 8, 6, 128, 8))


def stacks(tokens: int = 8_000) -> Iterator[Row]:
    """Training steps of our Transformer in our loop, beside torch's own parts in a loop as nanoGPT's."""
    for vocab_size, d_model, n_heads, n_layers, length, rows in STACKS:
        config = Config(vocab_size, d_model, n_heads, n_layers, length)
        ours = Transformer(config).draw(np.random.default_rng(0))
        peer = PlainGPT(ours)
        text = torch.from_numpy(np.random.default_rng(1).integers(vocab_size, size=100_000))
        windows = text.unfold(0, length + 1, 1)

        def batches(step: int, windows=windows, rows=rows) -> tuple[torch.Tensor, torch.Tensor]:
            chosen = windows[np.random.default_rng([0, step]).integers(len(windows), size=rows)]
            return chosen[:, :-1], chosen[:, 1:].contiguous()

        inputs, targets = batches(0)
        torch.testing.assert_close(ours(inputs), peer(inputs, targets)[0], atol=1e-4, rtol=0)
        steps = max(2, tokens // (rows * length))
        recipe = Recipe(steps, 1e-3, warmup=1, weight_decay=0.1, judge_every=steps)

        def loss(step: int, ours=ours, batches=batches) -> torch.Tensor:
            inputs, targets = batches(step)
            return cross_entropy(ours(inputs).flatten(0, 1), targets.flatten())

        seconds = best(
            lambda m=ours, loss=loss, recipe=recipe: train(m, loss, recipe, progress=False),
            lambda m=peer, b=batches, steps=steps: train_plainly(m, b, steps, 1e-3, 1),
            8,
            time.process_time,
        )
        speed = f"{steps * rows * length / seconds[0]:,.0f} tokens/s"
        yield f"train {n_layers} blocks of {d_model}, {speed}", "plain GPT", *seconds


def near_copies(documents: int = 1_000, words: int = 150, rows: int = 5, bands: int = 20) -> Iterator[Row]:
    """Candidates among documents, half of them edited copies, by MinHash and bands; the same shingles."""
    rng = np.random.default_rng(0)
    texts = [" ".join(map(str, rng.integers(1000, size=words))) for _ in range(documents // 2)]
    texts += [text.replace("1", "2", 3) for text in texts]
    sets = [minhash.shingles(text) for text in texts]

    def ours() -> set[tuple[int, int]]:
        family = minhash.hash_family(rows * bands, np.random.default_rng(1))
        return minhash.candidates(minhash.signatures(sets, family), rows)

    def theirs() -> set[tuple[int, int]]:
        coded = [[repr(item).encode() for item in items] for items in sets]
        marks = MinHash.bulk(coded, num_perm=rows * bands)
        index = MinHashLSH(num_perm=rows * bands, params=(bands, rows))
        for place, mark in enumerate(marks):
            index.insert(place, mark)
        return {(i, j) for j, mark in enumerate(marks) for i in index.query(mark) if i < j}

    copies = {(i, i + documents // 2) for i in range(documents // 2)}
    for side in (ours, theirs):  # both find what there is, or the race means nothing
        assert len(side() & copies) > 0.95 * len(copies)
    yield f"near copies among {documents:,} documents", "datasketch", *best(ours, theirs, 3)


def laws(repeats: int = 50) -> Iterator[Row]:
    """Laws fitted to resampled runs, all at once, beside scipy's descent for one after another."""
    law, rng = Law(1.2, 50.0, 50.0, 0.8, 0.45), np.random.default_rng(0)
    n, d = (x.ravel() for x in np.meshgrid(1e3 * 2.0 ** np.arange(8), 5e4 * 2.0 ** np.arange(7)))
    losses = law.loss(n, d) + 0.03 * (law.loss(n, d) - law.E) * rng.normal(size=n.shape)

    def theirs() -> list[np.ndarray]:
        counts = np.random.default_rng(1).multinomial(len(n), np.full(len(n), 1 / len(n)), size=repeats)
        found = []
        for weights in counts**0.5:

            def off(x: np.ndarray, weights: np.ndarray = weights) -> np.ndarray:
                law = x[0] + np.exp(x[1] - x[3] * np.log(n)) + np.exp(x[2] - x[4] * np.log(d))
                return weights * (law - losses)

            found.append(least_squares(off, [1.0, 3.0, 3.0, 0.5, 0.5], x_scale=[1, 1, 1, 0.1, 0.1]).x)
        return found

    def ours() -> Law:
        return bootstrap(n, d, losses, np.random.default_rng(1), repeats, "even")

    np.testing.assert_allclose(np.median(ours().E), np.median([x[0] for x in theirs()]), atol=1e-3)
    yield f"{repeats} resampled laws of loss", "scipy", *best(ours, theirs, 3)


def sweeping(n_tokens: int = 20_000, d_model: int = 32) -> Iterator[Row]:
    """One run of the sweep, its sentences drawn too, beside torch's own parts in nanoGPT's loop."""
    world = RankedFacts()
    how, rows = sweep.recipe(d_model, n_tokens), sweep.batch_size(n_tokens)
    network = Transformer(sweep.config(world.vocab_size, d_model)).draw(np.random.default_rng(0))

    def batches(step: int) -> tuple[torch.Tensor, torch.Tensor]:
        targets = torch.from_numpy(world.draw(rows, np.random.default_rng([0, step])))
        inputs = targets.roll(1, dims=1)
        inputs[:, 0] = world.end
        return inputs, targets

    seconds = best(
        lambda: sweep.network(world, d_model, how, rows, np.random.default_rng(0)),
        lambda: train_plainly(PlainGPT(network), batches, how.steps, how.learning_rate, how.warmup),
        5,
        time.process_time,
    )
    speed = f"{n_tokens / seconds[0]:,.0f} tokens/s"
    yield f"a sweep's run, width {d_model}, {speed}", "plain GPT", *seconds


def scale() -> Iterator[Row]:
    """Chapter 6, on one thread."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield from near_copies()
    yield from laws()
    yield from sweeping()
    torch.set_num_threads(threads)


def neural() -> Iterator[Row]:
    """Chapters 4 and 5, on one thread, in processor time, which is disturbed less by what else goes on."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield from recurrent()
    yield from word_vectors()
    yield from differentiating()
    yield from stacks()
    torch.set_num_threads(threads)


# A layout, and the precision of Hugging Face's side.
RACES = {"f32": torch.float32, "f32-transposed": torch.float32, "f16": torch.float16, "q4": torch.float32}
KINDS = {torch.float32: "f32", torch.float16: "f16"}


def writing(tokens: int = 40, repeats: int = 4) -> Iterator[Row]:
    """SmolLM2 writes greedily, on one thread: in our layouts beside `transformers`, and beside the bound.

    Seconds are those of the tokens after the first; the prompt is not counted. The bound is the bandwidth, as
    measured just before, over the bytes of weights that a token needs; each side is shown as a share of its
    own. Where the peer is near it, as on some processors in 32 bits, no other program can be much faster.
    """
    try:
        model = load()
    except DataError as error:
        print(f"SmolLM2: {error}")
        return
    config, peer = model.module.config, llama(model.module)
    prompt = model.ids("The planets of the solar system are")  # whose tokens are never on the edge
    right = continuation(peer, prompt, tokens + 1)
    for layout, precision in RACES.items():
        _, *kinds = LAYOUTS[layout]
        peer = peer.to(precision)
        ours = TransformerModel(lay_out(model.module, layout), model.vocab, end=model.end)
        said = generate(ours, prompt, tokens + 1, GREEDY, end=())
        assert said == right or layout == "q4"  # the same result, or the race means nothing
        bandwidth = read_bandwidth()
        bound = bandwidth / step_cost(config, 1, 1, *kinds).weight_bytes
        tasks = {}
        for n in (1, tokens + 1):
            tasks["ours", n] = lambda ours=ours, n=n: generate(ours, prompt, n, GREEDY, end=())
            tasks["theirs", n] = lambda peer=peer, n=n: continuation(peer, prompt, n)
        seconds = fastest(tasks, repeats)
        mine, other = (seconds[side, tokens + 1] - seconds[side, 1] for side in ("ours", "theirs"))
        megabytes = weight_bytes(config, *kinds) / 1e6
        what = f"{layout}, {megabytes:.0f} MB, {tokens / mine:.0f} tokens/s, {tokens / mine / bound:.0%}"
        kind = str(precision)[6:]
        share = tokens / other * step_cost(config, 1, 1, KINDS[precision]).weight_bytes / bandwidth
        yield f"write, {what}", f"transformers {kind}, {share:.0%}", mine, other
        if layout != "f32":
            yield from reading(ours, peer, layout)
    if find_spec("llama_cpp") is None:
        print("llama.cpp: not here; its Python package comes as source, which needs a compiler")
    path = pretrained_file().path
    loading = fastest({"ours": lambda: network_of(read(path)), "bytes": path.read_bytes})
    yield f"load SmolLM2, {loading['ours']:.2f} s", "its bytes alone", *loading.values()


def reading(ours: TransformerModel, peer: torch.nn.Module, layout: str, tokens: int = 256) -> Iterator[Row]:
    """A prompt of so many tokens, up to what follows it."""
    ids = np.random.default_rng(0).integers(1000, ours.vocab_size, size=tokens).tolist()

    def theirs() -> None:
        with torch.inference_mode():
            peer(torch.tensor([ids]), logits_to_keep=1, use_cache=True)

    seconds = fastest({"ours": lambda: ours.reader([ids]).log_probs(), "theirs": theirs}, 2)
    speed = f"{tokens / seconds['ours']:.0f} tokens/s"
    yield (
        f"read, {layout}, {tokens} tokens, {speed}",
        f"transformers {str(peer.dtype)[6:]}",
        *seconds.values(),
    )


def in_the_page(tokens: int = 100) -> Iterator[Row]:
    """A character from the Transformer of the reader's page, within its window: in Chromium, and in torch."""
    executable = shutil.which("chromium") or shutil.which("google-chrome")
    if executable is None:
        return
    vocab = Vocabulary(map(chr, range(32, 116)))
    config = Config(len(vocab), 128, 4, 4, 128, bias=False, position="rope")
    network = Transformer(config).draw(np.random.default_rng(0)).eval()
    model = TransformerModel(network, vocab, start=0)
    race = """async ([source, weights, shape, count]) => {
        const module = await import(URL.createObjectURL(new Blob([source], {type: "text/javascript"})));
        const net = module.network(Uint8Array.from(weights), shape);
        const seconds = [];
        for (let run = 0; run < 5; run++) {
            const begin = performance.now();
            for (const _ of module.continuation(net, [], {count, seed: run, temperature: 1}));
            seconds.push((performance.now() - begin) / 1000);
        }
        return Math.min(...seconds);
    }"""
    shape = {"heads": 4, "context": 128, "start": 0}
    with sync_playwright() as playwright:
        page = playwright.chromium.launch(executable_path=executable, args=["--no-sandbox"]).new_page()
        arguments = [script("transformer_worker.js"), list(to_bytes(network)), shape, tokens]
        seconds = page.evaluate(race, arguments)
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    rng = np.random.default_rng(0)
    theirs, _ = best(lambda: generate(model, "", tokens, rng=rng), lambda: None, 3)
    torch.set_num_threads(threads)
    rate = f"{tokens / seconds:,.0f} a second"
    yield f"a Transformer in the page, {rate}", "in Python", seconds / tokens, theirs / tokens


class Quiet(SimpleHTTPRequestHandler):
    """Serves files without a line per request."""

    def log_message(self, *_: object) -> None:
        """Say nothing."""


def real_model_in_the_page(tokens: int = 24) -> Iterator[Row]:
    """A token of the real model in Chromium, by WebAssembly; plain JavaScript there, and PyTorch here."""
    executable = shutil.which("chromium") or shutil.which("google-chrome")
    if executable is None:
        return
    model, file = load(), pretrained_file().path
    ids = model.vocab.encode("Once upon a time there was a mouse who")
    race = """async ([source, name, ids, count]) => {
        const module = await import(URL.createObjectURL(new Blob([source], {type: "text/javascript"})));
        const file = new Uint8Array(await (await fetch(name)).arrayBuffer());
        const models = [true, false].map((vectors) => {
            const memory = module.memoryFor(file.length, vectors);
            memory.bytes.set(file);
            return new module.RealModel(memory, file.length);
        });
        const seconds = models.map(() => []);
        for (let run = 0; run < 5; run++) {
            models.forEach((model, i) => {
                let begin = 0; // after the first token, when the text has been read
                for (const {id} of module.continuation(model, ids, {count, seed: run, temperature: 1})) {
                    if (id !== undefined && !begin) begin = performance.now();
                }
                seconds[i].push((performance.now() - begin) / 1000);
            });
        }
        return seconds.map((each) => Math.min(...each));
    }"""
    handler = functools.partial(Quiet, directory=str(file.parent))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server, sync_playwright() as playwright:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        page = playwright.chromium.launch(executable_path=executable, args=["--no-sandbox"]).new_page()
        page.goto(f"http://127.0.0.1:{server.server_port}/")
        arguments = [script("real_model_engine.js"), file.name, ids, tokens]
        vectors, plain = (seconds / (tokens - 1) for seconds in page.evaluate(race, arguments))
        server.shutdown()
    threads, rng = torch.get_num_threads(), np.random.default_rng(0)
    torch.set_num_threads(1)
    both, one = best(
        lambda: generate(model, ids, tokens, rng=rng, end=()),
        lambda: generate(model, ids, 1, rng=rng, end=()),
        3,
    )
    torch.set_num_threads(threads)
    what = f"the real model in the page, {1 / vectors:,.0f} a second"
    yield what, "plain JavaScript", vectors, plain
    yield what, "PyTorch, 32 bits", vectors, (both - one) / (tokens - 1)


GROUPS = (
    imports,
    counting,
    kneser_ney_at_scale,
    tokenizing,
    reshaping,
    streams,
    generating,
    neural,
    scale,
    writing,
    in_the_page,
    real_model_in_the_page,
    grading,
)


def main() -> None:
    """Print the table row by row."""
    print(f"{'what':<44} {'beside':<18} {'ours':>10} {'peer':>10} {'ratio':>8}")
    for group in GROUPS:
        for what, peer, ours, theirs in group():
            milliseconds = f"{1e3 * ours:>7.2f} ms {1e3 * theirs:>7.1f} ms"
            print(f"{what:<44} {peer:<18} {milliseconds} {theirs / ours:>8.1f}", flush=True)


if __name__ == "__main__":
    main()
