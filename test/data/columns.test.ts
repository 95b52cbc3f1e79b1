// columns: names that were probably meant, and none where no name is near.
import { describe, expect, it } from "vitest";
import { chooseColumns, didYouMean, mayBeRenamed, nearestName } from "../../src/data/columns.ts";

describe("the name that was probably meant", () => {
  it.each<[string, readonly string[], string]>([
    ["prise", ["carat", "price"], "price"],
    ["PRICE", ["prices", "Price"], "Price"],
    ["rnak", ["bank", "rank"], "rank"],
    ["xl", ["S", "XL", "L"], "XL"],
    ["XXL", ["S", "XL", "L"], "XL"],
    ["temp", ["tempo", "temperature"], "tempo"],
    ["temper", ["tempo", "temperature"], "tempo"],
    ["tempera", ["tempo", "temperature"], "temperature"],
    ["custumer name", ["customer age", "customer name"], "customer name"],
  ])("of %s among %j is %s", (name, names, meant) => {
    expect(nearestName(name, names)).toBe(meant);
  });

  it.each<[string, readonly string[]]>([
    ["zzz", ["carat", "price", "x"]],
    ["b", ["a"]],
    ["XL", ["S", "M", "L"]],
    ["L", ["S", "XL"]],
    ["XXL", ["S", "M", "L"]],
    ["age", ["cut", "x"]],
    ["zone", ["city"]],
    ["", ["a", "ab"]],
    ["x", ["x coordinate"]],
    ["price", []],
  ])("is nothing for %j among %j", (name, names) => {
    expect(nearestName(name, names)).toBeUndefined();
    expect(didYouMean(name, names)).toEqual({});
  });

  it("is no advice of an error where none is near, and the names there are stay in it", () => {
    const names = ["carat", "price"];
    const choose = (wanted: string) => () => chooseColumns(names, [wanted], "data.csv");
    expect(choose("prcie")).toThrow(/^data\.csv --columns: expected .*, got "prcie"; did you mean "price"\?$/);
    expect(choose("zzz")).toThrow(/^data\.csv --columns: expected names among carat, price, got "zzz"$/);
  });

  it("is looked for among the columns that stand there in place of those that are lacking", () => {
    expect(mayBeRenamed(["city", "age"], ["cty", "agee", "flag"], "add them")).toBe(
      'did you mean "city" by "cty" and "age" by "agee"? Rename the columns',
    );
    expect(mayBeRenamed(["price", "prices"], ["prise"], "add them")).toBe(
      'did you mean "price" by "prise"? Rename the columns',
    );
    expect(mayBeRenamed(["city"], ["flag"], "add them")).toBe("add them");
  });
});
