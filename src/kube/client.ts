import type { Clock } from '../base/clock.ts';
import { type Metrics, silentMetrics } from '../base/metrics.ts';
import type { Random } from '../base/random.ts';
import { ResourceTypes } from './discovery.ts';
import { isNotFound } from './errors.ts';
import { describeRef, type KindRef, type KubeObject, type ObjectRef, refOf } from './object.ts';
import {
  type RawRequest,
  type RawResponse,
  type RequestOptions,
  type RequestScope,
  RequestSender,
  type RequestSenderOptions,
} from './request-sender.ts';
import { collectionPath, objectPath, type ResourceType } from './resources.ts';
import type { HttpResponse } from './transport.ts';

export interface KubeClientOptions extends RequestSenderOptions {
  /** Kinds beside the built-in ones that need no discovery. */
  readonly resources?: readonly ResourceType[];
}

export interface WriteOptions extends RequestOptions {
  readonly fieldManager?: string;
  /** Ask the server to check only. */
  readonly dryRun?: boolean;
}

export interface PatchOptions extends WriteOptions {
  readonly subresource?: string;
}

export interface ApplyOptions extends PatchOptions {
  readonly fieldManager: string;
  /** Take fields over from other managers; without it the server answers with ApiConflict, see `conflictingManagers`. */
  readonly force?: boolean;
}

export interface DeleteOptions extends RequestOptions {
  readonly propagationPolicy?: 'Foreground' | 'Background' | 'Orphan';
  /** Precondition: delete this very object, never a namesake made meanwhile. */
  readonly uid?: string;
  readonly resourceVersion?: string;
  readonly gracePeriodSeconds?: number;
}

/**
 * Raw JSON in and out: no field is dropped or invented. Every method raises KubeError for the server's refusals, see
 * `errors.ts`; aborted calls raise the signal's reason.
 */
export class KubeClient {
  readonly #options: KubeClientOptions;
  readonly #sender: RequestSender;
  readonly #types: ResourceTypes;

  constructor(options: KubeClientOptions, sender?: RequestSender, types?: ResourceTypes) {
    this.#options = options;
    this.#sender = sender ?? new RequestSender(options);
    const discover = async (path: string) =>
      (await this.request({ method: 'GET', path, what: `discover ${path}` })).body;
    this.#types = types ?? new ResourceTypes(discover, options.resources);
  }

  /** The same client whose writes pass `gate` first, and whose requests end when `signal` aborts. */
  with(scope: RequestScope): KubeClient {
    return new KubeClient(this.#options, this.#sender.with(scope), this.#types);
  }

  /** The same connection with a rate limit of its own and no gate: for renewing a Lease while other requests queue. */
  separate(): KubeClient {
    return new KubeClient(this.#options, this.#sender.separate(), this.#types);
  }

  get clock(): Clock {
    return this.#options.clock;
  }

  get random(): Random {
    return this.#options.random;
  }

  get metrics(): Metrics {
    return this.#options.metrics ?? silentMetrics;
  }

  /** How a kind is addressed; ApiNotFound when the server does not serve it. */
  resolve(ref: KindRef): Promise<ResourceType> {
    return this.#types.resolve(ref);
  }

  serves(ref: KindRef): Promise<boolean> {
    return this.#types.serves(ref);
  }

  async get<T extends KubeObject>(ref: ObjectRef, options: RequestOptions = {}): Promise<T> {
    const path = objectPath(await this.resolve(ref), ref);
    const { body } = await this.request({ ...options, method: 'GET', path, what: `get ${describeRef(ref)}` });
    return body as T;
  }

  /** The object, or undefined where it (or its kind) does not exist. */
  async find<T extends KubeObject>(ref: ObjectRef, options: RequestOptions = {}): Promise<T | undefined> {
    try {
      return await this.get<T>(ref, options);
    } catch (error) {
      if (isNotFound(error)) return undefined;
      throw error;
    }
  }

  async create<T extends KubeObject>(object: T, options: WriteOptions = {}): Promise<T> {
    const type = await this.resolve(object);
    return await this.#write(object, options, {
      method: 'POST',
      path: collectionPath(type, object.metadata.namespace),
      what: `create ${describeRef(refOf(object))}`,
    });
  }

