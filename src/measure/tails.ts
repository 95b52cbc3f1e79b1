// tails: probabilities beyond a point under the laws of Kolmogorov and chi-square

/** P(K > x) of Kolmogorov's law: 2 sum over j >= 1 of (-1)^(j-1) exp(-2 j^2 x^2). */
export function kolmogorovTail(x: number): number {
  if (!(x > 0.2)) return 1;
  let sum = 0;
  for (let j = 1; j <= 20; j++) sum += (j % 2 === 1 ? 2 : -2) * Math.exp(-2 * j * j * x * x);
  return Math.min(1, Math.max(0, sum));
}

/** P(X > x) of the chi-square law with `freedom` >= 1 degrees of freedom, the upper incomplete gamma function Q(freedom / 2, x / 2). */
export function chiSquareTail(x: number, freedom: number): number {
  if (!(x > 0)) return 1;
  const [a, z] = [freedom / 2, x / 2];
  const scale = Math.exp(a * Math.log(z) - z - logGamma(a));
  return Math.min(1, Math.max(0, z < a + 1 ? 1 - scale * lowerSeries(a, z) : scale * upperFraction(a, z)));
}

/** sum over n >= 0 of z^n / (a (a + 1) … (a + n)). */
function lowerSeries(a: number, z: number): number {
  let term = 1 / a;
  let sum = term;
  for (let n = 1; term > 1e-16 * sum; n++) {
    term *= z / (a + n);
    sum += term;
  }
  return sum;
}

/** The continued fraction 1 / (z + 1 - a - 1 (1 - a) / (z + 3 - a - 2 (2 - a) / (z + 5 - a - …))), by Lentz's method. */
function upperFraction(a: number, z: number): number {
  const tiny = 1e-300;
  let below = z + 1 - a;
  let c = 1 / tiny;
  let d = 1 / below;
  let value = d;
  for (let n = 1; n <= 100_000; n++) {
    const numerator = -n * (n - a);
    below += 2;
    d = 1 / away(numerator * d + below, tiny);
    c = away(below + numerator / c, tiny);
    value *= c * d;
    if (Math.abs(c * d - 1) < 1e-15) break;
  }
  return value;
}

function away(value: number, tiny: number): number {
  return Math.abs(value) < tiny ? tiny : value;
}

/** log of the gamma function, a > 0: Stirling's series after steps up to 10. */
function logGamma(a: number): number {
  let shift = 0;
  let x = a;
  for (; x < 10; x++) shift += Math.log(x);
  const series = 1 / (12 * x) - 1 / (360 * x ** 3) + 1 / (1260 * x ** 5) - 1 / (1680 * x ** 7);
  return (x - 0.5) * Math.log(x) - x + Math.log(2 * Math.PI) / 2 + series - shift;
}

/** P(Z <= z) of the normal law N(0, 1), to full relative precision on both sides. */
export function normalBelow(z: number): number {
  const beyond = chiSquareTail(z * z, 1) / 2;
  return z > 0 ? 1 - beyond : beyond;
}
