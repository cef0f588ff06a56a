// Shortens the way of who goes through a page with the Tab key: a second link before everything else skips to the first
// widget, the first one to the text itself, and of all buttons that copy code one is a stop: arrow keys lead from it to
// the others, and code that has the focus has its own.
{
  const link = document.querySelector("#pst-skip-link a");
  const article = document.querySelector("article");
  const place = document.querySelector(".lmc-place");

  /** Makes an element the target of a link: it takes the focus, without being a stop. */
  const aim = (from, element, id) => {
    element.id ||= id;
    element.tabIndex = -1;
    from.setAttribute("href", `#${element.id}`);
  };
  if (link && article) aim(link, article, "text-of-the-page");
  if (link && place) {
    const box = Object.assign(document.createElement("div"), { className: link.parentElement.className });
    const second = Object.assign(document.createElement("a"), { textContent: "Skip to the first widget" });
    aim(second, place, "first-widget");
    box.append(second);
    link.parentElement.after(box);
  }

  /** @returns {any[]} */
  const buttons = () => [...document.querySelectorAll("button.copybtn")];
  const stopAt = (one) => buttons().forEach((each) => each.tabIndex = each === one ? 0 : -1);
  addEventListener("focusin", () => {
    const one = document.activeElement?.closest(".highlight")?.querySelector("button.copybtn");
    if (one) stopAt(one);
  });
  addEventListener("keydown", (event) => {
    const all = buttons();
    const at = all.indexOf(event.target);
    const to = { ArrowUp: at - 1, ArrowDown: at + 1 }[event.key];
    if (at < 0 || !all[to]) return;
    event.preventDefault();
    all[to].focus();
  });
  // The buttons are made by a script that comes later.
  addEventListener("load", () => stopAt(buttons()[0]));
}
