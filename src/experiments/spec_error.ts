/** Thrown for a spec of a sweep that cannot be run. */
export class SpecError extends Error {
  /** Tells this error from others. */
  override readonly name = "SpecError";
}
