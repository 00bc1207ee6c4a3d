import { createHash } from 'node:crypto';
import type { Clock } from '../../base/clock.ts';
import { limits } from '../../base/limits.ts';
import type { Logger } from '../../base/log.ts';
import type { KubeClient } from '../../kube/client.ts';
import { isAlreadyExists } from '../../kube/errors.ts';
import type { KubeObject } from '../../kube/object.ts';

interface CoreEvent extends KubeObject {
  readonly involvedObject: Record<string, unknown>;
  readonly reason: string;
  readonly message: string;
  readonly type: string;
  readonly count: number;
  readonly firstTimestamp: string;
  readonly lastTimestamp: string;
  readonly source: { readonly component: string; readonly host: string };
}

/**
 * Writes Events about objects, one per (object, reason, message) with a count, as the kubelet does. Events are best
 * effort: above the limit per minute, or while the API is away, they are dropped.
 */
export class EventWriter {
  readonly #client: KubeClient;
  readonly #clock: Clock;
  readonly #log: Logger;
  readonly #host: string;
  /** Name of the Event -> how often it was seen. Cleared when it grows beyond the limit of a minute. */
  readonly #counts = new Map<string, { count: number; first: string }>();
  #minute = 0;
  #inMinute = 0;
  #tail: Promise<void> = Promise.resolve();

  constructor(client: KubeClient, options: { clock: Clock; log: Logger; host: string }) {
    this.#client = client;
    this.#clock = options.clock;
    this.#log = options.log;
    this.#host = options.host;
  }

  write(object: KubeObject, type: 'Normal' | 'Warning', reason: string, message: string): void {
    const nowMs = this.#clock.nowMs();
    const minute = Math.floor(nowMs / 60_000);
    if (minute !== this.#minute) [this.#minute, this.#inMinute] = [minute, 0];
    if (++this.#inMinute > limits.nodeEventsPerMinute) return;
    const now = `${new Date(nowMs).toISOString().slice(0, 19)}Z`;
    this.#tail = this.#tail
      .then(() => this.#send(object, type, reason, message, now))
      .catch((error) => {
        this.#log.debug({ reason, error: String(error) }, 'event not written');
      });
  }

  async #send(object: KubeObject, type: string, reason: string, message: string, now: string): Promise<void> {
    const { name = '', namespace = 'default', uid = '' } = object.metadata;
    const hash = createHash('sha256').update(`${uid}\n${reason}\n${message}`).digest('hex').slice(0, 16);
    const eventName = `${name.slice(0, 230)}.${hash}`;
    if (this.#counts.size > limits.nodeEventsPerMinute * 10) this.#counts.clear();
    const seen = this.#counts.get(eventName);
    const count = (seen?.count ?? 0) + 1;
    this.#counts.set(eventName, { count, first: seen?.first ?? now });
    const event: CoreEvent = {
      apiVersion: 'v1',
      kind: 'Event',
      metadata: { name: eventName, namespace },
      involvedObject: { apiVersion: object.apiVersion, kind: object.kind, name, namespace, uid },
      reason,
      message,
      type,
      count,
      firstTimestamp: seen?.first ?? now,
      lastTimestamp: now,
      source: { component: 'promfleet-node', host: this.#host },
    };
    if (seen === undefined) {
      try {
        await this.#client.create(event);
        return;
      } catch (error) {
        // Written by an earlier run of the node: counted on from one.
        if (!isAlreadyExists(error)) throw error;
      }
    }
    const ref = { apiVersion: 'v1', kind: 'Event', namespace, name: eventName };
    await this.#client.mergePatch(ref, { count, lastTimestamp: now });
  }
}
