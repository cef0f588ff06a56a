// Lets the keyboard reach the formulas that are too wide for the page, and only those.

const watch = new ResizeObserver((entries) => {
  for (const { target } of entries) {
    if (target.scrollWidth > target.clientWidth) target.setAttribute("tabindex", "0");
    else target.removeAttribute("tabindex");
  }
});
for (const formula of document.querySelectorAll('mjx-container[display="true"]')) watch.observe(formula);
