import { StringDecoder } from 'node:string_decoder';
import { limits } from '../../base/limits.ts';
import { Informer } from '../../controllers/informer.ts';
import type { KubeClient } from '../../kube/client.ts';
import { readContainerLog } from '../node/logs.ts';
import type { Pod } from '../node/types.ts';
import { showLogAnnotation } from './summary.ts';

/** Shows the logs of pods that ask for it, each line with the pod's name, until `signal` aborts. */
export async function followLogs(
  client: KubeClient,
  stateDir: string,
  show: (line: string) => void,
  signal: AbortSignal,
): Promise<void> {
  const pods = new Informer<Pod>(client, { apiVersion: 'v1', kind: 'Pod' });
  const followed = new Map<string, AbortController>();
  pods.onChange(({ type, object }) => {
    const { uid = '', annotations } = object.metadata;
    if (type === 'deleted') return followed.get(uid)?.abort();
    if (annotations?.[showLogAnnotation] !== 'true' || followed.has(uid) || signal.aborted) return;
    const stop = new AbortController();
    followed.set(uid, stop);
    const container = object.spec.containers[0]?.name ?? '';
    void followOne(client, stateDir, object, container, show, AbortSignal.any([signal, stop.signal]));
  });
  await pods.run(signal);
}

async function followOne(
  client: KubeClient,
  stateDir: string,
  pod: Pod,
  container: string,
  show: (line: string) => void,
  signal: AbortSignal,
): Promise<void> {
  const { namespace = '', name = '', uid = '' } = pod.metadata;
  while (!signal.aborted) {
    const query = { follow: true, tailLines: limits.shownLogLines };
    const log = await readContainerLog(
      stateDir,
      { namespace, name, uid },
      container,
      query,
      client.clock,
      signal,
    );
    if (log !== null) {
      const decoder = new StringDecoder('utf8');
      let rest = '';
      for await (const part of log) {
        const lines = (rest + decoder.write(part)).split('\n');
        rest = lines.pop() ?? '';
        for (const line of lines) show(`${name.replace(/-[a-z0-9]+-[a-z0-9]{5}$/, '')} | ${line}`);
      }
    }
    await client.clock.sleep(limits.localPollMs, signal).catch(() => undefined);
  }
}
