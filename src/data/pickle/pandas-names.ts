// pandas-names: the functions and classes of pandas that a pickled frame may name, under the names of pandas 0.13 to 3.
import { numpyNames } from "./arrays.ts";

interface Names {
  readonly modules: readonly string[];
  readonly names: readonly string[];
}

const indexes = ["Index", "RangeIndex", "MultiIndex"];
const oldIndexes = ["Int64Index", "UInt64Index", "Float64Index"];
const wholeTypes = [8, 16, 32, 64].flatMap((bits) => [`Int${bits}Dtype`, `UInt${bits}Dtype`]);
const dates = ["DatetimeArray", "TimedeltaArray"];
const masked = ["IntegerArray", "FloatingArray", "BooleanArray"];
const otherTypes = ["Float32Dtype", "Float64Dtype", "BooleanDtype", "StringDtype", "CategoricalDtype"];

/** Columns of dates, texts and categories are let in to be told by their names; they are no numbers. */
const table: readonly Names[] = [
  {
    modules: ["pandas"],
    names: ["DataFrame", "Series", "Categorical", "NA", ...indexes, ...wholeTypes, ...otherTypes],
  },
  { modules: ["pandas.arrays"], names: ["StringArray", ...dates, ...masked] },
  { modules: ["pandas.core.frame"], names: ["DataFrame"] },
  { modules: ["pandas.core.series"], names: ["Series"] },
  {
    modules: ["pandas.core.internals", "pandas.core.internals.managers"],
    names: ["BlockManager", "SingleBlockManager"],
  },
  { modules: ["pandas._libs.internals"], names: ["_unpickle_block", "BlockPlacement"] },
  {
    modules: [
      "pandas.core.index",
      ...["pandas.indexes", "pandas.core.indexes"].flatMap((place) =>
        ["base", "numeric", "range", "multi"].map((file) => `${place}.${file}`),
      ),
    ],
    names: ["_new_Index", ...indexes, ...oldIndexes],
  },
  { modules: ["pandas._libs.arrays"], names: ["__pyx_unpickle_NDArrayBacked"] },
  { modules: ["pandas._libs.missing"], names: ["NA"] },
  { modules: ["pandas.core.categorical", "pandas.core.arrays.categorical"], names: ["Categorical"] },
  { modules: ["pandas.core.dtypes.dtypes"], names: ["CategoricalDtype"] },
  {
    modules: ["datetimes", "timedeltas", "string_", "integer", "floating", "boolean"].map(
      (file) => `pandas.core.arrays.${file}`,
    ),
    names: ["StringArray", ...dates, ...masked, ...wholeTypes, ...otherTypes],
  },
];

/** Full names that frames of pandas bring into a pickle, those of NumPy included. */
export const pandasNames: ReadonlySet<string> = new Set([
  ...numpyNames,
  ...table.flatMap(({ modules, names }) => modules.flatMap((module) => names.map((name) => `${module}.${name}`))),
]);
