// Lets anywidgets live in a published page, without a kernel and without the network.
//
// MyST-NB writes the state of a page's widgets into one script element and a reference into another where each
// widget belongs. An anywidget brings its own JavaScript in its state (`_esm`), so all that is missing is a small
// model object: get, set, on, off, save_changes. Widgets that bring no JavaScript of their own need a kernel.

(() => {
  const STATE = 'script[type="application/vnd.jupyter.widget-state+json"]';
  const VIEW = 'script[type="application/vnd.jupyter.widget-view+json"]';

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

  async function start(entry) {
    if (!entry || !entry.state || !entry.state._esm) throw new Error("it carries no JavaScript of its own");
    const model = new Model(entry);
    addStyle(model.get("_css"));
    const module = await load(model.get("_esm"));
    const found = module.default || module; // older widgets export `render` itself
    const widget = typeof found === "function" ? await found() : found;
    if (widget.initialize) await widget.initialize({ model });
    return { model, widget };
  }

  async function show(script, states, started) {
    const el = document.createElement("div");
    script.after(el);
    try {
      const id = JSON.parse(script.textContent).model_id;
      started[id] = started[id] || start(states[id]);
      const { model, widget } = await started[id];
      await widget.render({ model, el });
    } catch (error) {
      el.setAttribute("role", "alert");
      el.textContent = `This widget could not start here (${error.message}). Open the notebook to use it.`;
    }
  }

  function showAll() {
    const states = {};
    for (const script of document.querySelectorAll(STATE)) Object.assign(states, JSON.parse(script.textContent).state);
    const started = {}; // one model for each id, however many views it has
    document.querySelectorAll(VIEW).forEach((script) => show(script, states, started));
  }

  if (document.readyState === "loading") document.addEventListener("DOMContentLoaded", showAll);
  else showAll();
})();
