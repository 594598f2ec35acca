/**
 * The queue's library, and how it connects. It is loaded where a queue is asked for, and nowhere else.
 *
 * @module
 */
import { Redis } from "npm:ioredis@6.0.0";
import { DelayedError, type Job, Queue, type RedisOptions, UnrecoverableError, Worker } from "npm:bullmq@6.7.0";
import { pause } from "./_pause.ts";
import { type QueueAddress, QueueAwayError, QueueError } from "./queue_address.ts";

export { DelayedError, type Job, Queue, UnrecoverableError, Worker };

/** Name of the queue: whoever shares a Redis and no file system takes another database of it. */
export const QUEUE = "sevo";

/** Milliseconds until a connection that was lost is tried again, at most. */
const RETRY = 2000;

/** Milliseconds for the queue to take what it is told last. */
const PATIENCE = 5000;

/** Milliseconds for a connection to come about. */
const CONNECT = 10_000;

/**
 * How to connect.
 *
 * @param address Where.
 * @param over Aborted where the connection is needed no more, be it there or lost.
 * @returns Options of the client. What is asked for while the connection is lost waits for it.
 */
export function connectionTo(address: QueueAddress, over: AbortSignal): RedisOptions {
  const { host, port, database: db, encrypted } = address;
  return {
    host,
    port,
    db,
    ...address.credentials(),
    ...encrypted && { tls: {} },
    connectTimeout: CONNECT,
    // A connection that is back asks again
    maxRetriesPerRequest: null,
    retryStrategy: (times: number) => over.aborted ? null : Math.min(RETRY, 100 * times),
  };
}

/**
 * Makes sure that there is a queue that lets us in.
 *
 * @param address Where.
 * @throws {QueueError} If it is not one, or does not let us in.
 * @throws {QueueAwayError} If it does not answer.
 */
export async function probe(address: QueueAddress): Promise<void> {
  const client = new Redis({ ...connectionTo(address, AbortSignal.abort()), lazyConnect: true });
  let lost: unknown;
  client.on("error", (error: unknown) => lost = error);
  try {
    await client.connect();
    await client.ping();
    // A database that is not there is told by an event alone, and another taken
    if (lost !== undefined) throw lost;
  } catch (error) {
    // The client says only that the connection is closed, and its event why. The error itself may hold the password
    const why = reasonOf(lost ?? error);
    if (/^NOAUTH/.test(why)) throw new QueueError(`Cannot use the queue at ${address} as it asks for a password`);
    if (/^[A-Z]+ /.test(why)) throw new QueueError(`Cannot use the queue at ${address} as it says: ${why}`);
    if (/certificate/.test(why)) {
      throw new QueueError(
        `Cannot use the queue at ${address} as its certificate is not trusted: ${why}; DENO_CERT names a file with its authority`,
      );
    }
    throw new QueueAwayError(`Cannot use the queue at ${address} as it does not answer: ${why}`);
  } finally {
    client.disconnect();
  }
}

/**
 * Ends a connection, also where nobody answers.
 *
 * @param client What has it.
 * @param over Ends the attempts to get it back.
 * @param after When the waiting for an answer begins; at once by default.
 */
export async function hangUp(
  client: { close(): Promise<void>; disconnect(): Promise<void> },
  over: AbortController,
  after: Promise<void> = Promise.resolve(),
): Promise<void> {
  const isClosed = new AbortController();
  const closing = client.close().catch(() => {}).finally(() => isClosed.abort());
  await Promise.race([closing, after.then(() => pause(PATIENCE, isClosed.signal))]);
  over.abort();
  // It waits for a connection before it ends it
  if (!isClosed.signal.aborted) client.disconnect().catch(() => {});
}

/**
 * Why the queue does not answer, in a line.
 *
 * @param error What was thrown.
 * @returns The reason, without whatever was sent.
 */
export function reasonOf(error: unknown): string {
  if (error instanceof AggregateError) return reasonOf(error.errors[0]);
  const { code, message = "" } = { ...error as { code?: unknown }, message: (error as Error | undefined)?.message };
  return (message || String(code ?? "it closed the connection")).split("\n")[0]!;
}
