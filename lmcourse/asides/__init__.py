"""Asides: what the chapters look at beside the road.

eliza.py            a conversation by rules
autoregression.py   AR(p) and ARMA time series
noisy_channel.py    misspelled words and what was meant
"""
