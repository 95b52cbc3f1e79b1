// benchmark: what every benchmark file gives to run.ts, and the settings it reads.
import { type Alternation, type Answer, alternate, type Comparison, openPeer, type Peer } from "./drive.ts";

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
  /** Whether peers are started at all; the regression check needs none. */
  readonly peers: boolean;
  /** Rows to score. */
  readonly rows: number;
  /** Points to sample. */
  readonly samples: number;
  /** How many times smaller `fit` and `reading` are than the real thing; each has its own default. */
  readonly scale?: number;
  /** Steps of the long run in `growth`. */
  readonly steps: number;
  /** Folder in which `growth` draws its plots. */
  readonly plots?: string;
  /** Milliseconds of the calibration product, measured between the pairs. */
  readonly calibrate?: () => Promise<number>;
  /** Trained models and rows to score, by the name of the case (`tree`, `letter`). */
  readonly cases: Readonly<Record<CaseName, Case>>;
  /** Told in one line what goes on. */
  readonly say: (line: string) => void;
}

export type CaseName = "tree" | "letter";

/** Paths: a model file of ours, and .npy files of rows to score and of rows to train on. */
export interface Case {
  readonly model?: string;
  readonly rows?: string;
  readonly train?: string;
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
  { peers, say }: Settings,
  script: string,
  args: readonly (string | number)[],
  work: (peer: Peer | undefined) => Promise<T>,
): Promise<T> {
  if (!peers) return work(undefined);
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
  { pairs, calibrate }: Settings,
  peer: Peer | undefined,
  { name, command = "run", scale = 1, limitCommand, onAnswer, ...rest }: Work & PeerCommand,
): Promise<Comparison> {
  const theirs = peer && {
    name: name ?? peer.name,
    measure: async () => scale * (await peer.measure(command, onAnswer)),
    ...(limitCommand !== undefined && { limit: () => peer.limit(limitCommand) }),
  };
  return alternate({ ...rest, pairs, ...(calibrate && { calibrate }), ...(theirs && { theirs }) });
}

type Work = Pick<Alternation, "ours" | "flops" | "limit">;

/** What the peer is asked, and how many times its milliseconds make up one repetition of ours. */
export interface PeerCommand {
  readonly name?: string;
  readonly command?: string;
  readonly scale?: number;
  /** The command that measures the limit of the peer's own products. */
  readonly limitCommand?: string;
  /** Sees every answer to `command`. */
  readonly onAnswer?: (answer: Answer) => void;
}

/** The command of one row. */
export const commandOf = (name: string, shape: string, extra = ""): string =>
  `npm run benchmark -- ${name} --shape ${shape}${extra}`;
