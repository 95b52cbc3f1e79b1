// text-pool: texts come back by their numbers, read in order or in any other, short or long, of ASCII or not.
import fc from "fast-check";
import { expect, it } from "vitest";
import { textPool } from "../../src/data/text-pool.ts";

it("gives back every text, read in any order", () => {
  const text = fc.oneof(
    fc.string({ maxLength: 40 }),
    fc.string({ unit: "grapheme", maxLength: 20 }),
    fc.constant("x".repeat(5000)),
  );
  fc.assert(
    fc.property(fc.uniqueArray(text, { maxLength: 200 }), fc.array(fc.nat(), { maxLength: 300 }), (texts, places) => {
      const pool = textPool("t");
      const codes = texts.map((each) => pool.addText(each));
      const { at, size } = pool.sealed();
      expect(size).toBe(texts.length);
      if (size === 0) return;
      for (const place of places) expect(at(codes[place % size]!)).toBe(texts[place % size]);
      expect(codes.map(at)).toEqual(texts);
      expect(codes.filter((code) => code % 3 === 0).map(at)).toEqual(texts.filter((_, n) => n % 3 === 0));
    }),
    { numRuns: 60, seed: 1 },
  );
});

it("reads many short texts in order across the stretches that it decodes at once", () => {
  const texts = Array.from({ length: 30_000 }, (_, n) => (n === 20_000 ? "é" : `text ${n}`));
  const pool = textPool("t");
  for (const text of texts) pool.addText(text);
  const { at } = pool.sealed();
  expect(texts.map((_, code) => at(code))).toEqual(texts);
  expect(at(7)).toBe("text 7");
  expect(at(29_999)).toBe("text 29999");
});
