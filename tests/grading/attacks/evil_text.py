"""HTML, terminal codes, NUL and halves of characters in what is printed, raised, returned and named."""

# %% extra
evil = "<script>alert(1)</script><img src=x onerror=alert(1)> \x1b[2J\x1b]0;owned\x07 \0 \ud800 \u202e "
"&lt; `</code><svg onload=1>`"
print(evil)
raise ValueError(evil)


# %% chain_rule
def sequence_log_prob(*_):
    print(evil)
    raise ValueError(evil)


# %% temperature
def with_temperature(*_):
    print("<script>alert(2)</script>" * 3)
    raise type("<script>alert(3)</script>", (Exception,), {})("`" + evil)


# %% fill_blank
def fill_blank(*_):
    return {"<script>alert(4)</script>": 1.0}


# %% typical
def typical_filter(*_):
    return "<script>alert(5)</script>"


# %% best_sentence
def most_probable(*_):
    return ("<script>alert(6)</script>", "\0\ud800")
