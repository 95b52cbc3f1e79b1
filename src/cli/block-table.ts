// block-table: the blocks of a model as `localflow inspect` says them, in JSON and as a table.
import type { VelocityNetwork } from "../nn/network.ts";
import type { BlockRecord } from "../train/chain.ts";
import type { Configuration } from "../train/configuration.ts";
import { alignedTable, short } from "./output.ts";

interface BlockLine {
  /** null for a free block, which has none. */
  readonly duration: number | null;
  readonly iterations: number;
  readonly loss: number | undefined;
}

/** The blocks of a configuration with what was recorded of their training, and what `ofNetwork` says of their networks. */
export function blockLines<N extends VelocityNetwork, T extends object>(
  { blocks }: Configuration<N>,
  trained: readonly BlockRecord[],
  ofNetwork: (network: N) => T,
) {
  return blocks.map(({ step, network, iterations }, n) => ({
    duration: step.kind === "free" ? null : step.duration,
    ...ofNetwork(network),
    iterations: trained[n]?.iterations ?? iterations,
    loss: trained[n]?.loss,
  }));
}

/** A line for each block; `columns` gives, by their headings, the cells between duration and iterations. */
export function blockTable<B extends BlockLine>(
  blocks: readonly B[],
  columns: Readonly<Record<string, (block: B) => string>>,
): string {
  return alignedTable(
    ["block", "duration", ...Object.keys(columns), "iterations", "loss"],
    blocks.map((block, n) => [
      String(n + 1),
      block.duration === null ? "free" : short(block.duration),
      ...Object.values(columns).map((cell) => cell(block)),
      String(block.iterations),
      block.loss === undefined ? "" : short(block.loss),
    ]),
  );
}
