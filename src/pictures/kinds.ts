// kinds: the pictures of a density model by name; a file of its own so that the command line's help loads no engine.

/** In the order of the help. */
export const pictureKinds = ["samples", "pairs", "blocks", "trajectories", "density", "loss"] as const;
export type PictureKind = (typeof pictureKinds)[number];
