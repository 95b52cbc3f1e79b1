// export-browser: the files run in onnxruntime-web as they do on Node, and the page of the examples draws with one.
import { readFileSync } from "node:fs";
import { basename, join } from "node:path";
import { chromium } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { decodeModel } from "../../src/onnx/decode.ts";
import { encodeModel } from "../../src/onnx/encode.ts";
import { fillNormal, fillUniform, random } from "../../src/random.ts";
import type { Engine } from "../../src/runtime/contract.ts";
import { createEngine } from "../../src/runtime/node.ts";
import { exportDensity } from "../../src/tasks/export.ts";
import { exportImages } from "../../src/tasks/export-images.ts";
import { withIntegers } from "../../src/tasks/export-levels.ts";
import { exportParts } from "../../src/tasks/export-parts.ts";
import { floats } from "../../src/tensor/array.ts";
import { chromiumPath, hasChromium, runInBrowser, wasmPaths } from "../support/browser.ts";
import { smallModel } from "../support/small-model.ts";
import { untrainedImages } from "../support/untrained-images.ts";

const root = join(import.meta.dirname, "../..");
const rows = 9;
const points = new Float32Array(3 * rows);
fillNormal(random(2), points);
const times = new Float32Array(rows);
fillUniform(random(3), times);
const model = smallModel();
/** Around the model's data. */
const data = points.map((z, i) => (model.standardization.mean.data[i % 3] ?? 0) + z * [2, 0.01, 9000][i % 3]!);

const feedsOf: Record<(typeof exportParts)[number], Record<string, Float32Array>> = {
  sampler: { noise: points },
  density: { data },
  encoder: { data },
  velocity: { x: points, t: times },
};
const files = [8, 64].flatMap((evaluations) =>
  exportParts.map((part) => {
    const integration = { kind: "fixed", method: "midpoint", evaluations } as const;
    return { bytes: exportDensity(model, { part, integration }).bytes, feeds: feedsOf[part] };
  }),
);

const entry = `
import { createEngine } from "./src/runtime/web.ts";
import { floats } from "./src/tensor/array.ts";

export default async function run() {
  const engine = await createEngine({ wasmPaths: ${JSON.stringify(wasmPaths)} });
  const files = ${JSON.stringify(files.map(({ bytes, feeds }) => ({ bytes: Buffer.from(bytes).toString("base64"), feeds: Object.entries(feeds).map(([name, values]) => [name, [...values]]) })))};
  const results = [];
  for (const { bytes, feeds } of files) {
    const session = await engine.open(Uint8Array.from(atob(bytes), (letter) => letter.charCodeAt(0)));
    const arrays = feeds.map(([name, values]) => [name, floats(values, [${rows}, values.length / ${rows}])]);
    const outputs = await session.run(Object.fromEntries(arrays));
    results.push(Object.fromEntries(Object.entries(outputs).map(([name, { data }]) => [name, [...data]])));
  }
  await engine.close();
  return results;
}
`;

let engine: Engine;
beforeAll(async () => {
  engine = await createEngine({ threads: 1 });
});
afterAll(() => engine.close());

