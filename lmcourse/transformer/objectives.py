"""What a network is asked to foretell: the pre-training objectives, as batches of NumPy arrays.

Each function takes B texts (sequences of token ids of any lengths, or an array filled up with `specials.pad`)
and returns what goes in, what should come out, at which places that counts, and who may see whom. One loss
serves them all: the mean cross-entropy of `targets` where `counts` is True. By who sees whom:

    everything is seen        masked_lm (BERT; RoBERTa with `masking_rng`), next_sentences
    encoder and decoder       span_corruption (T5), denoising (BART)
    only what came before     causal_lm (GPT)
    a prefix is seen          prefix_lm (UniLM, T5's prefix variant)
    any order                 permutation_lm (XLNet)

How texts are spoilt is in `noise`. Left out: whole words and n-grams as units, segments read on from batch to
batch (Transformer-XL).
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from lmcourse.model import check_whole
from lmcourse.transformer.batches import (
    Batch,
    PairBatch,
    SentencePairs,
    Specials,
    Texts,
    TwoStreamBatch,
    fill,
    lists,
    pairs,
    rectangle,
    seen,
    shifted,
)
from lmcourse.transformer.masks import prefix, two_streams
from lmcourse.transformer.noise import even_spans, infill, random_replacements


def causal_lm(texts: Texts, specials: Specials) -> Batch:
    """Each token from those before it, the first from `begin`: GPT's objective, maximum likelihood.

    Source: Radford et al. 2018, equation 1.
    """
    return shifted(fill(texts, specials), specials)


def masked_lm(
    texts: Texts,
    specials: Specials,
    rng: np.random.Generator,
    rate: float = 0.15,
    masked: float = 0.8,
    random: float = 0.1,
) -> Batch:
    """Tokens chosen here and there, from all others on both sides: BERT's masked language model.

    A chosen place shows `mask`, or a random word, or is left as it was; at all three the word that was there
    is to be said. Specials are never chosen. A random word may by chance be the one that was there.

    Source: Devlin et al. 2019, section 3.1 and appendix A.1: 15 %, of which 80, 10 and 10 %. Their code takes
    that share of each text, rounded and at least one; here each token is chosen by itself, so that the share
    holds for short texts too, some of which then have none.

    Args:
        texts: see above.
        specials: their ids.
        rng: chooses; the same pattern again comes of the same state.
        rate: the share of tokens chosen.
        masked: of these, the share hidden.
        random: of these, the share replaced by a random word; the others stay.
    """
    if not (0 < rate <= 1 and masked >= 0 and random >= 0 and masked + random <= 1):
        raise ValueError(
            f"rate={rate}, masked={masked}, random={random} must be shares, and masked + random <= 1"
        )
    ids = fill(texts, specials)
    counts = (ids < specials.vocab_size) & (rng.random(ids.shape) < rate)
    inputs = random_replacements(ids, counts, specials.mask, specials.vocab_size, masked, random, rng)
    return Batch(inputs, ids, counts, seen(ids, specials))


def masking_rng(seed: int, epoch: int, copies: int | None = None) -> np.random.Generator:
    """The generator for `masked_lm` in an epoch: a new pattern each time, or one of so many copies.

    Source: Liu et al. 2019 (RoBERTa), section 4.1: BERT's data were masked once, in 10 copies, so that in 40
    epochs each pattern came four times ("static"); RoBERTa masks anew each time ("dynamic", `copies=None`).
    """
    return np.random.default_rng([seed, epoch if copies is None else epoch % check_whole(copies, "copies")])


def next_sentences(documents: Sequence[Texts], specials: Specials, rng: np.random.Generator) -> SentencePairs:
    """Does B follow A? Each sentence but a document's last, with the one after it or one from elsewhere.

    Both happen half of the time; "elsewhere" is another document. Where sentences are independent, as in the
    plain mouse world, nothing can be learnt of it: documents must have a subject.

    Source: Devlin et al. 2019, section 3.1, task 2; there A and B may be several sentences each.

    Args:
        documents: at least two, each a list of sentences.
        specials: their ids.
        rng: decides.
    """
    documents = [list(document) for document in documents]
    if len(documents) < 2 or min(map(len, documents)) == 0 or max(map(len, documents)) < 2:
        raise ValueError("sentence pairs need two documents or more, none empty, one with two sentences")
    rows, segments, labels = [], [], []
    for d, document in enumerate(documents):
        for a, b in zip(document, document[1:]):
            labels.append(bool(rng.random() < 0.5))
            if not labels[-1]:
                other = documents[(d + rng.integers(1, len(documents))) % len(documents)]
                b = other[rng.integers(len(other))]
            rows.append([specials.begin, *a, specials.separator, *b, specials.separator])
            segments.append([0] * (len(a) + 2) + [1] * (len(b) + 1))
    inputs = fill(rows, specials)
    return SentencePairs(inputs, rectangle(segments, 0), np.array(labels), seen(inputs, specials))


def span_corruption(
    texts: Texts, specials: Specials, rng: np.random.Generator, rate: float = 0.15, mean_span: float = 3.0
) -> PairBatch:
    """Spans are cut out, each with a sentinel in its place; the decoder says them after their sentinels: T5.

    *thank you X me to your party Y week* asks for *X for inviting Y last Z*; the last sentinel ends it.

    Source: Raffel et al. 2020, section 3.1.4 and figure 2; 15 % and a mean of 3 tokens, section 3.3.4. How
    many tokens and spans are cut of a text is fixed, see `noise.even_spans`.

    Args:
        texts: of two tokens or more.
        specials: with a sentinel more than a text has spans.
        rng: draws the spans.
        rate: the share of tokens cut out.
        mean_span: tokens in a span, on average.
    """
    sources, targets = [], []
    for text in lists(texts, specials, least=2):
        source, target, end = [], [], 0
        for i, (begin, after) in enumerate(even_spans(len(text), rate, mean_span, rng)):
            source += [*text[end:begin], specials.sentinel(i)]
            target += [specials.sentinel(i), *text[begin:after]]
            end = after
        sources.append(source + text[end:])
        targets.append([*target, specials.sentinel(i + 1)])
    return pairs(sources, targets, specials)


def denoising(
    texts: Texts,
    specials: Specials,
    rng: np.random.Generator,
    rate: float = 0.3,
    mean_span: float = 3.0,
) -> PairBatch:
    """The whole text from one with some spans behind masks: BART, but for the order of sentences.

    Source: Lewis et al. 2020, section 5.1: 30 % of tokens in spans, see `noise`. Theirs also permutes the
    sentences of a text; ours are single ones.

    Args:
        texts: of token ids.
        specials: their ids.
        rng: draws the spans.
        rate: share of tokens in spans.
        mean_span: of the spans' Poisson distribution.
    """
    targets = lists(texts, specials)
    sources = [infill(text, specials.mask, rng, rate, mean_span) for text in targets]
    return pairs(sources, targets, specials)


def prefix_lm(texts: Texts, specials: Specials, rng: np.random.Generator) -> Batch:
    """The rest of a text from its beginning, which is seen as a whole: a prefix language model.

    `begin` and at least one token make the prefix, and at least one token is left; all cuts are equally
    likely. The prefix's last place foretells the first token after it, so it counts; those before do not,
    for they see what they would have to say.

    Source: Raffel et al. 2020, section 3.2.1 (prefix LM) and 3.3.1; Dong et al. 2019.
    """
    inputs, targets, counts, _ = shifted(fill(texts, specials, least=2), specials)
    known = rng.integers(2, counts.sum(axis=1), endpoint=True)
    counts &= np.arange(inputs.shape[1]) >= known[:, None] - 1
    return Batch(inputs, targets, counts, prefix(inputs.shape[1], known))


def permutation_lm(
    texts: Texts, specials: Specials, rng: np.random.Generator, one_in: int = 6
) -> TwoStreamBatch:
    """Tokens in a random order, each from those before it in that order: XLNet's permutation language model.

    Only the last of the order are foretold, one token in `one_in` of the text (rounded down, at least one):
    the first would have too little to go by. Where nothing is foretold the query stream has no task; it is
    given what the content stream sees, so that no row is empty.

    Source: Yang et al. 2019, sections 2.2 and 2.3; K = 6. Their spans of neighbouring targets are left out.

    Args:
        texts: of two tokens or more.
        specials: their ids.
        rng: draws the orders.
        one_in: K, 2 or more.
    """
    one_in = check_whole(one_in, "one_in", least=2)
    ids = fill(texts, specials, least=2)
    real = ids != specials.pad
    lengths = real.sum(axis=1)
    # padding comes last, so that no token sees it
    order = np.argsort(np.where(real, rng.random(ids.shape), 2.0), axis=1, kind="stable")
    turn = np.argsort(order, axis=1)  # of each place
    counts = real & (turn >= (lengths - np.maximum(lengths // one_in, 1))[:, None])
    content, query = two_streams(order)
    query = np.where(counts[:, :, None], query, content)
    return TwoStreamBatch(ids, ids, counts, content, query)


def one_stack(batch: TwoStreamBatch, specials: Specials) -> tuple[Batch, np.ndarray]:
    """Both streams in one stack of twice as many places: first the text, then a blank for each of its places.

    The text's places are the content stream, and see what it sees. The blanks are the query stream: a blank
    knows its place alone, sees the text's places that the query stream sees, and itself, so that no row is
    empty; nobody else sees it. (In the source a query does not see itself.)

    Returns:
        A batch of (B, 2 T), and the positions (2 T,) at which its places stand.
    """
    length = batch.inputs.shape[1]
    visible = np.zeros((len(batch.inputs), 2 * length, 2 * length), dtype=bool)
    visible[:, :length, :length] = batch.content_visible
    visible[:, length:, :length] = batch.query_visible
    visible[:, length:, length:] = np.eye(length, dtype=bool)
    inputs = np.hstack([batch.inputs, np.full_like(batch.inputs, specials.mask)])
    counts = np.hstack([np.zeros_like(batch.counts), batch.counts])
    return Batch(inputs, np.tile(batch.targets, 2), counts, visible), np.tile(np.arange(length), 2)
