// steps: the schedule gamma_1 … gamma_N, how the diffusion is cut into short flows (paper, section 3; last block free).
import { failure } from "../errors.ts";
import { type DiffusionScales, diffusionScales } from "./diffusion.ts";

/** One block's target: its own Ornstein-Uhlenbeck step of length `duration`, or N(0, I) itself (`free`, always the last). */
export type Step = { readonly kind: "diffuse"; readonly duration: number } | { readonly kind: "free" };

const free: Step = { kind: "free" };
const diffuse = (duration: number): Step => ({ kind: "diffuse", duration });

/** x_r = keep · x_l + spread · z of a step with the noise z; the free step forgets x_l. */
export function stepScales(step: Step): DiffusionScales {
  return step.kind === "free" ? { keep: 0, spread: 1 } : diffusionScales(step.duration);
}

/** gamma_1 … gamma_(N-1) written out, closed by the free block. Throws "option" for one that is not positive. */
export function explicitSteps(durations: readonly number[]): readonly Step[] {
  durations.forEach((duration, n) => {
    if (!(duration > 0 && Number.isFinite(duration)))
      throw failure("option", {
        where: `steps, block ${n + 1}`,
        expected: "a positive duration",
        received: String(duration),
      });
  });
  return [...durations.map(diffuse), free];
}

/**
 * gamma_n = first · growth^(n-1) for n < blocks; the last block is free. The authors write c rho^(n-1). Throws "option"
 * for a number of blocks that is not whole or durations that are not positive.
 */
export function geometricSteps(blocks: number, first: number, growth: number): readonly Step[] {
  checkBlocks(blocks);
  return explicitSteps(Array.from({ length: blocks - 1 }, (_, n) => first * growth ** n));
}

/**
 * The N-step discretisations used by denoising diffusion, read as OU times: beta_n is the share of variance replaced in
 * step n, so gamma_n = -log(1 - beta_n) / 2. The last step becomes the free block.
 */
export function diffusionSteps(blocks: number, schedule: "cosine" | "linear"): readonly Step[] {
  checkBlocks(blocks);
  const duration = (_: unknown, n: number) => -Math.log(1 - replacedVariance[schedule](n, blocks)) / 2;
  return explicitSteps(Array.from({ length: blocks - 1 }, duration));
}

const replacedVariance = {
  /** 1 - abar(n + 1) / abar(n) of Nichol and Dhariwal's squared cosine with offset 0.008. */
  cosine: (n: number, blocks: number) => {
    const signalPower = (s: number) => Math.cos(((s + 0.008) / 1.008) * (Math.PI / 2)) ** 2;
    return 1 - signalPower((n + 1) / blocks) / signalPower(n / blocks);
  },
  /** Ho et al.'s 0.0001 … 0.02 over 1000 steps, scaled to N steps and kept below 0.99. */
  linear: (n: number, blocks: number) => {
    const first = 0.1 / blocks;
    const last = Math.min(20 / blocks, 0.99);
    return first + ((last - first) * n) / Math.max(blocks - 1, 1);
  },
} as const;

function checkBlocks(blocks: number): void {
  if (!(Number.isInteger(blocks) && blocks >= 1))
    throw failure("option", { where: "blocks", expected: "a whole number of at least 1", received: String(blocks) });
}
