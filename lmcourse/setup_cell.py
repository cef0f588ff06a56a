"""The first code cell of every notebook: on Colab it installs the course, everywhere else it does nothing."""

from __future__ import annotations

from lmcourse.files import course_file

SETUP_TAGS = ["remove-cell", "setup"]


def repository_url() -> str:
    """The address of the repository: `_config.yml` is the only place that holds it."""
    import yaml  # comes with Jupyter Book: only authors need it

    settings = yaml.safe_load(course_file("_config.yml").read_text(encoding="utf-8"))
    return settings["repository"]["url"].rstrip("/")


def setup_source() -> str:
    """The cell's source."""
    return (
        "# On Colab this installs the course; everywhere else it does nothing.\n"
        "import sys\n"
        "from importlib.util import find_spec\n"
        "\n"
        'if "google.colab" in sys.modules and find_spec("lmcourse") is None:\n'
        f'    %pip install --quiet "lmcourse @ git+{repository_url()}"'
    )
