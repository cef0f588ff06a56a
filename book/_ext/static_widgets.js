// Lets anywidgets live in a published page, without a kernel and without the network.
//
// MyST-NB writes the state of a page's widgets into one script element and a reference into another where each
// widget belongs. An anywidget brings its own JavaScript in its state (`_esm`), so all that is missing is a small
// model object: get, set, on, off, save_changes. Widgets that bring no JavaScript of their own need a kernel.
// What is long in a state stands in scripts beside the page (widget_files.py), which put it on a shelf. They are loaded
// when the widget comes near, or the page is to be printed.

(() => {
  const STATE = 'script[type="application/vnd.jupyter.widget-state+json"]';
  const VIEW = 'script[type="application/vnd.jupyter.widget-view+json"]';
  const PATIENCE = 5_000; // milliseconds that printing waits
  const NEAR = 1200; // pixels: so far from the window a widget is loaded

  class Model {
    constructor({ state, buffers = [] }) {
      this.state = { ...state };
      this.listeners = {};
      for (const { path, data } of buffers) {
        const bytes = Uint8Array.from(atob(data), (c) => c.charCodeAt(0));
        const place = path.slice(0, -1).reduce((inner, key) => inner[key], this.state);
        place[path[path.length - 1]] = new DataView(bytes.buffer);
      }
    }

    get(name) {
      return this.state[name];
    }

    set(name, value) {
      if (typeof name === "object") {
        Object.entries(name).forEach(([key, each]) => this.set(key, each));
      } else if (this.state[name] !== value) {
        this.state[name] = value;
        this.emit(`change:${name}`, value);
        this.emit("change");
      }
    }

    emit(event, value) {
      [...(this.listeners[event] || [])].forEach((listener) => listener(this, value));
    }

    on(event, listener) {
      (this.listeners[event] = this.listeners[event] || []).push(listener);
    }

    // off() forgets every listener, off(event) all of one event, off(event, listener) one.
    off(event, listener) {
      for (const name of event ? [event] : Object.keys(this.listeners)) {
        this.listeners[name] = (this.listeners[name] || []).filter((each) => listener && each !== listener);
      }
    }

    save_changes() {} // no kernel to tell
    send() {}
  }

  const modules = {}; // by their text: two widgets of one class share a module
  function load(esm) {
    modules[esm] = modules[esm] || import(URL.createObjectURL(new Blob([esm], { type: "text/javascript" })));
    return modules[esm];
  }

  const styled = new Set();
  function addStyle(css) {
    if (!css || styled.has(css)) return;
    styled.add(css);
    document.head.append(Object.assign(document.createElement("style"), { textContent: css }));
  }

  const shelf = globalThis.lmcShelf = globalThis.lmcShelf || {};
  const coming = {}; // by their address
  function fetchFile(address) {
    const name = address.split("/").pop();
    coming[address] = coming[address] || new Promise((resolve, reject) => {
      const loader = Object.assign(document.createElement("script"), { src: address });
      loader.onload = () => shelf[name] ? resolve(shelf[name]) : reject(new Error(`${name} is not what it should be`));
      loader.onerror = () => reject(new Error(`${name} could not be loaded`));
      document.head.append(loader);
    });
    coming[address].catch(() => delete coming[address]); // the next time it may be there
    return coming[address];
  }

  // A widget's entry with what its files hold.
  async function whole({ state, buffers = [], files = [] }) {
    const parts = await Promise.all(files.map(fetchFile));
    return {
      state: Object.assign({}, state, ...parts.map((part) => structuredClone(part.state))),
      buffers: buffers.concat(...parts.map((part) => part.buffers || [])),
    };
  }

  async function start(entry) {
    const full = entry && entry.state && await whole(entry);
    if (!full || !full.state._esm) throw new Error("it carries no JavaScript of its own");
    const model = new Model(full);
    addStyle(model.get("_css"));
    const module = await load(model.get("_esm"));
    const found = module.default || module; // older widgets export `render` itself
    const widget = typeof found === "function" ? await found() : found;
    if (widget.initialize) await widget.initialize({ model });
    return { model, widget };
  }

  async function show(el, id, states, started) {
    try {
      started[id] = started[id] || start(states[id]);
      const { model, widget } = await started[id];
      await widget.render({ model, el });
    } catch (error) {
      delete started[id];
      const again = Object.assign(document.createElement("button"), { type: "button", textContent: "Try again" });
      again.addEventListener("click", () => {
        el.removeAttribute("role");
        el.replaceChildren();
        show(el, id, states, started);
      });
      el.setAttribute("role", "alert");
      el.replaceChildren(`This widget could not start here (${error.message}). Open the notebook to use it. `, again);
    }
  }

  // The element where a widget belongs; the book's pages have one, which keeps its height free.
  function placeOf(script) {
    if (script.nextElementSibling?.matches(".lmc-place")) return script.nextElementSibling;
    const el = document.createElement("div");
    script.after(el);
    return el;
  }

  // Whether a reader sees an element, or soon may; one that is folded away is nowhere.
  function isNear(el) {
    const [box] = el.getClientRects();
    return box && box.bottom > -NEAR && box.top < innerHeight + NEAR;
  }

  function showAll() {
    const states = {};
    for (const script of document.querySelectorAll(STATE)) Object.assign(states, JSON.parse(script.textContent).state);
    const started = {}; // one model for each id, however many views it has
    const waiting = new Map(); // places whose widgets are not asked for, with their ids
    const coming = new Set(); // those that are, and not there yet
    const watch = new IntersectionObserver((entries) => {
      entries.filter((entry) => entry.isIntersecting).forEach(({ target }) => wake(target));
    }, { rootMargin: `${NEAR}px` });
    function wake(el) {
      const id = waiting.get(el);
      watch.unobserve(el);
      if (!waiting.delete(el)) return;
      const shown = show(el, id, states, started).finally(() => coming.delete(shown));
      coming.add(shown);
    }
    function wakeAll() {
      [...waiting.keys()].forEach(wake);
      return Promise.all(coming);
    }
    for (const script of document.querySelectorAll(VIEW)) {
      const id = JSON.parse(script.textContent).model_id;
      const el = placeOf(script);
      waiting.set(el, id);
      // An observer speaks only when the theme's scripts, which run next, have done: over a second later on a phone.
      if (!states[id]?.files?.length || isNear(el)) wake(el);
      else watch.observe(el);
    }
    // The theme's way back to the top, a button at the window's lower edge, does not lie on a widget.
    const back = document.getElementById("pst-back-to-top");
    const low = new Set(); // the places there
    const edge = new IntersectionObserver((entries) => {
      entries.forEach(({ target, isIntersecting }) => low[isIntersecting ? "add" : "delete"](target));
      back.classList.toggle("lmc-below", low.size > 0);
    }, { rootMargin: "-85% 0px 0px" });
    if (back) document.querySelectorAll(".lmc-place").forEach((el) => edge.observe(el));
    // A browser that prints waits for no script. What is printed by a button or by keys is printed when all are there, or after five seconds; by
    // the browser's own menu at once, and then an empty place says so (static_pages.css). The next time it has its widget.
    const print = globalThis.print.bind(globalThis);
    const allThere = () => !waiting.size && !coming.size;
    const patience = () => new Promise((resolve) => setTimeout(resolve, PATIENCE));
    globalThis.print = () => allThere() ? print() : Promise.race([wakeAll(), patience()]).then(print);
    addEventListener("keydown", (event) => {
      const asked = (event.ctrlKey || event.metaKey) && !event.altKey && !event.shiftKey &&
        event.key?.toLowerCase() === "p";
      if (!asked || allThere()) return;
      event.preventDefault();
      globalThis.print();
    });
    addEventListener("beforeprint", wakeAll);
  }

  if (document.readyState === "loading") document.addEventListener("DOMContentLoaded", showAll);
  else showAll();
})();
