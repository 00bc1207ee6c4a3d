/** What this folder needs of Alertmanager's API v2; `controllers/alertmanager-api.ts` speaks it. */
import type { Matcher } from '../../render/alertmanager/matcher.ts';

export interface LiveSilence {
  readonly id: string;
  readonly matchers: readonly Matcher[];
  readonly startsAtMs: number;
  readonly endsAtMs: number;
  readonly updatedAtMs: number;
  readonly createdBy: string;
  readonly comment: string;
  /** By the server's own clock. */
  readonly state: 'pending' | 'active' | 'expired';
}

/** What to post; with an id, that silence is changed in place where Alertmanager allows it. */
export interface SilenceDraft {
  readonly id?: string;
  readonly matchers: readonly Matcher[];
  readonly startsAtMs: number;
  readonly endsAtMs: number;
  readonly createdBy: string;
  readonly comment: string;
}

/** One replica is addressed by the URL of its web port. All methods raise coded errors and repeat nothing. */
export interface AlertmanagerApi {
  /** Every silence that the replica knows, expired ones included. */
  list(url: string, signal?: AbortSignal): Promise<readonly LiveSilence[]>;
  /** The id that the silence has then. */
  post(url: string, draft: SilenceDraft, signal?: AbortSignal): Promise<string>;
  expire(url: string, id: string, signal?: AbortSignal): Promise<void>;
}

/** Who a silence belongs to. */
export interface Owner {
  readonly namespace: string;
  readonly name: string;
  readonly uid: string;
}

/** The marker stands at the end of the comment: every Alertmanager keeps comments, and people see it. */
export function withMarker(comment: string, { namespace, name, uid }: Owner): string {
  return `${comment}\n[promfleet silence ${namespace}/${name} ${uid}]`;
}

export function ownerOf(comment: string): Owner | undefined {
  const match = /\[promfleet silence ([^\s/\]]+)\/([^\s/\]]+) ([^\s\]]+)\]$/.exec(comment);
  return match === null ? undefined : { namespace: match[1]!, name: match[2]!, uid: match[3]! };
}
