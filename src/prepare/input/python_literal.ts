const WORDS: Readonly<Record<string, string>> = { None: "null", True: "true", False: "false" };

/**
 * A line of Python's literals as JSON: `{'asin': '00', 'title': "It's", 'price': None}`, as the metadata of Amazon's
 * products of 2014 and the reviews of Steam are written.
 *
 * @param line The line.
 * @returns The same as JSON, or the line itself where it is JSON already.
 */
export function toJson(line: string): string {
  if (line.startsWith('{"')) {
    try {
      JSON.parse(line);
      return line;
    } catch {
      // A dictionary whose first key holds an apostrophe
    }
  }
  try {
    return converted(line);
  } catch (error) {
    // A text of megabytes is too long for the pattern
    if (error instanceof RangeError) return line;
    throw error;
  }
}

function converted(line: string): string {
  return line.replace(
    /u?('(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*")|\b(None|True|False)\b|\(|\)|,(?=\s*[}\])])/gs,
    (token, text: string | undefined, word: string | undefined) => {
      if (text !== undefined) return JSON.stringify(unescaped(text.slice(1, -1)));
      if (word !== undefined) return WORDS[word]!;
      return token === "(" ? "[" : token === ")" ? "]" : "";
    },
  );
}

const ESCAPES: Readonly<Record<string, string>> = { n: "\n", t: "\t", r: "\r", b: "\b", f: "\f", v: "\v", a: "\x07" };

function unescaped(text: string): string {
  return text.replace(
    /\\(?:x([0-9a-fA-F]{2})|u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8})|(.))/gs,
    (_, byte?: string, unit?: string, point?: string, char?: string) => {
      const code = byte ?? unit ?? point;
      if (code !== undefined) return String.fromCodePoint(Math.min(parseInt(code, 16), 0x10ffff));
      return ESCAPES[char!] ?? char!;
    },
  );
}
