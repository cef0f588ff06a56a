"""What students get wrong in assignment 1b, and what a check tells them. The tests run all of them."""

from __future__ import annotations

from lmcourse.grading.course import Mistake

MISTAKES = [
    Mistake(
        "matching",
        "grows a word as long as it is one",
        """
def cut_forward(text, words):
    found, start = [], 0
    while start < len(text):
        end = start + 1
        while end < len(text) and text[start : end + 1] in words:
            end += 1
        found.append(text[start:end])
        start = end
    return found
""",
        "A word's beginnings need not be words",
    ),
    Mistake(
        "matching",
        "takes the first word of the list that fits",
        """
def cut_forward(text, words):
    found = []
    while text:
        word = next((word for word in words if text.startswith(word)), text[0])
        found.append(word)
        text = text[len(word) :]
    return found
""",
        "Take the longest word that begins here, not the first of the list",
    ),
    Mistake(
        "matching",
        "keeps unknown characters in a row together",
        """
def cut_forward(text, words):
    found, unknown = [], ""
    while text:
        word = max((word for word in words if text.startswith(word)), key=len, default="")
        if word and unknown:
            found, unknown = [*found, unknown], ""
        if word:
            found.append(word)
        else:
            unknown += text[0]
        text = text[len(word) or 1 :]
    return found + ([unknown] if unknown else [])
""",
        "unknown characters in a row are cut one by one",
    ),
    Mistake(
        "matching",
        "drops characters of no word",
        """
def cut_forward(text, words):
    found = []
    while text:
        word = max((word for word in words if text.startswith(word)), key=len, default="")
        found += [word] if word else []
        text = text[len(word) or 1 :]
    return found
""",
        "each character must come out once",
    ),
    Mistake(
        "matching",
        "tries no more than eight characters",
        """
def cut_forward(text, words):
    found = []
    while text:
        word = next((text[:n] for n in range(8, 0, -1) if text[:n] in words), text[0])
        found.append(word)
        text = text[len(word) :]
    return found
""",
        "it is the longest word that counts",
        unseen=True,
    ),
    Mistake(
        "both_ways",
        "tries no more than eight characters",
        """
def cut_both_ways(text, words):
    words = [word for word in words if len(word) <= 8]
    left = cut_forward(text, words)
    right = [word[::-1] for word in cut_forward(text[::-1], [word[::-1] for word in words])][::-1]
    return min(right, left, key=lambda cut: (len(cut), sum(len(word) == 1 for word in cut)))
""",
        "one of the two cuts has fewer words",
        unseen=True,
    ),
    Mistake(
        "both_ways",
        "returns the words from the right as they were found",
        """
def cut_both_ways(text, words):
    left, right, rest = cut_forward(text, words), [], text
    while rest:
        word = max((word for word in words if rest.endswith(word)), key=len, default=rest[-1])
        right.append(word)
        rest = rest[: -len(word)]
    return min(right, left, key=lambda cut: (len(cut), sum(len(word) == 1 for word in cut)))
""",
        "in the wrong order, the last one first",
    ),
    Mistake(
        "both_ways",
        "does not count single characters",
        """
def cut_both_ways(text, words):
    left = cut_forward(text, words)
    right = [word[::-1] for word in cut_forward(text[::-1], [word[::-1] for word in words])][::-1]
    return min(right, left, key=len)
""",
        "from the left none of them is a single character",
    ),
    Mistake(
        "both_ways",
        "trusts the left when nothing decides",
        """
def cut_both_ways(text, words):
    left = cut_forward(text, words)
    right = [word[::-1] for word in cut_forward(text[::-1], [word[::-1] for word in words])][::-1]
    return min(left, right, key=lambda cut: (len(cut), sum(len(word) == 1 for word in cut)))
""",
        "then the cut from the right is kept",
    ),
    Mistake(
        "both_ways",
        "always cuts from the right",
        """
def cut_both_ways(text, words):
    return [word[::-1] for word in cut_forward(text[::-1], [word[::-1] for word in words])][::-1]
""",
        "of three words; from the left there are two",
    ),
    Mistake(
        "both_ways",
        "counts single characters before words",
        """
def cut_both_ways(text, words):
    mirrored = cut_forward(text[::-1], [word[::-1] for word in words])
    right = [word[::-1] for word in reversed(mirrored)]
    return min(right, cut_forward(text, words), key=lambda cut: (sum(len(w) == 1 for w in cut), len(cut)))
""",
        "only where both cuts have equally many words",
    ),
    Mistake(
        "best_cut",
        "tries no more than eight characters",
        """
def most_probable_cut(text, counts):
    log_total = math.log(sum(counts.values()))
    best, last = [0.0] + [-math.inf] * len(text), [0] * (len(text) + 1)
    for j in range(1, len(text) + 1):
        for i in range(max(0, j - 8), j):
            count = counts.get(text[i:j], 1 if j == i + 1 else 0)
            if count and best[i] + math.log(count) - log_total > best[j]:
                best[j], last[j] = best[i] + math.log(count) - log_total, i
    words, j = [], len(text)
    while j:
        words.append(text[last[j] : j])
        j = last[j]
    return words[::-1]
""",
        "compare the products of their words' shares",
        unseen=True,
    ),
    Mistake(
        "best_cut",
        "adds unknown characters to the sum",
        """
def most_probable_cut(text, counts):
    total, longest = sum(counts.values()) + len(set(text) - set(counts)), max(map(len, counts))
    best, begins = [0.0] + [-math.inf] * len(text), [0] * (len(text) + 1)
    for end in range(1, len(text) + 1):
        for start in range(max(0, end - longest), end):
            word = text[start:end]
            if word in counts or len(word) == 1:
                score = best[start] + math.log(counts.get(word, 1) / total)
                if score > best[end]:
                    best[end], begins[end] = score, start
    found, end = [], len(text)
    while end > 0:
        found.append(text[begins[end] : end])
        end = begins[end]
    return found[::-1]
""",
        "did you add the unknown character to the sum",
    ),
    Mistake(
        "best_cut",
        "makes unknown characters all but impossible",
        """
def most_probable_cut(text, counts):
    total, longest = sum(counts.values()), max(map(len, counts))
    best, begins = [0.0] + [-math.inf] * len(text), [0] * (len(text) + 1)
    for end in range(1, len(text) + 1):
        for start in range(max(0, end - longest), end):
            word = text[start:end]
            if word in counts or len(word) == 1:
                score = best[start] + math.log(counts.get(word, 1e-6) / total)
                if score > best[end]:
                    best[end], begins[end] = score, start
    found, end = [], len(text)
    while end > 0:
        found.append(text[begins[end] : end])
        end = begins[end]
    return found[::-1]
""",
        "the unknown y counts as if seen once, not less",
    ),
    Mistake(
        "best_cut",
        "takes the most frequent word that begins here",
        """
def most_probable_cut(text, counts):
    found = []
    while text:
        fitting = [word for word in counts if text.startswith(word)]
        word = max(fitting, key=counts.get, default=text[0])
        found.append(word)
        text = text[len(word) :]
    return found
""",
        "compare whole cuts, by products of probabilities",
    ),
    Mistake(
        "best_cut",
        "looks for the fewest words",
        """
def most_probable_cut(text, counts):
    best, begins = [0] + [len(text) + 1] * len(text), [0] * (len(text) + 1)
    longest = max(map(len, counts))
    for end in range(1, len(text) + 1):
        for start in range(max(0, end - longest), end):
            if (text[start:end] in counts or end == start + 1) and best[start] + 1 < best[end]:
                best[end], begins[end] = best[start] + 1, start
    found, end = [], len(text)
    while end > 0:
        found.append(text[begins[end] : end])
        end = begins[end]
    return found[::-1]
""",
        "the fewest words, need not be the most probable",
    ),
    Mistake(
        "best_cut",
        "multiplies counts, not shares",
        """
def most_probable_cut(text, counts):
    best, begins = [0.0] + [-math.inf] * len(text), [0] * (len(text) + 1)
    longest = max(map(len, counts))
    for end in range(1, len(text) + 1):
        for start in range(max(0, end - longest), end):
            word = text[start:end]
            if word in counts or len(word) == 1:
                score = best[start] + math.log(counts.get(word, 1))
                if score > best[end]:
                    best[end], begins[end] = score, start
    found, end = [], len(text)
    while end > 0:
        found.append(text[begins[end] : end])
        end = begins[end]
    return found[::-1]
""",
        "Did you multiply counts, without dividing each by their sum",
    ),
    Mistake(
        "best_cut",
        "multiplies probabilities",
        """
def most_probable_cut(text, counts):
    best, begins = [1.0] + [-1.0] * len(text), [0] * (len(text) + 1)
    longest, total = max(map(len, counts)), sum(counts.values())
    for end in range(1, len(text) + 1):
        for start in range(max(0, end - longest), end):
            word = text[start:end]
            if word in counts or len(word) == 1:
                p = best[start] * counts.get(word, 1) / total
                if p > best[end]:
                    best[end], begins[end] = p, start
    found, end = [], len(text)
    while end > 0:
        found.append(text[begins[end] : end])
        end = begins[end]
    return found[::-1]
""",
        "underflows to 0, and all cuts look alike",
    ),
    Mistake(
        "best_cut",
        "calls itself for the rest of the text",
        """
def most_probable_cut(text, counts):
    total, longest, known = sum(counts.values()), max(map(len, counts)), {len(text): (0.0, [])}

    def best(start):
        if start not in known:
            ways = []
            for end in range(start + 1, min(start + longest, len(text)) + 1):
                word = text[start:end]
                if word in counts or len(word) == 1:
                    score, rest = best(end)
                    ways.append((score + math.log(counts.get(word, 1) / total), [word, *rest]))
            known[start] = max(ways)
        return known[start]

    return best(0)[1]
""",
        "fill a table in a loop",
    ),
    Mistake(
        "best_cut",
        "looks up single characters that are not there",
        """
def most_probable_cut(text, counts):
    best, begins = [0.0] + [-math.inf] * len(text), [0] * (len(text) + 1)
    longest, total = max(map(len, counts)), sum(counts.values())
    for end in range(1, len(text) + 1):
        for start in range(max(0, end - longest), end):
            word = text[start:end]
            if word in counts or len(word) == 1:
                score = best[start] + math.log(counts[word] / total)
                if score > best[end]:
                    best[end], begins[end] = score, start
    found, end = [], len(text)
    while end > 0:
        found.append(text[begins[end] : end])
        end = begins[end]
    return found[::-1]
""",
        "a single character then counts once",
    ),
    Mistake(
        "fallback",
        "writes the character's number, not its bytes",
        """
def encode_characters(text, alphabet):
    return [c if c in alphabet else f"<0x{ord(c):02X}>" for c in text]


def decode_characters(tokens):
    return "".join(chr(int(t[3:-1], 16)) if len(t) > 1 else t for t in tokens)
""",
        "UTF-8 spells that number in two bytes",
    ),
    Mistake(
        "fallback",
        "decodes each byte by itself",
        """
def decode_characters(tokens):
    return "".join(bytes([int(t[3:5], 16)]).decode(errors="replace") if len(t) > 1 else t for t in tokens)
""",
        "one byte of ï is no character",
    ),
    Mistake(
        "fallback",
        "forgets the bytes at the end",
        """
def decode_characters(tokens):
    text, waiting = "", b""
    for token in tokens:
        if len(token) > 1:
            waiting += bytes([int(token[3:5], 16)])
        else:
            text += waiting.decode(errors="replace") + token
            waiting = b""
    return text
""",
        "the bytes at the end were forgotten",
    ),
    Mistake(
        "fallback",
        "expects every model to write UTF-8",
        """
def decode_characters(tokens):
    data = [bytes([int(t[3:5], 16)]) if len(t) > 1 else t.encode() for t in tokens]
    return b"".join(data).decode()
""",
        "a model may write any bytes",
    ),
    Mistake(
        "fallback",
        "drops what is no UTF-8",
        """
def decode_characters(tokens):
    data = [bytes([int(t[3:5], 16)]) if len(t) > 1 else t.encode() for t in tokens]
    return b"".join(data).decode(errors="ignore")
""",
        "bytes were dropped without a trace",
    ),
    Mistake(
        "merge_step",
        "takes the first of equally frequent pairs",
        """
def merge_step(words):
    pairs = Counter()
    for word, count in words.items():
        for pair in zip(word, word[1:]):
            pairs[pair] += count
    if not pairs:
        return None, words
    best = max(pairs, key=pairs.get)
    return best, {merge_pair(word, best): count for word, count in words.items()}
""",
        "('b', 'c') is smaller",
    ),
    Mistake(
        "merge_step",
        "counts each word once",
        """
def merge_step(words):
    pairs = Counter(pair for word in words for pair in zip(word, word[1:]))
    if not pairs:
        return None, words
    best = min(pairs, key=lambda pair: (-pairs[pair], pair))
    return best, {merge_pair(word, best): count for word, count in words.items()}
""",
        "a word counts each time",
    ),
    Mistake(
        "merge_step",
        "merges in the text, where tokens have lost their borders",
        """
def merge_step(words):
    pairs = Counter()
    for word, count in words.items():
        for pair in zip(word, word[1:]):
            pairs[pair] += count
    if not pairs:
        return None, words
    a, b = min(pairs, key=lambda pair: (-pairs[pair], pair))
    space = " " if isinstance(a, str) else b" "
    merged = {}
    for word, count in words.items():
        merged[tuple(space.join(word).replace(a + space + b, a + b).split(space))] = count
    return (a, b), merged
""",
        "compare whole tokens",
    ),
    Mistake(
        "merge_step",
        "merges both of two places that overlap",
        """
def merge_step(words):
    pairs = Counter()
    for word, count in words.items():
        for pair in zip(word, word[1:]):
            pairs[pair] += count
    if not pairs:
        return None, words
    best = min(pairs, key=lambda pair: (-pairs[pair], pair))
    merged = {}
    for word, count in words.items():
        new, last = [], None
        for i, token in enumerate(word):
            if word[i : i + 2] == best:
                new.append(best[0] + best[1])
            elif word[max(0, i - 1) : i + 1] != best:
                new.append(token)
        merged[tuple(new)] = count
    return best, merged
""",
        "the two places share the middle a",
    ),
    Mistake(
        "merge_step",
        "counts overlapping places once",
        """
def merge_step(words):
    pairs = Counter()
    for word, count in words.items():
        last = None
        for i, pair in enumerate(zip(word, word[1:])):
            if last == (i - 1, pair):
                continue
            pairs[pair] += count
            last = (i, pair)
    if not pairs:
        return None, words
    best = min(pairs, key=lambda pair: (-pairs[pair], pair))
    return best, {merge_pair(word, best): count for word, count in words.items()}
""",
        "so eight times in all; count every place",
    ),
    Mistake(
        "merge_step",
        "does not think of words without a pair",
        """
def merge_step(words):
    pairs = Counter()
    for word, count in words.items():
        for pair in zip(word, word[1:]):
            pairs[pair] += count
    best = min(pairs, key=lambda pair: (-pairs[pair], pair))
    return best, {merge_pair(word, best): count for word, count in words.items()}
""",
        "hold no pair to merge, and your code raised ValueError",
    ),
    Mistake(
        "learning",
        "counts pairs only once, at the beginning",
        """
def learn_merges(text, n_merges):
    pairs = Counter()
    for piece, count in Counter(pieces(text)).items():
        word = [bytes([byte]) for byte in piece.encode()]
        for pair in zip(word, word[1:]):
            pairs[pair] += count
    return sorted(pairs, key=lambda pair: (-pairs[pair], pair))[:n_merges]
""",
        "so (s, e) is no pair: count anew",
    ),
    Mistake(
        "learning",
        "counts each different piece once",
        """
def learn_merges(text, n_merges):
    words = {tuple(bytes([byte]) for byte in piece.encode()): 1 for piece in pieces(text)}
    merges = []
    while len(merges) < n_merges:
        pair, words = merge_step(words)
        if pair is None:
            break
        merges.append(pair)
    return merges
""",
        "Did you count each different piece only once?",
    ),
    Mistake(
        "learning",
        "does not cut the text into pieces",
        """
def learn_merges(text, n_merges):
    words, merges = {tuple(bytes([byte]) for byte in text.encode()): 1}, []
    while len(merges) < n_merges:
        pair, words = merge_step(words)
        if pair is None:
            break
        merges.append(pair)
    return merges
""",
        "cut the text by `pieces`",
    ),
    Mistake(
        "learning",
        "cuts by white space, and loses it",
        """
def learn_merges(text, n_merges):
    words = Counter(tuple(bytes([byte]) for byte in piece.encode()) for piece in text.split())
    merges = []
    while len(merges) < n_merges:
        pair, words = merge_step(words)
        if pair is None:
            break
        merges.append(pair)
    return merges
""",
        "`pieces`, not by split()",
    ),
    Mistake(
        "learning",
        "starts from characters",
        """
def learn_merges(text, n_merges):
    words, merges = Counter(tuple(piece) for piece in pieces(text)), []
    while len(merges) < n_merges:
        pair, words = merge_step(words)
        if pair is None:
            break
        merges.append(pair)
    return merges
""",
        "tokens should be bytes",
    ),
    Mistake(
        "learning",
        "writes down merges that are none, when nothing is left",
        """
def learn_merges(text, n_merges):
    words = Counter(tuple(bytes([byte]) for byte in piece.encode()) for piece in pieces(text))
    merges = []
    for _ in range(n_merges):
        pair, words = merge_step(words)
        merges.append(pair or (b"", b""))
    return merges
""",
        "the number of merges should be 2, yours is 5",
    ),
    Mistake(
        "encoding",
        "takes the longest token that fits",
        """
def encode(text, merges):
    tokens = [bytes([i]) for i in range(256)] + [a + b for a, b in merges]
    found = []
    for piece in pieces(text):
        data = piece.encode()
        while data:
            token = max((token for token in tokens if data.startswith(token)), key=len)
            found.append(token)
            data = data[len(token) :]
    return found
""",
        "Do not look for the longest token",
    ),
    Mistake(
        "encoding",
        "merges the leftmost pair that it knows",
        """
def encode(text, merges):
    found = []
    for piece in pieces(text):
        word = [bytes([byte]) for byte in piece.encode()]
        while True:
            places = [i for i in range(len(word) - 1) if (word[i], word[i + 1]) in merges]
            if not places:
                break
            i = places[0]
            word[i : i + 2] = [word[i] + word[i + 1]]
        found += word
    return found
""",
        "not the leftmost pair",
    ),
    Mistake(
        "encoding",
        "makes each merge once",
        """
def encode(text, merges):
    found = []
    for piece in pieces(text):
        word = [bytes([byte]) for byte in piece.encode()]
        for a, b in merges:
            for i in range(len(word) - 1):
                if (word[i], word[i + 1]) == (a, b):
                    word[i : i + 2] = [a + b]
                    break
        found += word
    return found
""",
        "each merge is made at every place",
    ),
    Mistake(
        "encoding",
        "does not cut the text into pieces",
        """
def encode(text, merges):
    word = tuple(bytes([byte]) for byte in text.encode())
    for pair in merges:
        word = merge_pair(word, pair)
    return list(word)
""",
        "no merge crosses from one to the next",
    ),
    Mistake(
        "nth_cut",
        "puts longer first words first",
        """
def nth_cut(text, words, n):
    ways = [0] * len(text) + [1]
    for start in reversed(range(len(text))):
        ways[start] = sum(ways[start + len(w)] for w in words if text.startswith(w, start))
    if not 0 <= n < ways[0]:
        raise ValueError("no such cut")
    found, start = [], 0
    while start < len(text):
        for word in sorted(words, key=len, reverse=True):
            if text.startswith(word, start):
                if n < ways[start + len(word)]:
                    break
                n -= ways[start + len(word)]
        found.append(word)
        start += len(word)
    return found
""",
        "shorter first words come first",
    ),
    Mistake(
        "nth_cut",
        "numbers the cuts from one",
        """
def nth_cut(text, words, n):
    ways = [0] * len(text) + [1]
    for start in reversed(range(len(text))):
        ways[start] = sum(ways[start + len(w)] for w in words if text.startswith(w, start))
    if not 1 <= n <= ways[0]:
        raise ValueError("no such cut")
    found, start = [], 0
    while start < len(text):
        for word in sorted(words, key=len):
            if text.startswith(word, start):
                if n <= ways[start + len(word)]:
                    break
                n -= ways[start + len(word)]
        found.append(word)
        start += len(word)
    return found
""",
        "numbers begin at 0",
    ),
    Mistake(
        "matching",
        "has no way out where no word fits",
        """
def cut_forward(text, words):
    found, i = ([], 0)
    while i < len(text):
        w = max((w for w in words if text.startswith(w, i)), key=len)
        found.append(w)
        i += len(w)
    return found
""",
        "Where no word fits, a single character stands for itself",
    ),
    Mistake(
        "matching",
        "goes past what it does not know",
        """
def cut_forward(text, words):
    found, i = ([], 0)
    while i < len(text):
        for w in sorted(words, key=len, reverse=True):
            if text.startswith(w, i):
                found.append(w)
                i += len(w)
                break
        else:
            i += 1
    return found
""",
        "Where no word fits, a single character stands for itself",
    ),
    Mistake(
        "matching",
        "sorts the list that it was given",
        """
def cut_forward(text, words):
    words.sort(key=len, reverse=True)
    found, i = ([], 0)
    while i < len(text):
        w = next((w for w in words if text.startswith(w, i)), text[i])
        found.append(w)
        i += len(w)
    return found
""",
        "`cut_forward` changes what it was given as `words`",
    ),
    Mistake(
        "matching",
        "tries the shortest first",
        """
def cut_forward(text, words):
    known, longest = (set(words), max(map(len, words), default=1))
    found, start = ([], 0)
    while start < len(text):
        end = min(start + longest, len(text))
        while end > start + 1:
            end -= 1
        found.append(text[start:end])
        start = end
    return found
""",
        "that is the shortest that fits",
    ),
    Mistake(
        "both_ways",
        "turns the text round and not the words",
        """
def cut_both_ways(text, words):
    mirrored = cut_forward(text[::-1], words)
    right = [word[::-1] for word in reversed(mirrored)]
    left = cut_forward(text, words)

    def cost(cut):
        return (len(cut), sum((len(word) == 1 for word in cut)))

    return left if cost(left) < cost(right) else right
""",
        "that is the cut from the left",
    ),
    Mistake(
        "both_ways",
        "leaves each word backwards",
        """
def cut_both_ways(text, words):
    mirrored = cut_forward(text[::-1], [word[::-1] for word in words])
    right = mirrored[::-1]
    left = cut_forward(text, words)

    def cost(cut):
        return (len(cut), sum((len(word) == 1 for word in cut)))

    return left if cost(left) < cost(right) else right
""",
        "Each word is still backwards",
    ),
    Mistake(
        "both_ways",
        "prefers many words to few",
        """
def cut_both_ways(text, words):
    mirrored = cut_forward(text[::-1], [word[::-1] for word in words])
    right = [word[::-1] for word in reversed(mirrored)]
    left = cut_forward(text, words)

    def cost(cut):
        return (len(cut), sum((len(word) == 1 for word in cut)))

    return left if cost(left) > cost(right) else right
""",
        "from the left there are two",
    ),
    Mistake(
        "best_cut",
        "multiplies probabilities, and is content with 0",
        """
def most_probable_cut(text, counts):
    total, longest = (sum(counts.values()), max(map(len, counts)))
    best, begins = ([1.0] + [0.0] * len(text), [0] * (len(text) + 1))
    for end in range(1, len(text) + 1):
        for start in range(max(0, end - longest), end):
            word = text[start:end]
            if word in counts or len(word) == 1:
                p = best[start] * counts.get(word, 1) / total
                if p > best[end]:
                    best[end], begins[end] = (p, start)
    found, end = ([], len(text))
    while end > 0:
        found.append(text[begins[end] : end])
        end = begins[end]
    return found[::-1]
""",
        "underflows to 0, and all cuts look alike",
    ),
    Mistake(
        "best_cut",
        "has no way out where no word ends",
        """
def most_probable_cut(text, counts):
    log_total, longest = (math.log(sum(counts.values())), max(map(len, counts)))
    best = [0.0] + [-math.inf] * len(text)
    begins = [0] * (len(text) + 1)
    for end in range(1, len(text) + 1):
        for start in range(max(0, end - longest), end):
            word = text[start:end]
            if word in counts:
                log_p = math.log(counts.get(word, 1)) - log_total
                if best[start] + log_p > best[end]:
                    best[end], begins[end] = (best[start] + log_p, start)
    found, end = ([], len(text))
    while end > 0:
        found.append(text[begins[end] : end])
        end = begins[end]
    return found[::-1]
""",
        "a single character may always stand for itself",
    ),
    Mistake(
        "best_cut",
        "has no entry where no word ends",
        """
def most_probable_cut(text, counts):
    total = sum(counts.values())
    best = {0: (0.0, [])}
    for end in range(1, len(text) + 1):
        options = []
        for start in range(end):
            if start in best and text[start:end] in counts:
                options.append(
                    (
                        best[start][0] + math.log(counts[text[start:end]] / total),
                        best[start][1] + [text[start:end]],
                    )
                )
        if options:
            best[end] = max(options)
    return best[len(text)][1]
""",
        "a single character may always stand for itself",
    ),
    Mistake(
        "best_cut",
        "adds up logarithms of counts",
        """
def most_probable_cut(text, counts):
    log_total, longest = (math.log(sum(counts.values())), max(map(len, counts)))
    best = [0.0] + [-math.inf] * len(text)
    begins = [0] * (len(text) + 1)
    for end in range(1, len(text) + 1):
        for start in range(max(0, end - longest), end):
            word = text[start:end]
            if word in counts or len(word) == 1:
                log_p = math.log(counts.get(word, 1))
                if best[start] + log_p > best[end]:
                    best[end], begins[end] = (best[start] + log_p, start)
    found, end = ([], len(text))
    while end > 0:
        found.append(text[begins[end] : end])
        end = begins[end]
    return found[::-1]
""",
        "did you multiply counts, without dividing each by their sum?",
    ),
    Mistake(
        "best_cut",
        "returns the words last one first",
        """
def most_probable_cut(text, counts):
    log_total, longest = (math.log(sum(counts.values())), max(map(len, counts)))
    best = [0.0] + [-math.inf] * len(text)
    begins = [0] * (len(text) + 1)
    for end in range(1, len(text) + 1):
        for start in range(max(0, end - longest), end):
            word = text[start:end]
            if word in counts or len(word) == 1:
                log_p = math.log(counts.get(word, 1)) - log_total
                if best[start] + log_p > best[end]:
                    best[end], begins[end] = (best[start] + log_p, start)
    found, end = ([], len(text))
    while end > 0:
        found.append(text[begins[end] : end])
        end = begins[end]
    return found
""",
        "the words come in the wrong order",
    ),
    Mistake(
        "fallback",
        "writes a byte as Python does",
        """
def encode_characters(text, alphabet):
    tokens = []
    for character in text:
        if character in alphabet:
            tokens.append(character)
        else:
            tokens += [hex(byte) for byte in character.encode()]
    return tokens
""",
        "a byte's token has brackets and capitals",
    ),
    Mistake(
        "fallback",
        "makes one token of a character's bytes",
        """
def encode_characters(text, alphabet):
    tokens = []
    for character in text:
        if character in alphabet:
            tokens.append(character)
        else:
            tokens.append("".join((f"<0x{byte:02X}>" for byte in character.encode())))
    return tokens
""",
        "each byte is a token of its own",
    ),
    Mistake(
        "fallback",
        "takes every < for a byte",
        """
def decode_characters(tokens):
    data = b""
    for token in tokens:
        is_byte = token[0] == "<"
        data += bytes([int(token[3:5], 16)]) if is_byte else token.encode()
    return data.decode(errors="replace")
""",
        "A character may be < as well",
    ),
    Mistake(
        "fallback",
        "makes bytes of known characters, too",
        """
def encode_characters(text, alphabet):
    tokens = []
    for character in text:
        if False:
            tokens.append(character)
        else:
            tokens += [f"<0x{byte:02X}>" for byte in character.encode()]
    return tokens
""",
        "what is in the alphabet stands for itself",
    ),
    Mistake(
        "merge_step",
        "returns the new token for the pair",
        """
def merge_step(words):
    pairs = Counter()
    for word, count in words.items():
        for pair in zip(word, word[1:]):
            pairs[pair] += count
    if not pairs:
        return (None, words)
    best = min(pairs, key=lambda pair: (-pairs[pair], pair))
    merged = {merge_pair(word, best): count for word, count in words.items()}
    return (best[0] + best[1], merged)
""",
        "that is the new token; return the two",
    ),
    Mistake(
        "merge_step",
        "merges at the first place of a word only",
        """
def merge_pair(word, pair):
    merged, i = ([], 0)
    while i < len(word):
        step = 2 if tuple(word[i : i + 2]) == pair else 1
        merged.append(pair[0] + pair[1] if step == 2 else word[i])
        i += step
        if step == 2:
            merged += word[i:]
            break
    return tuple(merged)
""",
        "not only at the first place",
    ),
    Mistake(
        "merge_step",
        "returns the words as they were",
        """
def merge_step(words):
    pairs = Counter()
    for word, count in words.items():
        for pair in zip(word, word[1:]):
            pairs[pair] += count
    if not pairs:
        return (None, words)
    best = min(pairs, key=lambda pair: (-pairs[pair], pair))
    merged = {merge_pair(word, best): count for word, count in words.items()}
    return (best, words)
""",
        "it is as it was",
    ),
    Mistake(
        "merge_step",
        "changes the dictionary that it was given",
        """
def merge_step(words):
    pairs = Counter()
    for word, count in words.items():
        for pair in zip(word, word[1:]):
            pairs[pair] += count
    if not pairs:
        return (None, words)
    best = min(pairs, key=lambda pair: (-pairs[pair], pair))
    for word in list(words):
        words[merge_pair(word, best)] = words.pop(word)
    return (best, words)
""",
        "`merge_step` changes what it was given as `words`",
    ),
    Mistake(
        "merge_step",
        "takes (z, a) and (a, z) for the same pair",
        """
def merge_step(words):
    pairs = Counter()
    for word, count in words.items():
        for pair in zip(word, word[1:]):
            pairs[tuple(sorted(pair))] += count
    if not pairs:
        return (None, words)
    best = min(pairs, key=lambda pair: (-pairs[pair], pair))
    merged = {merge_pair(word, best): count for word, count in words.items()}
    return (best, merged)
""",
        "a pair has an order",
    ),
    Mistake(
        "learning",
        "stops one merge too early",
        """
def learn_merges(text, n_merges):
    words = {
        tuple((bytes([byte]) for byte in piece.encode())): count
        for piece, count in Counter(pieces(text)).items()
    }
    merges = []
    while len(merges) < n_merges - 1:
        pair, words = merge_step(words)
        if pair is None:
            break
        merges.append(pair)
    return merges
""",
        "once too often or too rarely",
    ),
    Mistake(
        "learning",
        "goes on with the old words",
        """
def learn_merges(text, n_merges):
    words = {
        tuple((bytes([byte]) for byte in piece.encode())): count
        for piece, count in Counter(pieces(text)).items()
    }
    merges = []
    while len(merges) < n_merges:
        pair, _ = merge_step(words)
        if pair is None:
            break
        merges.append(pair)
    return merges
""",
        "the same pair again",
    ),
    Mistake(
        "learning",
        "appends None where nothing is left",
        """
def learn_merges(text, n_merges):
    words = {
        tuple((bytes([byte]) for byte in piece.encode())): count
        for piece, count in Counter(pieces(text)).items()
    }
    merges = []
    while len(merges) < n_merges:
        pair, words = merge_step(words)
        merges.append(pair)
    return merges
""",
        "there is None among your merges",
    ),
    Mistake(
        "learning",
        "returns the new tokens",
        """
def learn_merges(text, n_merges):
    words = {
        tuple((bytes([byte]) for byte in piece.encode())): count
        for piece, count in Counter(pieces(text)).items()
    }
    merges = []
    while len(merges) < n_merges:
        pair, words = merge_step(words)
        if pair is None:
            break
        merges.append(pair[0] + pair[1])
    return merges
""",
        "return a list of pairs",
    ),
    Mistake(
        "encoding",
        "goes through the merges from the last to the first",
        """
def encode(text, merges):
    tokens, known = ([], {})
    for piece in pieces(text):
        if piece not in known:
            word = tuple((bytes([byte]) for byte in piece.encode()))
            for pair in reversed(merges):
                if len(word) > 1:
                    word = merge_pair(word, pair)
            known[piece] = word
        tokens += known[piece]
    return tokens
""",
        "(b, c) was learned first",
    ),
    Mistake(
        "encoding",
        "walks through a word that gets shorter",
        """
def encode(text, merges):
    out = []
    for piece in pieces(text):
        word = [bytes([b]) for b in piece.encode()]
        for pair in merges:
            for i in range(len(word) - 1):
                if (word[i], word[i + 1]) == tuple(pair):
                    word[i : i + 2] = [pair[0] + pair[1]]
        out += word
    return out
""",
        "A word gets shorter while its pairs are merged",
    ),
    Mistake(
        "encoding",
        "returns characters",
        """
def encode(text, merges):
    tokens, known = ([], {})
    for piece in pieces(text):
        if piece not in known:
            word = tuple(piece)
            for pair in merges:
                if len(word) > 1:
                    word = merge_pair(word, pair)
            known[piece] = word
        tokens += known[piece]
    return tokens
""",
        "return a list of bytes",
    ),
    Mistake(
        "nth_cut",
        "lets single characters stand",
        """
def nth_cut(text, words, n):
    known, longest = (set(words), max(map(len, words), default=1))

    def ends(start):
        last = min(start + longest, len(text))
        return [e for e in range(start + 1, last + 1) if text[start:e] in known or e == start + 1]

    ways = [0] * len(text) + [1]
    for start in reversed(range(len(text))):
        ways[start] = sum((ways[end] for end in ends(start)))
    if not 0 <= n < ways[0]:
        raise ValueError(f"n={n}: there are {ways[0]} cuts, from number 0 on")
    found, start = ([], 0)
    while start < len(text):
        for end in ends(start):
            if n < ways[end]:
                break
            n -= ways[end]
        found.append(text[start:end])
        start = end
    return found
""",
        "nothing but words occurs in a cut",
    ),
    Mistake(
        "nth_cut",
        "counts from the end where n is negative",
        """
def nth_cut(text, words, n):
    known, longest = (set(words), max(map(len, words), default=1))

    def ends(start):
        last = min(start + longest, len(text))
        return [e for e in range(start + 1, last + 1) if text[start:e] in known]

    ways = [0] * len(text) + [1]
    for start in reversed(range(len(text))):
        ways[start] = sum((ways[end] for end in ends(start)))
    if n >= ways[0]:
        raise ValueError(f"n={n}: there are {ways[0]} cuts, from number 0 on")
    found, start = ([], 0)
    while start < len(text):
        for end in ends(start):
            if n < ways[end]:
                break
            n -= ways[end]
        found.append(text[start:end])
        start = end
    return found
""",
        "asked for cut number -1 of three",
    ),
    Mistake(
        "nth_cut",
        "skips cuts without counting them",
        """
def nth_cut(text, words, n):
    known, longest = (set(words), max(map(len, words), default=1))

    def ends(start):
        last = min(start + longest, len(text))
        return [e for e in range(start + 1, last + 1) if text[start:e] in known]

    ways = [0] * len(text) + [1]
    for start in reversed(range(len(text))):
        ways[start] = sum((ways[end] for end in ends(start)))
    if not 0 <= n < ways[0]:
        raise ValueError(f"n={n}: there are {ways[0]} cuts, from number 0 on")
    found, start = ([], 0)
    while start < len(text):
        for end in ends(start):
            if n < ways[end]:
                break
        found.append(text[start:end])
        start = end
    return found
""",
        "taken off n?",
    ),
]
