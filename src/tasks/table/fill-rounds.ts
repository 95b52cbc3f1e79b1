// fill-rounds: the free dimensions of rows drawn given the others, again for the rows that do not meet what they have to.
import { dimensionStates } from "../../flow/masked.ts";
import type { Integration } from "../../ode/integration.ts";
import type { Engine } from "../../runtime/contract.ts";
import { type MaskedSampleRequest, sampleMasked } from "../masked.ts";
import type { Progress } from "../progress.ts";
import { gathered, type KnownPoints } from "./points.ts";
import type { TableModel } from "./table-model.ts";
import { type FillPlaces, type MeetsTest, weighedRows } from "./weighed-draws.ts";

/** How often a row is drawn, at most: in so many rounds, and where few are left, several times in each. */
const [mostRounds, mostCopies, rowsAtOnce] = [50, 64, 1024];

export interface FillControls {
  readonly seed: number;
  readonly integration?: Integration;
  readonly signal?: AbortSignal;
  readonly onProgress?: (progress: Progress) => void;
}

export interface FilledRows {
  /** [rows · d]: the points with what was free drawn. */
  readonly values: Float32Array;
  /** Rows for which nothing that was drawn did; their values are not drawn. */
  readonly unmet: ReadonlySet<number>;
  readonly evaluations: number;
}

/**
 * Draws what is free in `points`, from candidates where there are some; `meets` says which of the rows at some places, drawn as
 * points, may stay.
 */
export async function filledRows(
  engine: Engine,
  model: TableModel,
  points: KnownPoints,
  { places, meets }: { readonly places: FillPlaces; readonly meets: MeetsTest },
  controls: FillControls,
): Promise<FilledRows> {
  const d = model.encoder.dimensions.length;
  const values = points.values.slice();
  let [firstRow, evaluations] = [0, 0];
  let open: readonly number[] = Array.from({ length: values.length / d }, (_, row) => row);
  if (places.candidates > 1)
    ({
      open,
      drawn: firstRow,
      evaluations,
    } = await weighedRows(engine, model, points, { places, meets, values }, controls));
  for (let round = 0; round < mostRounds && open.length > 0; round++) {
    const copies = round === 0 ? 1 : Math.max(1, Math.min(mostCopies, Math.floor(rowsAtOnce / open.length)));
    const asked = Array.from({ length: copies * open.length }, (_, n) => open[n % open.length]!);
    const given = gathered(points.values, new Float32Array(asked.length * d), asked, d);
    const state = gathered(points.states, new Uint8Array(asked.length * d), asked, d);
    const drawn = await drawnPoints(engine, model, { ...controls, given, state, firstRow });
    evaluations += drawn.evaluations;
    firstRow += asked.length;
    let waiting: readonly number[] = [...open.keys()];
    for (let copy = 0; copy < copies && waiting.length > 0; copy++) {
      const from = waiting.map((n) => copy * open.length + n);
      const asking = waiting.map((n) => open[n]!);
      const attempt = gathered(drawn.values, new Float32Array(from.length * d), from, d);
      const met = await meets(attempt, asking);
      asking.forEach((place, n) => {
        if (met[n] === 1) values.set(attempt.subarray(n * d, (n + 1) * d), place * d);
      });
      waiting = waiting.filter((_, n) => met[n] === 0);
    }
    open = waiting.map((n) => open[n]!);
  }
  return { values, unmet: new Set(open), evaluations };
}

/** Draws with given values, and what stood in absent dimensions, as they came. */
async function drawnPoints(engine: Engine, { density }: TableModel, request: MaskedSampleRequest) {
  const values = new Float32Array(request.given.length);
  let [at, evaluations] = [0, 0];
  for await (const chunk of sampleMasked(engine, density, request)) {
    chunk.points.data.forEach((value, k) => {
      values[at + k] = request.state[at + k] === dimensionStates.absent ? request.given[at + k]! : value;
    });
    at += chunk.points.data.length;
    evaluations += chunk.evaluations;
  }
  return { values, evaluations };
}
