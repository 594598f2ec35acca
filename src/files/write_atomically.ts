/**
 * Writes a file whole or not at all: to a temporary file beside it, which is brought to the disk and renamed.
 *
 * @param path The file.
 * @param content What is written.
 */
export async function writeAtomically(path: string, content: string | Uint8Array<ArrayBuffer>): Promise<void> {
  const bytes = typeof content === "string" ? new TextEncoder().encode(content) : content;
  {
    using file = await Deno.open(`${path}.tmp`, { write: true, create: true, truncate: true });
    for (let at = 0; at < bytes.length;) at += await file.write(bytes.subarray(at));
    await file.sync();
  }
  await Deno.rename(`${path}.tmp`, path);
}
