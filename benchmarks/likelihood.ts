// likelihood: the NLL of rows under a trained model, end to end, at equal achieved error.
import type { Engine } from "../src/runtime/contract.ts";
import { createEngine } from "../src/runtime/node.ts";
import { scoreDensity } from "../src/tasks/density.ts";
import { type Benchmark, commandOf, compare, type Row, type Settings, withPeer } from "./benchmark.ts";
import { timed } from "./drive.ts";
import { adaptive, reference, type TrainedCase, tolerances, trainedCases } from "./models.ts";

/** Nats by which an NLL may differ from the one at the reference tolerance. */
const largestError = 2e-3;

/** The authors' protocols (peers/chain.py): joint dopri5; on tables also Euler on 150 points, as their script does. */
const protocols = { tree: ["dopri5"], "built-in": ["dopri5"], letter: ["euler149", "dopri5"] } as const;

export const likelihood: Benchmark = async function* (settings) {
  const engine = await createEngine({ threads: settings.threads });
  try {
    for await (const trained of trainedCases(engine, settings)) {
      settings.say(`likelihood ${trained.name}: finding our tolerance …`);
      const ours = await loosest((tolerance) => nllOf(engine, trained, tolerance));
      const asked = settings.peers ? protocols[trained.name] : protocols[trained.name].slice(0, 1);
      for (const protocol of asked) yield await comparison(settings, engine, trained, ours, protocol);
    }
  } finally {
    await engine.close();
  }
};

/** The loosest tolerance whose NLL is near that of the reference tolerance. */
interface Choice {
  readonly tolerance: number;
  readonly nll: number;
  readonly reference: number;
}

async function loosest(nll: (tolerance: number) => Promise<number>): Promise<Choice> {
  const exact = await nll(reference);
  for (const tolerance of tolerances) {
    const value = await nll(tolerance);
    if (Math.abs(value - exact) <= largestError) return { tolerance, nll: value, reference: exact };
  }
  return { tolerance: reference, nll: exact, reference: exact };
}

async function comparison(
  settings: Settings,
  engine: Engine,
  trained: TrainedCase,
  ours: Choice,
  protocol: (typeof protocols)[TrainedCase["name"]][number],
): Promise<Row> {
  const args = (tolerance: number) => {
    const files = [trained.modelFile, "nll", "--rows", trained.rowsFile, "--protocol", protocol];
    return [...files, "--tolerance", tolerance, "--threads", engine.threads, ...settings.peerFlags];
  };
  const peerNll = (tolerance: number) =>
    withPeer(settings, "model", args(tolerance), async (peer) => Number((await peer?.ask("run"))?.["nll"]));
  settings.say(`likelihood ${trained.name}: finding the tolerance of ${protocol} …`);
  // Euler's error does not depend on the tolerance, which is that of its hand-overs: it runs as the authors run it.
  const theirs =
    protocol === "dopri5"
      ? await loosest(peerNll)
      : { tolerance: 1e-3, nll: await peerNll(1e-3), reference: ours.reference };
  settings.say(`likelihood ${trained.name}: ours at ${ours.tolerance}, ${protocol} at ${theirs.tolerance} …`);
  const timing = await withPeer(settings, "model", args(theirs.tolerance), (peer) =>
    compare(settings, peer, {
      ours: () => timed(() => nllOf(engine, trained, ours.tolerance)),
      name: `pytorch ${protocol}`,
    }),
  );
  return {
    name: "likelihood",
    shape: trained.name,
    ...timing,
    command: commandOf("likelihood", trained.name, trained.options),
    detail: { rows: trained.rows.shape[0], ours, ...(timing.peer && { theirs }) },
  };
}

/** Mean of -log p, from the model as it was read to the number: programs are compiled on the way. */
async function nllOf(engine: Engine, { model, rows }: TrainedCase, tolerance: number): Promise<number> {
  let total = 0;
  for await (const { logDensity } of scoreDensity(engine, model, rows, { integration: adaptive(tolerance) }))
    for (const value of logDensity) total -= value;
  return total / (rows.shape[0] ?? 1);
}
