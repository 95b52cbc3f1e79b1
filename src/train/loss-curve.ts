// loss-curve: how the loss of a network fell, thinned so that it stays short however long training goes on.

/** Mean losses of successive stretches of iterations, all of one length but the last. */
export interface LossCurve {
  /** The last iteration of each stretch, counted from 1. */
  readonly iterations: readonly number[];
  readonly losses: readonly number[];
  /** With early stopping: the held-out loss at the end of each stretch, NaN where it is not known or not finite. */
  readonly heldOut?: readonly number[];
}

/** The mean loss of the iterations since the last point, and the held-out loss where it was computed. */
export interface CurvePoint {
  readonly iteration: number;
  readonly loss: number;
  readonly heldOut?: number;
}

export const emptyCurve: LossCurve = { iterations: [], losses: [] };

/** Points that a curve may have before they are taken together in pairs. */
export const mostPoints = 200;

/** The curve with one more point; what it was made of before decides nothing else, so that it can be stored and gone on with. */
export function extended(curve: LossCurve, point: CurvePoint): LossCurve {
  const isFull = stretch(curve, curve.iterations.length - 1) >= stretch(curve, 0);
  const room = isFull && curve.iterations.length === mostPoints ? pairedUp(curve) : curve;
  const appended = {
    iterations: [...room.iterations, point.iteration],
    losses: [...room.losses, point.loss],
    ...((point.heldOut !== undefined || room.heldOut) && {
      heldOut: [...(room.heldOut ?? room.iterations.map(() => Number.NaN)), finite(point.heldOut)],
    }),
  };
  return isFull ? appended : lastJoined(appended);
}

/** Iterations of the k-th stretch. */
function stretch({ iterations }: LossCurve, k: number): number {
  return (iterations[k] ?? 0) - (iterations[k - 1] ?? 0);
}

function finite(value: number | undefined): number {
  return value !== undefined && Number.isFinite(value) ? value : Number.NaN;
}

/** Two stretches as one: the mean of both, the held-out loss of the later one that has any. */
function joined(curve: LossCurve, k: number): CurvePoint {
  const [first, second] = [stretch(curve, k), stretch(curve, k + 1)];
  const [before = Number.NaN, after = Number.NaN] = [curve.losses[k], curve.losses[k + 1]];
  const [early, late] = [finite(curve.heldOut?.[k]), finite(curve.heldOut?.[k + 1])];
  return {
    iteration: curve.iterations[k + 1] ?? Number.NaN,
    loss: (before * first + after * second) / (first + second),
    heldOut: Number.isNaN(late) ? early : late,
  };
}

function lastJoined(curve: LossCurve): LossCurve {
  const last = curve.iterations.length - 2;
  return curveOf([...pointsOf(curve).slice(0, last), joined(curve, last)], curve.heldOut !== undefined);
}

function pairedUp(curve: LossCurve): LossCurve {
  const pairs = Array.from({ length: curve.iterations.length / 2 }, (_, k) => joined(curve, 2 * k));
  return curveOf(pairs, curve.heldOut !== undefined);
}

function pointsOf({ iterations, losses, heldOut }: LossCurve): readonly CurvePoint[] {
  return iterations.map((iteration, k) => ({
    iteration,
    loss: losses[k] ?? Number.NaN,
    ...(heldOut && { heldOut: finite(heldOut[k]) }),
  }));
}

function curveOf(points: readonly CurvePoint[], isHeldOut: boolean): LossCurve {
  return {
    iterations: points.map(({ iteration }) => iteration),
    losses: points.map(({ loss }) => loss),
    ...(isHeldOut && { heldOut: points.map(({ heldOut }) => finite(heldOut)) }),
  };
}
