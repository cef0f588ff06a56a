// Says of a table or figure that is wider than its box that it scrolls: a name for who hears the page, and for who
// sees it edges that fade where there is more (static_pages.css).
{
  const KINDS = { ".pst-scrollable-table-container": "Table", ".output.figure": "Figure", ".text_html": "Table" };
  const watch = new ResizeObserver((entries) => entries.forEach(({ target }) => tell(target)));

  /** Brings up to date what is said of a box. */
  const tell = (box) => {
    const scrolls = ["auto", "scroll"].includes(getComputedStyle(box).overflowX);
    const hidden = scrolls ? box.scrollWidth - box.clientWidth : 0;
    const more = hidden < 2
      ? []
      : [box.scrollLeft > 1 && "left", box.scrollLeft < hidden - 1 && "right"].filter(Boolean);
    box.toggleAttribute("data-more", more.length > 0);
    if (more.length) box.setAttribute("data-more", more.join(" "));
    if (hidden < 2) {
      if (box.getAttribute("aria-label")?.endsWith("scrolls sideways")) box.removeAttribute("aria-label");
      if (!box.hasAttribute("aria-label") && box.getAttribute("role") === "group") box.removeAttribute("role");
    } else if (!box.hasAttribute("aria-label")) {
      const kind = Object.entries(KINDS).find(([selector]) => box.matches(selector));
      box.setAttribute("role", "group");
      box.setAttribute("aria-label", `${kind?.[1]}, scrolls sideways`);
    }
  };

  // A picture that arrives changes what is in its box, not the box.
  const boxes = document.querySelectorAll(Object.keys(KINDS).map((kind) => `article ${kind}`).join());
  addEventListener(
    "load",
    ({ target }) => boxes.forEach((box) => box.contains(/** @type {Node} */ (target)) && tell(box)),
    true,
  );
  for (const box of boxes) {
    watch.observe(box);
    box.addEventListener("scroll", () => tell(box), { passive: true });
  }
}
