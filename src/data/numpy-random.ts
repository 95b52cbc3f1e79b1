// numpy-random: the numbers of NumPy's RandomState, bit for bit: MT19937 of Matsumoto and Nishimura, "Mersenne Twister"
// (1998), seeded, turned into floats and used for shuffles the way numpy.random.RandomState promises never to change.
import { failure } from "../errors.ts";

/** A generator with a position: each call moves it on. Only what was published with NumPy's generator needs it. */
export interface RandomState {
  /** The next 32 bits, 0 … 2^32 - 1. */
  word(): number;
  /** `random_sample()`, `rand()`: 53 bits, in [0, 1). */
  uniform(): number;
  /** `randn()`: Marsaglia's polar method, two numbers per accepted pair, the second one first. */
  normal(): number;
}

const size = 624;
const distance = 397;

/** `numpy.random.RandomState(seed)`, 0 <= seed < 2^32. */
export function randomState(seed: number): RandomState {
  const words = seededWords(seed);
  let used = size;
  const word = () => {
    if (used === size) {
      twist(words);
      used = 0;
    }
    return tempered(words[used++]!);
  };
  const uniform = () => ((word() >>> 5) * 2 ** 26 + (word() >>> 6)) / 2 ** 53;
  let waiting: number | undefined;
  return {
    word,
    uniform,
    normal() {
      if (waiting !== undefined) {
        const kept = waiting;
        waiting = undefined;
        return kept;
      }
      for (;;) {
        const x = 2 * uniform() - 1;
        const y = 2 * uniform() - 1;
        const square = x * x + y * y;
        if (square >= 1 || square === 0) continue;
        const factor = Math.sqrt((-2 * Math.log(square)) / square);
        waiting = factor * x;
        return factor * y;
      }
    },
  };
}

/**
 * The order in which `state.shuffle` leaves `count` rows: row i of the shuffled array is row `order[i]` of the original.
 * Fisher-Yates from the end; a position is the low bits of a word, drawn again while it is too large.
 */
export function permutationOfShuffle(state: RandomState, count: number): Uint32Array {
  const order = Uint32Array.from({ length: count }, (_, i) => i);
  for (let i = count - 1; i > 0; i--) {
    const mask = 2 ** (32 - Math.clz32(i)) - 1;
    let j = (state.word() & mask) >>> 0;
    while (j > i) j = (state.word() & mask) >>> 0;
    const kept = order[i]!;
    order[i] = order[j]!;
    order[j] = kept;
  }
  return order;
}

/** The state of a whole number as seed (Knuth's multiplier, 2002), not of an array of them. */
function seededWords(seed: number): Uint32Array {
  if (!(Number.isInteger(seed) && seed >= 0 && seed < 2 ** 32))
    throw failure("option", {
      where: "NumPy seed",
      expected: "a whole number from 0 to 2^32 - 1",
      received: String(seed),
    });
  const words = new Uint32Array(size);
  words[0] = seed;
  for (let i = 1; i < size; i++) {
    const before = words[i - 1]!;
    words[i] = Math.imul(1812433253, before ^ (before >>> 30)) + i;
  }
  return words;
}

/** The next 624 words in place of the last ones. */
function twist(words: Uint32Array): void {
  for (let k = 0; k < size; k++) {
    const joined = (words[k]! & 0x80000000) | (words[(k + 1) % size]! & 0x7fffffff);
    words[k] = words[(k + distance) % size]! ^ (joined >>> 1) ^ (joined & 1 ? 0x9908b0df : 0);
  }
}

function tempered(word: number): number {
  let bits = word;
  bits ^= bits >>> 11;
  bits ^= (bits << 7) & 0x9d2c5680;
  bits ^= (bits << 15) & 0xefc60000;
  return (bits ^ (bits >>> 18)) >>> 0;
}
