"""Exact bounds for counts of chance events, for tests with a fixed seed."""

import math


def is_likely(count, n, p, error=1e-6):
    """Whether both tails of the binomial distribution, from `count` on, have a probability over `error`."""

    def log_term(k):
        ways = math.lgamma(n + 1) - math.lgamma(k + 1) - math.lgamma(n - k + 1)
        return ways + k * math.log(p) + (n - k) * math.log1p(-p)

    terms = [math.exp(log_term(k)) for k in range(n + 1)]
    return math.fsum(terms[: count + 1]) > error and math.fsum(terms[count:]) > error
