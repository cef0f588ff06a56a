"""How the course's figures look: one style, colours that survive colour blindness, grey and dark pages."""

from __future__ import annotations

import matplotlib.pyplot as plt
from cycler import cycler

# Okabe and Ito (2008), ordered by falling darkness so that the series also differ in grey.
COLOURS = ["#0072B2", "#D55E00", "#009E73", "#CC79A7", "#56B4E9", "#E69F00"]
MARKERS = ["o", "s", "^", "D", "v", "P"]
GREY = "#6b6b6b"


def use_style() -> None:
    """Set the course's matplotlib style; in a notebook, draw figures as SVG."""
    plt.rcParams.update(
        {
            "figure.figsize": (7.0, 3.6),
            "figure.constrained_layout.use": True,
            "figure.facecolor": "white",
            "savefig.facecolor": "white",  # a white card is legible on a dark page too
            "svg.hashsalt": "lmcourse",  # the same figure gives the same file
            "font.size": 11,
            "axes.titlesize": 12,
            "axes.titleweight": "bold",
            "axes.titlelocation": "left",
            "axes.spines.top": False,
            "axes.spines.right": False,
            "axes.grid": True,
            "axes.axisbelow": True,
            "grid.alpha": 0.35,
            "lines.linewidth": 2.0,
            "legend.frameon": False,
            "axes.prop_cycle": cycler(color=COLOURS) + cycler(marker=MARKERS),
        }
    )
    try:
        from IPython import get_ipython
        from matplotlib_inline.backend_inline import set_matplotlib_formats
    except ImportError:  # no notebook without them
        return
    if get_ipython() is not None:  # in a plain script the call below would start an interactive shell
        set_matplotlib_formats("svg", metadata={"Date": None})
