// export-python: other people's tools read the files: ONNX's checker and Python's onnxruntime (skipped without them).
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { fillNormal, random, split } from "../../src/random.ts";
import type { Engine } from "../../src/runtime/contract.ts";
import { createEngine } from "../../src/runtime/node.ts";
import { sampleDensity, scoreDensity } from "../../src/tasks/density.ts";
import { exportDensity } from "../../src/tasks/export.ts";
import { exportImages } from "../../src/tasks/export-images.ts";
import { type ExportPart, exportParts } from "../../src/tasks/export-parts.ts";
import { drawImages } from "../../src/tasks/images/sample-images.ts";
import { affineModel } from "../support/affine-model.ts";
import { python, pythonHas } from "../support/python.ts";
import { smallModel } from "../support/small-model.ts";
import { untrainedImages } from "../support/untrained-images.ts";

const hasOnnx = pythonHas("onnx", "onnxruntime", "numpy");
const folder = mkdtempSync(join(tmpdir(), "localflow-export-"));
const example = join(import.meta.dirname, "../../examples/08-sampler.py");

let engine: Engine;
beforeAll(async () => {
  engine = await createEngine({ threads: 1 });
});
afterAll(async () => {
  await engine.close();
  rmSync(folder, { recursive: true });
});

/** Writes a part of a model and gives the file's path. */
function written(part: ExportPart, evaluations: number, model = smallModel()): string {
  const path = join(folder, `${part}${evaluations}.onnx`);
  const integration = { kind: "fixed", method: "rk4", evaluations } as const;
  writeFileSync(path, exportDensity(model, { part, integration }).bytes);
  return path;
}

/** What a Python program prints, read as JSON. */
const computed = (program: string, ...args: readonly string[]): unknown =>
  JSON.parse(execFileSync(python, ["-c", program, ...args], { encoding: "utf8" }));

describe.skipIf(!hasOnnx)(
  `Python's tools (skipped unless ${python} has onnx and onnxruntime; LOCALFLOW_PYTHON)`,
  () => {
    it("find every part well-formed, in loops and written out, with shapes that agree", () => {
      const files = exportParts.flatMap((part) => [written(part, 4), written(part, 64)]);
      const program = `import json, sys, onnx
for path in sys.argv[1:]: onnx.checker.check_model(onnx.load(path), full_check=True)
print(json.dumps([[node.op_type for node in onnx.load(path).graph.node].count("Loop") for path in sys.argv[1:]]))`;
      expect(computed(program, ...files)).toEqual([0, 3, 0, 3, 0, 3, 0, 0]);
    });

    it("compute localflow's log-densities", async () => {
      const model = smallModel();
      for await (const { points } of sampleDensity(engine, model, { rows: 20, seed: 1 })) {
        const program = `import json, sys, numpy, onnxruntime
session = onnxruntime.InferenceSession(sys.argv[1], providers=["CPUExecutionProvider"])
data = numpy.array(json.loads(sys.argv[2]), dtype=numpy.float32).reshape(-1, 3)
print(json.dumps(session.run(["log_density"], {"data": data})[0].tolist()))`;
        const theirs = computed(program, written("density", 64), JSON.stringify([...points.data])) as number[];
        const integration = { kind: "fixed", method: "rk4", evaluations: 64 } as const;
        for await (const { logDensity } of scoreDensity(engine, model, points, { integration }))
          logDensity.forEach((value, row) => expect(Math.abs(value - (theirs[row] ?? Number.NaN))).toBeLessThan(1e-4));
      }
    });

    it("find the files of image models well-formed, and draw localflow's own bytes with them", async () => {
      for (const kind of ["unet", "patches"] as const) {
        const model = untrainedImages(kind);
        const [few, many] = [2, 60].map((evaluations) => ({ kind: "fixed", method: "euler", evaluations }) as const);
        const files = exportParts.map((part) => {
          const path = join(folder, `${kind} ${part}.onnx`);
          const { bytes } = exportImages(model, { part, integration: (part === "sampler" ? many : few)! });
          writeFileSync(path, bytes);
          return path;
        });
        const noise = new Float32Array(2 * model.chain.dimension);
        fillNormal(split(random(4), "sample"), noise);
        const program = `import json, sys, numpy, onnx, onnxruntime
for path in sys.argv[2:]: onnx.checker.check_model(onnx.load(path), full_check=True)
session = onnxruntime.InferenceSession(sys.argv[2], providers=["CPUExecutionProvider"])
noise = numpy.array(json.loads(sys.argv[1]), dtype=numpy.float32).reshape(-1, *session.get_inputs()[0].shape[1:])
(images,) = session.run(["images"], {"noise": noise})
print(json.dumps([str(images.dtype), images.shape, images.transpose(0, 3, 1, 2).flatten().tolist()]))`;
        const [type, shape, levels] = computed(program, JSON.stringify([...noise]), ...files) as [
          string,
          number[],
          number[],
        ];
        expect([type, shape]).toEqual(["uint8", [2, 6, 4, 3]]);
        const { block } = await drawImages(engine, model, { images: 2, seed: 4, integration: many! });
        // But for values on an edge between two levels, which float32 may round either way.
        expect(levels.filter((level, at) => level !== block.levels[at]).length).toBeLessThan(2);
      }
    });

    it("sample by the script of the examples", () => {
      const model = affineModel({ matrix: [0, 0, 0, 0], mean: [10, -5], deviation: [2, 0.5] });
      const output = execFileSync(python, [example, written("sampler", 4, model), "4000"], { encoding: "utf8" });
      const [header, ...lines] = output.trim().split("\n");
      const rows = lines.map((line) => line.split(",").map(Number));
      expect(header).toBe("a,b");
      expect(rows).toHaveLength(4000);
      const mean = (k: number) => rows.reduce((total, row) => total + (row[k] ?? Number.NaN), 0) / rows.length;
      expect(Math.abs(mean(0) - 10)).toBeLessThan(5 * (2 / Math.sqrt(4000)));
      expect(Math.abs(mean(1) + 5)).toBeLessThan(5 * (0.5 / Math.sqrt(4000)));
    });
  },
);
