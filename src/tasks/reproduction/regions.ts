// regions: circles that hold a known share of N(0, I) in the plane, carried through the inverse chain to the data.
import { failure } from "../../errors.ts";
import type { RegionsInput } from "../../pictures/regions.ts";
import type { Engine } from "../../runtime/contract.ts";
import { createTransport } from "../../runtime/transport.ts";
import type { FloatArray } from "../../tensor/array.ts";
import type { DensityModel } from "../density-model.ts";
import { unstandardize } from "../standardization.ts";

/** The shares that the authors draw. */
const authorsShares = [0.95, 0.8, 0.6, 0.4, 0.2] as const;
const angles = 4000;

export interface RegionsRequest {
  readonly shares?: readonly number[];
  /** Rows [n, 2] to draw below the curves. */
  readonly data?: FloatArray;
  readonly signal?: AbortSignal;
}

/**
 * For each share the image of the circle |z|² = -2 ln(1 - share), the quantile of chi-squared with 2 degrees of freedom. The
 * chain is invertible and continuous, so the image encloses that share of the model's probability.
 */
export async function confidenceRegions(
  engine: Engine,
  { chain, record, standardization }: DensityModel,
  { shares = authorsShares, data, signal }: RegionsRequest = {},
): Promise<RegionsInput> {
  const [x, y, ...more] = record.columns;
  if (x === undefined || y === undefined || more.length > 0)
    throw failure("option", {
      where: "confidence regions",
      expected: "a model of 2 columns",
      received: String(record.columns.length),
    });
  const { integration } = record.configuration;
  const transport = await createTransport(engine, chain, { direction: -1, integration, divergence: { kind: "none" } });
  try {
    const curves: RegionsInput["curves"][number][] = [];
    for (const share of shares) {
      const { points } = await transport.run(circle(Math.sqrt(-2 * Math.log(1 - share))), signal && { signal });
      curves.push({ share, points: unstandardize(standardization, points) });
    }
    return { axes: [x, y], curves, ...(data && { data: data.data }) };
  } finally {
    await transport.release();
  }
}

/** Points [angles + 1, 2] on a circle, the first one again at the end. */
function circle(radius: number): Float32Array {
  return Float32Array.from({ length: 2 * (angles + 1) }, (_, k) => {
    const angle = (2 * Math.PI * (k >> 1)) / angles;
    return radius * (k % 2 === 0 ? Math.cos(angle) : Math.sin(angle));
  });
}
