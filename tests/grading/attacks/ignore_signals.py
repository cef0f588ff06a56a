"""Ignore every signal and swallow every exception in an endless loop: in an exercise."""


# honest: typical
# says: stopped after
# %% chain_rule
def sequence_log_prob(*_):
    import signal

    for number in signal.valid_signals():
        try:
            signal.signal(number, signal.SIG_IGN)
        except (OSError, ValueError):
            pass
    while True:
        try:
            while True:
                pass
        except BaseException:
            pass
