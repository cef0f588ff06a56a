/// <reference lib="deno.ns" />
// Sets formulas for the book: MathJax without a browser, in Deno.
//
//   deno run --allow-read=FOLDER formulas.js FOLDER    FOLDER: MathJax's
//
// Each line it reads is JSON, and so is each line it answers: { tex, display } gives { html } or { error }, and
// { fonts } (the address of the fonts' folder, as seen from the style sheet) gives { css }, for what was set until then.

const [folder] = Deno.args;
const PARTS = [
  "startup",
  "core",
  "adaptors/liteDOM",
  "input/tex",
  "output/chtml",
  "output/chtml/fonts/tex",
  "a11y/assistive-mml",
];

globalThis.MathJax = {
  startup: { typeset: false },
  tex: { packages: { "[-]": ["noundefined", "noerrors"] } }, // what is wrong is an error, not red
  chtml: { adaptiveCSS: true, fontURL: "FONTS" },
};
for (const part of PARTS) (0, eval)(Deno.readTextFileSync(`${folder}/${part}.js`)); // scripts, not modules
const { MathJax } = globalThis;
MathJax.config.startup.ready();
await MathJax.startup.promise;
const { adaptor } = MathJax.startup;

function answer({ tex, display, fonts }) {
  if (fonts !== undefined) return { css: adaptor.textContent(MathJax.chtmlStylesheet()).replaceAll("FONTS", fonts) };
  const html = adaptor.outerHTML(MathJax.tex2chtml(tex, { display }));
  const wrong = /<mjx-merror data-mjx-error="([^"]*)"/.exec(html);
  return wrong ? { error: wrong[1] } : { html };
}

const lines = Deno.stdin.readable.pipeThrough(new TextDecoderStream());
const encoder = new TextEncoder();
let waiting = "";
for await (const piece of lines) {
  const parts = (waiting + piece).split("\n");
  waiting = parts.pop();
  for (const line of parts) {
    Deno.stdout.writeSync(encoder.encode(JSON.stringify(answer(JSON.parse(line))) + "\n"));
  }
}
