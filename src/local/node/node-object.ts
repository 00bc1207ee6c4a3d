import { arch, availableParallelism, platform, release, totalmem } from 'node:os';
import type { KubeClient } from '../../kube/client.ts';
import { isAlreadyExists } from '../../kube/errors.ts';
import type { KubeObject } from '../../kube/object.ts';
import { fieldManager } from './controllers/context.ts';

/** Declares this machine as a Node that is ready. `now` is RFC 3339. */
export async function registerNode(
  client: KubeClient,
  name: string,
  hostIP: string,
  now: string,
): Promise<void> {
  const node: KubeObject = {
    apiVersion: 'v1',
    kind: 'Node',
    metadata: {
      name,
      labels: {
        'kubernetes.io/hostname': name,
        'kubernetes.io/os': platform(),
        'kubernetes.io/arch': arch(),
      },
    },
  };
  try {
    await client.create(node, { fieldManager });
  } catch (error) {
    if (!isAlreadyExists(error)) throw error;
  }
  const amount = {
    cpu: String(availableParallelism()),
    memory: `${Math.floor(totalmem() / 1024)}Ki`,
    pods: '250',
  };
  await client.mergePatch(
    { apiVersion: 'v1', kind: 'Node', name },
    { status: nodeStatus(name, hostIP, amount, now) },
    { subresource: 'status', fieldManager },
  );
}

function nodeStatus(name: string, hostIP: string, amount: Record<string, string>, now: string): object {
  return {
    capacity: amount,
    allocatable: amount,
    addresses: [
      { type: 'InternalIP', address: hostIP },
      { type: 'Hostname', address: name },
    ],
    conditions: [
      {
        type: 'Ready',
        status: 'True',
        reason: 'KubeletReady',
        message: 'runs pods as local processes',
        lastHeartbeatTime: now,
        lastTransitionTime: now,
      },
    ],
    nodeInfo: {
      architecture: arch(),
      operatingSystem: platform(),
      kernelVersion: release(),
      osImage: platform(),
      containerRuntimeVersion: 'process://1',
      kubeletVersion: 'v1.36.0-promfleet',
      kubeProxyVersion: 'v1.36.0-promfleet',
      machineID: name,
      systemUUID: name,
      bootID: name,
    },
  };
}
