// Chance that is the same, to the last bit, in Python (lmcourse/neural/bells.py): a counter, mixed.

// 32 bits in, 32 bits out, each depending on all.
export function mix(z) {
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
