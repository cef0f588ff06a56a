"""The figures' style: colours that differ in grey too, the same file each time, no shell in plain scripts."""

import io
import subprocess
import sys

import matplotlib as mpl
import matplotlib.pyplot as plt
import pytest
from matplotlib.colors import to_rgb

from lmcourse import plotting


@pytest.fixture(autouse=True)
def _restored():
    """Leave matplotlib as it was."""
    with mpl.rc_context():
        mpl.use("agg")
        plotting.use_style()
        yield
        plt.close("all")


def luminance(colour):
    """Relative luminance (WCAG 2): 0 black to 1 white."""
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in to_rgb(colour)]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def test_colours_grow_lighter_and_stand_out_from_white():
    lights = [luminance(colour) for colour in plotting.COLOURS]
    assert lights == sorted(lights)
    assert (
        len(set(plotting.COLOURS))
        == len(plotting.COLOURS)
        == len(set(plotting.MARKERS))
        == len(plotting.MARKERS)
    )


def test_lines_take_colours_and_markers_in_order():
    _, ax = plt.subplots()
    lines = [ax.plot([0, 1], [i, i])[0] for i in range(7)]
    assert [line.get_color() for line in lines] == [*plotting.COLOURS, plotting.COLOURS[0]]
    assert [line.get_marker() for line in lines][:6] == plotting.MARKERS


def test_figures_are_white_cards_and_the_same_file_each_time():
    files = []
    for _ in range(2):
        fig, ax = plt.subplots()
        ax.plot([1, 2, 3], [0, 1, 0])
        ax.set_title("A title")
        buffer = io.BytesIO()
        fig.savefig(buffer, format="svg", metadata={"Date": None})
        files.append(buffer.getvalue())
        assert to_rgb(fig.get_facecolor()) == (1, 1, 1)
    assert files[0] == files[1]


def test_a_plain_script_gets_no_interactive_shell():
    script = (
        "import lmcourse.plotting, sys; lmcourse.plotting.use_style()\n"
        "shell = sys.modules.get('IPython.core.interactiveshell')\n"
        "assert shell is None or not shell.InteractiveShell.initialized()\n"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, env=_agg())
    assert done.returncode == 0, done.stderr


def test_a_notebook_draws_svg():
    script = (
        "from IPython.core.interactiveshell import InteractiveShell\n"
        "shell = InteractiveShell.instance()\n"
        "import matplotlib.pyplot as plt, lmcourse.plotting\n"
        "lmcourse.plotting.use_style()\n"
        "figure, ax = plt.subplots()\n"
        "data, _ = shell.display_formatter.format(figure)\n"
        "assert 'image/svg+xml' in data and 'image/png' not in data, list(data)\n"
        "assert '<dc:date>' not in data['image/svg+xml']\n"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, env=_agg())
    assert done.returncode == 0, done.stderr


def _agg():
    """This process's environment with matplotlib's windowless backend."""
    import os

    return {**os.environ, "MPLBACKEND": "agg"}
