// contradictions: conditions that no row can meet are refused without a draw, and never one that some row meets.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type CellTable, cellTableOf } from "../../../src/data/cell-table.ts";
import { LocalFlowError } from "../../../src/errors.ts";
import { bound } from "../../../src/tasks/table/bound-constraints.ts";
import { bindCondition } from "../../../src/tasks/table/conditions.ts";
import { findConstraints } from "../../../src/tasks/table/constraints.ts";
import { contradictionJudge } from "../../../src/tasks/table/contradictions.ts";
import { detectSchema } from "../../../src/tasks/table/detect.ts";
import { tableEncoder } from "../../../src/tasks/table/encoder.ts";
import { outcomes } from "../../../src/tasks/table/linear.ts";
import { rowKinds } from "../../../src/tasks/table/row-kinds.ts";
import type { SchemaOverrides } from "../../../src/tasks/table/schema-file.ts";
import type { Sum } from "../../../src/tasks/table/sums.ts";
import { orderConstraints, orders } from "../../support/orders-table.ts";

function judgeOf(table: CellTable, texts: readonly string[], overrides: SchemaOverrides = {}) {
  const schema = detectSchema(table, overrides);
  const { constraints, sums } = findConstraints(texts, table, schema);
  const encoder = tableEncoder(schema, table, { sums });
  const judge = contradictionJudge(constraints, encoder);
  return { encoder, constraints, judged: (where: string) => judge(bindCondition(where, encoder), "where")?.message };
}

const table = cellTableOf(orders(400));
const { judged, encoder, constraints } = judgeOf(table, [...orderConstraints, "rank <= 2 || net < 8"]);

describe("conditions that contradict a constraint", () => {
  it.each([
    ["low > high", "low <= high"],
    ["high < low && city == 'Rome'", "low <= high"],
    ["low - high > 0", "low <= high"],
    ["low >= high + 1", "low <= high"],
    ["low > 40 && high < 30", "low <= high"],
    ["!(low <= high) && low != null", "low <= high"],
    ["low > high || low > high + 3", "low <= high"],
    ["start > end", "start <= end"],
    ["start > '2024-06-01' && end < '2024-05-01'", "start <= end"],
    ["!(start <= end)", "start <= end"],
    ["total > net + tax", "total == net + tax"],
    ["total != net + tax", "total == net + tax"],
    ["!(total == net + tax)", "total == net + tax"],
    ["total < net", "total == net + tax"],
    ["total < 2 && net > 3", "total == net + tax"],
    ["total > 9 && net < 4 && tax < 1", "total == net + tax"],
    ["rank > 2 && net > 9", "rank <= 2 || net < 8"],
    ["rank == 3 && total > 12", "rank <= 2 || net < 8 and total == net + tax"],
  ])("are refused, and the constraint is named: %s", (where, text) => {
    const [names, several] = [text.split(" and "), text.includes(" and ")];
    const message = judged(where) ?? "";
    expect(message).toMatch(/^where: expected a condition that leaves rows which meet the constraint/);
    for (const name of names) expect(message).toContain(name);
    expect(message.includes("constraints ")).toBe(several);
  });

  it("are refused where a sum leaves no row, for it has a value just where its parts have", () => {
    const trips = Array.from({ length: 120 }, (_, n) => {
      const [base, tip] = [n % 3 === 0 ? null : n % 20, n % 4 === 0 ? null : n % 7];
      return {
        base,
        tip,
        fare: (base ?? 5) + (tip ?? 2),
        fee: n % 5 === 0 ? null : (n % 20) + (n % 7),
        x: n % 20,
        y: n % 7,
      };
    });
    const { judged: told } = judgeOf(cellTableOf(trips), ["fare == base + tip", "fee == x + y", "y <= x || x < 7"]);
    for (const where of [
      "fare > 9 && base == null",
      "fare != null && tip == null",
      "x > 9 && fare >= 7 && tip == null",
    ])
      expect(told(where), where).toBe(
        "where: expected a condition that leaves rows which meet the constraint fare == base + tip, got one that excludes them all",
      );
    for (const where of [
      "fare == null && base == null",
      "base > 3 && !(fare < 100)",
      "!(fee >= 0)",
      "fee == null && x > 3",
    ])
      expect(told(where), where).toBeUndefined();
  });

  it("may ask for gaps of a sum, which are drawn with those of its parts and given where they are its own", () => {
    const rows = Array.from({ length: 60 }, (_, n) => {
      const [part, x] = [n % 3 === 0 ? null : n % 20, n % 7];
      return { part, x, sum: (part ?? 5) + x, own: n % 4 === 0 ? null : x + 1 };
    });
    const { encoder: known } = judgeOf(cellTableOf(rows), ["sum == part + x", "own == x + 1"]);
    const givenBy = (where: string) => [...bindCondition(where, known).given.keys()];
    expect(givenBy("sum == null")).toEqual([]);
    expect(bindCondition("sum == null", known).joint.map(({ columns }) => columns)).toEqual([["sum"]]);
    expect(givenBy("own == null")).toEqual(["own"]);
    expect(() => bindCondition("x == null", known)).toThrow(/expected a column with gaps, got one without any/);
  });

  it("are refused too where they exclude themselves, with no constraint to name", () => {
    for (const where of ["low > high && high > low", "net > tax && tax > total && total > net", "low > high + 1000"])
      expect(judged(where), where).toBe(
        "where: expected a condition that a row can meet, got one that no values of its columns meet",
      );
  });

  it("are let through where some row may meet them", () => {
    for (const where of [
      "low >= high",
      "!(low <= high)",
      "!(low < high)",
      "low > 30 && high < 40",
      "low > high || city == 'Rome'",
      "total > net",
      "total <= net + tax",
      "start >= end",
      "end > start + 20",
      "rank == 3 && net > 7",
      "rank > 2 || net > 9",
      "low == null && high < 12",
      "total - net >= 1 && tax < 1.5",
    ])
      expect(judged(where), where).toBeUndefined();
  });

  it("are told before anything is drawn, and levels to balance that contradict one are left out", () => {
    const asked = { rows: 10, where: "low > high" };
    expect(() => rowKinds({ encoder, constraints }, asked)).toThrow(
      /leaves rows which meet the constraint low <= high/,
    );
    const rows = orders(300).map((order) => ({
      ...order,
      size: order.net < 4 ? "small" : "large",
      half: "ab"[order.rank % 2],
    }));
    const own = judgeOf(cellTableOf(rows), ["size == 'large' || net < 4"]);
    const model = { encoder: own.encoder, constraints: own.constraints };
    expect(rowKinds(model, { rows: 10, balance: "size" }).count).toBe(2);
    expect(() => rowKinds(model, { rows: 10, balance: "size", where: "net > 5" })).toThrow(
      /balance: expected a condition that leaves several levels of "size", got one that leaves 1/,
    );
  });
});

