import { expect, it } from 'vitest';
import { isReady, release, settings, system, type World } from '../world.ts';

export function installing(world: () => World): void {
  it('brings up the operator under the restricted standard', async () => {
    await world().kubectl('create', 'namespace', system);
    await world().kubectl('label', 'namespace', system, 'pod-security.kubernetes.io/enforce=restricted');
    await world().helm('install', ...release, ...settings);
    const operators = await world().pods(system);
    expect(operators).toHaveLength(2);
    expect(operators.every(isReady)).toBe(true);
  });

  it('passes helm test', async () => {
    expect(await world().helm('test', 'promfleet', '-n', system)).toContain('Succeeded');
  });
}
