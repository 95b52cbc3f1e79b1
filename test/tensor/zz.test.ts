import { it } from "vitest";
import { compile } from "../../src/runtime/compile.ts";
import { createEngine } from "../../src/runtime/node.ts";
import { zeros } from "../../src/tensor/array.ts";
import { matmul } from "../../src/tensor/matrix.ts";
import { placeholder } from "../../src/tensor/tensor.ts";
it("x", async () => {
  const engine = await createEngine({ threads: 1 });
  const shapes: [number[], number[]][] = [[[4],[4]],[[4],[1]],[[4],[]],[[1],[4]],[[],[4]],[[5,4],[4]],[[5,4],[5,1]],[[5,4],[]]];
  for (const tl of [false,true]) for (const tr of [false,true]) for (const [l,r] of shapes) for (const n of [2, 1]) {
    const a = placeholder([...l, ...(tl?[3,n]:[n,3])]); const b = placeholder([...r, ...(tr?[2,3]:[3,2])]);
    const p = await compile(engine, {a,b}, {y: matmul(a,b,{transposeLeft:tl,transposeRight:tr})});
    try { await p.run({a: zeros(a.shape as number[]), b: zeros(b.shape as number[])}); }
    catch(e) { console.log(tl,tr,n,JSON.stringify(l),JSON.stringify(r),String(e).slice(60,260)); }
  }
});
