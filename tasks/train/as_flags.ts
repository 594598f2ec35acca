import { SettingError } from "../../src/models/setting_error.ts";
import { kebab, UsageError } from "../cli/declaration.ts";

/**
 * Says what is wrong with a setting as of a flag.
 *
 * @param work What may find a setting wrong.
 * @returns What it gives.
 * @throws {UsageError} If a setting is wrong.
 */
export function asFlags<T>(work: () => T): T {
  try {
    return work();
  } catch (error) {
    refuseAsFlag(error);
  }
}

/**
 * Says what is wrong with a setting as of a flag, where that was found out later.
 *
 * @param error What was thrown.
 * @throws {UsageError} If it was about a setting; else what it was.
 */
export function refuseAsFlag(error: unknown): never {
  if (!(error instanceof SettingError)) throw error;
  const reason = error.reason.startsWith(`${error.setting} `)
    ? `--${kebab(error.setting)}${error.reason.slice(error.setting.length)}`
    : error.reason;
  throw new UsageError(`Cannot run train as ${reason}`, { cause: error });
}
