// report: one HTML file that needs nothing else: text, tables, pictures as SVG, and the same numbers as JSON.

import { errorBeyondRounding } from "../measure/estimate.ts";
import type { Figure } from "../pictures/figure.ts";
import { dataAddress } from "../pictures/png.ts";
import { toSvg } from "../pictures/svg.ts";
import { numberText, roundStep } from "../pictures/ticks.ts";
import { escapeXml } from "../pictures/xml.ts";
import type { Engine } from "../runtime/contract.ts";
import type { FloatArray } from "../tensor/array.ts";
import type { DensityModel } from "./density-model.ts";
import { lossHistories, type PictureRequest, picture } from "./pictures.ts";

/** A cell: text, a number, or a number with its standard error. */
export type ReportCell = string | number | { readonly value: number; readonly standardError: number };

export interface ReportTable {
  readonly caption?: string;
  readonly columns: readonly { readonly name: string; readonly unit?: string }[];
  readonly rows: readonly (readonly ReportCell[])[];
}

/** A picture that is pixels, and what it shows in words. */
export interface ReportImage {
  readonly png: Uint8Array;
  readonly width: number;
  readonly height: number;
  readonly text: string;
}

export interface ReportSection {
  readonly heading: string;
  /** Paragraphs, separated by empty lines. */
  readonly text?: string;
  readonly figure?: Figure;
  readonly image?: ReportImage;
  readonly table?: ReportTable;
}

export interface Report {
  readonly title: string;
  /** Paragraphs under the title. */
  readonly summary: string;
  readonly sections: readonly ReportSection[];
  /** What programs read: put into the file as JSON, under the id `localflow`. */
  readonly json: unknown;
}

/** The whole page. No scripts run in it and nothing is loaded; every text is escaped. */
export function htmlReport({ title, summary, sections, json }: Report): string {
  const contents = sections.length > 2 ? [contentsOf(sections)] : [];
  return [
    "<!doctype html>",
    '<html lang="en">',
    "<head>",
    '<meta charset="utf-8">',
    '<meta name="viewport" content="width=device-width, initial-scale=1">',
    `<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'; img-src data:">`,
    '<meta name="color-scheme" content="light dark">',
    `<title>${escapeXml(title)}</title>`,
    `<style>${style}</style>`,
    "</head>",
    "<body>",
    "<main>",
    `<header><h1>${escapeXml(title)}</h1>`,
    `${paragraphs(summary)}</header>`,
    ...contents,
    ...sections.map(sectionHtml),
    "</main>",
    `<script type="application/json" id="localflow">${jsonInHtml(json)}</script>`,
    "</body>",
    "</html>\n",
  ].join("\n");
}

/** JSON that cannot end its script element; numbers that are not finite become null, as JSON has it. */
function jsonInHtml(value: unknown): string {
  return (JSON.stringify(value, null, 2) ?? "null")
    .replaceAll("<", "\\u003c")
    .replaceAll("\u2028", "\\u2028")
    .replaceAll("\u2029", "\\u2029");
}

function contentsOf(sections: readonly ReportSection[]): string {
  const items = sections.map(({ heading }, k) => `<li><a href="#s${k + 1}">${escapeXml(heading)}</a></li>`);
  return `<nav aria-label="Contents"><ol>${items.join("")}</ol></nav>`;
}

function sectionHtml({ heading, text, table, figure, image }: ReportSection, k: number): string {
  return [
    `<section id="s${k + 1}"><h2>${escapeXml(heading)}</h2>`,
    ...(text === undefined ? [] : [paragraphs(text)]),
    ...(table === undefined ? [] : [tableHtml(table)]),
    ...(figure === undefined ? [] : [`<figure>${toSvg(figure)}</figure>`]),
    ...(image === undefined ? [] : [`<figure>${imageHtml(image)}</figure>`]),
    "</section>",
  ].join("\n");
}

function imageHtml({ png, width, height, text }: ReportImage): string {
  return `<img src="${dataAddress(png)}" width="${width}" height="${height}" alt="${escapeXml(text)}">`;
}

function paragraphs(text: string): string {
  const parts = text.split(/\n\s*\n/).filter((part) => part.trim() !== "");
  return parts.map((part) => `<p>${escapeXml(part.trim())}</p>`).join("\n");
}

function tableHtml({ caption, columns, rows }: ReportTable): string {
  const head = columns.map(({ name, unit }, k) => {
    const small = unit === undefined ? "" : ` <small>${escapeXml(unit)}</small>`;
    const isNumber = rows.some((row) => row[k] !== undefined && typeof row[k] !== "string");
    return `<th scope="col"${isNumber ? ' class="number"' : ""}>${escapeXml(name)}${small}</th>`;
  });
  const body = rows.map((row) => `<tr>${row.map(cellHtml).join("")}</tr>`);
  const title = caption === undefined ? "" : `<caption>${escapeXml(caption)}</caption>`;
  return `<div class="wide"><table>${title}<thead><tr>${head.join("")}</tr></thead><tbody>${body.join("")}</tbody></table></div>`;
}

