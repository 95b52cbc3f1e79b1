// requests: what programs ask of tables is checked before anything is done, and refused by name.
import { afterAll, beforeAll, expect, test } from "vitest";
import { type CellTable, cellTableOf, readCellRows, recordsOf } from "../../../src/data/cell-table.ts";
import { LocalFlowError } from "../../../src/errors.ts";
import type { Engine } from "../../../src/runtime/contract.ts";
import { createEngine } from "../../../src/runtime/node.ts";
import { compareTables } from "../../../src/tasks/table/compare-tables.ts";
import { evaluateTable } from "../../../src/tasks/table/evaluate-table.ts";
import { fitTable } from "../../../src/tasks/table/fit-table.ts";
import { imputeTable } from "../../../src/tasks/table/impute-table.ts";
import { sampleTable } from "../../../src/tasks/table/sample-table.ts";
import { createTableScoring, scoreTable } from "../../../src/tasks/table/score-table.ts";
import { tableConfiguration } from "../../../src/tasks/table/table-configuration.ts";
import { decodeTableModel, encodeTableModel, type TableModel } from "../../../src/tasks/table/table-model.ts";
import { smallRows, smallTable } from "../../support/small-table.ts";
import { untrainedTable } from "../../support/untrained-table.ts";

const table = smallTable(60);
const model = untrainedTable(table);
const objects = smallRows(3);
let engine: Engine;
beforeAll(async () => {
  engine = await createEngine();
});
afterAll(() => engine.close());

/** What a program without types may give. */
const any = <T>(value: unknown): T => value as T;
const noTable = "table: expected a table of cells, got a list; make one of an array of objects with cellTableOf";
const noModel =
  "model: expected a model of a table, got an object; give what decodeTableModel reads, or `model` of what fitTable gives";
const noEngine = "engine: expected an engine, got an object; make one with await createEngine()";
const draws = "draws: expected a whole number at least 1 and at most 10000, got";

const learn = (request: object) => () => fitTable(engine, any({ table, seed: 1, ...request }));
const sample = (request: object) => () => sampleTable(engine, model, any({ rows: 2, seed: 1, ...request }));
const impute = (request: object) => () => imputeTable(engine, model, table, any({ seed: 1, ...request }));
const score = (request: unknown) => () => scoreTable(engine, model, table, any(request));
const evaluate = (request: object) => () => evaluateTable(engine, model, any({ heldOut: table, ...request }));
const scoring = async (given: CellTable, call: object) => {
  const open = await createTableScoring(engine, model);
  try {
    await open.score(given, call);
  } finally {
    await open.release();
  }
};

