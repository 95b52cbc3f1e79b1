// raw-files: the files that the literature's four tables are made from: where they come from and what is in them.

/** A table of the literature. */
export type LiteratureTable = "power" | "gas" | "miniboone" | "bsds300";

/** A raw file as it is distributed; what is not known is said to be unknown. */
export interface RawFile {
  readonly table: LiteratureTable;
  /** Below the data folder. */
  readonly path: string;
  readonly format: "npy" | "pickled data frame" | "hdf5";
  /** What the file holds, in a sentence. */
  readonly layout: string;
  /** Rows and columns of what is prepared from it, and the rows of its three parts. */
  readonly prepared: {
    readonly columns: number;
    readonly train: number;
    readonly validation: number;
    readonly test: number;
  };
  readonly size: Known<number>;
  readonly sha256: Known<string>;
}

/** A fact, or the admission that nobody here has seen it. */
export type Known<T> = { readonly kind: "known"; readonly value: T } | { readonly kind: "unknown" };

/** The archive that holds all four, under data/. */
const archive = {
  page: "https://zenodo.org/record/1161203",
  file: "https://zenodo.org/record/1161203/files/data.tar.gz",
};

const unseen = { size: { kind: "unknown" }, sha256: { kind: "unknown" } } as const;

/**
 * The counts of rows are those of public data modules and papers that use the same files; columns follow from the published
 * preparation (POWER: two dropped and noise for six; GAS: the frame was thinned to a quarter before it was distributed).
 */
export const rawFiles: Readonly<Record<LiteratureTable, RawFile>> = {
  power: {
    table: "power",
    path: "power/data.npy",
    format: "npy",
    layout: "one array of 2 049 280 rows and 8 columns",
    prepared: { columns: 6, train: 1_659_917, validation: 184_435, test: 204_928 },
    ...unseen,
  },
  gas: {
    table: "gas",
    path: "gas/ethylene_CO.pickle",
    format: "pickled data frame",
    layout: "a data frame of 1 052 065 rows: Time, Meth, Eth and the sensors",
    prepared: { columns: 8, train: 852_174, validation: 94_685, test: 105_206 },
    ...unseen,
  },
  miniboone: {
    table: "miniboone",
    path: "miniboone/data.npy",
    format: "npy",
    layout: "one array of 36 488 rows and 43 columns",
    prepared: { columns: 43, train: 29_556, validation: 3_284, test: 3_648 },
    ...unseen,
  },
  bsds300: {
    table: "bsds300",
    path: "BSDS300/BSDS300.hdf5",
    format: "hdf5",
    layout: "the data sets train, validation and test of 63 columns",
    prepared: { columns: 63, train: 1_000_000, validation: 50_000, test: 250_000 },
    ...unseen,
  },
};

/** What to do when a raw file is missing from `folder`: one line. */
export function howToGet({ path }: RawFile, folder: string): string {
  return `download ${archive.file} (${archive.page}), unpack it, and put its data/${path} at ${folder}/${path}`;
}
