/** Versions of Alertmanager, as releases are named: `v0.33.1`. */

/** Oldest Alertmanager that is supported: the first with UTF-8 matchers. */
export const oldestVersion = '0.27.0';

export const defaultVersion = 'v0.33.1';

/** Whether `version` is `since` or newer. A pre-release counts as its release; text that is no version as the newest. */
export function atLeast(version: string, since: string): boolean {
  const [have, want] = [parts(version), parts(since)];
  if (have === undefined || want === undefined) return true;
  for (let at = 0; at < 3; at++) {
    if (have[at] !== want[at]) return have[at]! > want[at]!;
  }
  return true;
}

function parts(version: string): readonly number[] | undefined {
  const match = /^v?(\d+)\.(\d+)\.(\d+)/.exec(version);
  return match === null ? undefined : match.slice(1, 4).map(Number);
}