function cellHtml(cell: ReportCell, column: number): string {
  if (typeof cell === "string") {
    const name = column === 0 ? 'th scope="row"' : "td";
    return `<${name}>${escapeXml(cell)}</${name.split(" ")[0]}>`;
  }
  if (typeof cell === "number") return `<td class="number">${numberHtml(cell)}</td>`;
  const { value } = cell;
  const standardError = errorBeyondRounding(cell);
  if (!(standardError > 0 && Number.isFinite(value))) return `<td class="number">${numberHtml(value)}</td>`;
  const step = roundStep(standardError / 10);
  return `<td class="number">${numberText(value, step)} <small>± ${numberText(standardError, step)}</small></td>`;
}

/** Four significant digits, or all of a whole number. */
function numberHtml(value: number): string {
  if (!Number.isFinite(value)) return "–";
  if (Number.isInteger(value)) return numberText(value, 1);
  const power = Math.floor(Math.log10(Math.abs(value)));
  return numberText(Number(value.toPrecision(4)), power < -3 ? 1e-9 : Number(`1e${power - 3}`));
}

const style = `
:root { color-scheme: light dark; --ink: #1b1e23; --muted: #5c6370; --line: #d8dce1; --ground: #fbfbfc; --card: #ffffff; --link: #0060a0 }
@media (prefers-color-scheme: dark) {
  :root { --ink: #e6e8eb; --muted: #a0a7b1; --line: #3a4049; --ground: #16181c; --card: #1e2126; --link: #7cc0f4 }
}
* { box-sizing: border-box }
body { margin: 0; background: var(--ground); color: var(--ink); font: 16px/1.55 system-ui, -apple-system, "Segoe UI", Roboto, Helvetica, Arial, sans-serif }
main { max-width: 1180px; margin: 0 auto; padding: 2.5rem 1.25rem 4rem }
h1 { font-size: 1.9rem; line-height: 1.2; margin: 0 0 .6rem; overflow-wrap: anywhere }
h2 { font-size: 1.3rem; margin: 2.6rem 0 .5rem; padding-top: 1rem; border-top: 1px solid var(--line) }
p { max-width: 46rem; margin: .5rem 0; overflow-wrap: anywhere }
header p { color: var(--muted) }
a { color: var(--link) }
nav ol { margin: 1.2rem 0 0; padding: 0; list-style: none; display: flex; flex-wrap: wrap; gap: .3rem 1.2rem }
.wide { overflow-x: auto; margin: 1rem 0 }
table { border-collapse: collapse; font-size: .93rem; font-variant-numeric: tabular-nums }
caption { text-align: left; color: var(--muted); padding: 0 0 .4rem }
th, td { padding: .38rem .7rem; text-align: left; border-bottom: 1px solid var(--line); vertical-align: baseline }
thead th { color: var(--muted); font-weight: 600 }
tbody th { font-weight: 500 }
th:first-child, td:first-child { padding-left: 0 }
th.number, .number { text-align: right; white-space: nowrap }
small { color: var(--muted); font-weight: 400 }
figure { margin: 1rem 0; padding: .5rem; background: #ffffff; border: 1px solid var(--line); border-radius: 8px; overflow-x: auto; width: fit-content; max-width: 100% }
figure > svg, figure > img { display: block; max-width: 100%; height: auto }
@media print { body { background: none } h2 { break-after: avoid } figure, table { break-inside: avoid } }
`;

/**
 * Pictures of a model for its report: what suits its columns and the data at hand. `samples` [n, d] saves drawing them anew;
 * both are in the user's units.
 */
export async function densityReportSections(
  engine: Engine,
  model: DensityModel,
  data?: FloatArray,
  samples?: FloatArray,
  options: Pick<PictureRequest, "seed" | "signal" | "onProgress"> = {},
): Promise<readonly ReportSection[]> {
  const isPlane = model.chain.dimension === 2;
  const shared = { ...options, ...(data && { data }), ...(samples && { samples }) };
  const draw = (request: PictureRequest) => picture(engine, model, request);
  const sections: ReportSection[] = [];
  const add = async (heading: string, text: string, request: PictureRequest) => {
    sections.push({ heading, text, figure: await draw(request) });
  };
  const plane = isPlane ? {} : { columns: model.record.columns.slice(0, 2) };
  const part = isPlane ? "" : ` Shown are the first two of ${model.chain.dimension} columns.`;
  if (isPlane) {
    await add("Samples", "Samples drawn from the model.", { kind: "samples", ...shared });
    await add("Density", "The log-density of the model in nats, in bands.", { kind: "density", ...shared });
  } else await add("Samples", "Samples drawn from the model, in pairs of columns.", { kind: "pairs", ...shared });
  if (lossHistories(model).length > 0)
    await add("Training", "How the loss of each block fell while the model was trained.", { kind: "loss" });
  if (data === undefined || model.chain.dimension < 2) return sections;
  const pools =
    "The data after each block of the chain, beside what the diffusion that the block was trained on makes of it.";
  await add("Blocks", `${pools}${part}`, { kind: "blocks", ...shared, ...plane });
  await add("Paths", `Each line is the path of one row of the data to the noise.${part}`, {
    kind: "trajectories",
    ...shared,
    ...plane,
  });
  return sections;
}
