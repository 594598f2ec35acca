/**
 * Thrown for a setting that a model does not have, or a value that it cannot have.
 *
 * @example
 * ```ts
 * import { resolveSettings, sasRec, SettingError } from "@sevo/sevo/models";
 * import { assertEquals, assertThrows } from "@std/assert";
 *
 * const { setting } = assertThrows(() => resolveSettings(sasRec, { dropout: 1.5 }), SettingError);
 * assertEquals(setting, "dropout");
 * ```
 */
export class SettingError extends RangeError {
  /** Tells this error from others. */
  override readonly name = "SettingError";
  /** Name of the setting. */
  readonly setting: string;
  /** What is wrong with it; the message goes on after "as". */
  readonly reason: string;

  /**
   * Says what is wrong.
   *
   * @param setting Name of the setting.
   * @param reason What is wrong with it, as it goes on after "as".
   */
  constructor(setting: string, reason: string) {
    super(`Cannot train as ${reason}`);
    this.setting = setting;
    this.reason = reason;
  }
}
