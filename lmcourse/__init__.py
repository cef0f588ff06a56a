"""A course on language models: from a uniform guess to a Transformer, behind one small interface.

A language model maps a context (token ids) to log-probabilities of the next token. Start reading at
`lmcourse.model`; each module is one idea and opens by saying what it holds and what it leaves out.
Importing the package imports none of them, so it costs almost nothing.
"""

__version__ = "0.1.0"
