// benchmark: what every benchmark file gives to run.ts, and the settings it reads.
import { type Alternation, alternate, type Comparison, openPeer, type Peer } from "./drive.ts";

/** One line of the report. `detail` says what else was found on the way (tolerances, errors reached). */
export interface Row extends Comparison {
  readonly name: string;
  readonly shape: string;
  /** The command that measures this row again. */
  readonly command: string;
  readonly detail?: Readonly<Record<string, unknown>>;
}

export interface Settings {
  readonly pairs: number;
  /** Threads of both sides: fewer than the cores is steadier on a machine that others use. */
  readonly threads: number;
  /** Only these shapes; all of them when empty. */
  readonly shapes: readonly string[];
  /** Also compare with torch.compile (training). */
  readonly compiled: boolean;
  /** Options of every peer: `--flush-denormal`, unless denormal numbers are to be kept. */
  readonly peerFlags: readonly string[];
  /** Rows to score. */
  readonly rows: number;
  /** Trained models and rows to score, by the name of the case (`tree`, `letter`). */
  readonly cases: Readonly<Record<CaseName, Case>>;
  /** Told in one line what goes on. */
  readonly say: (line: string) => void;
}

export type CaseName = "tree" | "letter";

/** Paths: a model file of ours and a .npy file of rows to score. */
export interface Case {
  readonly model?: string;
  readonly rows?: string;
}

/** A benchmark yields its rows one by one, so that an interrupted run has shown what it measured. */
export type Benchmark = (settings: Settings) => AsyncIterable<Row>;

/** The shapes that were asked for. */
export function chosen<S extends { readonly name: string }>(
  shapes: readonly S[],
  { shapes: wanted }: Settings,
): readonly S[] {
  return wanted.length === 0 ? shapes : shapes.filter(({ name }) => wanted.includes(name));
}

/** Opens a peer for the time of `work`; without Python it is undefined, and the reason is said. */
export async function withPeer<T>(
  { say }: Settings,
  script: string,
  args: readonly (string | number)[],
  work: (peer: Peer | undefined) => Promise<T>,
): Promise<T> {
  const peer = await openPeer(script, args);
  if (peer.kind === "absent") {
    say(peer.reason);
    return work(undefined);
  }
  try {
    return await work(peer);
  } finally {
    await peer.close();
  }
}

/** Alternates our work with `command` of a peer, scaled to the amount of work that `ours` does. */
export function compare(
  { pairs }: Settings,
  peer: Peer | undefined,
  { name, command = "run", scale = 1, ...rest }: Omit<Alternation, "theirs" | "pairs"> & PeerCommand,
): Promise<Comparison> {
  const measure = async () => ((await peer?.measure(command)) ?? Number.NaN) * scale;
  return alternate({ ...rest, pairs, ...(peer && { theirs: { name: name ?? peer.name, measure } }) });
}

/** What the peer is asked, and how many times its milliseconds make up one repetition of ours. */
export interface PeerCommand {
  readonly name?: string;
  readonly command?: string;
  readonly scale?: number;
}

/** The command of one row. */
export const commandOf = (name: string, shape: string, extra = ""): string =>
  `npm run benchmark -- ${name} --shape ${shape}${extra}`;
