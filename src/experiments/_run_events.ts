import { eventIn } from "./_event_line.ts";
import type { TrainingEvent } from "../training/train.ts";
import type { SweepEvent } from "./executor.ts";

/** Tells how runs come along that other machines carry out, by what they write into their run directories. */
export class RunEvents {
  readonly #out: string;
  readonly #report: (event: SweepEvent) => void;
  /** Bytes of each run's events that were told. */
  readonly #told = new Map<string, number>();

  /**
   * @param out The output folder.
   * @param report Is told what happens.
   */
  constructor(out: string, report: (event: SweepEvent) => void) {
    this.#out = out;
    this.#report = report;
  }

  /**
   * Follows a run from now on; of one that is followed already nothing changes.
   *
   * @param name Its name.
   */
  follow(name: string): void {
    if (this.#told.has(name)) return;
    this.#told.set(name, 0);
    this.#report({ type: "start", name });
  }

  /**
   * Follows a run no more.
   *
   * @param name Its name.
   */
  leave(name: string): void {
    this.#told.delete(name);
  }

  /** Tells what is new. */
  async tell(): Promise<void> {
    for (const [name, from] of this.#told) {
      const { events, to } = await eventsFrom(`${this.#out}/${name}/events.jsonl`, from);
      if (!this.#told.has(name)) continue;
      this.#told.set(name, to);
      for (const event of events) this.#report({ type: "progress", name, event });
    }
  }
}

/** Events after a place in a file, whose last line may be under way. */
async function eventsFrom(path: string, from: number): Promise<{ events: TrainingEvent[]; to: number }> {
  let file;
  try {
    file = await Deno.open(path, { read: true });
  } catch {
    return { events: [], to: from }; // The run has not begun, or the file system is away for a while
  }
  using open = file;
  try {
    const { size } = await open.stat();
    // A run that goes on from its checkpoint takes back what came after
    if (size <= from) return { events: [], to: size };
    await open.seek(from, Deno.SeekMode.Start);
    const bytes = new Uint8Array(size - from), count = await open.read(bytes) ?? 0;
    const end = bytes.subarray(0, count).lastIndexOf(10) + 1;
    const lines = new TextDecoder().decode(bytes.subarray(0, end)).split("\n").slice(0, -1);
    // A line may have been taken back while it was read
    return { events: lines.map(eventIn).filter((event) => event !== null), to: from + end };
  } catch {
    return { events: [], to: from };
  }
}
