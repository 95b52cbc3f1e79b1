// json-keys: the one thing JSON.parse keeps silent about, a name that occurs twice in one object.

/** The first repeated name of an object in `json`, a text that JSON.parse accepts, or undefined when there is none. */
export function repeatedKey(json: string): string | undefined {
  const objects: Set<string>[] = [];
  for (let at = 0; at < json.length; ) {
    const character = json[at];
    if (character === '"') {
      const end = stringEnd(json, at);
      const behind = firstInk(json, end);
      if (json[behind] === ":") {
        const name = String(JSON.parse(json.slice(at, end)));
        const names = objects.at(-1);
        if (names?.has(name)) return name;
        names?.add(name);
      }
      at = behind;
      continue;
    }
    if (character === "{") objects.push(new Set());
    else if (character === "}") objects.pop();
    at++;
  }
  return undefined;
}

/** The index behind the string that opens at `start`: by hand, because a regular expression overflows on long ones. */
function stringEnd(json: string, start: number): number {
  let at = start + 1;
  while (json.charCodeAt(at) !== 34) at += json.charCodeAt(at) === 92 ? 2 : 1;
  return at + 1;
}

function firstInk(json: string, start: number): number {
  let at = start;
  while (json.charCodeAt(at) <= 32) at++;
  return at;
}
