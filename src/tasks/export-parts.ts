// export-parts: the names of what an exported file can compute; no code comes with them.

/**
 * What a file computes, over any number of rows. `sampler`: noise → samples. `density`: data → log-density and noise. `encoder`:
 * data → noise. `velocity`: standardised points and times → the velocity of each block, or of one. Data and samples are in the
 * user's units, the noise is N(0, I), log-densities are nats per row.
 */
export type ExportPart = "sampler" | "density" | "encoder" | "velocity";

export const exportParts = ["sampler", "density", "encoder", "velocity"] as const satisfies readonly ExportPart[];
