"""A real browser that can reach this machine only, and the built book served to it.

`page` is what a test usually wants: at the end of the test it fails for any console error, any failed request
and any attempt to reach another host.
"""

from __future__ import annotations

import functools
import shutil
import threading
from collections.abc import Callable, Iterator
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import urlsplit

import needed
import pytest

ROOT = Path(__file__).resolve().parents[2]
NAMES = ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome"]
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    # Names of other hosts do not even resolve, whatever asks for them.
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1, EXCLUDE localhost",
]


def is_local(url: str) -> bool:
    """Whether a URL can be answered without another host."""
    parts = urlsplit(url)
    return parts.scheme in ("file", "data", "blob", "about") or parts.hostname in ("127.0.0.1", "localhost")


class _Quiet(SimpleHTTPRequestHandler):
    """Serves files without a line per request."""

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture(scope="session")
def book_dir() -> Path:
    """The built book."""
    folder = ROOT / "_build" / "html"
    if not (folder / "index.html").exists():
        needed.missing("the book is not built; run `make book`")
    return folder


@pytest.fixture(scope="session")
def base_url(book_dir: Path) -> Iterator[str]:
    """Address of the built book on this machine, without a final slash."""
    handler = functools.partial(_Quiet, directory=str(book_dir))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


@pytest.fixture(scope="session")
def browser() -> Iterator:
    """Chromium or Chrome, found on the PATH."""
    executable = next(filter(None, map(shutil.which, NAMES)), None)
    if executable is None:
        needed.missing("no Chromium or Chrome on the PATH; install one (Debian: apt-get install chromium)")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        # Scroll bars are shown, as on Windows and most Linux systems; by itself Playwright hides them.
        browser = playwright.chromium.launch(
            executable_path=executable, args=FLAGS, ignore_default_args=["--hide-scrollbars"]
        )
        yield browser
        browser.close()


@pytest.fixture
def page(browser) -> Iterator:
    """A fresh page, 1280 by 800; whatever goes wrong on it fails the test at the end."""
    context = browser.new_context(viewport={"width": 1280, "height": 800})
    problems: list[str] = []

    def allow(route) -> None:
        if is_local(route.request.url):
            route.continue_()
        else:
            problems.append(f"asked another host for {route.request.url}")
            route.abort()

    context.route("**/*", allow)
    page = context.new_page()
    page.on("console", lambda m: problems.append(f"console: {m.text}") if m.type == "error" else None)
    page.on("pageerror", lambda error: problems.append(f"uncaught: {error}"))

    def failed(request) -> None:
        if request.failure != "net::ERR_ABORTED":  # of a page that was left while it still loaded
            problems.append(f"request failed: {request.url} ({request.failure})")

    page.on("requestfailed", failed)
    page.on("response", lambda r: problems.append(f"{r.status}: {r.url}") if r.status >= 400 else None)
    yield page
    context.close()
    assert not problems, "\n".join(problems)


@pytest.fixture
def serve(tmp_path) -> Iterator[Callable[..., str]]:
    """Shows widgets in a page that is served, the model's file beside it or not; gives the address."""
    from ipywidgets.embed import dependency_state
    from widget_pages import write_page

    servers = []

    def show(widget, file: Path | None, *more, name: str = "model.gguf") -> str:
        states = dependency_state([widget, *more], drop_defaults=False)
        for state in states.values():
            if "model_at" in state["state"]:
                state["state"]["model_at"] = f"_weights/{name}"
        write_page(tmp_path, states, [each.model_id for each in (widget, *more)])
        (tmp_path / "_weights").mkdir()
        if file:
            (tmp_path / "_weights" / name).symlink_to(file)
        server = ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(_Quiet, directory=str(tmp_path)))
        threading.Thread(target=server.serve_forever, daemon=True).start()
        servers.append(server)
        return f"http://127.0.0.1:{server.server_port}/page.html"

    yield show
    for server in servers:
        server.shutdown()
        server.server_close()
