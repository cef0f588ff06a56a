"""The pages as `tools/pages.py` executed them, for the book too: they print what they keep, in their time."""

import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "tools"))
import cache  # noqa: E402
import pages  # noqa: E402


@pytest.fixture(scope="module")
def stale():
    """The pages that are not in the cache as they are now."""
    return cache.refresh()


@pytest.mark.parametrize("page", cache.pages(), ids=lambda page: f"{page.parent.name}/{page.stem}")
def test_a_page_prints_what_it_keeps_in_its_time(page, stale, record_property):
    name = page.relative_to(ROOT)
    assert page not in stale, f"it failed, or was not executed: .venv/bin/python tools/pages.py {name}"
    record_property("processor_seconds", f"{pages.executed(page)[1]:.1f}")
    assert not (wrong := list(pages.faults(page))), "\n".join(wrong)
