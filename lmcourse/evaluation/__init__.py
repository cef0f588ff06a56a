"""How good is a language model? What it is asked, and how far a count of its answers can be trusted.

Each module needs only NumPy, but for judging.py, which asks a model that can converse; the others take any
`lmcourse.model.LanguageModel`.

questions.py   small examinations with a key: capitals, sums drawn by rule, verbs and the nouns that they obey
sets.py        small sets that were written for the course: everyday sentences, opinions, pairs of answers
choices.py     multiple choice by likelihood, and its normalisations
matching.py    is a written answer the expected one? from strict to generous
tries.py       pass@k: is one of several tries right?
errors.py      standard errors, paired differences, the exact test of McNemar, how many items it takes
overlap.py     was the test in the training text? the same words in a row
judging.py     a model as judge of pairs, in both orders
"""
