"""What the built book's pages weigh, how fast they are on a slow phone, and how high their widgets stand.

    python tools/weigh.py            bytes of all pages; times of the front page, each chapter's first, the
                                     heaviest; heights of all widgets
    python tools/weigh.py --all      times of all pages
    python tools/weigh.py --heights  heights of all widgets only
    python tools/weigh.py --bytes    no browser: bytes only

Times are those of Chromium as a phone of 390 pixels, its processor slowed down four times, on a line of 1.6
megabits a second with answers that take 150 ms: the largest paint; the first widget, from the beginning of
the visit, by a reader who goes to it as soon as it has a place; how much the layout shifted while the page
was loaded and read to its end. Each is the median of three visits, and is kept in
book/_ext/page_times.json, which the book shows. The heights go into book/_ext/widget_heights.json, which
keeps the widgets' places free.
"""

from __future__ import annotations

import argparse
import datetime
import functools
import gzip
import json
import os
import platform
import shutil
import statistics
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import yaml
from tqdm import tqdm

ROOT = Path(__file__).resolve().parent.parent
BOOK = ROOT / "_build" / "html"
sys.path.insert(0, str(ROOT / "book" / "_ext"))
from page_weights import TEXTS, TIMES, Weight, all_pages  # noqa: E402

HEIGHTS = TIMES.with_name("widget_heights.json")
NAMES = ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome"]
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--disable-background-networking"]
PHONE = {"viewport": {"width": 390, "height": 844}, "is_mobile": True, "has_touch": True}
LINE = {"offline": False, "latency": 150, "downloadThroughput": 200_000, "uploadThroughput": 94_000}
SLOWER = 4
WIDTHS = (390, 600, 1280)  # pixels; one for each of the ranges of static_pages.css
VISITS = 3
LIMIT = 60_000  # milliseconds
WATCH = """
    window.seen = { paint: null, shift: 0, widget: null };
    new PerformanceObserver((list) => list.getEntries().forEach((entry) => seen.paint = entry.startTime))
        .observe({ type: "largest-contentful-paint", buffered: true });
    new PerformanceObserver((list) => list.getEntries().forEach((entry) => {
        if (!entry.hadRecentInput) seen.shift += entry.value;
    })).observe({ type: "layout-shift", buffered: true });
"""
GO = """
    let gone = false;
    (function look() {
        const place = document.querySelector(".lmc-place");
        if (place && !gone) {
            gone = true;
            place.scrollIntoView({ block: "center", behavior: "instant" });
        }
        if (!place?.querySelector(".lmc")?.offsetHeight) requestAnimationFrame(look);
        else requestAnimationFrame(() => seen.widget = performance.now());
    })();
"""
READ = """async () => {
    const pause = (time) => new Promise((resolve) => setTimeout(resolve, time));
    for (let y = 0; y < document.documentElement.scrollHeight; y += 600) {
        scrollTo({ top: y, behavior: "instant" });
        await pause(150);
    }
    await pause(500);
}"""
SHOW = """async () => {
    dispatchEvent(new Event("beforeprint"));
    await new Promise((resolve) => setTimeout(resolve));
}"""
THERE = "() => [...document.querySelectorAll('.lmc-place')].every((place) => place.childNodes.length)"
TALL = "() => [...document.querySelectorAll('.lmc-place')].map((place) => Math.round(place.offsetHeight))"


class Handler(SimpleHTTPRequestHandler):
    """Serves the book as a host on the web does: texts compressed, connections kept."""

    protocol_version = "HTTP/1.1"

    def log_message(self, *_: object) -> None:
        """Say nothing."""

    def handle(self) -> None:
        """Answer until the browser has had enough."""
        with suppress(ConnectionError):
            super().handle()

    def do_GET(self) -> None:
        """Answer with a file."""
        path = Path(self.translate_path(self.path))
        if not path.is_file():
            self.send_error(404)
            return
        body, packed = sent(path), path.suffix in TEXTS
        self.send_response(200)
        self.send_header("Content-Type", self.guess_type(path))
        if packed:
            self.send_header("Content-Encoding", "gzip")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


@functools.cache
def sent(path: Path) -> bytes:
    """What goes over the line for a file."""
    return gzip.compress(path.read_bytes(), 6) if path.suffix in TEXTS else path.read_bytes()


@contextmanager
def served(folder: Path) -> Iterator[str]:
    """The address of a folder on this machine."""
    handler = functools.partial(Handler, directory=str(folder))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


@contextmanager
def chromium() -> Iterator[Any]:
    """A browser. SystemExit if there is none."""
    executable = next(filter(None, map(shutil.which, NAMES)), None)
    if executable is None:
        raise SystemExit("no Chromium or Chrome on the PATH; install one (Debian: apt-get install chromium)")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=executable, args=FLAGS)
        yield browser
        browser.close()


