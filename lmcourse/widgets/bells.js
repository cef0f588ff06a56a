// Nearly normal numbers, the same to the last bit as those of lmcourse/neural/bells.py, and tested against them.

// 32 bits in, 32 bits out, each depending on all.
function mix(z) {
  z = Math.imul(z ^ (z >>> 16), 0x85ebca6b);
  z = Math.imul(z ^ (z >>> 13), 0xc2b2ae35);
  return (z ^ (z >>> 16)) >>> 0;
}

// A seed's stream of nearly normal numbers: each call takes so many on.
export function bells(seed) {
  const base = mix(seed + 1);
  let at = 0;
  const next = () => {
    let sum = 0;
    for (let i = 0; i < 12; i++, at++) sum += mix((base + Math.imul(at, 0x9e3779b9)) | 0);
    return sum / 2 ** 32 - 6;
  };
  return (count) => Array.from({ length: count }, next);
}

export const someBells = (seed, begin, count) => bells(seed)(begin + count).slice(begin);
