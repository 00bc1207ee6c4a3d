import { describe, expect, it } from 'vitest';
import { randomBelow, seededRandom } from '../../src/base/random.ts';
import { LeaderElector, type LeaseOptions } from '../../src/controllers/leader.ts';
import { KubeClient } from '../../src/kube/client.ts';
import { FakeApi, noFaults } from '../support/fake-api.ts';
import { MachineClock, VirtualClock } from '../support/virtual-clock.ts';

const lease = { namespace: 'promfleet', name: 'operator' };

/** One candidate with its own wall clock over the common monotonic time, and its own way to the server. */
class Candidate {
  readonly elector: LeaderElector;
  readonly stop = new AbortController();
  /** Set while the network between it and the server is cut. */
  cutOff = false;
  inTerm = false;
  terms = 0;
  readonly running: Promise<void>;

  constructor(
    name: string,
    shared: VirtualClock,
    api: FakeApi,
    seed: number,
    options: Partial<LeaseOptions> = {},
  ) {
    const clock = new MachineClock(shared);
    this.jumpWall = (byMs) => clock.jumpWall(byMs);
    const transport = {
      send: async (request: Parameters<FakeApi['send']>[0]) => {
        if (this.cutOff) throw new Error('connect EHOSTUNREACH');
        return await api.send(request);
      },
      close: async () => {},
    };
    const client = new KubeClient({ transport, clock, random: seededRandom(seed) });
    this.elector = new LeaderElector(client, { ...lease, identity: name, ...options });
    this.running = this.elector.run(this.stop.signal, (lost) => this.#term(lost));
  }

  jumpWall: (byMs: number) => void;

  /** A term that ends when it is told to, by the candidate's stop or by the loss of the Lease. */
  async #term(lost: AbortSignal): Promise<void> {
    this.inTerm = true;
    this.terms++;
    await new Promise<void>((resolve) => {
      lost.addEventListener('abort', () => resolve(), { once: true });
      this.stop.signal.addEventListener('abort', () => resolve(), { once: true });
    });
    this.inTerm = false;
  }
}

function start(seed: number) {
  const clock = new VirtualClock();
  const api = new FakeApi(clock, seededRandom(seed), '/apis/coordination.k8s.io/v1/leases');
  const candidates = ['one', 'two'].map(
    (name, index) => new Candidate(name, clock, api, seed + index + 1),
  ) as [Candidate, Candidate];
  const end = async () => {
    for (const candidate of candidates) {
      candidate.cutOff = false;
      candidate.stop.abort();
    }
    api.faults = noFaults;
    await clock.advance(60_000);
    await Promise.all(candidates.map((candidate) => candidate.running));
    expect(clock.sleepers).toBe(0);
  };
  const writers = () => candidates.filter(({ elector }) => elector.leading);
  return { clock, api, candidates, end, writers };
}

describe('two candidates', () => {
  it('have one leader, and the other one leads soon after a graceful end', async () => {
    const { clock, candidates, end, writers } = start(1);
    await clock.advance(5_000);
    expect(writers()).toHaveLength(1);
    const [first] = writers();
    const other = candidates.find((candidate) => candidate !== first)!;
    first!.stop.abort();
    await clock.advance(3_000);
    expect(writers()).toEqual([other]);
    await end();
  });

  it('stops writing before the other one starts when the leader is cut off', async () => {
    const { clock, candidates, end, writers } = start(2);
    await clock.advance(5_000);
    const [first] = writers();
    first!.cutOff = true;
    const cutAtMs = clock.monotonicMs();
    while (writers().includes(first!)) await clock.advance(100);
    expect(clock.monotonicMs() - cutAtMs).toBeLessThanOrEqual(10_100);
    expect(writers()).toEqual([]);
    await clock.advance(10_000);
    expect(writers()).toEqual(candidates.filter((candidate) => candidate !== first));
    expect(() => first!.elector.admitMs()).toThrow(/does not hold Lease/);
    await end();
  });

  it.each([
    ['an hour ahead', 3_600_000],
    ['an hour back', -3_600_000],
  ])('keeps its leader when its wall clock jumps %s', async (_name, byMs) => {
    const { clock, end, writers } = start(3);
    await clock.advance(5_000);
    const [first] = writers();
    first!.jumpWall(byMs);
    // Ahead looks like a suspended machine: no write until the Lease is proven to be ours still.
    expect(first!.elector.leading).toBe(byMs < 0);
    await clock.advance(2_500);
    expect(writers()).toEqual([first]);
    await clock.advance(60_000);
    expect(writers()).toEqual([first]);
    expect(first!.terms).toBe(1);
    await end();
  });

  it('does not take the Lease of a living leader whose clock is far off', async () => {
    const { clock, candidates, end, writers } = start(4);
    candidates[0].jumpWall(-86_400_000);
    candidates[1].jumpWall(86_400_000);
    await clock.advance(120_000);
    expect(writers()).toHaveLength(1);
    expect(candidates[0].terms + candidates[1].terms).toBe(1);
    await end();
  });

  it.each(Array.from({ length: 100 }, (_, seed) => seed + 10))(
    'never write at the same time, and one leads in the end (seed %i)',
    async (seed) => {
      const { clock, api, candidates, end, writers } = start(seed);
      const random = seededRandom(seed * 7);
      api.faults = { request: 0.1, event: 0, latencyMs: 2_000 };
      for (let step = 0; step < 300; step++) {
        await clock.advance(1_500 * random.next());
        expect(writers().length, `two writers at step ${step}`).toBeLessThan(2);
        const candidate = candidates[randomBelow(random, 2)]!;
        const dice = random.next();
        if (dice < 0.05) candidate.cutOff = !candidate.cutOff;
        else if (dice < 0.08) candidate.jumpWall((random.next() - 0.5) * 100_000);
      }
      for (const candidate of candidates) candidate.cutOff = false;
      api.faults = noFaults;
      await clock.advance(60_000);
      expect(writers()).toHaveLength(1);
      expect(candidates.filter(({ inTerm }) => inTerm)).toEqual(writers());
      await end();
    },
  );
});
