/** What a command sees of the outside, so that tests run it in process. */
export interface CliIo {
  /** Text for the user or the next program. */
  readonly out: (text: string) => void;
  /** Faults and progress. */
  readonly err: (text: string) => void;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Folder that relative paths start from. */
  readonly cwd: string;
  /** Whether `out` is a terminal that shows colours. */
  readonly colors: boolean;
  /** Width of the terminal; undefined where there is none. */
  readonly columns: number | undefined;
  /** Aborted when the user asks to end (Ctrl-C, SIGTERM); absent in short commands' tests. */
  readonly signal?: AbortSignal;
  /** 0: fine, 1: a fault was found, 2: wrong usage. The last call counts. */
  setExitCode(code: number): void;
}

/** Exit codes of every command. */
export const exitCodes = { ok: 0, fault: 1, usage: 2 } as const;
