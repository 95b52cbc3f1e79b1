// fill turns: columns that no row knew both of are filled one after the other, and without each other.
import { expect, it } from "vitest";
import { dimensionStates } from "../../../src/flow/masked.ts";
import { fillTurns } from "../../../src/tasks/table/fill-turns.ts";
import type { ColumnSpan } from "../../../src/tasks/table/points.ts";

const { free: f, given: g, absent: o } = dimensionStates;

/** x without gaps, then a, b and c, each with "gap or not" before its value. */
const spans = ["x", "a", "b", "c"].map((name, place): ColumnSpan => {
  const column = { name, kind: "number" } as ColumnSpan["column"];
  const start = Math.max(0, 2 * place - 1);
  return { column, start, end: 2 * place + 1, hasGap: place > 0, filled: 50, gaps: place > 0 ? 50 : 0 };
});
const turnsOf = (states: readonly number[], neverTogether: readonly (readonly [string, string])[]) =>
  fillTurns({ neverTogether }, spans, Uint8Array.from(states), 7).map((turn) => [...turn]);

it("are one, as asked, where any columns were known together, or none of those that were not is asked for", () => {
  const states = [g, o, f, o, f, o, g];
  expect(turnsOf(states, [])).toEqual([states]);
  expect(turnsOf([f, o, g, o, o, o, g], [["a", "b"]])).toEqual([[f, o, g, o, o, o, g]]);
});

it("leave out what was never known beside what is asked for", () => {
  expect(turnsOf([g, o, f, o, g, o, g], [["a", "b"]])).toEqual([[g, o, f, o, o, o, g]]);
});

it("come one after the other where both are missing, row by row", () => {
  const states = [...[f, o, f, o, f, o, f], ...[g, o, f, o, g, o, g]];
  expect(turnsOf(states, [["a", "b"]])).toEqual([
    [...[f, o, f, o, o, o, f], ...[g, o, f, o, o, o, g]],
    [...[g, o, o, o, f, o, g], ...[g, o, g, o, g, o, g]],
  ]);
  const three = turnsOf(
    [g, o, f, o, f, o, f],
    [
      ["a", "b"],
      ["c", "a"],
      ["c", "b"],
    ],
  );
  expect(three).toEqual([
    [g, o, f, o, o, o, o],
    [g, o, o, o, f, o, o],
    [g, o, o, o, o, o, f],
  ]);
});
