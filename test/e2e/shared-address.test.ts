import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { eventually } from '../support/eventually.ts';
import { LocalControlPlane, listenAddresses, type PodList, root, type Up } from './local.ts';

/** A machine where only 127.0.0.1 can be listened on, as macOS: pods share it, every declared port has a free number. */
const local = new LocalControlPlane('shared');
let up: Up;

beforeAll(async () => {
  await local.prepare();
  up = local.up(join(root, 'examples', 'quickstart'), ['--shared-address']);
  await local.untilReady(up);
});

afterAll(async () => {
  up?.interrupt();
  await local.remove();
});

describe('promfleet local up on a machine with one loopback address', () => {
  it('runs every pod on 127.0.0.1', async () => {
    const pods = await local.get<PodList>('pods', '-A');
    expect(pods.items.map((pod) => pod.status.podIP)).toEqual(Array(9).fill('127.0.0.1'));
    expect(listenAddresses(local.processes())).toEqual(['127.0.0.1']);
  });

  it("brings the team's alert to its receiver and lets the Alertmanagers find each other", async () => {
    await eventually('a notification', () => /FIRING +CheckoutDemo/.exec(up.output())?.[0]);
    const url = /Alertmanager \(\S+\) +(http:\/\/\S+)/.exec(up.output())?.[1];
    await eventually('three members', async () => {
      const status = (await (await fetch(`${url}/api/v2/status`)).json()) as {
        cluster: { peers: unknown[] };
      };
      return status.cluster.peers.length === 3 ? true : undefined;
    });
    expect(up.output()).not.toMatch(/FIRING +PaymentsDemo/);
  });

  it('holds the silence in all three members, each on a port of its own', async () => {
    type Silences = { readonly items: readonly { readonly status?: { readonly confirmed?: string } }[] };
    await eventually('the silence confirmed', async () => {
      const { items } = await local.get<Silences>('silences', '-A');
      return items.length > 0 && items.every(({ status }) => status?.confirmed === '3/3') ? true : undefined;
    });
  });

  it('ends with Ctrl-C', async () => {
    up.interrupt();
    expect(await up.ended).toBe(0);
    expect(local.processes()).toEqual([]);
  });
});
