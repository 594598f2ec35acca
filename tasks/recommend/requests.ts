import { TextLineStream } from "../cli/lines.ts";
import type { Dataset } from "../../src/data/dataset.ts";
import type { StreamRequest } from "../../src/recommend/requests.ts";
import { UsageError } from "../cli/flags.ts";

/** Where requests come from. */
export interface RequestFlags {
  /** Users by id. */
  readonly user: readonly string[];
  /** Histories, ids separated by commas. */
  readonly history: readonly string[];
  /** Every user of the dataset. */
  readonly all: boolean;
  /** A file of JSON lines, or `-`. */
  readonly input: string | undefined;
}

/**
 * The requests that flags ask for, one by one.
 *
 * @param flags The flags.
 * @param dataset The dataset, if there is one.
 * @returns The requests.
 * @throws {UsageError} If the flags name none, or two kinds; or a line of the input is no request.
 */
export function requestsOf(
  { user, history, all, input }: RequestFlags,
  dataset: Dataset | null,
): Iterable<StreamRequest> | AsyncIterable<StreamRequest> {
  const kinds = [user.length > 0, history.length > 0, all, input !== undefined].filter(Boolean).length;
  if (kinds !== 1) {
    throw new UsageError(
      `Cannot run recommend as it takes one of --user, --history, --all and --input: ${
        kinds === 0 ? "give one" : `there are ${kinds}`
      }`,
    );
  }
  if ((all || user.length > 0) && dataset === null) {
    throw new UsageError("Cannot run recommend as users need the dataset with their histories: pass --data DIR");
  }
  if (input !== undefined) return linesOf(input, dataset);
  if (all) return dataset!.users.values().map((user) => ({ user }));
  if (user.length > 0) return user.map((user) => ({ user }));
  return history.map((ids) => ({ history: ids.split(",").map((id) => id.trim()).filter((id) => id !== "") }));
}

/** Requests of a file, a line each. */
async function* linesOf(input: string, dataset: Dataset | null): AsyncGenerator<StreamRequest> {
  let number = 0;
  for await (const line of (await open(input)).pipeThrough(new TextDecoderStream()).pipeThrough(new TextLineStream())) {
    number++;
    if (line.trim() === "") continue;
    const request = requestOf(line);
    if (request === null) {
      throw new UsageError(
        `Cannot run recommend as line ${number} of '${input}' is not {"user": ID} or {"history": [ID, ...]}: ` +
          `current value is '${line.length > 80 ? `${line.slice(0, 77)}...` : line}'`,
      );
    }
    if ("user" in request && dataset === null) {
      throw new UsageError(
        `Cannot run recommend as line ${number} of '${input}' asks for a user: pass --data DIR, which has the histories`,
      );
    }
    yield request;
  }
}

async function open(input: string): Promise<ReadableStream<Uint8Array<ArrayBuffer>>> {
  if (input === "-") return Deno.stdin.readable;
  let file: Deno.FsFile;
  try {
    file = await Deno.open(input);
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
    throw new UsageError(`Cannot run recommend as there is no file '${input}'`);
  }
  if (!(await file.stat()).isDirectory) return file.readable;
  file.close();
  throw new UsageError(`Cannot run recommend as '${input}' is a folder: give a file of JSON lines, or -`);
}

/** An id may be a number in JSON: ids are texts here. */
function requestOf(line: string): StreamRequest | null {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch {
    return null;
  }
  if (typeof value !== "object" || value === null) return null;
  const { user, history, ...others } = value as { user?: unknown; history?: unknown };
  // What would be ignored is refused: it was meant for something
  if (Object.keys(others).length > 0) return null;
  if (isId(user) && history === undefined) return { user: String(user) };
  if (user === undefined && Array.isArray(history) && history.every(isId)) return { history: history.map(String) };
  return null;
}

function isId(value: unknown): value is string | number {
  return typeof value === "string" || Number.isSafeInteger(value);
}
