import type { IncomingMessage, ServerResponse } from 'node:http';
import { CodedError, describeError } from '../../base/errors.ts';
import { limits } from '../../base/limits.ts';
import type { Logger } from '../../base/log.ts';
import { silentMetrics } from '../../base/metrics.ts';
import { pauses } from '../../base/pauses.ts';
import { FederatedSource } from '../query/federation.ts';
import type { QueryBudget } from '../query/query-budget.ts';
import type { Admission } from './admission/admission.ts';
import { logSlowQuery } from './admission/slow-query-log.ts';
import { defaultTenant } from './admission/tenant.ts';
import { ApiError } from './api-error.ts';
import type { ApiOptions } from './api-options.ts';
import { Deadlines } from './deadlines.ts';
import { jsonMessage } from './json-text.ts';
import { type Params, resolutionParam } from './params.ts';
import { RangeCache } from './range-cache/range-cache.ts';
import { RawAnswer } from './raw-answer.ts';
import { readBody, readParams, timeoutOf } from './request-input.ts';
import { sendJson, sendPlain, sendRaw, successBody } from './response-output.ts';
import type { Route } from './routes.ts';
import { ServerMetrics } from './server-metrics.ts';

/** Of every request that ends before its answer: one for all, as it is also said when all is done. */
const canceled = new ApiError('canceled', 'context canceled');

/** What is known of one request while it runs. */
interface Running {
  readonly route: Route;
  readonly name: string;
  /** Aborts where the client leaves or the time is over, and at the end where something may still go on. */
  readonly end: AbortController;
  hasLeft: boolean;
  /** It is answered, and no source failed. */
  isWhole: boolean;
  /** Ends the watch over its time. */
  takeBack: (() => void) | undefined;
  readonly partial: Set<string>;
  readonly arrivedMs: number;
  readonly budget: QueryBudget;
  readonly tenant: string;
  params: Params | undefined;
  queuedMs: number;
  limitExceeded: boolean;
}

/** Runs requests to the API: tenant, turn, budget and time of each, its answer or its error, and what is told of it after. */
export class RequestRunner {
  readonly #options: ApiOptions;
  readonly #admission: Admission;
  readonly #metrics: ServerMetrics;
  readonly #cache: RangeCache | undefined;
  readonly #deadlines: Deadlines;

  constructor(options: ApiOptions, admission: Admission) {
    this.#options = options;
    this.#admission = admission;
    this.#deadlines = new Deadlines(options.clock);
    this.#metrics = new ServerMetrics(options.metrics ?? silentMetrics);
    const bytes = options.rangeCacheBytes ?? 0;
    this.#cache = bytes > 0 ? new RangeCache(bytes, options.metrics) : undefined;
  }

  /** Before the metrics are read. */
  look(): void {
    this.#metrics.look(this.#admission.gate, this.#admission.pool);
  }

