"""Neural language models.

torch_model.py  a torch module as a language model
"""

from lmcourse.neural.torch_model import TorchModel

__all__ = ["TorchModel"]
