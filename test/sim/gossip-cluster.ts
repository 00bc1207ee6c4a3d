import { type Random, randomBelow } from '../../src/base/random.ts';
import type {
  AlertmanagerApi,
  LiveSilence,
  SilenceDraft,
} from '../../src/reconcilers/silence/alertmanager.ts';
import { matcherKey } from '../../src/reconcilers/silence/plan.ts';
import type { VirtualClock } from '../support/virtual-clock.ts';

type Stored = Omit<LiveSilence, 'state'>;

interface Member {
  readonly url: string;
  state: Map<string, Stored>;
  up: boolean;
  /** The operator cannot reach it, others can. */
  cutOff: boolean;
}

export interface ClusterFaults {
  /** Per cent of requests that never arrive, and of answers that never come back. */
  readonly lostRequestPercent: number;
  readonly lostAnswerPercent: number;
  readonly lostGossipPercent: number;
}

const requestTimeoutMs = 5_000;
const pushPullMs = 15_000;

/**
 * A model of Alertmanager members that gossip (silence/silence.go and memberlist): the newest version of a silence
 * wins, messages are delayed or lost, and now and then two members exchange everything. A member that crashes
 * forgets everything and learns it again from the others.
 */
export class GossipCluster {
  readonly members: readonly Member[];
  faults: ClusterFaults;
  posts = 0;
  readonly #clock: VirtualClock;
  readonly #random: Random;
  #ids = 0;

  constructor(size: number, clock: VirtualClock, random: Random, faults: ClusterFaults) {
    this.members = Array.from({ length: size }, (_, index) => ({
      url: `http://am-${index}`,
      state: new Map(),
      up: true,
      cutOff: false,
    }));
    this.#clock = clock;
    this.#random = random;
    this.faults = faults;
    void this.#exchange();
  }

  /** As one operator process reaches it: `isAlive` false cuts its answers off, not what it has sent. */
  client(isAlive: () => boolean): AlertmanagerApi {
    const call = async <T>(url: string, work: (member: Member) => T): Promise<T> => {
      if (!isAlive()) return new Promise(() => {});
      const member = this.members.find((each) => each.url === url)!;
      const isLost = this.#chance(this.faults.lostRequestPercent);
      await this.#clock.sleep(randomBelow(this.#random, 300));
      let answer: { value: T } | { error: unknown } | undefined;
      if (!isLost && member.up && !member.cutOff) {
        try {
          answer = { value: work(member) };
        } catch (error) {
          answer = { error };
        }
      }
      const isAnswered = answer !== undefined && !this.#chance(this.faults.lostAnswerPercent);
      await this.#clock.sleep(isAnswered || !member.up ? randomBelow(this.#random, 100) : requestTimeoutMs);
      if (!isAlive()) return new Promise(() => {});
      if (answer === undefined || !isAnswered) throw new Error(`${url} does not answer`);
      if ('error' in answer) throw answer.error;
      return answer.value;
    };
    return {
      list: (url) => call(url, (member) => this.#list(member)),
      post: (url, draft) => call(url, (member) => this.#post(member, draft)),
      expire: (url, id) => call(url, (member) => this.expire(member, id)),
    };
  }

  /** The newest version of every silence, whoever has it. */
  truth(): LiveSilence[] {
    const merged = new Map<string, Stored>();
    for (const { state } of this.members) {
      for (const silence of state.values()) {
        const known = merged.get(silence.id);
        if (known === undefined || known.updatedAtMs < silence.updatedAtMs) merged.set(silence.id, silence);
      }
    }
    return [...merged.values()].map((silence) => this.#view(silence));
  }

  listOf(member: Member): LiveSilence[] {
    return this.#list(member);
  }

  create(member: Member, draft: SilenceDraft): string {
    return this.#post(member, draft);
  }

  expire(member: Member, id: string): void {
    const silence = member.state.get(id);
    if (silence === undefined) throw new Error('not found');
    const nowMs = this.#clock.nowMs();
    if (silence.endsAtMs <= nowMs) return;
    this.#set(member, {
      ...silence,
      startsAtMs: Math.min(silence.startsAtMs, nowMs),
      endsAtMs: nowMs,
      updatedAtMs: nowMs,
    });
  }

  /** Changes the end by hand, as the web UI does. */
  moveEnd(member: Member, id: string, endsAtMs: number): void {
    const silence = member.state.get(id);
    if (silence !== undefined) this.#set(member, { ...silence, endsAtMs, updatedAtMs: this.#clock.nowMs() });
  }

  crash(member: Member): void {
    member.up = false;
    member.state = new Map();
  }

  restart(member: Member): void {
    member.up = true;
    const peer = this.members.find((each) => each !== member && each.up);
    if (peer !== undefined) this.#merge(member, [...peer.state.values()]);
  }

  #chance(percent: number): boolean {
    return randomBelow(this.#random, 100) < percent;
  }

  #view(silence: Stored): LiveSilence {
    const nowMs = this.#clock.nowMs();
    const state = silence.endsAtMs <= nowMs ? 'expired' : silence.startsAtMs > nowMs ? 'pending' : 'active';
    return { ...silence, state };
  }

  #list(member: Member): LiveSilence[] {
    return [...member.state.values()].map((silence) => this.#view(silence));
  }

  #post(member: Member, { id, ...draft }: SilenceDraft): string {
    this.posts++;
    const nowMs = this.#clock.nowMs();
    if (draft.endsAtMs <= nowMs) throw new Error("end time can't be in the past");
    const known = id === undefined ? undefined : member.state.get(id);
    if (id !== undefined && known === undefined) throw new Error('not found');
    if (known !== undefined && this.#canUpdate(known, draft)) {
      this.#set(member, { ...draft, id: known.id, updatedAtMs: nowMs });
      return known.id;
    }
    if (known !== undefined) this.expire(member, known.id);
    const fresh = `id-${++this.#ids}`;
    this.#set(member, {
      ...draft,
      startsAtMs: Math.max(draft.startsAtMs, nowMs),
      id: fresh,
      updatedAtMs: nowMs,
    });
    return fresh;
  }

  #canUpdate(known: Stored, draft: SilenceDraft): boolean {
    const nowMs = this.#clock.nowMs();
    if (matcherKey(known.matchers) !== matcherKey(draft.matchers) || known.endsAtMs <= nowMs) return false;
    const second = (ms: number) => Math.floor(ms / 1000);
    return known.startsAtMs > nowMs
      ? draft.startsAtMs >= nowMs
      : second(known.startsAtMs) === second(draft.startsAtMs);
  }

  #set(member: Member, silence: Stored): void {
    member.state.set(silence.id, silence);
    for (const peer of this.members) {
      if (peer === member || this.#chance(this.faults.lostGossipPercent)) continue;
      void this.#clock.sleep(randomBelow(this.#random, 800)).then(() => {
        if (peer.up) this.#merge(peer, [silence]);
      });
    }
  }

  #merge(member: Member, silences: readonly Stored[]): void {
    for (const silence of silences) {
      const known = member.state.get(silence.id);
      if (known === undefined || known.updatedAtMs < silence.updatedAtMs)
        member.state.set(silence.id, silence);
    }
  }

  async #exchange(): Promise<void> {
    for (;;) {
      await this.#clock.sleep(pushPullMs);
      for (const member of this.members) {
        const peer = this.members[randomBelow(this.#random, this.members.length)]!;
        if (member === peer || !member.up || !peer.up) continue;
        const [mine, theirs] = [[...member.state.values()], [...peer.state.values()]];
        this.#merge(peer, mine);
        this.#merge(member, theirs);
      }
    }
  }
}