  async run(
    route: Route,
    name: string,
    url: URL,
    request: IncomingMessage,
    response: ServerResponse,
  ): Promise<void> {
    const { clock } = this.#options;
    const tenant = this.#tenantOf(request);
    const running: Running = {
      route,
      name,
      end: new AbortController(),
      hasLeft: false,
      isWhole: false,
      takeBack: undefined,
      partial: new Set(),
      arrivedMs: clock.monotonicMs(),
      budget: this.#admission.budgetOf(typeof tenant === 'string' ? tenant : defaultTenant),
      tenant: typeof tenant === 'string' ? tenant : defaultTenant,
      params: undefined,
      queuedMs: 0,
      limitExceeded: false,
    };
    response.once('close', () => {
      running.hasLeft = !response.writableFinished;
      // Of a whole answer nothing is left that would go on.
      if (running.hasLeft || !running.isWhole) running.end.abort(canceled);
    });
    let status = 200;
    try {
      if (typeof tenant !== 'string') throw tenant;
      status = await this.#answer(running, url, request, response);
      running.isWhole = running.partial.size === 0;
    } catch (error) {
      const fault = asApiError(error, this.#options.log);
      running.limitExceeded = error instanceof CodedError && error.code === 'LimitExceeded';
      status = await sendFault(route, fault, request, response);
    } finally {
      running.takeBack?.();
      running.budget.release();
      this.#tell(running, status);
    }
  }

  async #answer(
    running: Running,
    url: URL,
    request: IncomingMessage,
    response: ServerResponse,
  ): Promise<number> {
    const { clock, federation } = this.#options;
    const { route, name, end, partial, arrivedMs, budget } = running;
    const hasBody = route.bodyBytes !== undefined;
    const body = hasBody ? await readBody(request, route.bodyBytes!) : Buffer.alloc(0);
    const params = hasBody ? new URLSearchParams(url.search) : await readParams(request, url);
    running.params = params;
    const timeoutMs = timeoutOf(params);
    const { signal } = end;
    running.takeBack = this.#deadlines.after(timeoutMs, () =>
      end.abort(new ApiError('timeout', 'query timed out in expression evaluation')),
    );
    const maxSourceResolution = resolutionParam(params) ?? this.#options.maxSourceResolution;
    const warnings = new Set<string>();
    const source = new FederatedSource(federation, {
      signal,
      timeoutMs,
      partial: (reason) => partial.add(reason),
      warn: (reason) => warnings.add(reason),
      budget,
      ...(maxSourceResolution !== undefined && { maxSourceResolution }),
    });
    const times = { nowMs: clock.nowMs(), monotonicMs: () => clock.monotonicMs(), arrivedMs };
    const call = {
      params,
      source,
      signal,
      name,
      pause: pauses(clock, limits.querySliceMs),
      body,
      budget,
      headers: request.headers,
      ...times,
      ...(this.#cache !== undefined && {
        cache: {
          entries: this.#cache,
          identity: [running.tenant, federation.replicaLabels, maxSourceResolution ?? 0],
          stateOf: (startMs: number, endMs: number) => source.stateOf(startMs, endMs),
          isPartial: () => partial.size + warnings.size > 0,
        },
      }),
    };
    const result = await this.#inTurn(running, signal, async () => route.handle(call));
    const wanted = params.get('partial_response') ?? route.partialResponse ?? 'true';
    if (partial.size > 0 && wanted === 'false') throw new ApiError('execution', [...partial].join('; '));
    if (result === undefined) response.writeHead(204).end();
    else if (result instanceof RawAnswer) await sendRaw(request, response, result, [...partial, ...warnings]);
    else {
      // Not where the client leaves: some of it may still be on its way then.
      if (result.release !== undefined) response.once('finish', result.release);
      await sendJson(
        request,
        response,
        200,
        successBody(result, [...partial, ...warnings]),
        partial.size > 0,
      );
    }
    return response.statusCode;
  }

  #inTurn<T>(running: Running, signal: AbortSignal, work: () => Promise<T>): Promise<T> {
    if (running.route.isSmall === true) return work();
    const { clock } = this.#options;
    const { gate, limitsOf } = this.#admission;
    const { tenant } = running;
    const waitsSinceMs = clock.monotonicMs();
    const start = () => {
      running.queuedMs = clock.monotonicMs() - waitsSinceMs;
      return work();
    };
    return gate.run(tenant, signal, start, limitsOf(tenant).concurrency);
  }

  /** The tenant, or the fault of its name. */
  #tenantOf(request: IncomingMessage): string | ApiError {
    try {
      return this.#admission.tenancy.of(request.headers, request.socket.remoteAddress);
    } catch (error) {
      if (error instanceof ApiError) return error;
      throw error;
    }
  }

  #tell(running: Running, status: number): void {
    const { route, partial, hasLeft, arrivedMs } = running;
    const ended = {
      ...running,
      handler: route.name,
      // What became of a request whose client left is nobody's answer.
      status: hasLeft ? 499 : status,
      durationMs: this.#options.clock.monotonicMs() - arrivedMs,
      partial: partial.size > 0,
    };
    this.#metrics.ended(ended);
    logSlowQuery(this.#options.log, this.#admission.slowQueryMs, ended);
  }
}

async function sendFault(
  route: Route,
  fault: ApiError,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<number> {
  if (route.plainErrors === true) {
    const status = fault.type === 'execution' ? 500 : fault.statusCode;
    sendPlain(response, status, `${fault.message}\n`);
    return status;
  }
  const { type, statusCode, message } = fault;
  const text = `{"status":"error","errorType":"${type}","error":${jsonMessage(message)}}`;
  await sendJson(request, response, statusCode, [Buffer.from(text)], false);
  return statusCode;
}

function asApiError(error: unknown, log: Logger): ApiError {
  if (error instanceof ApiError) return error;
  if (error instanceof CodedError)
    return new ApiError(error.code === 'LimitExceeded' ? 'execution' : 'internal', describeError(error));
  log.error({ err: error instanceof Error ? error.stack : String(error) }, 'a query failed unexpectedly');
  return new ApiError('internal', 'an internal error was logged');
}
