"""How good is a language model? What it is asked, and how far a count of its answers can be trusted.

Each module needs only NumPy; whatever asks a model takes any `lmcourse.model.LanguageModel`.

questions.py   small examinations with a key: capitals, sums drawn by rule, verbs and the nouns that they obey
"""
