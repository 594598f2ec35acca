/** Text that is HTML already. Only {@linkcode html} and {@linkcode trusted} make it: what comes of files is escaped. */
export class Html {
  /** The HTML. */
  readonly text: string;

  /**
   * Takes a text as HTML.
   *
   * @param text The text.
   */
  constructor(text: string) {
    this.text = text;
  }
}

/** What can stand in a template: texts and numbers are escaped; null, undefined and false are nothing. */
export type Part = Html | string | number | null | undefined | false | readonly Part[];

/**
 * HTML of a template, in which all but other HTML is escaped.
 *
 * @param strings The template's own text.
 * @param parts What stands in it: in text, or in an attribute in double quotes.
 * @returns The HTML.
 */
export function html(strings: TemplateStringsArray, ...parts: readonly Part[]): Html {
  return new Html(strings.map((text, at) => text + (at < parts.length ? textOf(parts[at]) : "")).join(""));
}

/**
 * A text of this program's own making, taken as HTML.
 *
 * @param text The text.
 * @returns The HTML.
 */
export function trusted(text: string): Html {
  return new Html(text);
}

/**
 * A text in which no character means anything to a browser.
 *
 * @param text The text.
 * @returns The text for an element or for an attribute in double quotes.
 */
export function escaped(text: string): string {
  // A browser reads U+0000 as an error, and lone surrogates cannot be written as UTF-8
  return text.toWellFormed().replaceAll("\0", "\ufffd").replace(/[&<>"']/g, (sign) => `&#${sign.charCodeAt(0)};`);
}

function textOf(part: Part): string {
  if (part === null || part === undefined || part === false) return "";
  if (part instanceof Html) return part.text;
  if (typeof part === "object") return part.map(textOf).join("");
  return escaped(String(part));
}
