// architecture: the reading order of src and the house rules that a program can check.
import { readdirSync, readFileSync } from "node:fs";
import { join, posix, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";

const source = fileURLToPath(new URL("../src", import.meta.url));

/** Folders (and the lone files) from left to right; the pure ones come before the bar. */
const pure = ["errors.ts", "random.ts", "fingerprint.ts", "tensor", "onnx", "nn", "optim", "ode", "flow"];
const order = [...pure, "runtime", "data", "measure", "pictures", "train", "tasks", "serve", "cli"];
const foundations = new Set(["errors.ts", "random.ts", "fingerprint.ts"]);

interface SourceFile {
  readonly path: string;
  readonly text: string;
  readonly imports: readonly string[];
}

const files: readonly SourceFile[] = readdirSync(source, { recursive: true, withFileTypes: true })
  .filter((entry) => entry.isFile() && entry.name.endsWith(".ts"))
  .map((entry) => {
    const full = join(entry.parentPath, entry.name);
    const text = readFileSync(full, "utf8");
    return { path: relative(source, full).replaceAll("\\", "/"), text, imports: importsOf(text) };
  });

/** Specifiers of static imports, re-exports and dynamic imports. */
function importsOf(text: string): readonly string[] {
  const pattern = /(?:\bfrom\s*|\bimport\s*\(\s*|^import\s*)["']([^"']+)["']/gm;
  return [...text.matchAll(pattern)].map((match) => match[1] ?? "");
}

const place = (path: string) => path.split("/")[0] ?? path;
const complaints = (check: (file: SourceFile) => readonly string[]) =>
  files.flatMap((file) => check(file).map((complaint) => `${file.path}: ${complaint}`));

/** The file an import leads to, relative to src; undefined for packages. */
function target(file: SourceFile, specifier: string): string | undefined {
  if (specifier === "#runtime") return "runtime/node.ts";
  return specifier.startsWith(".") ? posix.join(posix.dirname(file.path), specifier) : undefined;
}

describe("architecture", () => {
  it("finds the sources it is about", () => {
    expect(files.length).toBeGreaterThan(30);
    expect(files.find(({ path }) => path === "cli/program.ts")?.imports).toContain("./fit.ts");
  });

  it("has only folders that stand in the reading order", () => {
    const unknown = complaints(({ path }) =>
      path === "index.ts" || order.includes(place(path)) ? [] : ["unknown place"],
    );
    expect(unknown).toEqual([]);
  });

  it("imports only from the same folder and from folders to the left", () => {
    const backwards = complaints((file) =>
      file.imports.filter((specifier) => {
        const to = target(file, specifier);
        if (to === undefined || file.path === "index.ts") return false;
        return (
          to === "index.ts" || order.indexOf(place(to)) > order.indexOf(place(file.path)) || !order.includes(place(to))
        );
      }),
    );
    expect(backwards).toEqual([]);
  });

  it("keeps everything left of runtime free of Node, of the engine and of packages", () => {
    const impure = complaints((file) =>
      pure.includes(place(file.path)) ? file.imports.filter((specifier) => target(file, specifier) === undefined) : [],
    );
    expect(impure).toEqual([]);
  });

  it("lets only runtime/node.ts and runtime/web.ts load onnxruntime, and only runtime know its types", () => {
    const loading = (text: string) => importsOf(text.replace(/^import type [^;]*;/gm, ""));
    const knows = (specifiers: readonly string[]) =>
      specifiers.some((specifier) => specifier.startsWith("onnxruntime"));
    expect(
      complaints((file) => (knows(file.imports) && place(file.path) !== "runtime" ? ["onnxruntime"] : [])),
    ).toEqual([]);
    const loaders = files.filter(({ text }) => knows(loading(text))).map(({ path }) => path);
    expect(loaders.sort()).toEqual(["runtime/node.ts", "runtime/web.ts"]);
  });

  it("keeps errors and random free of imports from the folders", () => {
    const entangled = complaints((file) =>
      foundations.has(file.path)
        ? file.imports.filter((specifier) => !foundations.has(target(file, specifier) ?? ""))
        : [],
    );
    expect(entangled).toEqual([]);
  });

  it("has files of at most 400 lines whose first line says what they are", () => {
    const long = complaints(({ text }) => (text.split("\n").length > 401 ? ["more than 400 lines"] : []));
    const nameless = complaints(({ text }) =>
      /^(#!.*\n)?\/\/ [\w-]+( \([^)]*\))?: /.test(text) ? [] : ["no first line"],
    );
    expect([...long, ...nameless]).toEqual([]);
  });

  it("draws every random number from a seed", () => {
    expect(complaints(({ text }) => (text.includes("Math.random") ? ["Math.random"] : []))).toEqual([]);
  });

  it("re-exports only in index.ts", () => {
    const barrels = complaints(({ path, text }) =>
      path !== "index.ts" && /^export\s+(type\s+)?(\*|\{[^}]*\})\s+from\b/m.test(text) ? ["re-export"] : [],
    );
    expect(barrels).toEqual([]);
  });
});
