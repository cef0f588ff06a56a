"""What every widget has that asks the real model in the page."""

from __future__ import annotations

import traitlets

from lmcourse.widgets.base import Widget, worker_script

SIZE = 98_362_432  # of the model's file, in bytes
MAX_TEXT = 4_000  # characters


class RealModelWidget(Widget):
    """What a widget has that asks the real model in the page: see real_model_loader.js."""

    _worker = traitlets.Unicode(worker_script("real_model_worker.js")).tag(sync=True)
    model_at = traitlets.Unicode().tag(sync=True)  # where the file is; book/_ext/real_model.py writes it
    size = traitlets.Int(SIZE).tag(sync=True)
