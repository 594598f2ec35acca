import {
  createScanner,
  findNodeAtLocation,
  getNodeValue,
  type Node,
  type ParseError,
  parseTree,
  printParseErrorCode,
} from "jsonc-parser";

/** More levels than any config has: the parser calls itself for each. */
const DEEPEST = 64;

/** What a text of JSON with comments says, and where it says it. */
export interface Jsonc {
  /** The value. */
  readonly value: unknown;
  /**
   * The line that a part of the value stands at.
   *
   * @param path Keys and places in lists, from the outside in; where the last of them is not there, those before it count.
   * @returns The line, counted from 1.
   */
  lineOf(path: readonly (string | number)[]): number;
}

/**
 * Parses JSON with comments and trailing commas.
 *
 * @param text The text.
 * @returns What it says.
 * @throws {SyntaxError} If it is none: the message names the first of all that is wrong, and its place.
 */
export function parseJsonc(text: string): Jsonc {
  if (isTooDeep(text)) throw new SyntaxError(`it is nested more than ${DEEPEST} levels deep`);
  const errors: ParseError[] = [];
  const root = parseTree(text, errors, { allowTrailingComma: true });
  const [error] = errors;
  if (error !== undefined || root === undefined) {
    const { error: code, offset } = error ?? { error: 4, offset: 0 }; // a text without a value
    const what = printParseErrorCode(code).replace(/\B[A-Z]/g, " $&").toLowerCase(); // InvalidSymbol
    const before = text.slice(0, offset).split("\n");
    throw new SyntaxError(`${what} at line ${before.length}, column ${before.at(-1)!.length + 1}`);
  }
  return {
    value: getNodeValue(root),
    lineOf: (path) => text.slice(0, keyOf(nodeAt(root, path)).offset).split("\n").length,
  };
}

/** The innermost part of a path that is there. */
function nodeAt(root: Node, path: readonly (string | number)[]): Node {
  for (let length = path.length; length > 0; length--) {
    const node = findNodeAtLocation(root, path.slice(0, length));
    if (node !== undefined) return node;
  }
  return root;
}

/** The key of a value where it has one, as that is what a reader looks for. */
function keyOf(node: Node): Node {
  return node.parent?.type === "property" ? node.parent : node;
}

function isTooDeep(text: string): boolean {
  const scanner = createScanner(text, true);
  let depth = 0;
  for (scanner.scan(); scanner.getTokenOffset() < text.length; scanner.scan()) {
    const first = text[scanner.getTokenOffset()]!;
    if ("[{".includes(first)) depth++;
    if ("]}".includes(first)) depth--;
    if (depth > DEEPEST) return true;
  }
  return false;
}
