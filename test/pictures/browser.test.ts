// browser: a page in Chromium draws the same bytes as Node.
import { describe, expect, it } from "vitest";
import { fingerprint } from "../../src/fingerprint.ts";
import { toPng } from "../../src/pictures/png.ts";
import { toSvg } from "../../src/pictures/svg.ts";
import { chromiumPath, hasChromium, runInBrowser } from "../support/browser.ts";
import { exampleFigures } from "./figures.ts";

const entry = `
import { fingerprint } from "./src/fingerprint.ts";
import { toPng } from "./src/pictures/png.ts";
import { toSvg } from "./src/pictures/svg.ts";
import { exampleFigures } from "./test/pictures/figures.ts";

export default async function run() {
  const result = {};
  for (const [name, figure] of Object.entries(exampleFigures())) {
    const png = toPng(figure, { scale: 1 });
    const svg = toSvg(figure);
    const parsed = new DOMParser().parseFromString(svg, "image/svg+xml");
    const size = await createImageBitmap(new Blob([png], { type: "image/png" }));
    result[name] = {
      png: fingerprint(png),
      svg: fingerprint(new TextEncoder().encode(svg)),
      broken: parsed.querySelectorAll("parsererror").length,
      size: [size.width, size.height],
      declared: [Number(parsed.documentElement.getAttribute("width")), Number(parsed.documentElement.getAttribute("height"))],
    };
  }
  return result;
}
`;

interface Drawn {
  readonly png: string;
  readonly svg: string;
  readonly broken: number;
  readonly size: readonly number[];
  readonly declared: readonly number[];
}

describe.skipIf(!hasChromium)(`pictures in Chromium (skipped without ${chromiumPath}; set LOCALFLOW_CHROMIUM)`, () => {
  it("have the bytes they have on Node, and Chromium reads them", async () => {
    const drawn = (await runInBrowser(entry)) as Readonly<Record<string, Drawn>>;
    for (const [name, figure] of Object.entries(exampleFigures())) {
      const { png, svg, broken, size, declared } = drawn[name]!;
      expect({ name, png, svg, broken, size }).toEqual({
        name,
        png: fingerprint(toPng(figure, { scale: 1 })),
        svg: fingerprint(new TextEncoder().encode(toSvg(figure))),
        broken: 0,
        size: declared,
      });
    }
  }, 60_000);
});
