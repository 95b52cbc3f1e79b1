// symmetric.test: factors and eigenvalues against matrices whose answers are known.
import { describe, expect, it } from "vitest";
import { addRowProducts } from "../../src/measure/row-products.ts";
import { pivotedFactor, symmetricEigenvalues } from "../../src/measure/symmetric.ts";
import { normals } from "../support/repetition.ts";

/** X^T X of `rank` random rows [rank, d]. */
function product(d: number, rank: number): Float64Array {
  const x = Float64Array.from(normals(d * rank, "product", d, rank));
  const out = new Float64Array(d * d);
  for (let i = 0; i < d; i++)
    for (let j = 0; j < d; j++) for (let k = 0; k < rank; k++) out[i * d + j]! += x[k * d + i]! * x[k * d + j]!;
  return out;
}

describe("eigenvalues", () => {
  it("are 2 - 2 cos(pi k / (d + 1)) of the second difference", () => {
    const d = 21;
    const a = Float64Array.from({ length: d * d }, (_, at) => {
      const distance = Math.abs(Math.floor(at / d) - (at % d));
      return distance === 0 ? 2 : distance === 1 ? -1 : 0;
    });
    const found = symmetricEigenvalues(a, d).sort();
    found.forEach((value, k) => {
      expect(value).toBeCloseTo(2 - 2 * Math.cos((Math.PI * (k + 1)) / (d + 1)), 12);
    });
  });

  it("have the trace as sum and the squares of all entries as sum of squares", () => {
    const a = product(53, 70);
    const trace = Array.from({ length: 53 }, (_, i) => a[i * 54]!).reduce((x, y) => x + y);
    const squares = a.reduce((sum, value) => sum + value * value, 0);
    const found = symmetricEigenvalues(a, 53);
    expect(found.reduce((x, y) => x + y) / trace).toBeCloseTo(1, 12);
    expect(found.reduce((sum, value) => sum + value * value, 0) / squares).toBeCloseTo(1, 12);
    expect(Math.min(...found)).toBeGreaterThan(0);
  });

  it("are as many zeros as the rank lacks", () => {
    const found = symmetricEigenvalues(product(20, 7), 20);
    expect(found.filter((value) => Math.abs(value) < 1e-10)).toHaveLength(13);
  });

  it("are those of the diagonal, of one number and of a zero matrix too", () => {
    expect([...symmetricEigenvalues(Float64Array.of(3, 0, 0, 0, 1, 0, 0, 0, 2), 3)].sort()).toEqual([1, 2, 3]);
    expect([...symmetricEigenvalues(Float64Array.of(5), 1)]).toEqual([5]);
    expect([...symmetricEigenvalues(new Float64Array(9), 3)]).toEqual([0, 0, 0]);
  });

  it("are refused for numbers that are not finite", () => {
    expect(() => symmetricEigenvalues(Float64Array.of(1, Number.NaN, Number.NaN, 1), 2)).toThrow(/finite/);
  });
});

describe("the pivoted factor", () => {
  it.each([
    [9, 12],
    [9, 4],
    [6, 0],
  ])("multiplies back to a matrix of %i columns from %i rows", (d, from) => {
    const a = product(d, from);
    const { upper, rank, order } = pivotedFactor(a, d);
    expect(rank).toBe(Math.min(d, from));
    expect([...order].sort((x, y) => x - y)).toEqual(Array.from({ length: d }, (_, i) => i));
    for (let i = 0; i < d; i++)
      for (let j = 0; j < d; j++) {
        let total = 0;
        for (let k = 0; k < rank; k++) total += upper[k * d + i]! * upper[k * d + j]!;
        expect(total).toBeCloseTo(a[order[i]! * d + order[j]!]!, 10);
      }
  });
});

describe("products of rows", () => {
  it.each([
    [1, 1, 1],
    [7, 10, 300],
    [12, 5, 3],
  ])("are sums over the columns, added to what is there: %i x %i of %i", (m, n, k) => {
    const [p, q] = [Float64Array.from(normals(m * k, "p", m)), Float64Array.from(normals(n * k, "q", n))];
    const out = new Float64Array(m * n).fill(1);
    addRowProducts({ p, q, k, out });
    for (let i = 0; i < m; i++)
      for (let j = 0; j < n; j++) {
        let total = 1;
        for (let l = 0; l < k; l++) total += p[i * k + l]! * q[j * k + l]!;
        expect(out[i * n + j]).toBeCloseTo(total, 10);
      }
  });

  it("may leave out the zeros of a triangular side and what is above the diagonal", () => {
    const d = 11;
    const upper = Float64Array.from(normals(d * d, "upper"), (value, at) => (at % d < Math.floor(at / d) ? 0 : value));
    const other = Float64Array.from(normals(d * d, "other"));
    for (const sides of [
      { p: upper, q: other, triangular: "p" },
      { p: other, q: upper, triangular: "q" },
    ] as const) {
      const [all, some] = [new Float64Array(d * d), new Float64Array(d * d)];
      addRowProducts({ p: sides.p, q: sides.q, k: d, out: all });
      addRowProducts({ ...sides, k: d, out: some, lower: true });
      for (let i = 0; i < d; i++) for (let j = 0; j <= i; j++) expect(some[i * d + j]).toBeCloseTo(all[i * d + j]!, 12);
    }
  });
});
