import type { Dataset } from "./dataset.ts";

/**
 * A digest of what a dataset holds: ids of users and items, and all interactions of each split in their order. Titles,
 * times and where it comes from are not part of it: they change nothing of what is trained. A run that is smoothed over a
 * column of categories keeps a digest of that column beside.
 *
 * @param dataset The dataset.
 * @returns SHA-256 in hexadecimal.
 */
export async function datasetDigest({ users, items, train, valid, test }: Dataset): Promise<string> {
  const ids = [users, items].map((names) => new TextEncoder().encode(JSON.stringify(names)));
  const numbers = [train, valid, test].flatMap(({ offsets, items: list }) => [offsets, list]);
  const digests = await Promise.all([...ids, ...numbers].map((part) => crypto.subtle.digest("SHA-256", part)));
  return hexadecimal(await crypto.subtle.digest("SHA-256", await new Blob(digests).arrayBuffer()));
}

/**
 * Bytes in hexadecimal.
 *
 * @param bytes The bytes.
 * @returns Two digits a byte.
 */
export function hexadecimal(bytes: ArrayBuffer): string {
  return Array.from(new Uint8Array(bytes), (byte) => byte.toString(16).padStart(2, "0")).join("");
}
