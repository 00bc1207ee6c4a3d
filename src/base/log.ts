import type { Logger as PinoLogger } from 'pino';

/** Structured log as a port: consumers take this, main builds it. */
export type Logger = Pick<PinoLogger, 'debug' | 'info' | 'warn' | 'error'> & {
  child(bindings: Record<string, unknown>): Logger;
};

/** Fields that may hold credentials: their values never reach the output. */
export const redactedFields = ['authorization', 'token', 'password', 'secret', 'data', 'stringData'] as const;

const nothing = () => {};

export const silentLogger: Logger = {
  debug: nothing,
  info: nothing,
  warn: nothing,
  error: nothing,
  child: () => silentLogger,
};
