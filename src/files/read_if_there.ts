/**
 * Reads a file that need not be there.
 *
 * @param path The file.
 * @returns Its bytes; null where there is no such file, or no folder that it could be in.
 */
export async function readIfThere(path: string): Promise<Uint8Array<ArrayBuffer> | null> {
  try {
    return await Deno.readFile(path);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound || error instanceof Deno.errors.NotADirectory) return null;
    throw error;
  }
}