test.each<[string, string, () => unknown]>([
  ["fit", noEngine, () => fitTable(any({ table, seed: 1 }), any(undefined))],
  ["fit", "fitTable: expected an object of options, got nothing; give one", () => fitTable(engine, any(undefined))],
  ["fit", noTable, learn({ table: objects })],
  ["fit", noTable.replace("table:", "validation:"), learn({ validation: objects })],
  ["fit", "seed: expected a whole number, got nothing; give one", learn({ seed: undefined })],
  ["fit", 'seed: expected a whole number, got "1"; leave out the quotes', learn({ seed: "1" })],
  ["fit", 'got another one; did you mean "label"?', learn({ lable: "side" })],
  ["fit", "label: expected a text, got null; give one or leave it out", learn({ label: null })],
  [
    "fit",
    'texts: expected one of leave-out, regenerate, sample, got "smple"; did you mean "sample"?',
    learn({ texts: "smple" }),
  ],
  ["fit", 'constraints: expected a list of texts, got "x > 1"', learn({ constraints: "x > 1" })],
  [
    "fit",
    'trainSplit: expected a number above 0 and at most 1, got "0.9"; leave out the quotes',
    learn({ trainSplit: "0.9" }),
  ],
  ["fit", "time: expected a number above 0, got -1", learn({ time: -1 })],
  [
    "fit",
    "configuration: expected an object, such as tableConfiguration makes, or a function",
    learn({ configuration: 7 }),
  ],
  [
    "fit",
    "configuration blocks: expected a list of at least 1 item",
    learn({ configuration: { ...tableConfiguration({ rows: 60 }), blocks: [] } }),
  ],
  [
    "fit",
    'schema column "side": expected an object such as {"kind": "number"}, got null',
    learn({ schema: { side: null } }),
  ],
  [
    "fit",
    'schema column "side", field "knd": expected one of the fields',
    learn({ schema: { side: { knd: "category" } } }),
  ],
  ["sample", noModel, () => sampleTable(engine, any({ model }), { rows: 1, seed: 1 })],
  ["sample", "rows: expected a whole number at least 0, got -1; give one", sample({ rows: -1 })],
  ["sample", 'rows: expected a whole number at least 0, got "5"; leave out the quotes', sample({ rows: "5" })],
  ["sample", "seed: expected a whole number, got NaN; give one", sample({ seed: Number.NaN })],
  ["sample", "where: expected a text, got 3; give one or leave it out", sample({ where: 3 })],
  ["sample", "balance: expected the name of a column, or true for the label, got null", sample({ balance: null })],
  ["sample", "mostDraws: expected a whole number at least 1, got 0", sample({ mostDraws: 0 })],
  ["sample", "integration: expected an integration such as {", sample({ integration: "dopri5" })],
  [
    "sample",
    "integration: expected an integration such as {",
    sample({ integration: { kind: "adaptive", method: "rk4", rtol: 1, atol: 1 } }),
  ],
  [
    "sample",
    "integration: expected an integration such as {",
    sample({ integration: { kind: "fixed", method: "rk4", evaluations: 0 } }),
  ],
  ["sample", 'got another one; did you mean "where"?', sample({ were: "x > 1" })],
  ["impute", noTable, () => imputeTable(engine, model, any(objects), { seed: 1 })],
  [
    "impute",
    "imputeTable: expected an object of options, got nothing",
    () => imputeTable(engine, model, table, any(undefined)),
  ],
  [
    "impute",
    'candidats: expected one of the options seed, draws, candidates, best, integration, signal, onProgress, got another one; did you mean "candidates"?',
    impute({ candidats: 5 }),
  ],
  ["impute", `${draws} -2; give one or leave it out`, impute({ draws: -2 })],
  ["impute", `${draws} 10001`, impute({ draws: 10_001 })],
  ["impute", `${draws} NaN`, impute({ draws: Number.NaN })],
  ["impute", `${draws} "20"; leave out the quotes`, impute({ draws: "20" })],
  ["impute", `${draws} null`, impute({ draws: null })],
  ["impute", 'best: expected true or false, got "yes"', impute({ best: "yes" })],
  ["score", noTable, () => scoreTable(engine, model, any(objects))],
  ["score", "scoreTable: expected an object of options, got null; give one", score(null)],
  ["score", 'got another one; did you mean "contributions"?', score({ contribution: true })],
  [
    "score",
    'divergence: expected a divergence such as {"kind":"exact"} or',
    score({ divergence: { kind: "hutchinson" } }),
  ],
  ["score", "smoothed: expected true, false or a number, got null", score({ smoothed: null })],
  ["scoring", noModel, () => createTableScoring(engine, any({}))],
  ["scoring", 'got another one; did you mean "seed"?', () => createTableScoring(engine, model, any({ sed: 1 }))],
  ["scoring", noTable, () => scoring(any(objects), {})],
  ["scoring", "contributions: expected true or false, got 1", () => scoring(table, { contributions: 1 })],
  ["evaluate", noTable.replace("table:", "heldOut:"), evaluate({ heldOut: objects })],
  ["evaluate", "rows: expected a whole number at least 2, got 1; give one or leave it out", evaluate({ rows: 1 })],
  ["evaluate", "flows: expected a list of flow-wide and flow-long, got a list", evaluate({ flows: ["wide"] })],
  ["compare", noTable.replace("table:", "the first file:"), () => compareTables(any(objects), table)],
  ["compare", noTable.replace("table:", "the second file:"), () => compareTables(table, any(objects))],
  [
    "compare",
    'pairs: expected a whole number at least 0, got "9"; leave out the quotes',
    () => compareTables(table, table, any({ pairs: "9" })),
  ],
  [
    "compare",
    "the second file: expected at least 2 rows, got 1; give more rows",
    () => compareTables(table, smallTable(1)),
  ],
  ["a model's file", noModel, () => encodeTableModel(any<TableModel>({ model }))],
  [
    "a model's file",
    "model: expected bytes, got null; give those of its file as a Uint8Array",
    () => decodeTableModel(any(null)),
  ],
  [
    "a configuration",
    'rows: expected a whole number at least 0, got "60"; leave out the quotes',
    () => tableConfiguration(any({ rows: "60" })),
  ],
  [
    "a stream",
    "rows: expected a stream of objects, got null; give an object for every row",
    () => readCellRows(any(null)),
  ],
  [
    "a stream",
    "rows row 2: expected an object, got 7; name the values of a row",
    () => readCellRows(any(new Set([{ a: 1 }, 7]))),
  ],
  ["records", noTable, () => [...recordsOf(any(objects))]],
  ["cells", "rows: expected an array of objects, got null; give an object for every row", () => cellTableOf(any(null))],
  ["cells", "rows: expected an array of objects, got an object", () => cellTableOf(any({ a: [1] }))],
  ["cells", 'rows: expected an array of objects, got "a,b"', () => cellTableOf(any("a,b"))],
  [
    "cells",
    "rows row 2: expected an object, got null; name the values of a row",
    () => cellTableOf(any([{ a: 1 }, null])),
  ],
  ["cells", "rows row 1: expected an object, got a list; name the values of a row", () => cellTableOf([[1, 2]])],
  [
    "cells",
    'mising: expected one of the options missing, memory, got another one; did you mean "missing"?',
    () => cellTableOf([], any({ mising: [] })),
  ],
  ["cells", 'missing: expected a list of texts, got "?"', () => cellTableOf([], any({ missing: "?" }))],
])("%s refuses: %s", async (_, message, ask) => {
  const told = await Promise.resolve()
    .then(ask)
    .then(
      () => undefined,
      (error: unknown) => error,
    );
  expect(told).toBeInstanceOf(LocalFlowError);
  expect(told).toMatchObject({ message: expect.stringContaining(message) });
});
