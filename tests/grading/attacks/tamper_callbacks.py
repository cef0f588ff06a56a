"""Change what a model returns, keep it, ask it too often, and again after the check; else honest."""

# earns: chain_rule=2
# %% chain_rule
kept = []


def sequence_log_prob(next_probs, tokens):
    kept.append(next_probs)
    for old in kept[-4:]:
        for question in ((), ("never", "asked"), ("",) * 100):
            try:
                old(question)
            except Exception:
                pass
    if len(kept) == 1:
        for _ in range(100_000):
            next_probs(())
    total = 0.0
    for i, token in enumerate(tokens):
        probs = next_probs(tuple(tokens[:i]))
        p = probs.get(token, 0.0)
        probs.clear()
        probs["owned"] = 1.0
        if p == 0:
            return -math.inf
        total += math.log(p)
    return total
