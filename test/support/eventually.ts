/** Asks until `check` neither throws nor returns undefined, and returns its answer; the last reason is thrown after `timeoutMs`. */
export async function eventually<T>(
  what: string,
  check: () => Promise<T | undefined> | T | undefined,
  timeoutMs = 60_000,
): Promise<T> {
  const startedMs = performance.now();
  let reason: unknown = 'no answer';
  while (performance.now() - startedMs < timeoutMs) {
    try {
      const answer = await check();
      if (answer !== undefined) return answer;
      reason = 'not so far';
    } catch (error) {
      reason = error;
    }
    await new Promise((resolve) => setTimeout(resolve, 150));
  }
  const text = reason instanceof Error ? reason.message : String(reason);
  throw new Error(`${what}: not within ${timeoutMs} ms: ${text}`);
}
