// public-names: what a program may import from localflow: the list, a docstring for every name, and a bundle for browsers.

import { readFileSync } from "node:fs";
import { builtinModules } from "node:module";
import { fileURLToPath } from "node:url";
import { build, type Plugin } from "esbuild";
import ts from "typescript";
import { describe, expect, it } from "vitest";

const root = fileURLToPath(new URL("..", import.meta.url));
const entry = `${root}src/index.ts`;

/** A name that goes is a breaking change: CHANGELOG.md has to say so. */
const values = `
  LocalFlowError add cellTableOf chooseTolerance compareTables compile constant createEngine createTableScoring createTransport decodeDensityModel
  decodeImageModel decodeStudent decodeTableModel defaultConfiguration defaultImageConfiguration densities densityReportSections distillDensity divide
  encodeDensityModel encodeImageModel encodeStudent encodeTableModel estimateFit evaluateDensity evaluateTable evaluationCurve exactDivergence
  explicitSteps exponential exportDensity fillNormal fitDensity fitImages fitTable floats geometricSteps gradient htmlReport
  hutchinsonDivergence imageGrid imputeTable interpolants logarithm matchingLoss matmul mean multiply ornsteinUhlenbeck
  percentileOf picture placeholder random rasterPng readCellCsv readCellRows readNumericCsv recordsOf sampleDensity sampleImages sampleStudent sampleTable
  scoreDensity scoreTable split subtract sum tableConfiguration tangent toPng toSvg`;
const types = `
  Chain Configuration DensityModel Engine ErrorCode Evaluation Figure FitReport FloatArray ImageModel Integration
  NDArray NetworkConfiguration Program Progress Random Step Student TableModel Tensor VelocityField`;
const words = (list: string) => list.trim().split(/\s+/);

interface PublicName {
  readonly name: string;
  readonly isValue: boolean;
  readonly documentation: string;
}

/** The exports of the entry point as the compiler sees them. */
function publicNames(): readonly PublicName[] {
  const config = ts.readConfigFile(`${root}tsconfig.json`, ts.sys.readFile);
  const { options } = ts.parseJsonConfigFileContent(config.config, ts.sys, root);
  const program = ts.createProgram([entry], options);
  const checker = program.getTypeChecker();
  const file = program.getSourceFile(entry);
  const module = file && checker.getSymbolAtLocation(file);
  if (module === undefined) throw new Error("the entry point is no module");
  return checker.getExportsOfModule(module).map((symbol) => {
    const target = symbol.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(symbol) : symbol;
    return {
      name: symbol.name,
      isValue: (target.flags & ts.SymbolFlags.Value) !== 0,
      documentation: ts.displayPartsToString(target.getDocumentationComment(checker)),
    };
  });
}

const names = publicNames();

describe("the public names", () => {
  it("are these, and between 40 and 96 of them", () => {
    const sorted = (isValue: boolean) => names.filter((each) => each.isValue === isValue).map(({ name }) => name);
    expect(sorted(true).sort()).toEqual(words(values));
    expect(sorted(false).sort()).toEqual(words(types));
    expect(names.length).toBeGreaterThanOrEqual(40);
    expect(names.length).toBeLessThanOrEqual(96);
  });

  it("all say what they are", () => {
    expect(names.filter(({ documentation }) => documentation === "").map(({ name }) => name)).toEqual([]);
  });
});

/** What a bundler for browsers takes `#runtime` for: the package's own map, with sources in place of what is built from them. */
const browserRuntime: Plugin = {
  name: "runtime",
  setup(setup) {
    const { imports } = JSON.parse(readFileSync(`${root}package.json`, "utf8"));
    const path = root + imports["#runtime"].default.replace("./dist/", "src/").replace(/\.js$/, ".ts");
    setup.onResolve({ filter: /^#runtime$/ }, () => ({ path }));
  },
};

describe("the bundle for browsers", () => {
  it("has every name and imports nothing of Node's", async () => {
    const { metafile, outputFiles } = await build({
      entryPoints: [entry],
      plugins: [browserRuntime],
      external: ["onnxruntime-web"],
      tsconfigRaw: {},
      bundle: true,
      format: "esm",
      platform: "browser",
      metafile: true,
      write: false,
      logLevel: "silent",
    });
    const [output] = Object.values(metafile.outputs);
    const imported = (output?.imports ?? []).map(({ path }) => path);
    expect(imported).toContain("onnxruntime-web/wasm");
    const ofNode = (path: string) => path.startsWith("node:") || builtinModules.includes(path);
    expect(imported.filter(ofNode)).toEqual([]);
    expect(Object.keys(metafile.inputs).filter((path) => /runtime\/node\.ts$|cli\//.test(path))).toEqual([]);
    expect([...(output?.exports ?? [])].sort()).toEqual(words(values));
    expect(/["']node:/.test(outputFiles[0]?.text ?? "")).toBe(false);
  });
});
