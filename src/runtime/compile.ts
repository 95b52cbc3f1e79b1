// compile: a symbolic computation becomes a program that runs. Equal programs on one engine share one session.
import { failure, invariant } from "../errors.ts";
import { fingerprint } from "../fingerprint.ts";
import { type Accumulation, toAccumulatingOnnx } from "../onnx/accumulate.ts";
import { encodeModel } from "../onnx/encode.ts";
import { type NamedTensor, toOnnx } from "../onnx/graph.ts";
import type { NDArray } from "../tensor/array.ts";
import { formatShape } from "../tensor/shape.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { leaves, type MapTree, mapTree } from "../tensor/tree.ts";
import type { Engine, Session } from "./contract.ts";

/** Arrays in the shape of the input tree go in, arrays in the shape of the output tree come out. */
export interface Program<I, O> {
  /** Outputs named in `into` (by their path, such as `parameters.0.weight`) are written in place. */
  run(
    inputs: MapTree<I, Tensor, NDArray>,
    into?: Readonly<Record<string, NDArray>>,
  ): Promise<MapTree<O, Tensor, NDArray>>;
  release(): Promise<void>;
}

/**
 * Compiles the program from placeholders to the tensors computed from them. Constants are stored inside; large arrays
 * that change between runs belong among the inputs. With an accumulation, the rows are gone through a part at a time. A
 * run throws "shape" for arrays that do not fit their placeholders.
 */
export async function compile<I extends object, O extends object>(
  engine: Engine,
  inputs: I,
  outputs: O,
  accumulation?: Accumulation,
): Promise<Program<I, O>> {
  const named = (tree: object): readonly NamedTensor[] =>
    leaves<Tensor>(tree).map((leaf) => ({ name: leaf.path, tensor: leaf.value }));
  const slots = named(inputs);
  const prefixed = slots.map(({ name, tensor }) => ({ name: `in.${name}`, tensor }));
  const model = accumulation
    ? toAccumulatingOnnx(prefixed, named(outputs), accumulation)
    : toOnnx(prefixed, named(outputs));
  const session = await shareSession(engine, encodeModel(model));
  return {
    run: async (values, into) => {
      const feeds: Record<string, NDArray> = {};
      for (const { path, value } of leaves<NDArray>(values)) feeds[`in.${path}`] = value;
      checkFeeds(slots, feeds);
      const results = await session.run(feeds, into);
      return mapTree<Tensor, NDArray, O>(outputs, (_, path) => {
        const result = results[path];
        invariant(result !== undefined, `the engine returns ${path}`);
        return result;
      });
    },
    release: () => session.release(),
  };
}

function checkFeeds(slots: readonly NamedTensor[], feeds: Readonly<Record<string, NDArray>>): void {
  const sizes = new Map<string, number>();
  for (const { name, tensor } of slots) {
    const shape = feeds[`in.${name}`]?.shape;
    const before = new Map(sizes);
    const fits =
      shape?.length === tensor.shape.length &&
      tensor.shape.every((size, axis) => {
        const got = shape[axis] ?? -1;
        if (typeof size === "number") return got === size;
        if (!sizes.has(size)) sizes.set(size, got);
        return sizes.get(size) === got;
      });
    if (!fits)
      throw failure("shape", {
        where: `program input ${name}`,
        expected: `shape ${formatShape(tensor.shape)}`,
        received: shape ? formatShape(shape) : "nothing",
        ...remedyFor(
          tensor.shape.filter((size) => typeof size === "string"),
          before,
        ),
      });
  }
}

/** Symbolic sizes that other inputs have settled. */
function remedyFor(names: readonly string[], sizes: ReadonlyMap<string, number>): { readonly remedy?: string } {
  const settled = names.filter((name) => sizes.has(name)).map((name) => `${name} is ${sizes.get(name)}`);
  return settled.length === 0 ? {} : { remedy: `in the other inputs ${settled.join(" and ")}` };
}

interface SharedSession {
  readonly model: Uint8Array;
  readonly session: Promise<Session>;
  users: number;
}

const shared = new WeakMap<Engine, Map<string, SharedSession>>();

async function shareSession(engine: Engine, model: Uint8Array): Promise<Session> {
  const sessions = shared.get(engine) ?? new Map<string, SharedSession>();
  shared.set(engine, sessions);
  const key = fingerprint(model);
  const known = sessions.get(key);
  const entry = known && sameBytes(known.model, model) ? known : { model, session: engine.open(model), users: 0 };
  sessions.set(key, entry);
  entry.users += 1;
  const session = await entry.session.catch((error: unknown) => {
    if (sessions.get(key) === entry) sessions.delete(key);
    throw error;
  });
  let released = false;
  return {
    run: async (feeds, into) => {
      if (released)
        throw failure("runtime", { where: "program", expected: "one that is still open", received: "a released one" });
      return session.run(feeds, into);
    },
    release: async () => {
      if (released) return;
      released = true;
      entry.users -= 1;
      if (entry.users > 0) return;
      if (sessions.get(key) === entry) sessions.delete(key);
      await session.release();
    },
  };
}

function sameBytes(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, i) => byte === b[i]);
}
