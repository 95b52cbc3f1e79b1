// curve-text: samplers of a quality curve as a table of lines.
import { type CurvePlace, curveLabel } from "../tasks/curve-samplers.ts";
import { withDigits } from "./estimates.ts";
import { alignedTable, short } from "./output.ts";

type Measures = Readonly<Record<string, { readonly value: number; readonly standardError: number } | undefined>>;

export interface CurveTable {
  /** What is drawn, such as "images". */
  readonly drawn: string;
  /** The measures shown, in this order. */
  readonly names: readonly string[];
  readonly points: readonly (CurvePlace & { readonly measures: Measures })[];
  /** What real rows get in place of samples, and what they are called; left out where they have nothing. */
  readonly floor: { readonly name: string; readonly measures: Measures };
  /** What was measured and how, in sentences. */
  readonly meaning: string;
}

/** A line for each sampler: its evaluations, seconds for a thousand, measures, and distance to the reference. */
export function curveTable({ drawn, names, points, floor, meaning }: CurveTable): readonly string[] {
  const cells = (measures: Measures) => names.map((name) => (measures[name] ? withDigits(measures[name]) : ""));
  const rows = points.map((point) => [
    curveLabel(point),
    short(point.evaluations, 4),
    short(point.seconds, 3),
    ...cells(point.measures),
    short(point.distanceToReference, 2),
  ]);
  const hasFloor = names.some((name) => floor.measures[name] !== undefined);
  const floorRow = [`floor: ${floor.name}`, "", "", ...cells(floor.measures)];
  const heads = [`${drawn} by`, "evaluations", "s per 1000", ...names, "distance"];
  return ["", alignedTable(heads, [...rows, ...(hasFloor ? [floorRow] : [])]), "", meaning];
}
