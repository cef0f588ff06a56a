// The real model's tokenizer: a text in bytes, cut into pieces, of which pairs are merged in the order in which they
// were learned; the same as chapter 1's (lmcourse/tokenization/bpe.py), with digits one by one and with special
// tokens.

const SPECIAL = 3; // the type of a token that stands for no text
// GPT-2's pattern. What it calls white space is Unicode's property, of which JavaScript's \s is a neighbour.
const WHITE = String.raw`\p{White_Space}`;
const PIECE = new RegExp(
  String.raw`'(?:[sdmt]|ll|ve|re)| ?\p{L}+| ?\p{N}+| ?[^${WHITE}\p{L}\p{N}]+|${WHITE}+(?!\P{White_Space})|${WHITE}+`,
  "gu",
);

// GPT-2 writes each byte as one sign that can be seen: those of ASCII and Latin-1 that can stand for themselves, the
// others from U+0100 on.
function byteSigns() {
  const itself = (b) => (b > 32 && b < 127) || (b > 160 && b !== 173);
  let next = 256;
  return Array.from({ length: 256 }, (_, byte) => String.fromCharCode(itself(byte) ? byte : next++));
}

// Pieces of a text in which no merge crosses from one into the next.
export function piecesOf(text) {
  const parts = text.split(/(\p{N})/u).filter(Boolean);
  return parts.flatMap((part) => part.match(PIECE) || []);
}

export class Tokenizer {
  // What a GGUF file says under `tokenizer.ggml`.
  constructor(settings) {
    const signs = byteSigns();
    this.signs = signs;
    this.bytes = new Map(signs.map((sign, byte) => [sign, byte]));
    this.tokens = settings["tokenizer.ggml.tokens"];
    this.ids = new Map(this.tokens.map((token, id) => [token, id]));
    this.ranks = new Map(settings["tokenizer.ggml.merges"].map((pair, rank) => [pair, rank]));
    const types = settings["tokenizer.ggml.token_type"];
    this.special = new Set(this.ids.values());
    types.forEach((type, id) => type === SPECIAL || this.special.delete(id));
    const names = [...this.special].map((id) => this.tokens[id]).sort((a, b) => b.length - a.length);
    this.specialPattern = new RegExp(`(${names.map((name) => name.replace(/[|\\()[\]{}^$+*?.]/g, "\\$&")).join("|")})`);
    this.start = this.ids.get("<|endoftext|>");
    this.ends = [this.start, settings["tokenizer.ggml.eos_token_id"]];
    this.known = new Map();
  }

  // The ids of a text. With `special` the names of special tokens in it are these tokens, without they are only text.
  encode(text, special = false) {
    if (!special) return piecesOf(text).flatMap((piece) => this.#merge(piece));
    return text.split(this.specialPattern).flatMap((part, i) => (i % 2 ? this.ids.get(part) : this.encode(part)));
  }

  // Of all neighbours those are merged that were learned first, until no pair is left that was learned.
  #merge(piece) {
    if (this.known.has(piece)) return this.known.get(piece);
    let parts = Array.from(new TextEncoder().encode(piece), (byte) => this.signs[byte]);
    for (;;) {
      let [best, pair] = [Infinity, null];
      for (let i = 0; i + 1 < parts.length; i++) {
        const rank = this.ranks.get(`${parts[i]} ${parts[i + 1]}`);
        if (rank < best) [best, pair] = [rank, [parts[i], parts[i + 1]]];
      }
      if (!pair) break;
      const merged = [];
      for (let i = 0; i < parts.length; i++) {
        const here = parts[i] === pair[0] && parts[i + 1] === pair[1];
        merged.push(here ? pair[0] + pair[1] : parts[i]);
        if (here) i++;
      }
      parts = merged;
    }
    const ids = parts.map((part) => this.ids.get(part)).filter((id) => id !== undefined); // few bytes have no token
    this.known.set(piece, ids);
    return ids;
  }

  // The bytes of a token: of a special one, of its name.
  bytesOf(id) {
    const token = this.tokens[id];
    if (this.special.has(id)) return new TextEncoder().encode(token);
    return Uint8Array.from(token, (sign) => this.bytes.get(sign));
  }

  // A token for the eye: its text, or its bytes where they are only part of a character.
  show(id) {
    const text = this.decode([id]);
    if (!text.includes("\ufffd")) return text;
    const digits = Array.from(this.bytesOf(id), (byte) => byte.toString(16).toUpperCase().padStart(2, "0"));
    return `⟨${digits.join(" ")}⟩`;
  }

  // The text of some tokens; bytes that are no UTF-8 become the sign �.
  decode(ids) {
    return new TextDecoder("utf-8", { ignoreBOM: true }).decode(
      Uint8Array.from(ids.flatMap((id) => [...this.bytesOf(id)])),
    );
  }
}

// Who said what, [{role, content}], as the ids that the model was tuned with; the answer's beginning last. What is said
// is text only: a special token's name in it stays a name.
export function chatIds(tokenizer, messages) {
  const system = { role: "system", content: "You are a helpful AI assistant named SmolLM, trained by Hugging Face" };
  const all = messages[0]?.role === "system" ? messages : [system, ...messages];
  const [open, close] = [tokenizer.ids.get("<|im_start|>"), tokenizer.ids.get("<|im_end|>")];
  const turn = (
    { role, content },
  ) => [open, ...tokenizer.encode(`${role}\n${content}`), close, ...tokenizer.encode("\n")];
  return [...all.flatMap(turn), open, ...tokenizer.encode("assistant\n")];
}
