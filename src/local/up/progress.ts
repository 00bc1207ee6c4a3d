import { Listr } from 'listr2';
import type { Clock } from '../../base/clock.ts';

/** Shows one step after another, each with what is happening in it now. */
export interface Progress {
  /** Runs one step. `say` replaces what is shown below its title: one or more lines. */
  step<T>(title: string, run: (say: (text: string) => void) => Promise<T>): Promise<T>;
  /** One line that stays. */
  line(text: string): void;
}

/** A terminal sees steps that move; anything else gets one line per news, with the seconds since the start. */
export function createProgress(options: {
  tty: boolean;
  out: (text: string) => void;
  clock: Clock;
}): Progress {
  return options.tty ? terminalProgress(options.out) : lineProgress(options.out, options.clock);
}

function terminalProgress(out: (text: string) => void): Progress {
  return {
    async step<T>(title: string, run: (say: (text: string) => void) => Promise<T>): Promise<T> {
      const results: T[] = [];
      const task = {
        title,
        task: async (_context: unknown, wrapper: { output: string }) => {
          results.push(
            await run((text) => {
              wrapper.output = text;
            }),
          );
        },
        rendererOptions: { outputBar: 1 },
      };
      await new Listr([task], {
        registerSignalListeners: false,
        rendererOptions: { showErrorMessage: false },
      }).run();
      return results[0] as T;
    },
    line: (text) => out(`${text}\n`),
  };
}

function lineProgress(out: (text: string) => void, clock: Clock): Progress {
  const startedMs = clock.monotonicMs();
  const seconds = () => `[${((clock.monotonicMs() - startedMs) / 1000).toFixed(1).padStart(5)}s]`;
  return {
    async step(title, run) {
      out(`${seconds()} ${title}\n`);
      let shown = new Set<string>();
      const result = await run((text) => {
        // Only what is new: a block that is shown again and again prints its changed lines.
        const lines = text.split('\n').filter((line) => line.trim() !== '');
        for (const line of lines) if (!shown.has(line)) out(`${seconds()}   ${line}\n`);
        shown = new Set(lines);
      });
      out(`${seconds()} ${title}: done\n`);
      return result;
    },
    line: (text) => out(`${text}\n`),
  };
}