describe.skipIf(!hasChromium)(`Chromium (skipped without ${chromiumPath}; set LOCALFLOW_CHROMIUM)`, () => {
  it("runs every part, in loops and written out, as Node does", async () => {
    const pages = (await runInBrowser(entry)) as readonly Record<string, number[]>[];
    for (const [n, { bytes, feeds }] of files.entries()) {
      const session = await engine.open(bytes);
      const arrays = Object.entries(feeds).map(([name, values]) => [
        name,
        floats(values, [rows, values.length / rows]),
      ]);
      for (const [name, { data }] of Object.entries(await session.run(Object.fromEntries(arrays)))) {
        expect(pages[n]?.[name]).toHaveLength(data.length);
        data.forEach((value, i) => {
          expect(Math.abs(Number(value) - (pages[n]?.[name]?.[i] ?? Number.NaN))).toBeLessThan(
            1e-4 * Math.max(1, Math.abs(Number(value))),
          );
        });
      }
    }
  }, 60_000);

  it("draws the bytes of images that Node draws, by onnxruntime-web alone", async () => {
    const images = untrainedImages("unet");
    const { bytes } = exportImages(images, {
      part: "sampler",
      integration: { kind: "fixed", method: "rk4", evaluations: 8 },
    });
    const noise = new Float32Array(2 * images.chain.dimension);
    fillNormal(random(5), noise);
    const drawn = (await runInBrowser(`
import * as ort from "onnxruntime-web";

export default async function run() {
  ort.env.wasm.wasmPaths = ${JSON.stringify(wasmPaths)};
  const bytes = Uint8Array.from(atob(${JSON.stringify(Buffer.from(bytes).toString("base64"))}), (letter) => letter.charCodeAt(0));
  const session = await ort.InferenceSession.create(bytes);
  const noise = new ort.Tensor("float32", Float32Array.from(${JSON.stringify([...noise])}), [2, 3, 6, 4]);
  const { images } = await session.run({ noise }, ["images"]);
  return { type: images.type, dims: images.dims, levels: [...images.data] };
}
`)) as { readonly type: string; readonly dims: number[]; readonly levels: number[] };
    expect([drawn.type, drawn.dims]).toEqual(["uint8", [2, 6, 4, 3]]);
    const session = await engine.open(encodeModel(withIntegers(decodeModel(bytes))));
    const own = await session.run({ noise: floats(noise, [2, 3, 6, 4]) }).finally(() => session.release());
    const levels = Array.from(own["images as int32"]?.data ?? [], Number);
    expect(new Set(levels).size).toBeGreaterThan(10);
    // But for values on an edge between two levels, which float32 may round either way.
    expect(drawn.levels.filter((level, at) => level !== levels[at]).length).toBeLessThan(2);
  }, 60_000);

  it("draws samples on the page of the examples", async () => {
    const browser = await chromium.launch({ executablePath: chromiumPath, args: ["--no-sandbox", "--disable-gpu"] });
    try {
      const page = await browser.newPage();
      const address = "http://localhost:1/";
      const sampler = Buffer.from(exportDensity(model, { part: "sampler" }).bytes);
      await page.route(`${address}**`, (route) =>
        route.fulfill(
          route.request().url().endsWith("sampler.onnx")
            ? { body: sampler }
            : { body: readFileSync(join(root, "examples/08-sampler.html")), contentType: "text/html" },
        ),
      );
      // The public copy of onnxruntime-web, from the installed package.
      await page.route("https://cdn.jsdelivr.net/npm/onnxruntime-web@*/dist/*", (route) => {
        const path = join(root, "node_modules/onnxruntime-web/dist", basename(new URL(route.request().url()).pathname));
        const contentType = path.endsWith(".wasm") ? "application/wasm" : "text/javascript";
        const headers = { "access-control-allow-origin": "*" };
        return route.fulfill({ body: readFileSync(path), contentType, headers });
      });
      const failures: string[] = [];
      page.on("pageerror", (error) => failures.push(String(error)));
      await page.goto(address);
      await page.waitForFunction(`document.querySelector("p").textContent !== "…"`, undefined, { timeout: 30_000 });
      expect(await page.textContent("p")).toMatch(/^2000 samples in \d+ ms$/);
      const inked = `[...document.querySelector("canvas").getContext("2d").getImageData(0, 0, 500, 500).data].filter((v, i) => i % 4 === 3 && v > 0).length`;
      await page.waitForFunction(`${inked} > 0`);
      expect(await page.evaluate(inked)).toBeGreaterThan(2000);
      expect(failures).toEqual([]);
    } finally {
      await browser.close();
    }
  }, 60_000);
});
