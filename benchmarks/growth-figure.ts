// growth-figure: what was measured as dots, with the straight line through them.
import { palette } from "../src/pictures/color.ts";
import type { Figure } from "../src/pictures/figure.ts";
import type { Line } from "./statistics.ts";

/** Values with what they are, measured at places with what those are. */
export interface Series {
  readonly name: string;
  readonly x: { readonly label: string; readonly values: readonly number[] };
  readonly y: { readonly label: string; readonly values: readonly number[] };
}

/** Both axes start at 0, so that a line that grows in proportion goes through the corner. */
export function growthFigure({ name, x, y }: Series, { slope, intercept, worstResidual }: Line): Figure {
  const most = Math.max(...x.values);
  const upTo = (values: readonly number[]) => [0, 1.06 * Math.max(...values)] as const;
  const ends = [Math.min(...x.values), most];
  return {
    title: `Growth: ${name}`,
    subtitle: `the line misses no dot by more than ${(100 * worstResidual).toFixed(1)} % of the highest`,
    columns: 1,
    panelWidth: 420,
    panelHeight: 240,
    panels: [
      {
        x: { domain: upTo(x.values), label: x.label },
        y: { domain: upTo(y.values), label: y.label },
        marks: [
          { kind: "line", x: ends, y: ends.map((value) => intercept + slope * value), color: palette.frame },
          { kind: "points", x: x.values, y: y.values, color: palette.data, radius: 4, opacity: 1 },
        ],
      },
    ],
  };
}
