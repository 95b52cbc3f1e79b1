// optimizer: where Adam's arithmetic belongs on a CPU: in the graph, in JavaScript, or several steps in one graph.
import { matchingLoss } from "../src/flow/matching.ts";
import { applyMlp, type MlpArrays, type MlpTensors } from "../src/nn/mlp.ts";
import { type AdamState, adamScales, adamUpdate } from "../src/optim/adam.ts";
import { compile } from "../src/runtime/compile.ts";
import type { Engine } from "../src/runtime/contract.ts";
import { createEngine } from "../src/runtime/node.ts";
import { type FloatArray, floats, type NDArray, zeros } from "../src/tensor/array.ts";
import { gradient } from "../src/tensor/gradient.ts";
import { placeholder, type Tensor } from "../src/tensor/tensor.ts";
import { leaves, mapTree } from "../src/tensor/tree.ts";
import { type Benchmark, chosen, commandOf, type Row, type Settings } from "./benchmark.ts";
import { alternate, timed } from "./drive.ts";
import { batchOf, networkOf, parametersOf, type TrainingShape, trainingShapes } from "./shapes.ts";
import { stepOf } from "./training.ts";

const unrolled = 4;

/** Steps of one repetition. */
const repeat = 2 * unrolled;

export const optimizer: Benchmark = async function* (settings) {
  const shapes = trainingShapes.filter(({ name }) => name === "miniboone" || name === "bsds300");
  for (const shape of chosen(shapes, settings)) {
    settings.say(`optimizer ${shape.name} …`);
    yield* alternatives(settings, shape);
  }
};

/** The step that the trainer uses, with each of the others as its peer. */
async function* alternatives({ pairs, threads, calibrate }: Settings, shape: TrainingShape): AsyncGenerator<Row> {
  const engine = await createEngine({ threads });
  try {
    const inGraph = await stepOf(engine, shape);
    const others = [
      { name: "Adam in JavaScript", step: await stepWithLoops(engine, shape), steps: 1 },
      { name: `${unrolled} steps a run`, step: await unrolledSteps(engine, shape), steps: unrolled },
    ];
    for (const { name, step, steps } of others) {
      const measure = () => timed(step, repeat / steps).then((ms) => ms / steps);
      const ours = () => timed(inGraph, repeat);
      const comparison = await alternate({ ours, theirs: { name, measure }, pairs, ...(calibrate && { calibrate }) });
      yield { name: "optimizer", shape: shape.name, ...comparison, command: commandOf("optimizer", shape.name) };
    }
  } finally {
    await engine.close();
  }
}

/** The symbolic loss of a network with given parameters on the batch that all variants share. */
function problemOf(shape: TrainingShape) {
  const network = networkOf(shape);
  const column = (width: number) => placeholder([shape.batch, width]);
  const batch = { left: column(shape.dimension), noise: column(shape.dimension), time: column(1) };
  const like = parametersOf(shape);
  const symbols = leaves<Tensor>(mapTree<FloatArray, Tensor, MlpArrays>(like, (array) => placeholder(array.shape)));
  const flat = symbols.map((leaf) => leaf.value);
  const lossOf = (parameters: readonly Tensor[]) => {
    let next = 0;
    const tree = mapTree<FloatArray, Tensor, MlpArrays>(
      like,
      (array) => parameters[next++] ?? placeholder(array.shape),
    );
    const velocity = (x: Tensor, t: Tensor) => applyMlp(network, tree as MlpTensors, x, t);
    return matchingLoss(velocity, { ...batch, source: batch.left }, { kind: "free" }, "linear");
  };
  const { left, noise, time } = batchOf(shape);
  const arrays = leaves<FloatArray>(like).map((leaf) => leaf.value);
  return { batch, flat, lossOf, values: { left, noise, time }, arrays };
}

/** Gradients come out of the graph; the parameters are changed by loops. */
async function stepWithLoops(engine: Engine, shape: TrainingShape): Promise<() => Promise<unknown>> {
  const { batch, flat, lossOf, values, arrays } = problemOf(shape);
  const loss = lossOf(flat);
  const program = await compile(engine, { batch, flat }, { loss, gradients: gradient(loss, flat) });
  const blank = () => arrays.map((array) => zeros(array.shape));
  const [gradients, first, second] = [blank(), blank(), blank()];
  const into = Object.fromEntries(gradients.map((array, i) => [`gradients.${i}`, array]));
  let count = 0;
  return async () => {
    await program.run({ batch: values, flat: arrays }, into);
    const scales = adamScales(++count, 1e-3);
    arrays.forEach((array, i) => {
      const [g, m, v] = [gradients[i]?.data, first[i]?.data, second[i]?.data];
      if (g && m && v) adamLoop(array.data, g, m, v, scales);
    });
  };
}

function adamLoop(
  parameter: Float32Array,
  gradient: Float32Array,
  first: Float32Array,
  second: Float32Array,
  { rate, epsilon }: { readonly rate: number; readonly epsilon: number },
): void {
  for (let i = 0; i < parameter.length; i++) {
    const g = gradient[i] as number;
    const m = 0.9 * (first[i] as number) + g;
    const v = 0.999 * (second[i] as number) + g * g;
    first[i] = m;
    second[i] = v;
    parameter[i] = (parameter[i] as number) - (rate * m) / (Math.sqrt(v) + epsilon);
  }
}

/** Several steps in one program; parameters and moments leave the graph only after the last one. */
async function unrolledSteps(engine: Engine, shape: TrainingShape): Promise<() => Promise<unknown>> {
  const { batch, flat, lossOf, values, arrays } = problemOf(shape);
  const blank = () => flat.map((tensor) => placeholder(tensor.shape));
  const start = { parameters: flat, first: blank(), second: blank() };
  const scalars = Array.from({ length: unrolled }, () => ({ rate: placeholder([]), epsilon: placeholder([]) }));
  const end = scalars.reduce<typeof start>(({ parameters, first, second }, scales) => {
    const gradients = gradient(lossOf(parameters), parameters);
    const updates = parameters.map((parameter, i) => {
      const state: AdamState<Tensor> = { first: first[i] ?? parameter, second: second[i] ?? parameter };
      return adamUpdate(parameter, gradients[i] ?? parameter, state, { ...scales, shrink: 1 });
    });
    const moments = updates.map(({ state }) => state);
    return {
      parameters: updates.map(({ parameter }) => parameter),
      first: moments.map((state) => state.first),
      second: moments.map((state) => state.second),
    };
  }, start);
  const program = await compile(engine, { batch, start, scalars }, { end });
  const zeroed = () => arrays.map((array) => zeros(array.shape));
  const buffers = () => ({
    parameters: arrays.map((array) => floats(array.data.slice(), array.shape)),
    first: zeroed(),
    second: zeroed(),
  });
  let [current, spare] = [buffers(), buffers()];
  let count = 0;
  return async () => {
    const numbers = scalars.map(() => {
      const { rate, epsilon } = adamScales(++count, 1e-3);
      return { rate: floats([rate], []), epsilon: floats([epsilon], []) };
    });
    const into = Object.fromEntries(leaves<NDArray>({ end: spare }).map((leaf) => [leaf.path, leaf.value]));
    await program.run({ batch: values, start: current, scalars: numbers }, into);
    [current, spare] = [spare, current];
  };
}
