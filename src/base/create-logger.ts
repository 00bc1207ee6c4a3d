/** Apart from the port, so that a small agent can log without loading the library. */
import { type DestinationStream, pino } from 'pino';
import { type Logger, redactedFields } from './log.ts';

/** JSON lines on standard error unless another destination is given: standard output belongs to a command's answer. */
export function createLogger(
  options: { level?: string; name?: string; destination?: DestinationStream } = {},
): Logger {
  const settings = {
    level: options.level ?? 'info',
    base: options.name === undefined ? null : { name: options.name },
    timestamp: pino.stdTimeFunctions.isoTime,
    redact: {
      paths: redactedFields.flatMap((key) => [key, `*.${key}`, `*.*.${key}`]),
      censor: '[redacted]',
    },
  };
  return pino(settings, options.destination ?? pino.destination({ dest: 2, sync: true }));
}
