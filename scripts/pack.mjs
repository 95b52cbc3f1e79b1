// pack: `node scripts/pack.mjs` tests the package as strangers get it: packed, installed in an empty folder, used there.
// Nothing in the repository is written; the folder in the system's temporary directory is removed unless --keep is given.
import { spawnSync } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { install, root } from "./steps.mjs";

const manifest = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));
const scratch = mkdtempSync(join(tmpdir(), "localflow-pack-"));
const stage = join(scratch, "stage");
const consumer = join(scratch, "consumer");
const modules = join(consumer, "node_modules");
const { resolve } = createRequire(import.meta.url);
const compiler = () => resolve("typescript/bin/tsc");

/** Runs a command to its end; throws with everything it said when it fails. */
function run(command, args, cwd) {
  const env = { ...process.env, ONNXRUNTIME_NODE_INSTALL: "skip", NO_COLOR: "1" };
  const options = { cwd, env, encoding: "utf8", shell: process.platform === "win32" };
  const { status, stdout, stderr, error } = spawnSync(command, args, options);
  if (status === 0) return { stdout, stderr };
  throw new Error(`${command} ${args.join(" ")} failed: ${error?.message ?? ""}\n${stdout}${stderr}`);
}

function expect(condition, message) {
  if (!condition) throw new Error(message);
}

const node = (...args) => run(process.execPath, args, consumer);

/** What a user writes first: a fit of 100 rows. */
const fitScript = `
import { createEngine, defaultConfiguration, fitDensity, floats } from "localflow";
const rows = floats(Float32Array.from({ length: 200 }, (_, i) => Math.sin(i * i)), [100, 2]);
const base = defaultConfiguration({ rows: 100, columns: 2 });
const configuration = { ...base, blocks: base.blocks.map((block) => ({ ...block, iterations: 5 })) };
const engine = await createEngine();
const { report } = await fitDensity(engine, { rows, columns: ["x", "y"], configuration });
console.log(JSON.stringify({ engine: engine.name, nll: report.train.nll }));
await engine.close();
`;

/** Types that have to come through: those of a result, and that a wrong call is refused. */
const typedScript = `
import { createEngine, type DensityModel, type Engine, fitDensity, sampleDensity } from "localflow";
export const engine: Engine = await createEngine({ threads: 1 });
export const columns = (model: DensityModel): readonly string[] => model.record.columns;
// @ts-expect-error: threads are a number
export const threads = () => createEngine({ threads: "1" });
// @ts-expect-error: a fit needs rows
export const wrong = fitDensity(engine, { columns: ["x"] });
export async function draw(model: DensityModel): Promise<Float32Array[]> {
  const chunks: Float32Array[] = [];
  for await (const { points } of sampleDensity(engine, model, { rows: 2, seed: 1 })) chunks.push(points.data);
  return chunks;
}
`;

const steps = {
  "builds from sources alone": () => {
    mkdirSync(stage);
    run(process.execPath, [compiler(), "-p", "tsconfig.build.json", "--outDir", join(stage, "dist")], root);
    for (const name of ["package.json", ...manifest.files.filter((name) => name !== "dist")])
      cpSync(join(root, name), join(stage, name), { recursive: true });
  },
  "publint finds nothing": () => {
    run("npx", ["--no-install", "publint", "--strict", stage], root);
  },
  "packs and installs in an empty folder": () => {
    const { stdout } = run("npm", ["pack", "--silent", "--pack-destination", scratch], stage);
    mkdirSync(consumer);
    writeFileSync(join(consumer, "package.json"), '{ "private": true, "type": "module" }');
    const tarball = join(scratch, stdout.trim());
    run("npm", ["install", "--silent", "--prefer-offline", "--no-audit", "--no-fund", tarball], consumer);
  },
  "npx localflow --version": () => {
    const { stdout } = run("npx", ["--no-install", "localflow", "--version"], consumer);
    expect(stdout.trim() === manifest.version, `expected ${manifest.version}, got ${stdout}`);
  },
  "types resolve as nodenext and as bundler": () => {
    writeFileSync(join(consumer, "typed.ts"), typedScript);
    const options = ["--noEmit", "--strict", "--target", "es2022", "--lib", "es2023,dom"];
    for (const [module, resolution] of [
      ["nodenext", "nodenext"],
      ["esnext", "bundler"],
    ])
      node(compiler(), ...options, "--module", module, "--moduleResolution", resolution, "typed.ts");
  },
  "bundles for browsers": async () => {
    const { build } = await import("esbuild");
    writeFileSync(join(consumer, "page.js"), fitScript);
    const options = { bundle: true, format: "esm", platform: "browser", metafile: true, write: false };
    const { metafile } = await build({
      ...options,
      entryPoints: ["page.js"],
      absWorkingDir: consumer,
      outdir: "bundle",
    });
    const imported = Object.values(metafile.outputs).flatMap(({ imports }) => imports.map(({ path }) => path));
    expect(imported.length === 0, `the bundle imports ${imported.join(", ")}`);
  },
  "a script fits 100 rows natively": () => {
    writeFileSync(join(consumer, "fit.js"), fitScript);
    const { stdout, stderr } = node("fit.js");
    const { engine, nll } = JSON.parse(stdout);
    expect(engine === "onnxruntime-node" && Number.isFinite(nll) && stderr === "", `${stdout}${stderr}`);
  },
  "without onnxruntime-node it says so in one sentence and runs on WebAssembly": () => {
    rmSync(join(modules, "onnxruntime-node"), { recursive: true });
    const { stdout, stderr } = node("fit.js");
    const { engine, nll } = JSON.parse(stdout);
    expect(engine === "onnxruntime-web" && Number.isFinite(nll), stdout);
    expect(/^localflow: [^\n.]+\.\n$/.test(stderr), `expected one sentence on standard error, got:\n${stderr}`);
  },
};

try {
  if (!install()) throw new Error("npm ci failed");
  for (const [name, step] of Object.entries(steps)) {
    await step();
    console.log(`ok  ${name}`);
  }
} catch (error) {
  console.error(`pack failed: ${error.message}`);
  process.exitCode = 1;
} finally {
  if (process.argv.includes("--keep")) console.log(`kept: ${scratch}`);
  else rmSync(scratch, { recursive: true, force: true });
}
