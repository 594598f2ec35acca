/**
 * Files of a zip archive. It is a file of its own so that whoever has none needs no package for it.
 *
 * @module
 */
import { configure, type FileEntry, Reader, ZipReader } from "npm:@zip.js/zip.js@^2.24.0";
import type { Chunks } from "./bytes.ts";
import { type Input, mayBeLog } from "./input.ts";
import { PrepareError, shown } from "../prepare_error.ts";

// Workers would need permissions of their own
configure({ useWebWorkers: false });

/** A file on the disk as zip.js reads it: by pieces, so that an archive may be larger than the memory. */
class FileReader extends Reader<string> {
  readonly #path: string;
  #file: Deno.FsFile | undefined;

  constructor(path: string) {
    super(path);
    this.#path = path;
  }

  override async init(): Promise<void> {
    await super.init?.();
    this.#file = await Deno.open(this.#path);
    this.size = (await this.#file.stat()).size;
  }

  override async readUint8Array(index: number, length: number): Promise<Uint8Array> {
    const bytes = new Uint8Array(Math.min(length, this.size - index));
    await this.#file!.seek(index, Deno.SeekMode.Start);
    for (let at = 0; at < bytes.length;) {
      const read = await this.#file!.read(bytes.subarray(at));
      if (read === null) break;
      at += read;
    }
    return bytes;
  }

  close(): void {
    this.#file?.close();
    this.#file = undefined;
  }
}

async function withEntries<T>(path: string, use: (entries: FileEntry[], reader: FileReader) => Promise<T>): Promise<T> {
  const reader = new FileReader(path);
  try {
    const entries = await new ZipReader(reader).getEntries();
    return await use(entries.filter((entry): entry is FileEntry => !entry.directory), reader);
  } catch (error) {
    if (error instanceof PrepareError) throw error;
    const leadsOut = error instanceof Error && /unsafe filename/i.test(error.message);
    const why = leadsOut ? "a name in it leads out of the archive" : "its zip data is damaged";
    throw new PrepareError(path, why, { cause: error });
  }
}

/**
 * The files of a zip archive.
 *
 * @param path The archive.
 * @returns Its files; their names are never used as paths.
 * @throws {PrepareError} If it is damaged, or its files are encrypted.
 */
export async function entriesOf(path: string): Promise<Input[]> {
  return await withEntries(path, (entries, reader) => {
    reader.close();
    const base = (name: string) => name.replace(/^.*[/\\]/, "");
    const logs = entries.filter(({ filename }) => mayBeLog(base(filename)) && !filename.startsWith("__MACOSX/"));
    if (logs.length === 0) throw new PrepareError(path, "the archive holds no files");
    return Promise.resolve(logs.map(({ filename, uncompressedSize, encrypted, offset }) => ({
      name: `${path}/${filename}`,
      file: base(filename),
      path: null,
      size: uncompressedSize,
      open(): Promise<Chunks> {
        if (encrypted) throw new PrepareError(path, `its file ${shown(filename)} is encrypted`);
        return open(path, filename, offset);
      },
    })));
  });
}

async function open(path: string, filename: string, offset: number): Promise<Chunks> {
  return await withEntries(path, (entries, reader) => {
    // Two files may have one name
    const entry = entries.find((entry) => entry.offset === offset)!;
    const { readable, writable } = new TransformStream<Uint8Array<ArrayBuffer>, Uint8Array<ArrayBuffer>>();
    // What goes wrong comes out of the readable side
    const done = entry.getData(writable, { checkSignature: true }).then(() => {}, (error) => {
      writable.abort(error).catch(() => {});
    }).finally(() => reader.close());
    async function* chunks(): AsyncGenerator<Uint8Array<ArrayBuffer>> {
      try {
        yield* readable;
        await done;
      } catch (error) {
        throw new PrepareError(`${path}/${filename}`, "its zip data is damaged", { cause: error });
      }
    }
    return Promise.resolve(chunks());
  });
}
