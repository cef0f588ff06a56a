// Shows a term's definition beside a link to the glossary: while the pointer rests on the link or the keyboard has
// reached it, and at a finger's first tap, whose second follows the link. Escape hides it, and it stays while the
// pointer is on it (WCAG 1.4.13). The definitions stand in templates, which definitions.py puts into the page.
{
  const WAIT = 150; // milliseconds until it comes, and until it goes
  const EDGE = 8; // pixels from the window's edges
  const texts = new Map();
  for (const each of document.querySelectorAll("template.definition")) texts.set(each.getAttribute("data-term"), each);
  const box = Object.assign(document.createElement("div"), { id: "definition", hidden: true });
  box.setAttribute("role", "tooltip");
  let shown = null;
  let tapped = null;
  let timer = 0;

  /** The link below an event's target that has a definition. */
  const linkOf = (target) => {
    const link = target.closest?.('a[href*="#term-"]');
    return link && texts.has(decodeURIComponent(link.hash.slice(1))) ? link : null;
  };

  const hide = () => {
    clearTimeout(timer);
    shown?.removeAttribute("aria-describedby");
    shown = null;
    box.hidden = true;
  };

  /** Puts the definition below the link's first line, or above it where there is no room. */
  const show = (link) => {
    hide();
    shown = link;
    box.replaceChildren(texts.get(decodeURIComponent(link.hash.slice(1))).content.cloneNode(true));
    if (tapped) box.append(Object.assign(document.createElement("small"), { textContent: "Tap again: the glossary" }));
    document.body.append(box);
    box.hidden = false;
    link.setAttribute("aria-describedby", box.id);
    const { clientWidth, clientHeight } = document.documentElement;
    const line = link.getClientRects()[0];
    const size = box.getBoundingClientRect();
    const left = Math.max(EDGE, Math.min(line.left, clientWidth - size.width - EDGE));
    const below = line.bottom + size.height < clientHeight || line.top < size.height;
    box.style.left = `${left + scrollX}px`;
    box.style.top = `${(below ? line.bottom : line.top - size.height) + scrollY}px`;
  };

  /** Calls a function in a while, unless something else happens first. */
  const soon = (what) => {
    clearTimeout(timer);
    timer = setTimeout(what, WAIT);
  };

  if (texts.size) {
    addEventListener("pointerover", (event) => {
      if (event.pointerType === "touch") return;
      const link = linkOf(event.target);
      if (link && link !== shown) soon(() => show(link));
      else if (shown && !link && !event.composedPath().includes(box) && shown !== document.activeElement) soon(hide);
      else clearTimeout(timer);
    });
    addEventListener("focusin", ({ target }) => {
      const link = linkOf(target);
      if (!link) hide();
      else if (link.matches(":focus-visible") && !tapped) show(link);
    });
    addEventListener("focusout", hide);
    addEventListener("pointerdown", (event) => {
      const link = linkOf(event.target);
      tapped = event.pointerType === "touch" && link !== shown ? link : null;
      if (!link && !event.composedPath().includes(box)) hide();
    });
    addEventListener("click", (event) => {
      if (!tapped || linkOf(event.target) !== tapped) return;
      event.preventDefault();
      show(tapped);
    });
    addEventListener("keydown", ({ key }) => {
      if (key !== "Escape") tapped = null;
      else hide();
    });
  }
}
