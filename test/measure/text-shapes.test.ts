// text-shapes: texts of one law are no further apart than chance has them; other shapes, copies and repetitions are found.
import { describe, expect, it } from "vitest";
import { shapeOfText, shapeSigns, textMeasures } from "../../src/measure/text-shapes.ts";
import { fillBelow, random } from "../../src/random.ts";

/** `count` texts of the form R-12 or, one time in four, ab123; a share of them with a question mark before. */
function codes(count: number, name: string, odd = 0): string[] {
  const draws = new Uint32Array(4 * count);
  fillBelow(random(name), draws, 2 ** 20);
  return Array.from({ length: count }, (_, n) => {
    const [kind = 0, a = 0, b = 0, mark = 0] = draws.subarray(4 * n, 4 * n + 4);
    return `${mark < odd * 2 ** 20 ? "?" : ""}${kind % 4 === 0 ? `ab${100 + (a % 900)}` : `R-${10 + (b % 90)}`}`;
  });
}

describe("the shape of a text", () => {
  it("has signs for letters and digits, and everything else as it is", () => {
    expect(shapeOfText("Órd-12/é x", "classes")).toBe("Aaa-99/a a");
    expect(shapeOfText("Órd-12/é x", "outline")).toBe("xxx-xx/x x");
  });

  it("is told by classes where real texts share them, else by the outline alone", () => {
    expect(shapeSigns(codes(200, "a"), codes(200, "b"))).toBe("classes");
    const hex = (from: number) =>
      Array.from({ length: 200 }, (_, n) => (Math.imul(n + from, 2654435761) >>> 0).toString(16).padStart(8, "0"));
    expect(shapeSigns(hex(1), hex(1000))).toBe("outline");
  });
});

describe("measures of texts", () => {
  it("have errors that are the scatter of repetitions, of shares and of distances", () => {
    const found = Array.from({ length: 60 }, (_, k) =>
      textMeasures({ heldOut: codes(300, `h${k}`), texts: codes(300, `t${k}`, 0.2) }, "classes"),
    );
    for (const name of ["knownShapes", "shapes", "lengths"] as const) {
      const values = found.map((measures) => measures[name].value);
      const mean = values.reduce((a, b) => a + b, 0) / values.length;
      const scatter = Math.sqrt(values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / (values.length - 1));
      const error = found.reduce((sum, measures) => sum + measures[name].standardError, 0) / found.length;
      expect(mean, name).toBeGreaterThan(0.1);
      expect(error / scatter, name).toBeGreaterThan(0.75);
      expect(error / scatter, name).toBeLessThan(1.5);
    }
  });

  it("are those of counting by hand", () => {
    const heldOut = ["a1", "b2", "c3", "C-4"];
    const found = textMeasures({ heldOut, texts: ["a1", "a1", "x-y", "z9"], known: new Set(["a1"]) }, "classes");
    expect(found.knownShapes).toEqual({ value: 0.75, standardError: Math.sqrt((0.75 * 0.25) / 4) });
    expect(found.shapes.value).toBeCloseTo(0.25, 12);
    expect(found.lengths.value).toBeCloseTo(0, 12);
    expect(found.identical?.value).toBe(0.5);
    expect(found.duplicates.value).toBe(0.25);
    expect(found.duplicates.standardError).toBeNaN();
    expect(textMeasures({ heldOut, texts: ["a1"] }, "classes").knownShapes.standardError).toBeNaN();
    expect(textMeasures({ heldOut, texts: heldOut }, "classes").identical).toBeUndefined();
  });
});
