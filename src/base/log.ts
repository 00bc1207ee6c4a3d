import { type DestinationStream, type Logger as PinoLogger, pino } from 'pino';

/** Structured log as a port: consumers take this, main builds it. */
export type Logger = Pick<PinoLogger, 'debug' | 'info' | 'warn' | 'error'> & {
  child(bindings: Record<string, unknown>): Logger;
};

/** Fields that may hold credentials: their values never reach the output. */
const redacted = ['authorization', 'token', 'password', 'secret', 'data', 'stringData'].flatMap((key) => [
  key,
  `*.${key}`,
  `*.*.${key}`,
]);

/** JSON lines on standard error unless another destination is given: standard output belongs to a command's answer. */
export function createLogger(
  options: { level?: string; name?: string; destination?: DestinationStream } = {},
): Logger {
  const settings = {
    level: options.level ?? 'info',
    base: options.name === undefined ? null : { name: options.name },
    timestamp: pino.stdTimeFunctions.isoTime,
    redact: { paths: redacted, censor: '[redacted]' },
  };
  return pino(settings, options.destination ?? pino.destination({ dest: 2, sync: true }));
}

export const silentLogger: Logger = pino({ level: 'silent' });
