// filled-types: records of a filled table have the types of the model's columns, whichever of their cells were gaps.
import { expect, it } from "vitest";
import { type CellTable, cellTableOf, recordsOf } from "../../../src/data/cell-table.ts";
import { detectSchema } from "../../../src/tasks/table/detect.ts";
import { filledTypes } from "../../../src/tasks/table/filled-types.ts";
import type { Schema } from "../../../src/tasks/table/schema.ts";
import { csvTable } from "./table-support.ts";

const day = (n: number) => new Date(Date.UTC(2020, 0, 1 + n));
const objects = Array.from({ length: 60 }, (_, n) => ({ age: 20 + n, member: n % 3 === 0, since: day(n) }));
const ofObjects = detectSchema(cellTableOf(objects), {});
const typesOf = (filled: CellTable, read: CellTable, schema: Schema) => [
  ...recordsOf(filledTypes(filled, read, schema)),
];

it("columns without any value get the types of the model, not texts", async () => {
  const read = cellTableOf([{ age: null, member: null, since: null }]);
  const filled = await csvTable("age,member,since\n40,false,2020-03-04T00:00:00.000Z\n");
  expect(typesOf(filled, read, ofObjects)).toEqual([{ age: 40, member: false, since: new Date("2020-03-04") }]);
});

it("texts that say values of the model's types become these, others leave their column as texts", async () => {
  const texts = [{ age: "30", member: "true", since: "2020-03-01" }];
  const read = cellTableOf(texts);
  expect(typesOf(read, read, ofObjects)).toEqual([{ age: 30, member: true, since: new Date("2020-03-01") }]);
  const odd = cellTableOf([...texts, { age: "many", member: "perhaps", since: "soon" }]);
  expect(typesOf(odd, odd, ofObjects)).toEqual([...recordsOf(odd)]);
});

it("what a model of a file writes in a form of its own is a number or a date beside such records", async () => {
  const lines = objects.map(({ age }, n) => `"${age},5";${String(1 + (n % 28)).padStart(2, "0")}.0${1 + (n % 9)}.2020`);
  const schema = detectSchema(await csvTable(`age;since\n${lines.join("\n")}\n`), {});
  const read = cellTableOf([
    { age: 30, since: day(0) },
    { age: null, since: null },
  ]);
  const filled = {
    ...read,
    columns: read.columns.map((column, n) => ({
      ...column,
      codes: Int32Array.of(0, 1),
      texts: { size: 2, at: (code: number) => (code === 0 ? column.texts.at(0) : ["21,5", "03.04.2020"][n]!) },
    })),
  };
  expect(typesOf(filled, read, schema)).toEqual([
    { age: 30, since: day(0) },
    { age: 21.5, since: new Date("2020-04-03") },
  ]);
});

it("columns of a file stay untyped", async () => {
  const read = await csvTable("age,member,since\n30,true,2020-03-01\n");
  expect(filledTypes(read, read, ofObjects).columns.map(({ origin }) => origin)).toEqual(Array(3).fill("untyped"));
});
