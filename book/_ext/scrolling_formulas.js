// Lets the keyboard reach the formulas that are too wide for the page, and only those, and says what they are.

const watch = new ResizeObserver((entries) => {
  for (const { target } of entries) {
    const scrolls = target.scrollWidth > target.clientWidth;
    const said = { tabindex: "0", role: "group", "aria-label": "Formula, scrolls sideways" };
    for (const [name, value] of Object.entries(said)) {
      if (scrolls) target.setAttribute(name, value);
      else target.removeAttribute(name);
    }
  }
});
for (const formula of document.querySelectorAll('mjx-container[display="true"]')) watch.observe(formula);
