// report: one self-contained page: its texts are escaped, its JSON comes back, nothing in it runs or loads.
import { describe, expect, it } from "vitest";
import { htmlReport, type Report } from "../../src/tasks/report.ts";
import { exampleFigures, hostile } from "../pictures/figures.ts";
import { hasChromium, runInBrowser } from "../support/browser.ts";

const json = {
  [hostile]: ["</script><script>window.hacked = true</script>", "<!--", "\u2028"],
  nan: Number.NaN,
  nll: 1.5,
};
const report: Report = {
  title: hostile,
  summary: `first ${hostile}\n\nsecond`,
  sections: [
    {
      heading: hostile,
      text: hostile,
      table: {
        caption: hostile,
        columns: [{ name: hostile }, { name: "nll", unit: "nats <per> row" }, { name: "rows" }],
        rows: [
          [hostile, { value: 1.23456, standardError: 0.0234 }, 20_000],
          ["plain", 0.0123456, Number.NaN],
          ["rounded", { value: 0.999999999999998, standardError: 1.6e-16 }, 1],
        ],
      },
      figure: exampleFigures()["samples"]!,
    },
    { heading: "Pictures", figure: exampleFigures()["many"]! },
    { heading: "Text", text: "only" },
  ],
  json,
};
const html = htmlReport(report);

describe("htmlReport", () => {
  it("has no scripts but the JSON, nothing to load, and no tag that came from a text", () => {
    expect(html.match(/<script/g)).toHaveLength(1);
    const readable = html.replaceAll(/base64,[A-Za-z0-9+/=]+/g, "");
    expect(readable).not.toMatch(/<script>|<!--|\son\w+=|@import|url\(|<link|<iframe/);
    const addresses = [...html.matchAll(/(?:src|href)="([^"]{0,30})/g)].map((match) => match[1] ?? "");
    expect(addresses.every((address) => /^(#s\d+|data:image\/png;base64,)/.test(address))).toBe(true);
    expect(addresses.length).toBeGreaterThanOrEqual(4);
  });

  it("gives its JSON back as it was, but for numbers that JSON has not", () => {
    const [, text = ""] = /<script type="application\/json" id="localflow">(.*?)<\/script>/s.exec(html) ?? [];
    expect(JSON.parse(text)).toEqual({ ...json, nan: null });
    expect(text).not.toContain("<");
  });

  it("writes a value with its standard error to two digits of the error, and units beside names", () => {
    const cells = [...html.matchAll(/<td class="number">(.*?)<\/td>/g)].map((match) => match[1]);
    expect(cells).toEqual(["1.235 <small>± 0.023</small>", "20,000", "0.01235", "–", "1.0000", "1"]);
    expect(html.includes("nll <small>nats &lt;per&gt; row</small>")).toBe(true);
  });

  it("is the same for the same report", () => {
    expect(htmlReport(report) === html).toBe(true);
  });

  it.skipIf(!hasChromium)("opens in Chromium: pictures have their size, texts are text, nothing ran", async () => {
    const seen = await runInBrowser(`
      export default async function run() {
        const page = ${JSON.stringify(html).replaceAll("<", "\\u003c")};
        const frame = document.createElement("iframe");
        frame.width = "1000";
        document.body.append(frame);
        await new Promise((done) => { frame.onload = done; frame.srcdoc = page; });
        const inside = frame.contentDocument;
        const svg = inside.querySelector("figure > svg");
        return {
          heading: inside.querySelector("h1").textContent,
          sections: inside.querySelectorAll("section").length,
          rows: inside.querySelectorAll("tbody tr").length,
          width: svg.getBoundingClientRect().width,
          panel: svg.querySelector("svg").getBoundingClientRect().height,
          dark: [...inside.styleSheets[0].cssRules].some((rule) => rule.conditionText === "(prefers-color-scheme: dark)"),
          hacked: frame.contentWindow.hacked === true || window.hacked === true,
          json: JSON.parse(inside.getElementById("localflow").textContent).nll,
        };
      }
    `);
    expect(seen).toMatchObject({ sections: 3, rows: 3, dark: true, hacked: false, json: 1.5 });
    expect(seen).toMatchObject({ heading: hostile.replace("\u0001", "\ufffd").replace("\ud800", "\ufffd") });
    const { width, panel } = seen as { readonly width: number; readonly panel: number };
    expect(width).toBeGreaterThan(500);
    expect(panel).toBeGreaterThan(200);
  });
});
