// consistency: points between the ends of pieces, and a student that learns from itself to be near its teacher.
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Engine } from "../../../src/runtime/contract.ts";
import { createEngine } from "../../../src/runtime/node.ts";
import { neighbours } from "../../../src/tasks/distillation/consistency.ts";
import { distillDensity } from "../../../src/tasks/distillation/distill.ts";
import { segmentsOf } from "../../../src/tasks/distillation/segments.ts";
import { decodeStudent, encodeStudent } from "../../../src/tasks/distillation/student-file.ts";
import { affineModel, rotation } from "../../support/affine-model.ts";

let engine: Engine;
beforeAll(async () => {
  engine = await createEngine({ threads: 1 });
});
afterAll(() => engine.close());

describe("consistency distillation", () => {
  it.each([1, 2, 4, 6])("has places along every piece of %i that lead from its beginning to its end", (evaluations) => {
    const segments = segmentsOf([1, 2, 1, 3], evaluations);
    const pieces = neighbours(segments);
    for (const { from, to } of segments) {
      const inside = pieces.filter((piece) => piece.from <= from && piece.to >= to);
      expect([inside[0]?.from, inside.at(-1)?.to]).toEqual([from, to]);
      expect(inside.length).toBeGreaterThanOrEqual(8);
      inside.slice(1).forEach((piece, k) => expect(piece.from).toBe(inside[k]?.to));
    }
    expect(pieces.length).toBeGreaterThan(segments.length);
  });

  it.each([1, 2])("makes %i maps that are near the teacher, and the file says how", async (evaluations) => {
    const teacher = affineModel({ matrix: rotation(1), blocks: 2 });
    const { student, report } = await distillDensity(engine, teacher, {
      teacherName: "t",
      seed: 1,
      rows: 2048,
      iterations: 600,
      batchSize: 256,
      learningRate: 1e-2,
      // A map for every share of a turn, which the teacher's own network, a matrix, cannot be.
      hidden: [32, 32],
      evaluations,
      objective: "consistency",
    });
    expect(student.maps).toHaveLength(evaluations);
    expect(report.fineTuning).toBe(0);
    // A turn by two radians: the identity is at a distance above 1.
    expect(report.distance.final).toBeLessThan(evaluations === 1 ? 0.3 : 0.1);
    expect(decodeStudent(encodeStudent(student)).record.training.objective).toBe("consistency");
  });
});
