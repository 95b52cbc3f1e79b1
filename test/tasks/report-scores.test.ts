// report-scores: a report scores all rows it is allowed to, and fewer of them where the time is short.
import { expect, it } from "vitest";
import { hurriedNotes, scoresInTime } from "../../src/tasks/report-scores.ts";
import { floats } from "../../src/tensor/array.ts";

const rows = (count: number) => floats(new Float32Array(count), [count, 1]);
/** Scores rows at so many milliseconds each. */
const slow = (each: number) => async (of: ReturnType<typeof rows>) => {
  const until = performance.now() + each * of.data.length;
  while (performance.now() < until) await new Promise((done) => setTimeout(done, 1));
  return [...of.data];
};

it("are those of all rows where time does not matter, or where there is enough of it", async () => {
  expect(await scoresInTime({ rows, most: 3000, milliseconds: Number.POSITIVE_INFINITY }, slow(0))).toHaveLength(3000);
  expect(await scoresInTime({ rows, most: 2000, milliseconds: 60_000 }, slow(0.01))).toHaveLength(2000);
});

it("are those of a few rows where there is next to none, and in between of about as many as fit", async () => {
  expect(await scoresInTime({ rows, most: 5000, milliseconds: 1 }, slow(0.2))).toHaveLength(32);
  const found = await scoresInTime({ rows, most: 100_000, milliseconds: 400 }, slow(0.1));
  expect(found.length).toBeGreaterThan(64);
  expect(found.length).toBeLessThan(4500);
});

it("are said to be few where they are", () => {
  expect(hurriedNotes(32, 540)).toEqual([expect.stringContaining("only 32 training rows")]);
  expect(hurriedNotes(256, 540)).toEqual([]);
  expect(hurriedNotes(100, 100)).toEqual([]);
});
