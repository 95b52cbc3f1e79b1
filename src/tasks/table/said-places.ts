// said-places: how errors call the places where a user says what columns are, which one is the label and what rows have to meet.
import { shorten } from "../../data/columns.ts";
import { constraintPlace } from "./bound-constraints.ts";

/** Names of such places, for errors. */
export interface SaidPlaces {
  /** Where a column is described. */
  column(name: string): string;
  readonly label: string;
  /** Where a constraint of this text stands. */
  constraint(text: string): string;
}

/** What a program or the options of a command say. */
export const saidPlaces: SaidPlaces = {
  column: (name) => columnPlace("schema", name),
  label: "label",
  constraint: constraintPlace,
};

/** What a schema file says, whose constraints are given as it lists them. */
export function placesInFile(file: string, constraints: readonly string[]): SaidPlaces {
  return {
    column: (name) => columnPlace(file, name),
    label: labelPlace(file),
    constraint: (text) => `${constraintsPlace(file)}, item ${constraints.indexOf(text) + 1} (${shorten(text)})`,
  };
}

/** Where `schema`, a file or what a program calls so, describes a column. */
export function columnPlace(schema: string, name: string): string {
  return `${schema} column "${shorten(name)}"`;
}

export function labelPlace(schema: string): string {
  return `${schema} "label"`;
}

export function constraintsPlace(schema: string): string {
  return `${schema} "constraints"`;
}
