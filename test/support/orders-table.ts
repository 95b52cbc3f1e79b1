// orders-table: rows in which a total is a sum, one number and one date are not above another, and a city decides its country.
import { fillUniform, random } from "../../src/random.ts";

export interface Order {
  readonly city: string;
  readonly country: string;
  readonly low: number | null;
  readonly high: number;
  readonly net: number;
  readonly tax: number;
  readonly total: number;
  readonly start: string;
  readonly end: string;
  readonly rank: number;
}

/** What every order meets. */
export const orderConstraints = [
  "low <= high",
  "total == net + tax",
  "start <= end",
  "combinations(city, country)",
] as const;

const countries: Readonly<Record<string, string>> = { Paris: "FR", Lyon: "FR", Bonn: "DE", Rome: "IT", Oslo: "NO" };

/** Orders of cities in five countries; rank 1 is as common as 2 and 3 are together, and a tenth of `low` is missing. */
export function orders(rows: number, seed = 1): readonly Order[] {
  const shares = new Float32Array(8 * rows);
  fillUniform(random(`orders ${seed}`), shares);
  const day = (count: number) => new Date(Date.UTC(2024, 0, 1 + count)).toISOString().slice(0, 10);
  return Array.from({ length: rows }, (_, n) => {
    const at = (k: number) => shares[8 * n + k] ?? 0;
    const city = Object.keys(countries)[Math.floor(5 * at(0))] ?? "Oslo";
    const [low, net, tax] = [Math.round(100 * at(1)), Math.round(1000 * at(2)), Math.round(300 * at(2) * at(3))];
    const [rank, start] = [at(4) < 0.5 ? 1 : at(4) < 0.75 ? 2 : 3, Math.floor(200 * at(5))];
    return {
      city,
      country: countries[city] ?? "",
      low: at(6) < 0.1 ? null : low,
      high: low + Math.round(20 * at(7)) + 10 * rank,
      net: net / 100,
      tax: tax / 100,
      total: (net + tax) / 100,
      start: day(start),
      end: day(start + Math.floor(30 * at(7) ** 2)),
      rank,
    };
  });
}

/** The order in a row of cells, read as texts or values; throws where one is missing that every order has. */
export function orderOf(row: Readonly<Record<string, unknown>>): Order {
  const text = (name: keyof Order): string => {
    const cell = row[name] ?? undefined;
    if (cell === undefined) throw new Error(`an order without ${name}`);
    return String(cell);
  };
  const number = (name: keyof Order) => Number(text(name));
  return {
    city: text("city"),
    country: text("country"),
    low: (row["low"] ?? null) === null ? null : number("low"),
    high: number("high"),
    net: number("net"),
    tax: number("tax"),
    total: number("total"),
    start: text("start"),
    end: text("end"),
    rank: number("rank"),
  };
}

/** How many rows break each of the constraints, in their order. */
export function broken(rows: readonly Order[]): readonly number[] {
  const tests = [
    ({ low, high }: Order) => low === null || low <= high,
    ({ net, tax, total }: Order) => Math.abs(net + tax - total) < 1e-9,
    ({ start, end }: Order) => start <= end,
    ({ city, country }: Order) => countries[city] === country,
  ];
  return tests.map((holds) => rows.filter((row) => !holds(row)).length);
}
