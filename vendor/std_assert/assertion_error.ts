/** Thrown by every assertion that fails. */
export class AssertionError extends Error {
  /**
   * @param message What was expected and what was found.
   * @param options The error's cause.
   */
  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = "AssertionError";
  }
}
