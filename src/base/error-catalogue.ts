/** One row of the error catalogue; docs/errors.md is generated from these rows. */
export interface ErrorEntry {
  /** When it occurs. */
  readonly meaning: string;
  /** What the reader should do. */
  readonly action: string;
}

/**
 * Every code that promfleet reports: in errors, in condition reasons, in Events and in CLI output.
 * Add rows in alphabetical order.
 */
export const errorCatalogue = {
  CorruptData: {
    meaning: 'Stored bytes fail their checksum or break their format.',
    action: 'Restore the named object from a replica or a backup, or remove it.',
  },
  LimitExceeded: {
    meaning: 'A stated limit was reached.',
    action: 'Reduce the input, or raise the limit where it is configurable.',
  },
} as const satisfies Record<string, ErrorEntry>;

export type ErrorCode = keyof typeof errorCatalogue;
