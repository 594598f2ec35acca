import type { Flags } from "./declaration.ts";

/** Flags of what a task says while it works. */
export const logFlags = {
  quiet: { kind: "boolean", default: false, group: "Output", description: "Say nothing but warnings and errors" },
  log: {
    kind: "choice",
    choices: ["text", "json"],
    default: "text",
    group: "Output",
    description: "text for people, or json: an object a line on standard output, events first and the result last",
  },
} as const satisfies Flags;

/** What a task says on standard output: lines for people, or objects for programs. */
export class TaskLog {
  readonly #quiet: boolean;
  readonly #json: boolean;

  /** @param flags The flags. */
  constructor({ quiet, log }: { readonly quiet: boolean; readonly log: "text" | "json" }) {
    this.#quiet = quiet;
    this.#json = log === "json";
  }

  /**
   * Says something to people.
   *
   * @param text The text.
   */
  readonly say = (text: string): void => {
    if (!this.#quiet && !this.#json) console.log(text);
  };

  /**
   * Says something to programs.
   *
   * @param event An object whose `type` says what it is.
   */
  readonly tell = (event: { readonly type: string; readonly [name: string]: unknown }): void => {
    if (this.#json) console.log(JSON.stringify(event));
  };
}