  /** Replaces the object; with `metadata.resourceVersion` set only that version of it (else ApiConflict). */
  async update<T extends KubeObject>(object: T, options: PatchOptions = {}): Promise<T> {
    const ref = refOf(object);
    return await this.#write(object, options, {
      method: 'PUT',
      path: objectPath(await this.resolve(object), ref, options.subresource),
      what: `update ${describeRef(ref)}`,
    });
  }

  /** RFC 7386. Null removes a field. */
  async mergePatch<T extends KubeObject>(
    ref: ObjectRef,
    patch: object,
    options: PatchOptions = {},
  ): Promise<T> {
    return await this.#patch<T>(ref, patch, 'application/merge-patch+json', options);
  }

  /** RFC 6902. */
  async jsonPatch<T extends KubeObject>(
    ref: ObjectRef,
    patch: readonly object[],
    options: PatchOptions = {},
  ): Promise<T> {
    return await this.#patch<T>(ref, patch, 'application/json-patch+json', options);
  }

  /**
   * Server-side apply: `object` holds exactly the fields that `fieldManager` wants to own. `subresource: 'status'`
   * applies the status alone. `created` tells whether the object is new.
   */
  async apply<T extends KubeObject>(
    object: T,
    options: ApplyOptions,
  ): Promise<{ object: T; created: boolean }> {
    const ref = refOf(object);
    const { status, body } = await this.request({
      ...options,
      method: 'PATCH',
      path: objectPath(await this.resolve(object), ref, options.subresource),
      query: { ...writeQuery(options), force: options.force === true ? true : undefined },
      body: object,
      contentType: 'application/apply-patch+yaml',
      what: `apply ${describeRef(ref)}`,
    });
    return { object: body as T, created: status === 201 };
  }

  /** False when it was gone already. A `uid` that no longer matches raises ApiConflict. */
  async delete(ref: ObjectRef, options: DeleteOptions = {}): Promise<boolean> {
    const { propagationPolicy = 'Background', gracePeriodSeconds, uid, resourceVersion } = options;
    const preconditions =
      uid === undefined && resourceVersion === undefined ? undefined : { uid, resourceVersion };
    try {
      await this.request({
        ...options,
        method: 'DELETE',
        path: objectPath(await this.resolve(ref), ref),
        body: {
          apiVersion: 'v1',
          kind: 'DeleteOptions',
          propagationPolicy,
          gracePeriodSeconds,
          preconditions,
        },
        what: `delete ${describeRef(ref)}`,
      });
      return true;
    } catch (error) {
      if (isNotFound(error)) return false;
      throw error;
    }
  }

  /** The server's version as it names itself, e.g. `v1.36.0`. */
  async serverVersion(options: RequestOptions = {}): Promise<string> {
    const { body } = await this.request({
      ...options,
      method: 'GET',
      path: '/version',
      what: 'read the version',
    });
    return (body as { gitVersion?: string }).gitVersion ?? '';
  }

  /** Closes all connections, those of derived clients too. */
  async close(): Promise<void> {
    await this.#options.transport.close();
  }

  /** Any request, with the limits, the gate and the errors of the others. */
  request(raw: RawRequest): Promise<RawResponse> {
    return this.#sender.request(raw);
  }

  /** Opens a stream (watch, log). The caller owns the response: it reads it to its end, or aborts. */
  openStream(
    raw: Pick<RawRequest, 'path' | 'query' | 'what'>,
    signal: AbortSignal,
    accept?: string,
  ): Promise<HttpResponse> {
    return this.#sender.openStream(raw, signal, accept);
  }

  async #write<T extends KubeObject>(
    object: T,
    options: WriteOptions,
    raw: Pick<RawRequest, 'method' | 'path' | 'what'>,
  ): Promise<T> {
    const { body } = await this.request({ ...options, ...raw, query: writeQuery(options), body: object });
    return body as T;
  }

  async #patch<T>(ref: ObjectRef, patch: object, contentType: string, options: PatchOptions): Promise<T> {
    const { body } = await this.request({
      ...options,
      method: 'PATCH',
      path: objectPath(await this.resolve(ref), ref, options.subresource),
      query: writeQuery(options),
      body: patch,
      contentType,
      what: `patch ${describeRef(ref)}`,
    });
    return body as T;
  }
}

function writeQuery(options: WriteOptions): NonNullable<RawRequest['query']> {
  return { fieldManager: options.fieldManager, dryRun: options.dryRun === true ? 'All' : undefined };
}
