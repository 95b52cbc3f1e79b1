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

it("are said to be few where they are, of training and of held-out rows", () => {
  const share = (scored: number, most: number) => ({ scored, most });
  expect(hurriedNotes(share(32, 540), undefined)).toEqual([
    "there was time for the log-densities of only 32 of 540 points of training rows: likelihoods and percentiles rest on these; give more time for finer ones",
  ]);
  expect(hurriedNotes(share(32, 540), share(32, 60))).toEqual([
    expect.stringContaining(
      "only 32 of 540 points of training rows and 32 of 60 points of held-out rows: likelihoods and",
    ),
  ]);
  expect(hurriedNotes(share(540, 540), share(32, 60))).toEqual([
    expect.stringContaining("only 32 of 60 points of held-out rows: the likelihood of held-out rows rests on these"),
  ]);
  expect(hurriedNotes(share(256, 540), share(256, 900))).toEqual([]);
  expect(hurriedNotes(share(100, 100), share(20, 20))).toEqual([]);
});