describe("combinations and levels", () => {
  const sizes = cellTableOf(
    Array.from({ length: 240 }, (_, n) => {
      const from = n % 6;
      return { from, to: from + 1 + (n % 3), grade: "LMH"[n % 3], least: "LLM"[n % 3], brand: "AB"[n % 2], x: n };
    }),
  );
  const order = { kind: "ordinal" as const, levels: ["L", "M", "H"] };
  const own = judgeOf(sizes, ["combinations(from, to)", "grade >= least"], { grade: order, least: order });

  it("that no row of the data has are refused for a part that joins their columns", () => {
    expect(own.judged("from >= to")).toContain("constraint combinations(from, to)");
    expect(own.judged("to - from > 3")).toContain("constraint combinations(from, to)");
    expect(own.judged("to - from == 3 && from == 2")).toBeUndefined();
    expect(own.judged("to - from == 2 && from == 0 && to == 3")).toContain("got");
  });

  it("are compared by their order", () => {
    expect(own.judged("grade < least")).toContain("constraint grade >= least");
    expect(own.judged("grade == 'L' && least == 'M'")).toContain("constraint grade >= least");
    expect(own.judged("grade <= least")).toBeUndefined();
  });

  it("of columns without an order are the same or not", () => {
    const colors = cellTableOf(
      Array.from({ length: 120 }, (_, n) => ({ a: "rgb"[n % 3], b: "rgb"[n % 3], c: "rgw"[n % 3], x: n })),
    );
    const same = judgeOf(colors, ["a == b"]);
    expect(same.judged("a != b")).toContain("constraint a == b");
    expect(same.judged("a != c && b != c")).toBeUndefined();
    expect(same.judged("a != c && a == b && b == c")).toContain("no values of its columns");
  });

  it("are refused where columns that are to be equal have no level in common", () => {
    const rows = Array.from({ length: 120 }, (_, n) => ({
      ...{ city: ["Bonn", "Rome", "Oslo"][n % 3], flag: ["red", "blue"][n % 2], lamp: ["red", "green", null][n % 3] },
      ...{ dye: ["blue", "green"][n % 2], x: (7 * n) % 50 },
    }));
    const { judged: told, encoder: own } = judgeOf(cellTableOf(rows), []);
    const unequal = "got one that takes equal cells of city and flag, which have no level in common";
    expect(told("city == flag")).toContain(unequal);
    expect(told("x > 5 && !(city != flag)")).toContain(unequal);
    for (const where of ["city == flag || city == dye", "flag == dye && flag == 'red'", "flag == lamp && lamp == dye"])
      expect(told(where), where).toContain("a condition that a row can meet");
    for (const where of [
      "city != flag",
      "flag == lamp",
      "flag == dye && x < 9",
      "city == flag || x > 3",
      "!(city != lamp)",
    ])
      expect(told(where), where).toBeUndefined();
    expect(() => rowKinds({ encoder: own }, { rows: 10, where: "city == flag" })).toThrow(unequal);
  });
});

