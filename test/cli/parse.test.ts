// parse: what option values mean, and that every bad one is refused with code `option`.
import { describe, expect, it } from "vitest";
import * as parse from "../../src/cli/parse.ts";
import { LocalFlowError } from "../../src/errors.ts";

function refusal(parser: parse.Parser<unknown>, text: string): LocalFlowError {
  try {
    parser(text, "--option");
  } catch (error) {
    if (error instanceof LocalFlowError) return error;
    throw error;
  }
  expect.fail(`${JSON.stringify(text)} was accepted`);
}

function refuses(parser: parse.Parser<unknown>, texts: readonly string[]): void {
  for (const text of texts) {
    const error = refusal(parser, text);
    expect(error.code, text).toBe("option");
    expect(error.message).toMatch(/^--option.*: expected .+, got /);
  }
}

describe("parse", () => {
  it("reads sizes in binary and decimal units", () => {
    expect(parse.size("2GiB", "--memory")).toBe(2 * 2 ** 30);
    expect(parse.size("500MB", "--memory")).toBe(500e6);
    expect(parse.size("1.5kib", "--memory")).toBe(1536);
    expect(parse.size("1048576", "--memory")).toBe(1048576);
    refuses(parse.size, ["", "2 G i B", "0", "-1GiB", "GiB", "1e400", "2GiBs", "1.2.3MB"]);
  });

  it("reads times in hours, minutes and seconds", () => {
    expect(parse.seconds("10m", "--time")).toBe(600);
    expect(parse.seconds("1h30m", "--time")).toBe(5400);
    expect(parse.seconds("45s", "--time")).toBe(45);
    expect(parse.seconds("0.5", "--time")).toBe(0.5);
    refuses(parse.seconds, ["", "0", "10 m", "m", "-5s", "5d", "1m1h"]);
  });

  it("reads hidden layers as width x layers or as a list", () => {
    expect(parse.hidden("256x3", "--hidden")).toEqual([256, 256, 256]);
    expect(parse.hidden("512,256", "--hidden")).toEqual([512, 256]);
    refuses(parse.hidden, ["", "256x", "x3", "0x3", "256x0", "256x1e9", "999999999x2", "256,", "256x3x2", "-1x2"]);
  });

  it("reads activations with their parameter", () => {
    expect(parse.activation("softplus(20)", "--activation")).toEqual({ kind: "softplus", beta: 20 });
    expect(parse.activation("softplus", "--activation")).toEqual({ kind: "softplus", beta: 1 });
    expect(parse.activation("elu", "--activation")).toEqual({ kind: "elu" });
    refuses(parse.activation, ["", "reluu", "softplus()", "softplus(0)", "softplus(a)", "relu(2)"]);
  });

  it("reads the law of t", () => {
    expect(parse.timeDistribution("uniform", "")).toEqual({ kind: "uniform" });
    expect(parse.timeDistribution("beta(1,0.5)", "")).toEqual({ kind: "beta", alpha: 1, beta: 0.5 });
    refuses(parse.timeDistribution, ["beta", "beta(1)", "beta(1,0)", "beta(1,2,3)", "normal"]);
  });

  it("reads a decay of the learning rate", () => {
    expect(parse.decay("0.99/1000", "")).toEqual({ kind: "step", factor: 0.99, every: 1000 });
    expect(parse.decay("none", "")).toEqual({ kind: "step", factor: 1, every: 1 });
    expect(parse.decay("cosine", "")).toEqual({ kind: "cosine" });
    refuses(parse.decay, ["0.99", "1.5/10", "0/10", "0.9/0", "0.9/1.5", "0.9/10/2"]);
  });

  it("reads a schedule whose last block is free", () => {
    expect(parse.steps("free", "--steps")).toEqual([{ kind: "free" }]);
    expect(parse.steps("0.025, 0.031,free", "--steps")).toEqual([
      { kind: "diffuse", duration: 0.025 },
      { kind: "diffuse", duration: 0.031 },
      { kind: "free" },
    ]);
    expect(parse.steps("auto", "--steps")).toBe("auto");
    refuses(parse.steps, ["", "0.1", "free,0.1", "free,free", "0.1,,free", "-1,free", "0,free", "nan,free"]);
  });

  it("separates values per block by semicolons and names the block that is wrong", () => {
    expect(parse.perBlock(parse.hidden)("256x2;128x1", "--hidden")).toEqual([[256, 256], [128]]);
    expect(refusal(parse.perBlock(parse.hidden), "256x2;bad").message).toContain("--option, block 2");
  });

  it("keeps numbers inside their range", () => {
    expect(parse.number({ atLeast: 0, below: 1 })("0.999", "")).toBe(0.999);
    expect(parse.whole({ atLeast: 1 })("1e3", "")).toBe(1000);
    refuses(parse.number({ atLeast: 0, below: 1 }), ["1", "-0.1", "0x1", "Infinity", "NaN", "", " ", "1,5"]);
    refuses(parse.whole({ atLeast: 1 }), ["0", "1.5", "1e20", "one"]);
  });

  it("lists the words there are when another one comes", () => {
    expect(refusal(parse.choice(["euler", "midpoint"]), "midpint").message).toContain(
      'one of euler, midpoint, got "midpint"; did you mean "midpoint"?',
    );
    expect(refusal(parse.choice(["euler", "midpoint"]), "dopri5").message).toMatch(/got "dopri5"$/);
  });

  it("reads the method that hands points over, with or without a tolerance", () => {
    expect(parse.handOver("dopri5/1e-3", "")).toEqual({ kind: "adaptive", method: "dopri5", rtol: 1e-3, atol: 1e-3 });
    expect(parse.handOver("dopri5", "")).toEqual({ kind: "adaptive", method: "dopri5", rtol: 1e-4, atol: 1e-4 });
    refuses(parse.handOver, ["euler", "dopri5/0", "dopri5/1/2", ""]);
  });

  it("reads column names and refuses a name given twice", () => {
    expect(parse.columns("carat, price", "")).toEqual(["carat", "price"]);
    refuses(parse.columns, ["", "a,,b", "a,b,a"]);
  });
});
