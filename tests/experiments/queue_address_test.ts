import { assert, assertEquals, assertThrows } from "@std/assert";
import { QueueAddress, QueueError } from "../../src/experiments/queue_address.ts";

Deno.test("QueueAddress reads host, port, database, name and password", () => {
  for (
    const [url, shown, credentials] of [
      ["redis://host", "redis://host:6379", {}],
      ["redis://10.0.0.1:7000/3", "redis://10.0.0.1:7000/3", {}],
      ["redis://[::1]:7000", "redis://[::1]:7000", {}],
      ["rediss://:p%40ss%2F@host", "rediss://host:6379", { password: "p@ss/" }],
      ["rediss://me:secret@host:1/0", "rediss://host:1", { username: "me", password: "secret" }],
    ] as const
  ) {
    const address = new QueueAddress(url);
    assertEquals(`${address}`, shown);
    assertEquals(address.credentials(), credentials);
  }
  assertEquals(new QueueAddress("redis://[::1]").host, "::1");
  assertEquals(new QueueAddress("redis://[::1]").place, "[::1]:6379");
});

Deno.test("QueueAddress refuses what is none, and repeats nothing of it", () => {
  for (
    const [url, why] of [
      ["secret", "cannot be read"],
      ["http://me:secret@host", "begins with http://"],
      ["redis://", "has no host"],
      ["redis:///secret", "has no host"],
      ["redis://me:secret@host/first", "names a database that is no number"],
      ["redis://me:secret@host/-1", "names a database that is no number"],
      ["redis://me:secret@host:99999", "cannot be read"],
      ["redis://me:secret%@host", "has a % in its password that is not written as %25"],
    ] as const
  ) {
    const error = assertThrows(() => new QueueAddress(url), QueueError, `Cannot use the queue as its URL ${why}`);
    assert(!error.message.includes("secret"), error.message);
  }
});

Deno.test("what prints a QueueAddress does not print its password", () => {
  const address = new QueueAddress("redis://me:secret@host");
  for (const text of [Deno.inspect(address, { showHidden: true }), JSON.stringify(address), `${address}`]) {
    assert(!text.includes("secret") && !text.includes("me:"), text);
  }
});
