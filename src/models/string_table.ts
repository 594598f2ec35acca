import type { SafetensorsTensor } from "../safetensors.ts";

/** A list of texts in a file: their UTF-8 bytes end to end, and where each begins. */
type StringTensors = Readonly<Record<string, SafetensorsTensor>>;

/**
 * Writes texts as tensors of bytes: the header of a file has a bound, its tensors have none.
 *
 * @param name Name of the tensors.
 * @param strings The texts; null where there is none.
 * @returns `name` (U8, the bytes and up to three zeros, so that what follows in a file is aligned), `name.offsets` (U32, one
 * more than texts), and `name.present` (U32, 0 for null) where a text is missing.
 * @throws {RangeError} If the texts take 4 GiB or more.
 */
export function encodeStrings(name: string, strings: readonly (string | null)[]): StringTensors {
  const encoder = new TextEncoder(), offsets = new Uint32Array(strings.length + 1);
  let bytes = new Uint8Array(1024), at = 0;
  strings.forEach((text, index) => {
    // A UTF-16 unit takes three bytes of UTF-8 at most
    const most = at + 3 * (text?.length ?? 0);
    if (most >= 2 ** 32) throw new RangeError(`Cannot write '${name}' as its texts take 4 GiB or more`);
    if (most > bytes.length) {
      const larger = new Uint8Array(Math.min(2 ** 32 - 1, Math.max(most, 2 * bytes.length)));
      larger.set(bytes.subarray(0, at));
      bytes = larger;
    }
    if (text) at += encoder.encodeInto(text, bytes.subarray(at)).written;
    offsets[index + 1] = at;
  });
  const stored = new Uint8Array(4 * Math.ceil(at / 4));
  stored.set(bytes.subarray(0, at));
  return {
    [name]: { data: stored, shape: [stored.length] },
    [`${name}.offsets`]: { data: offsets, shape: [offsets.length] },
    ...strings.includes(null) && {
      [`${name}.present`]: {
        data: Uint32Array.from(strings, (text) => text === null ? 0 : 1),
        shape: [strings.length],
      },
    },
  };
}

/**
 * Reads what {@linkcode encodeStrings} wrote.
 *
 * @param name Name of the tensors.
 * @param tensors The tensors of the file.
 * @returns The texts.
 * @throws {SyntaxError} If a tensor is missing or does not fit the others, or a text is no UTF-8.
 */
export function decodeStrings(
  name: string,
  tensors: { readonly [name: string]: SafetensorsTensor },
): (string | null)[] {
  const fail = (why: string) => new SyntaxError(`Cannot read a model as ${why}`);
  const bytes = tensors[name]?.data, offsets = tensors[`${name}.offsets`]?.data;
  const present = tensors[`${name}.present`]?.data ?? null;
  if (!(bytes instanceof Uint8Array) || !(offsets instanceof Uint32Array) || offsets.length === 0) {
    throw fail(`it has no texts '${name}'`);
  }
  const count = offsets.length - 1;
  if (present && !(present instanceof Uint32Array && present.length === count)) {
    throw fail(`'${name}.present' does not have a value for each text`);
  }
  const strings = new Array<string | null>(count), decoder = new TextDecoder("utf-8", { ignoreBOM: true });
  const strict = new TextDecoder("utf-8", { fatal: true });
  for (let at = 0; at < count; at++) {
    const begin = offsets[at]!, end = offsets[at + 1]!;
    if (begin > end || end > bytes.length) throw fail(`'${name}.offsets' does not ascend within the texts`);
    if (present?.[at] === 0) {
      strings[at] = null;
      continue;
    }
    const part = bytes.subarray(begin, end), text = decoder.decode(part);
    // What is no UTF-8 becomes this mark, which a text may have too: looking twice at few is faster than strictly at all
    if (text.includes("\ufffd")) {
      try {
        strict.decode(part);
      } catch {
        throw fail(`'${name}' holds no UTF-8 in text ${at}`);
      }
    }
    strings[at] = text;
  }
  return strings;
}

/**
 * The first text that is there before. Only texts of one hash are compared: a set of millions of texts takes seconds.
 *
 * @param texts The texts.
 * @returns The text, or undefined where all differ.
 */
export function repeatedIn(texts: readonly string[]): string | undefined {
  const hashes = Uint32Array.from(texts, hashOf), sorted = hashes.toSorted();
  const shared = new Set(sorted.filter((hash, at) => hash === sorted[at + 1]));
  if (shared.size === 0) return undefined;
  const seen = new Set<string>();
  return texts.find((text, at) => shared.has(hashes[at]!) && seen.size === seen.add(text).size);
}

/** FNV-1a over UTF-16 units. */
function hashOf(text: string): number {
  let hash = 0x811c9dc5;
  for (let at = 0; at < text.length; at++) hash = Math.imul(hash ^ text.charCodeAt(at), 0x01000193);
  return hash >>> 0;
}
