/**
 * What a log is named by: files, folders, patterns, archives, standard input, addresses.
 *
 * @module
 */
import { glob } from "node:fs/promises";
import { openFault } from "./bytes.ts";
import { type Input, mayBeLog } from "./input.ts";
import { PrepareError, shown } from "../prepare_error.ts";

/** What one name on the command line stands for. */
export interface Inputs {
  /** The name. */
  readonly name: string;
  /** Whether it is a folder or an archive, of which only some files may be the log. */
  readonly folder: boolean;
  /** Its files, sorted by name. */
  readonly inputs: readonly Input[];
}

const baseName = (path: string) => path.replace(/[/\\]+$/, "").replace(/^.*[/\\]/, "");
/** `part-10` comes after `part-9`. */
const byName = (a: { name: string }, b: { name: string }) =>
  a.name.localeCompare(b.name, "en", { numeric: true }) || (a.name < b.name ? -1 : 1);

/**
 * The files that a name stands for.
 *
 * @param name A file, a folder, a zip archive, a pattern, an address, or `-` for standard input.
 * @returns The files.
 * @throws {PrepareError} If there is nothing of that name, or it may not be read.
 */
export async function inputsOf(name: string): Promise<Inputs> {
  const one = (input: Input): Inputs => ({ name, folder: false, inputs: [input] });
  if (name === "-") return one(standardInput());
  if (/^https?:\/\//.test(name)) return one(address(name));
  let info: Deno.FileInfo;
  try {
    info = await Deno.stat(name);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound && /[*?[{]/.test(name)) return await matches(name);
    throw fault(name, error);
  }
  if (info.isDirectory) return { name, folder: true, inputs: await folderOf(name) };
  const input = fileAt(name, info.isFile ? info.size : null);
  // What is read from a pipe is gone
  if (!info.isFile || !await isArchive(name)) return one(input);
  const { entriesOf } = await import("./archive.ts");
  return { name, folder: true, inputs: (await entriesOf(name)).toSorted(byName) };
}

async function isArchive(path: string): Promise<boolean> {
  try {
    using file = await Deno.open(path);
    const head = new Uint8Array(4);
    return await file.read(head) === 4 && String.fromCharCode(...head) === "PK\x03\x04";
  } catch (error) {
    throw fault(path, error);
  }
}

function fault(name: string, error: unknown): unknown {
  const why = openFault(error);
  return why === undefined ? error : new PrepareError(name, why, { cause: error });
}

function fileAt(path: string, size: number | null): Input {
  return {
    name: path,
    file: baseName(path),
    path,
    size,
    async open() {
      try {
        return (await Deno.open(path)).readable;
      } catch (error) {
        throw fault(path, error);
      }
    },
  };
}

async function folderOf(folder: string): Promise<readonly Input[]> {
  const inputs: Input[] = [], folders: string[] = [];
  for await (const entry of Deno.readDir(folder)) {
    const path = `${folder.replace(/[/\\]+$/, "")}/${entry.name}`;
    if (!mayBeLog(entry.name)) continue;
    let info: Deno.FileInfo;
    try {
      info = await Deno.stat(path);
    } catch (error) {
      throw fault(path, error);
    }
    // A link to a folder may lead back to this one
    if (info.isDirectory) folders.push(...entry.isSymlink ? [] : [path]);
    else inputs.push(fileAt(path, info.isFile ? info.size : null));
  }
  // What an archive was unpacked to is often a folder in a folder
  if (inputs.length === 0 && folders.length === 1) return folderOf(folders[0]!);
  if (inputs.length === 0) {
    const why = folders.length === 0
      ? "the folder holds no files"
      : `the folder holds only folders: name the files by a pattern, such as ${shown(`${folder}/*/*`, Infinity)}`;
    throw new PrepareError(folder, why);
  }
  return inputs.toSorted(byName);
}

async function matches(pattern: string): Promise<Inputs> {
  const inputs: Input[] = [];
  for await (const path of glob(pattern)) {
    let info: Deno.FileInfo;
    try {
      info = await Deno.stat(path);
    } catch (error) {
      throw fault(path, error);
    }
    if (!info.isDirectory) inputs.push(fileAt(path, info.isFile ? info.size : null));
  }
  if (inputs.length === 0) throw new PrepareError(pattern, "no file matches it");
  return { name: pattern, folder: false, inputs: inputs.toSorted(byName) };
}

function standardInput(): Input {
  let isRead = false;
  return {
    name: "standard input",
    file: "standard input",
    path: null,
    size: null,
    open() {
      if (isRead) throw new PrepareError("-", "standard input can be read only once");
      isRead = true;
      return Promise.resolve(Deno.stdin.readable);
    },
  };
}

function address(url: string): Input {
  return {
    name: url,
    file: baseName(new URL(url).pathname) || "index",
    path: null,
    size: null,
    async open() {
      let response: Response;
      try {
        response = await fetch(url);
      } catch (error) {
        if (error instanceof Deno.errors.NotCapable) {
          const host = new URL(url).host;
          const way = `deno run --allow-net=${host} --allow-read --allow-write --allow-ffi tasks/prepare.ts '${url}'`;
          throw new PrepareError(url, `this task has no permission for the network: run it as ${way}`, {
            cause: error,
          });
        }
        throw fault(url, error);
      }
      if (!response.ok || response.body === null) {
        await response.body?.cancel();
        throw new PrepareError(url, `its address answers ${response.status} ${response.statusText}`.trim());
      }
      return response.body;
    },
  };
}
