import { parse as parseTolerant, type ParseError, printParseErrorCode } from "jsonc-parser";

/** Any value that JSON can hold. */
export type JsonValue =
  | { [key: string]: JsonValue | undefined }
  | JsonValue[]
  | string
  | number
  | boolean
  | null;

/** The words of `InvalidSymbol` and its like, which carry no spaces. */
const words = (code: string) => code.replace(/(?<=.)[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`).toLowerCase();

/**
 * Parses JSON with comments and trailing commas.
 *
 * @param text The text.
 * @returns Its value.
 * @throws {SyntaxError} If the text is not JSON with comments.
 */
export function parse(text: string): JsonValue {
  const errors: ParseError[] = [];
  const value: JsonValue = parseTolerant(text, errors, { allowTrailingComma: true, disallowComments: false });
  const [error] = errors;
  if (error === undefined) return value;
  const before = text.slice(0, error.offset).split("\n");
  throw new SyntaxError(
    `Cannot parse JSONC: ${words(printParseErrorCode(error.error))} at line ${before.length}, column ${
      before.at(-1)!.length + 1
    }`,
  );
}
