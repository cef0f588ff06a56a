// The index of concepts shows what has the letters that are typed above it: terms and functions, with their lines.

(() => {
  const plain = (text) => text.normalize("NFKD").replace(/\p{M}/gu, "").toLowerCase().replace(/[\s_\p{Pd}]/gu, "");

  function begin() {
    const lists = [...document.querySelectorAll("dl.concepts")];
    if (!lists.length) return;
    const entries = lists.flatMap((list) => [...list.querySelectorAll("dt")]).map((term) => {
      /** @type {any[]} */
      const parts = [term];
      for (let next = term.nextElementSibling; next?.tagName === "DD"; next = next.nextElementSibling) parts.push(next);
      return { name: plain(term.textContent), parts };
    });
    const input = Object.assign(document.createElement("input"), { type: "search", autocomplete: "off" });
    const label = Object.assign(document.createElement("label"), { className: "concept-filter" });
    const count = Object.assign(document.createElement("span"), { role: "status" });
    label.append("Show only", input, count);
    (document.querySelector(".letters") ?? lists[0]).before(label);

    function show() {
      const asked = plain(input.value);
      const found = entries.filter(({ name, parts }) => {
        const fits = name.includes(asked);
        parts.forEach((part) => part.hidden = !fits);
        return fits;
      });
      count.textContent = asked ? `${found.length} of ${entries.length}` : "";
    }
    input.addEventListener("input", show);
    addEventListener("hashchange", () => {
      input.value = "";
      show();
      document.getElementById(decodeURIComponent(location.hash.slice(1)))?.scrollIntoView();
    });
  }

  if (document.readyState === "loading") document.addEventListener("DOMContentLoaded", begin);
  else begin();
})();
