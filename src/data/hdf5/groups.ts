// groups: the links in HDF5 groups, old (symbol tables) and new (link messages), and the way along a path.
import { failure } from "../../errors.ts";
import { didYouMean, listNames, shorten } from "../columns.ts";
import { cursorOver, damaged, type Hdf5File, type Message, messagesOf } from "./file.ts";
import { denseLinks } from "./heap.ts";

/** What a name in a group leads to. */
export type Link =
  | { readonly kind: "object"; readonly address: number }
  | { readonly kind: "path"; readonly path: string }
  | { readonly kind: "elsewhere" };

const messageTypes = { linkInfo: 0x02, link: 0x06, symbolTable: 0x11 };
/** Soft links that one path may go through. */
const mostTurns = 32;

/** The links of an object by name; undefined when it is no group. */
export async function linksOf(
  file: Hdf5File,
  messages: readonly Message[],
): Promise<ReadonlyMap<string, Link> | undefined> {
  const links = new Map<string, Link>();
  let isGroup = false;
  for (const { type, body } of messages) {
    const cursor = cursorOver(body, file);
    if (type === messageTypes.symbolTable) {
      isGroup = true;
      await readSymbolTable(file, { tree: cursor.address(), heap: cursor.address() }, links);
    } else if (type === messageTypes.link) {
      isGroup = true;
      addLink(file, body, links);
    } else if (type === messageTypes.linkInfo) {
      isGroup = true;
      for (const link of await denseLinks(file, body)) addLink(file, link, links);
    }
  }
  return isGroup ? links : undefined;
}

/** The header's address of the object at a path of names. Throws `option` errors for a name that is not there. */
export async function addressAt(file: Hdf5File, path: string): Promise<number> {
  let names = path.split("/").filter((name) => name !== "" && name !== ".");
  /** Addresses of the groups that the walk went down, for links relative to them. */
  let groups = [file.root];
  let passed: string[] = [];
  for (let turns = 0; names.length > 0; ) {
    const [name = "", ...rest] = names;
    const group = groups.at(-1) ?? file.root;
    const links = await linksOf(file, await messagesOf(file, group));
    const link = links?.get(name);
    if (link?.kind === "object") {
      groups.push(link.address);
      passed.push(name);
      names = rest;
    } else if (link?.kind === "path" && ++turns <= mostTurns) {
      if (link.path.startsWith("/")) {
        groups = [file.root];
        passed = [];
      }
      names = [...link.path.split("/").filter((part) => part !== "" && part !== "."), ...rest];
    } else throw missing({ file, path, passed, name, names: [...(links?.keys() ?? [])], link });
  }
  return groups.at(-1) ?? file.root;
}

interface Missing {
  readonly file: Hdf5File;
  readonly path: string;
  readonly passed: readonly string[];
  readonly name: string;
  readonly names: readonly string[];
  readonly link: Link | undefined;
}

function missing({ file, path, passed, name, names, link }: Missing): Error {
  const where = `${file.where}:${shorten(path)}`;
  const expected = "a dataset of this file";
  if (link?.kind === "elsewhere") return failure("data", { where, expected, received: "a link to another file" });
  if (link !== undefined) return failure("data", { where, expected, received: "links in a circle" });
  const group = passed.length === 0 ? "the file" : shorten(passed.join("/"));
  if (names.length === 0)
    return failure("option", {
      where,
      expected: `a group, for "${shorten(name)}"`,
      received: `${group}, without names`,
    });
  return failure("option", {
    where,
    expected: `a name in ${group} among ${listNames(names)}`,
    received: `"${shorten(name)}"`,
    ...didYouMean(name, names),
  });
}