def visit(browser: Any, url: str, script: str = "") -> tuple[Any, Any]:
    """A page on the slow phone, and what to close after it."""
    context = browser.new_context(**PHONE)
    page = context.new_page()
    page.set_default_timeout(LIMIT)
    page.add_init_script(WATCH + script)
    session = context.new_cdp_session(page)
    session.send("Network.enable")
    session.send("Network.emulateNetworkConditions", LINE)
    session.send("Emulation.setCPUThrottlingRate", {"rate": SLOWER})
    page.goto(url, wait_until="load", timeout=LIMIT)
    return page, context


def times(browser: Any, url: str) -> dict[str, float | None]:
    """Seconds until a page's largest paint and its first widget, and how much its layout shifts."""
    page, context = visit(browser, url)
    page.wait_for_function("seen.paint")
    page.wait_for_load_state("networkidle")
    paint = page.evaluate("seen.paint")
    page.evaluate(READ)
    shift = page.evaluate("seen.shift")
    has_widget = page.locator(".lmc-place").count() > 0
    context.close()
    widget = None
    if has_widget:
        page, context = visit(browser, url, GO)
        page.wait_for_function("seen.widget")
        widget = page.evaluate("seen.widget") / 1000
        context.close()
    return {"paint": paint / 1000, "widget": widget, "shift": shift}


def median_times(browser: Any, url: str) -> dict[str, float | None]:
    """The medians of several visits."""
    found = [times(browser, url) for _ in range(VISITS)]
    return {
        key: round(statistics.median(each[key] for each in found), 3) if found[0][key] is not None else None
        for key in found[0]
    }


def heights(browser: Any, url: str) -> list[list[int]]:
    """The heights of a page's widgets, in pixels, each on a phone, on a small tablet and on a desk."""
    found = []
    for width in WIDTHS:
        page = browser.new_page(viewport={"width": width, "height": 844})
        page.set_default_timeout(LIMIT)
        page.goto(url, wait_until="load")
        page.evaluate(SHOW)
        page.wait_for_function(THERE)
        page.wait_for_load_state("networkidle")
        found.append(page.evaluate(TALL))
        page.close()
    return [list(three) for three in zip(*found)]


def chosen(weights: list[Weight], root: Path = ROOT) -> list[str]:
    """The front page, the first page of each chapter, and the heaviest one."""
    toc = yaml.safe_load((root / "_toc.yml").read_text(encoding="utf-8"))
    firsts = [p["chapters"][0]["file"] for p in toc["parts"] if p["caption"][:1].isdigit()]
    return list(dict.fromkeys([f"{name}.html" for name in (toc["root"], *firsts)] + [weights[0].page]))


def write(path: Path, content: Any) -> None:
    """Keep what was measured."""
    path.write_text(json.dumps(content, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


def measure_times(browser: Any, address: str, pages: list[str]) -> None:
    """Measure how fast pages are, and keep what was found."""
    rows = [
        {"page": page, **median_times(browser, f"{address}/{page}")} for page in tqdm(pages, desc="times")
    ]
    for row in rows:
        widget = "-" if row["widget"] is None else f"{row['widget']:.2f} s"
        print(f"{row['paint']:6.2f} s {widget:>8} {row['shift']:6.3f}  {row['page']}")
    head = {
        "command": "make weigh",
        "date": f"{datetime.date.today():%d.%m.%Y}",
        "browser": f"Chromium {browser.version}",
        "machine": f"{platform.system()} on {platform.machine()} with {os.cpu_count()} cores",
    }
    write(TIMES, {**head, "rows": rows})


def measure_heights(browser: Any, address: str, pages: list[str]) -> None:
    """Measure how high the widgets of pages are, and keep what was found."""
    found = {p.removesuffix(".html"): heights(browser, f"{address}/{p}") for p in tqdm(pages, desc="heights")}
    changed = not HEIGHTS.exists() or json.loads(HEIGHTS.read_text(encoding="utf-8")) != found
    write(HEIGHTS, found)
    print("Heights have changed: build the book again." if changed else "All heights are as they were.")


def main() -> None:
    """Weigh the book; see the beginning of this file."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--all", action="store_true", help="times of all pages")
    parser.add_argument("--heights", action="store_true", help="heights of the widgets only")
    parser.add_argument("--bytes", action="store_true", help="bytes only, without a browser")
    arguments = parser.parse_args()
    if not BOOK.exists():
        raise SystemExit("the book is not built: run `make book`")
    weights = all_pages(BOOK)
    print("compressed   raw (kB), files")
    for w in weights:
        print(f"{w.compressed / 1000:10.1f} {w.raw / 1000:8.1f} {w.requests:4d}  {w.page}")
    if arguments.bytes:
        return
    pages = [w.page for w in weights] if arguments.all else chosen(weights)
    with_widgets = [w.page for w in weights if 'class="lmc-place"' in (BOOK / w.page).read_text("utf-8")]
    with served(BOOK) as address, chromium() as browser:
        if not arguments.heights:
            measure_times(browser, address, pages)
        measure_heights(browser, address, sorted(with_widgets))


if __name__ == "__main__":
    main()
