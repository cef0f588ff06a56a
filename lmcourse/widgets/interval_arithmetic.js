// Arithmetic coding, exact, the same as lmcourse/information/arithmetic.py and tested against it. An interval is
// {low, width, whole}: whole numbers without limit, of which [low, low + width) is a part of [0, whole). A tree is
// {parents, said, rows}: see lmcourse/widgets/interval.py.

/** @typedef {{low: bigint, width: bigint, whole: bigint}} Interval */

/** @type {Interval} */
const UNIT = { low: 0n, width: 1n, whole: 1n };

// What follows a beginning: ids of the possible tokens, probabilities, and the same as whole numbers with their sum.
export function parseRow(row) {
  const numbers = row.split(" ").map(Number);
  const [ids, probs] = [0, 1].map((odd) => numbers.filter((_, i) => i % 2 === odd));
  const exact = probs.map((p) => {
    let power = 0;
    for (; !Number.isInteger(p); p *= 2) power++; // a number of a computer is a whole number over a power of two
    return [BigInt(p), power];
  });
  const most = Math.max(...exact.map(([, power]) => power));
  const weights = exact.map(([n, power]) => n << BigInt(most - power));
  return { ids, probs, weights, total: weights.reduce((sum, w) => sum + w, 0n) };
}

/** @type {(interval: Interval, row: {weights: bigint[], total: bigint}, i: number) => Interval} */
// The part of an interval that the i-th possible token takes.
function part({ low, width, whole }, { weights, total }, i) {
  const before = weights.slice(0, i).reduce((sum, w) => sum + w, 0n);
  return { low: low * total + width * before, width: width * weights[i], whole: whole * total };
}

// The number 0.bits as whole / 2^length.
export const numberOf = (bits) => ({ n: bits ? BigInt(`0b${bits}`) : 0n, power: BigInt(bits.length) });

// The fewest bits such that every number that begins with them lies in the interval.
export function shortestBits({ low, width, whole }) {
  for (let size = 0n;; size++) {
    const first = ((low << size) + whole - 1n) / whole;
    if ((first + 1n) * whole <= (low + width) << size) return size ? first.toString(2).padStart(Number(size), "0") : "";
  }
}

// The bits with which every number of the interval begins.
export function certainBits({ low, width, whole }) {
  let bits = "";
  let high = low + width;
  for (;;) {
    const bit = 2n * low >= whole ? 1n : 0n;
    if (!bit && 2n * high > whole) return bits;
    bits += bit;
    [low, high] = [2n * low - bit * whole, 2n * high - bit * whole];
  }
}

export function log2(n) {
  const spare = Math.max(0, n.toString(16).length * 4 - 60);
  return Math.log2(Number(n >> BigInt(spare))) + spare;
}

// -log2 of the width.
export const costInBits = ({ width, whole }) => log2(whole) - log2(width);

// n / whole to some digits after the point, cut off; "…" says that there are more.
export function digits(n, whole, count, base = 10) {
  let rest = BigInt(n % whole);
  let text = "";
  for (let i = 0; i < count && rest; i++) {
    rest *= BigInt(base);
    text += (rest / whole).toString(base);
    rest %= whole;
  }
  return `${n / whole}${text && "."}${text}${rest ? "…" : ""}`;
}

// How many digits two numbers need until they differ, and two more.
export function digitsToTell(a, b, whole, base) {
  let count = 1;
  for (let scale = BigInt(base); (a * scale) / whole === (b * scale) / whole; scale *= BigInt(base)) count++;
  return count + 2;
}

// Beginnings by their parent and last token.
export function childrenOf({ parents, said }) {
  const children = parents.map(() => new Map());
  for (let node = 1; node < parents.length; node++) children[parents[node]].set(said[node], node);
  return children;
}

// The walk along a text, or to a number: {ids, steps, last, known}. A step is the row, the interval before it, the
// place of the token among the possible ones. `known` is false where the tree ends before the text does.
function walk(tree, choose, done) {
  const found = { ids: [], steps: [], last: UNIT, known: true };
  for (let node = 0; !done(found.ids);) {
    if (node === undefined) {
      found.known = false;
      break;
    }
    const row = tree.parsed(node);
    const chosen = choose(row, found.last, found.ids.length);
    found.steps.push({ row, interval: found.last, chosen });
    found.ids.push(row.ids[chosen]);
    found.last = part(found.last, row, chosen);
    node = tree.children[node].get(row.ids[chosen]);
  }
  return found;
}

export function plant({ parents, said, rows, end, path }) {
  const parsed = [];
  return {
    children: childrenOf({ parents, said }),
    end,
    path,
    parsed: (node) => (parsed[node] = parsed[node] || parseRow(rows[node])),
  };
}

export function encodeWalk(tree) {
  return walk(tree, (row, _, i) => row.ids.indexOf(tree.path[i]), (ids) => ids.length === tree.path.length);
}

// To the number 0.bits; `certain` tokens come whatever bits follow.
export function decodeWalk(tree, bits) {
  const { n, power } = numberOf(bits);
  const ended = tree.end === null
    ? (ids) => ids.length >= tree.path.length
    : (ids) => ids.length >= 60 || ids[ids.length - 1] === tree.end;
  const choose = (row, /** @type {Interval} */ { low, width, whole }) => {
    // n / 2^power lies in the part that ends beyond it
    const point = (n * whole - (low << power)) * row.total;
    let sum = 0n;
    return row.weights.findIndex((w) => point < (width * (sum += w)) << power);
  };
  const found = walk(tree, choose, ended);
  const within = ({ low, width, whole }) => low << power <= n * whole && (n + 1n) * whole <= (low + width) << power;
  const after = [...found.steps.slice(1).map((step) => step.interval), found.last];
  return { ...found, certain: after.filter(within).length };
}

// Where the point n / 2^power lies in an interval: 0 its beginning, 1 its end.
export const place = (n, power, /** @type {Interval} */ { low, width, whole }) =>
  Number(((n * whole - (low << power)) << 60n) / (width << power)) / 2 ** 60;

// For tests: everything as text.
const fraction = ({ low, width, whole }) => [low, low + width, whole].map(String);
export function encodeAll(state) {
  const { steps, last } = encodeWalk(plant(state));
  return [...steps.map((step) => step.interval), last].map((interval) => ({
    interval: fraction(interval),
    shortest: shortestBits(interval),
    certain: certainBits(interval),
    cost: costInBits(interval),
  }));
}
export function decodeAll(state, numbers) {
  const tree = plant(state);
  return numbers.map((bits) => {
    const { ids, last, known, certain } = decodeWalk(tree, bits);
    return { ids, interval: fraction(last), known, certain };
  });
}
