// gap-counts: what is counted once is of the table that was read, the rest of all tables that were written.
import { describe, expect, it } from "vitest";
import { stackedCells } from "../../../src/data/cell-rows.ts";
import { detectSchema } from "../../../src/tasks/table/detect.ts";
import { tableEncoder } from "../../../src/tasks/table/encoder.ts";
import { gapCounts } from "../../../src/tasks/table/gap-counts.ts";
import { csvTable } from "./table-support.ts";

const train = await csvTable("x,word,empty\n1,a,\n2,b,\n3,b,\n5,a,\n", []);
const encoder = tableEncoder(detectSchema(train, { x: { kind: "number", gaps: ["?"] } }), train);

describe("counts of gaps", () => {
  it("are of all tables that follow each other, together as many as the gaps of the first so often", async () => {
    const read = await csvTable("x,word,empty\n?,a,\n2,,\n");
    const written = stackedCells([
      await csvTable("x,word,empty\n4,a,\n2,b,\n"),
      await csvTable("x,word,empty\n?,a,\n2,a,\n"),
    ]);
    const counts = gapCounts({ encoder }, read, { written, tables: 2, unmet: 1 });
    expect(counts).toEqual({ gaps: 4, cells: 3, left: 5, unheld: 4, unsolved: 0, unmet: 1 });
  });

  it("take columns beside the model's for columns that it cannot fill", async () => {
    const read = await csvTable("x,word,empty,other\n1,,1,\n");
    const written = await csvTable("x,word,empty,other\n1,b,1,\n");
    const counts = gapCounts({ encoder }, read, { written, tables: 1, unmet: 0 });
    expect(counts).toEqual({ gaps: 2, cells: 1, left: 1, unheld: 1, unsolved: 0, unmet: 0 });
  });

  it("tell gaps beside an unknown text in their sum from those of rows that nothing can fill", async () => {
    const amounts = await csvTable(`net,tax,total\n${[1, 2, 3, 5].map((n) => `${n},${2 * n},${3 * n}`).join("\n")}\n`);
    const term = (column: string) => ({ column, factor: 1 });
    const sums = [{ column: "total", terms: [term("net"), term("tax")], constant: 0 }];
    const summed = tableEncoder(detectSchema(amounts, {}), amounts, { sums });
    const read = await csvTable("net,tax,total\n5000,,\n,abc,\nabc,,9\n");
    const written = await csvTable("net,tax,total\n5000,,\n2,abc,\nabc,,9\n");
    const counts = gapCounts({ encoder: summed }, read, { written, tables: 1, unmet: 1 });
    expect(counts).toEqual({ gaps: 5, cells: 1, left: 4, unheld: 0, unsolved: 2, unmet: 1 });
  });
});
