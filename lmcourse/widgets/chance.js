// Chance that is the same, to the last bit, as that of lmcourse/neural/bells.py, and tested against it.

// 32 bits in, 32 bits out, each depending on all.
function mix(z) {
  z = Math.imul(z ^ (z >>> 16), 0x85ebca6b);
  z = Math.imul(z ^ (z >>> 13), 0xc2b2ae35);
  return (z ^ (z >>> 16)) >>> 0;
}

// A seed's stream of numbers uniform in [0, 1): each call takes the next.
export function uniforms(seed) {
  const base = mix(seed + 1);
  let at = 0;
  return () => mix((base + Math.imul(at++, 0x9e3779b9)) | 0) / 2 ** 32;
}

// A seed's stream of nearly normal numbers: each call takes so many on.
export function bells(seed) {
  const uniform = uniforms(seed);
  const next = () => {
    let sum = 0;
    for (let i = 0; i < 12; i++) sum += uniform();
    return sum - 6;
  };
  return (count) => Array.from({ length: count }, next);
}

export const someBells = (seed, begin, count) => bells(seed)(begin + count).slice(begin);
