import { expect, it } from 'vitest';
import { newerImage } from '../images.ts';
import { type Metadata, release, settings, system, type World } from '../world.ts';
import { example } from './quickstart.ts';

export function upgrading(world: () => World, newer: () => Uint8Array): void {
  it('restarts no workload and keeps its agents', async () => {
    const before = await world().serverRuns();
    // The same program under another tag: what matters is that the operator has changed.
    await world().cluster.load(newer());
    await world().helm('upgrade', ...release, '--set', 'image.tag=v0.1.1', ...settings);
    const running = (await world().pods(system, '-l', 'app.kubernetes.io/name=promfleet-operator')).flatMap(
      ({ spec }) => spec.containers.map(({ image }) => image),
    );
    expect(running).toContain(newerImage);
    await world().everythingReady();
    expect(await world().serverRuns()).toEqual(before);
  });

  it('new agents come with the next restart', async () => {
    await world().kubectl('delete', 'pod', '-n', 'monitoring', 'main-prometheus-0-1');
    await world().everythingReady();
    await world().wholeAnswer();
  });
}

export function uninstalling(world: () => World): void {
  it('keeps definitions, objects and what runs', async () => {
    const before = await world().serverRuns();
    await world().helm('uninstall', 'promfleet', '-n', system, '--wait');
    expect(await world().pods(system)).toEqual([]);
    expect(await world().kubectl('get', 'crd', 'monitoringstacks.promfleet.dev', '-o', 'name')).not.toBe('');
    expect(await world().kubectl('get', '-n', 'payments', 'silence/maintenance', '-o', 'name')).not.toBe('');
    expect(await world().serverRuns()).toEqual(before);
    await world().wholeAnswer();
  });

  it('lets a server that restarts find its rules and its targets', async () => {
    await world().kubectl('delete', 'pod', '-n', 'monitoring', 'main-prometheus-0-0');
    await world().until('targets and rules', async () => {
      const up = await world().askPod<{ data: { result: unknown[] } }>(
        ...(['main-prometheus-0-0', 9090, '/api/v1/query?query=up%3D%3D1'] as const),
      );
      const alerts = await world().askPod<{ data: { result: unknown[] } }>(
        ...(['main-prometheus-0-0', 9090, '/api/v1/query?query=ALERTS'] as const),
      );
      return up.data.result.length > 5 && alerts.data.result.length > 0;
    });
  });

  it('is undone by installing again', async () => {
    const before = await world().serverRuns();
    await world().helm('install', ...release, '--set', 'image.tag=v0.1.1', ...settings);
    await world().apply(...example('31-payments'));
    await world().everythingReady();
    expect(await world().serverRuns()).toEqual(before);
    await world().helm('uninstall', 'promfleet', '-n', system, '--wait');
  });

  it('lets a namespace go that has objects, with the operator gone', async () => {
    await world().kubectl('delete', 'namespace', 'payments', '--timeout=60s');
    await expect(world().kubectl('get', 'namespace', 'payments')).rejects.toThrow(/NotFound/);
  });

  it('is finished by a purge, which leaves nothing', async () => {
    expect(await world().promfleet('uninstall', '--purge')).toContain('nothing of promfleet is left');
    expect(await world().promfleet('uninstall')).toBe('promfleet has left nothing here\n');
    await world().kubectl('delete', 'namespace', system, '--timeout=60s');
    // Revisions and endpoints are collected after their owners.
    await world().until('nothing to be left', async () => {
      const found = await leftovers(world());
      if (found.length > 0) throw new Error(found.join(', '));
      return true;
    });
  });
}

/** Objects of any kind whose name, label or group tells of promfleet. */
async function leftovers(world: World): Promise<readonly string[]> {
  const types = (await world.kubectl('api-resources', '--verbs=list', '-o', 'name')).trim().split('\n');
  const found: string[] = types.filter((type) => type.endsWith('promfleet.dev'));
  for (const type of types.filter((name) => !name.startsWith('events'))) {
    const { items } = await world.get<{ items: readonly { metadata: Metadata }[] }>(type, '-A');
    for (const { metadata } of items) {
      const labels = JSON.stringify(metadata.labels ?? {});
      // The quickstart's own pods, which a user deletes, mount no object of ours.
      const isOurs =
        labels.includes('"app.kubernetes.io/managed-by":"promfleet"') ||
        labels.includes('"app.kubernetes.io/part-of":"promfleet"');
      if (isOurs || metadata.name.startsWith('promfleet'))
        found.push(`${type} ${metadata.namespace ?? ''}/${metadata.name}`);
    }
  }
  return found;
}
