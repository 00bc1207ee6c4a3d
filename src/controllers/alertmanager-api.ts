import { type Dispatcher, request } from 'undici';
import { CodedError } from '../base/errors.ts';
import { limits } from '../base/limits.ts';
import type { AlertmanagerApi, LiveSilence, SilenceDraft } from '../reconcilers/silence/alertmanager.ts';
import type { Matcher } from '../render/alertmanager/matcher.ts';

interface WireMatcher {
  readonly name: string;
  readonly value: string;
  readonly isRegex: boolean;
  /** Absent means true. */
  readonly isEqual?: boolean;
}

/** Alertmanager's HTTP API v2 (api/v2/openapi.yaml), the part about silences. */
export class AlertmanagerClient implements AlertmanagerApi {
  readonly #dispatcher: Dispatcher | undefined;

  /** `dispatcher` for tests and for proxies; undici's own where absent. */
  constructor(dispatcher?: Dispatcher) {
    this.#dispatcher = dispatcher;
  }

  async list(url: string, signal?: AbortSignal): Promise<readonly LiveSilence[]> {
    const value = await this.#call(url, 'GET', '/api/v2/silences', undefined, signal);
    if (!Array.isArray(value)) throw refused(url, 'the list of silences is no list');
    return value.map((entry) => readSilence(entry, url));
  }

  async post(url: string, draft: SilenceDraft, signal?: AbortSignal): Promise<string> {
    const value = await this.#call(url, 'POST', '/api/v2/silences', writeSilence(draft), signal);
    const id = (value as { readonly silenceID?: unknown } | null)?.silenceID;
    if (typeof id !== 'string') throw refused(url, 'the answer to a silence names no id');
    return id;
  }

  async expire(url: string, id: string, signal?: AbortSignal): Promise<void> {
    try {
      await this.#call(url, 'DELETE', `/api/v2/silence/${encodeURIComponent(id)}`, undefined, signal);
    } catch (error) {
      // Expired already, and forgotten: what was wanted.
      if (!(error instanceof AnswerError && (error.status === 404 || /already expired/.test(error.message))))
        throw error;
    }
  }

  async #call(
    url: string,
    method: 'GET' | 'POST' | 'DELETE',
    path: string,
    body: object | undefined,
    signal: AbortSignal | undefined,
  ): Promise<unknown> {
    const timeout = AbortSignal.timeout(limits.alertmanagerRequestTimeoutMs);
    let status: number;
    let text: string;
    try {
      const answer = await request(url + path, {
        method,
        ...(this.#dispatcher === undefined ? {} : { dispatcher: this.#dispatcher }),
        headers: body === undefined ? {} : { 'content-type': 'application/json' },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
        signal: signal === undefined ? timeout : AbortSignal.any([signal, timeout]),
      });
      status = answer.statusCode;
      text = await readBounded(answer.body, url);
    } catch (cause) {
      if (cause instanceof CodedError) throw cause;
      const why = timeout.aborted
        ? `no answer within ${limits.alertmanagerRequestTimeoutMs} ms`
        : causeText(cause);
      throw new CodedError('AlertmanagerUnreachable', `${method} ${url}${path}: ${why}`, { cause });
    }
    if (status >= 300)
      throw new AnswerError(status, `${method} ${url}${path}: ${status} ${text.slice(0, 500)}`);
    if (text === '') return undefined;
    try {
      return JSON.parse(text);
    } catch {
      throw refused(url, 'the answer is not JSON');
    }
  }
}

class AnswerError extends CodedError {
  readonly status: number;
  constructor(status: number, message: string) {
    super('AlertmanagerRefused', message);
    this.status = status;
  }
}

function refused(url: string, message: string): CodedError {
  return new CodedError('AlertmanagerRefused', `${url}: ${message}`);
}

function causeText(cause: unknown): string {
  return cause instanceof Error ? ((cause as NodeJS.ErrnoException).code ?? cause.message) : String(cause);
}

async function readBounded(body: AsyncIterable<Buffer>, url: string): Promise<string> {
  const parts: Buffer[] = [];
  let sizeBytes = 0;
  for await (const part of body) {
    sizeBytes += part.length;
    if (sizeBytes > limits.alertmanagerResponseBytes) {
      throw new CodedError(
        'LimitExceeded',
        `${url} answers with more than ${limits.alertmanagerResponseBytes} bytes`,
      );
    }
    parts.push(part);
  }
  return Buffer.concat(parts).toString('utf8');
}

function writeSilence(draft: SilenceDraft): object {
  return {
    ...(draft.id === undefined ? {} : { id: draft.id }),
    matchers: draft.matchers.map(
      ({ name, operator, value }): WireMatcher => ({
        name,
        value,
        isRegex: operator.endsWith('~'),
        isEqual: operator.startsWith('='),
      }),
    ),
    startsAt: new Date(draft.startsAtMs).toISOString(),
    endsAt: new Date(draft.endsAtMs).toISOString(),
    createdBy: draft.createdBy,
    comment: draft.comment,
  };
}

function readSilence(entry: unknown, url: string): LiveSilence {
  const value = entry as {
    readonly id?: string;
    readonly status?: { readonly state?: string };
    readonly matchers?: readonly WireMatcher[];
    readonly startsAt?: string;
    readonly endsAt?: string;
    readonly updatedAt?: string;
    readonly createdBy?: string;
    readonly comment?: string;
  } | null;
  const { id, matchers, createdBy = '', comment = '' } = value ?? {};
  const state = value?.status?.state;
  const [startsAtMs, endsAtMs, updatedAtMs] = [value?.startsAt, value?.endsAt, value?.updatedAt].map((time) =>
    Date.parse(time ?? ''),
  ) as [number, number, number];
  if (typeof id !== 'string' || Number.isNaN(startsAtMs) || Number.isNaN(endsAtMs)) {
    throw refused(url, 'a silence has no id or no times');
  }
  return {
    id,
    // A silence with several sets of matchers, which others may post, has none here: it is never ours.
    matchers: Array.isArray(matchers) ? matchers.map(readMatcher) : [],
    startsAtMs,
    endsAtMs,
    updatedAtMs: Number.isNaN(updatedAtMs) ? 0 : updatedAtMs,
    createdBy,
    comment,
    state: state === 'pending' || state === 'active' ? state : 'expired',
  };
}

function readMatcher({ name, value, isRegex, isEqual = true }: WireMatcher): Matcher {
  return { name, value, operator: isRegex ? (isEqual ? '=~' : '!~') : isEqual ? '=' : '!=' };
}