describe("whatever is refused", () => {
  const values = [0, 1, 2, 3, null];
  const level = (c: number | null) => ((c ?? 0) < 2 ? "low" : "high");
  const domain = values.flatMap((a) => values.flatMap((b) => [0, 1, 2, 3].map((c) => ({ a, b, c, k: level(c) }))));
  const summed = values.flatMap((a) =>
    values.flatMap((b) => {
      const totals = a === null || b === null ? [null] : [null, a + b];
      return totals.map((c) => ({ a, b, c, k: level(c) }));
    }),
  );
  const number = { kind: "number", minimum: 0, step: 1, values: "any" } as const;

  /** All rows that there are, and what is known of them. */
  function worldOf(rows: readonly object[], sums: readonly Sum[] = []) {
    const all = cellTableOf(rows.map((row) => ({ ...row })));
    const schema = detectSchema(all, { a: number, b: number, c: number, k: { kind: "category" } });
    return { all, schema, own: tableEncoder(schema, all, { sums }) };
  }

  const side = fc.constantFrom("a", "b", "c", "a + b", "c - a", "b + 1", "a - 2");
  const sign = fc.constantFrom("<", "<=", ">", ">=", "==", "!=");
  const leaf = fc.oneof(
    fc
      .tuple(side, sign, side)
      .filter(([left, , right]) => left !== right)
      .map((words) => words.join(" ")),
    fc.tuple(fc.constantFrom("a", "b", "c"), sign, fc.integer({ min: 0, max: 3 })).map((words) => words.join(" ")),
    fc.constantFrom("a == null", "b != null", "k == 'low'", "k != 'low'", "c in (0, 3)", "b in (1, 2)"),
  );
  const text = fc.letrec<{ any: string }>((tie) => ({
    any: fc.oneof(
      { depthSize: "small", withCrossShrink: true },
      leaf,
      fc.tuple(tie("any"), fc.constantFrom("&&", "&&", "||"), tie("any")).map(([a, sign, b]) => `(${a} ${sign} ${b})`),
      tie("any").map((inner) => `!(${inner})`),
    ),
  })).any;

  const terms = ["a", "b"].map((column) => ({ column, factor: 1 }));
  it.each([
    ["of any numbers", worldOf(domain), [], 1000],
    ["of numbers and their sum", worldOf(summed, [{ column: "c", terms, constant: 0 }]), ["c == a + b"], 300],
  ] as const)("is met by no row that meets the constraints, %s", (_, { all, schema, own }, always, numRuns) => {
    let [refused, impossible] = [0, 0];
    fc.assert(
      fc.property(fc.array(text, { minLength: 1, maxLength: 2 }), text, (texts, where) => {
        const rules = [...always, ...texts].map((each) => ({ text: each, violations: 0 }));
        const read = attempt(() => ({
          condition: bindCondition(where, own),
          judge: contradictionJudge(rules, own),
          tests: rules.map((each) => bound(each, schema)).flatMap((each) => (each.kind === "condition" ? [each] : [])),
        }));
        if (read === undefined) return;
        const found = read.condition.holds(all);
        for (const { test } of read.tests)
          test(all).forEach((outcome, row) => {
            if (outcome === outcomes.fails) found[row] = 0;
          });
        const isRefused = read.judge(read.condition, "where") !== undefined;
        if (!found.includes(1)) impossible++;
        if (isRefused) refused++;
        expect(isRefused && found.includes(1), `${where} beside ${texts.join(", ")}`).toBe(false);
      }),
      { numRuns, seed: 1 },
    );
    expect(impossible).toBeGreaterThan(30);
    expect(refused).toBeGreaterThan(0.6 * impossible);
  });
});

/** Undefined where a text is refused for what it is. */
function attempt<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch (error) {
    if (error instanceof LocalFlowError) return undefined;
    throw error;
  }
}
