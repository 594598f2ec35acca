/**
 * Runs with a folder that is gone afterwards.
 *
 * @param work What is done with its path.
 */
export async function withFolder(work: (folder: string) => Promise<void>): Promise<void> {
  const folder = await Deno.makeTempDir();
  try {
    await work(folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

/**
 * What is in a folder.
 *
 * @param path The folder.
 * @returns The names, in order.
 */
export async function filesIn(path: string): Promise<string[]> {
  return (await Array.fromAsync(Deno.readDir(path), ({ name }) => name)).sort();
}
