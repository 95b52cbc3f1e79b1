// browser: runs a piece of TypeScript on a page of headless Chromium, cross-origin isolated, with onnxruntime's files at hand.
import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { createServer, type RequestListener, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { basename, extname, resolve } from "node:path";
import { build } from "esbuild";
import { chromium, type Page } from "playwright-core";

/** Chromium of this machine; `LOCALFLOW_CHROMIUM` names another. */
export const chromiumPath = process.env["LOCALFLOW_CHROMIUM"] ?? "/usr/bin/chromium";
export const hasChromium = existsSync(chromiumPath);
/** Where the page finds onnxruntime-web's .wasm and .mjs files. */
export const wasmPaths = "/ort/";

const root = resolve(import.meta.dirname, "../..");
const wasmFolder = resolve(root, "node_modules/onnxruntime-web/dist");
const contentTypes: Readonly<Record<string, string>> = {
  ".mjs": "text/javascript",
  ".js": "text/javascript",
  ".wasm": "application/wasm",
};
const quietFlags = [
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];
const page =
  '<!doctype html><meta charset="utf-8"><title>localflow</title><script type="module" src="/entry.js"></script>';

export interface BrowserOptions {
  /** Whether the page may use threads (COOP and COEP headers); default true. */
  readonly isolated?: boolean;
}

/**
 * Bundles `entrySource` (imports are relative to the repository, e.g. "./src/index.ts"), runs it as a module on a page and
 * gives what its default export, an async function without arguments, resolves to (JSON-like values). What the page logs
 * or throws is part of the error when it fails.
 */
export async function runInBrowser(entrySource: string, options: BrowserOptions = {}): Promise<unknown> {
  const server = createServer(answers(await bundle(entrySource), options.isolated ?? true));
  await new Promise<void>((ready) => server.listen(0, "127.0.0.1", ready));
  const browser = await chromium.launch({ executablePath: chromiumPath, headless: true, args: quietFlags });
  try {
    return await result(await browser.newPage(), `http://127.0.0.1:${(server.address() as AddressInfo).port}/`);
  } finally {
    await browser.close();
    await closed(server);
  }
}

async function bundle(entrySource: string): Promise<Uint8Array> {
  const entry = `import run from "localflow-entry"; window.localflowResult = run();`;
  const output = await build({
    stdin: { contents: entry, resolveDir: root, loader: "ts" },
    plugins: [
      {
        name: "entry",
        setup(setup) {
          setup.onResolve({ filter: /^localflow-entry$/ }, () => ({ path: "entry", namespace: "entry" }));
          setup.onLoad({ filter: /.*/, namespace: "entry" }, () => ({
            contents: entrySource,
            resolveDir: root,
            loader: "ts",
          }));
        },
      },
    ],
    bundle: true,
    format: "esm",
    platform: "browser",
    target: "es2022",
    write: false,
    logLevel: "silent",
  });
  const [file] = output.outputFiles;
  if (file === undefined) throw new Error("esbuild wrote nothing");
  return file.contents;
}

function answers(script: Uint8Array, isolated: boolean): RequestListener {
  const isolation = {
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-embedder-policy": "require-corp",
    "cross-origin-resource-policy": "same-origin",
  };
  return async (request, response) => {
    const path = new URL(request.url ?? "/", "http://localhost").pathname;
    const send = (status: number, type: string, body: Uint8Array | string): void => {
      response.writeHead(status, { "content-type": type, ...(isolated ? isolation : {}) });
      response.end(body);
    };
    if (path === "/") return send(200, "text/html", page);
    if (path === "/entry.js") return send(200, "text/javascript", script);
    const type = contentTypes[extname(path)];
    if (!path.startsWith(wasmPaths) || type === undefined) return send(404, "text/plain", "not here");
    try {
      send(200, type, await readFile(resolve(wasmFolder, basename(path))));
    } catch {
      send(404, "text/plain", "not here");
    }
  };
}

/** What the entry resolves to; `window.localflowResult` is set when its module has run. */
async function result(tab: Page, address: string): Promise<unknown> {
  const said: string[] = [];
  tab.on("console", (message) => said.push(message.text()));
  tab.on("pageerror", (error) => said.push(String(error)));
  try {
    await tab.goto(address);
    await tab.waitForFunction("window.localflowResult !== undefined", undefined, { timeout: 20_000 });
    return await tab.evaluate("window.localflowResult");
  } catch (error) {
    throw new Error(`the page failed: ${String(error)}\n${said.join("\n")}`);
  }
}

function closed(server: Server): Promise<void> {
  server.closeAllConnections();
  return new Promise((done) => server.close(() => done()));
}