/** A link message: https://support.hdfgroup.org/documentation/hdf5/latest/_f_m_t4.html#LinkMessage. */
function addLink(file: Hdf5File, body: Uint8Array, links: Map<string, Link>): void {
  const cursor = cursorOver(body, file);
  if (cursor.number(1) !== 1) throw damaged(file.where, "a link of another version");
  const flags = cursor.number(1);
  const kind = flags & 8 ? cursor.number(1) : 0;
  if (flags & 4) cursor.skip(8);
  if (flags & 16) cursor.skip(1);
  const name = cursorOver(cursor.take(cursor.number(2 ** (flags & 3))), file).text();
  if (kind === 0) {
    const address = cursor.address();
    if (address !== undefined) links.set(name, { kind: "object", address });
  } else if (kind === 1) {
    links.set(name, { kind: "path", path: cursorOver(cursor.take(cursor.number(2)), file).text() });
  } else links.set(name, { kind: "elsewhere" });
}

interface SymbolTable {
  readonly tree: number | undefined;
  readonly heap: number | undefined;
}

async function readSymbolTable(file: Hdf5File, { tree, heap }: SymbolTable, links: Map<string, Link>): Promise<void> {
  if (tree === undefined || heap === undefined) throw damaged(file.where, "a group without names");
  const names = await localHeap(file, heap);
  const seen = new Set<number>();
  let symbols = 0;
  const count = (more: number) => {
    symbols += more;
    if (symbols * file.offsetBytes > file.size) throw damaged(file.where, "more names than it has room for");
    return more;
  };
  const visit = async (address: number, level: number | undefined): Promise<void> => {
    if (seen.has(address)) throw damaged(file.where, "groups in a circle");
    seen.add(address);
    const head = await file.at(address, 8 + 2 * file.offsetBytes);
    head.signature("TREE");
    if (head.number(1) !== 0) throw damaged(file.where, "a tree of another kind");
    const found = head.number(1);
    if (level !== undefined && found !== level) throw damaged(file.where, "a tree that does not get smaller");
    const children = count(head.number(2));
    const body = await file.at(
      address + 8 + 2 * file.offsetBytes,
      children * (file.lengthBytes + file.offsetBytes) + file.lengthBytes,
    );
    for (let n = 0; n < children; n++) {
      body.length();
      const child = body.address();
      if (child === undefined) throw damaged(file.where, "a tree with holes");
      if (found > 0) await visit(child, found - 1);
      else await readSymbols(file, { address: child, names, seen, links, count });
    }
  };
  await visit(tree, undefined);
}

async function localHeap(file: Hdf5File, address: number): Promise<Uint8Array> {
  const head = await file.at(address, 8 + 2 * file.lengthBytes + file.offsetBytes);
  head.signature("HEAP");
  head.skip(4);
  const size = head.length();
  head.length();
  const data = head.address();
  if (data === undefined || size > 2 ** 28) throw damaged(file.where, "a group without names");
  return (await file.at(data, size)).take(size);
}

interface SymbolNode {
  readonly address: number;
  readonly names: Uint8Array;
  readonly seen: Set<number>;
  readonly links: Map<string, Link>;
  /** Counts symbols and returns the number, unless they are too many. */
  readonly count: (more: number) => number;
}

async function readSymbols(file: Hdf5File, { address, names, seen, links, count }: SymbolNode): Promise<void> {
  if (seen.has(address)) throw damaged(file.where, "groups in a circle");
  seen.add(address);
  const head = await file.at(address, 8);
  head.signature("SNOD");
  head.skip(2);
  const symbols = count(head.number(2));
  const body = await file.at(address + 8, symbols * (24 + 2 * file.offsetBytes));
  const nameAt = (offset: number) => {
    if (offset >= names.length) throw damaged(file.where, "a name outside of its heap");
    return cursorOver(names.subarray(offset), file).text();
  };
  for (let n = 0; n < symbols; n++) {
    const name = nameAt(body.number(file.offsetBytes));
    const target = body.address();
    const isPath = body.number(4) === 2;
    body.skip(4);
    const path = body.number(4);
    body.skip(12);
    if (isPath) links.set(name, { kind: "path", path: nameAt(path) });
    else if (target !== undefined) links.set(name, { kind: "object", address: target });
  }
}
