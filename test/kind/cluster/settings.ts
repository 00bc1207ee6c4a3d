import { dump } from 'js-yaml';
import { cgroupName } from './enclosure.ts';
import type { ClusterParts } from './parts.ts';

export const podNetwork = '10.244.0.0/16';
export const serviceNetwork = '10.96.0.0/16';
export const dnsAddress = '10.96.0.10';
export const pauseImage = 'registry.k8s.io/pause:3.10';

/** A bridge between the pods and the host; addresses are given out from the node's part of the network. */
export function networkConfiguration(): string {
  return JSON.stringify({
    cniVersion: '1.0.0',
    name: 'bridge',
    plugins: [
      {
        type: 'bridge',
        bridge: 'promfleet0',
        isGateway: true,
        ipMasq: true,
        hairpinMode: true,
        ipam: {
          type: 'host-local',
          ranges: [[{ subnet: '10.244.0.0/24' }]],
          routes: [{ dst: '0.0.0.0/0' }],
        },
      },
      { type: 'portmap', capabilities: { portMappings: true } },
    ],
  });
}

/** config.toml of containerd 2. */
export function containerdConfiguration(folder: string, parts: ClusterParts): string {
  const cri = "plugins.'io.containerd.cri.v1";
  return `version = 3
root = "${folder}/containerd/root"
state = "${folder}/containerd/state"
[grpc]
  address = "${folder}/containerd.sock"
[plugins.'io.containerd.internal.v1.opt']
  path = "${folder}/containerd/opt"
[${cri}.images'.pinned_images]
  sandbox = "${pauseImage}"
[${cri}.runtime']
  restrict_oom_score_adj = true
[${cri}.runtime'.cni]
  bin_dirs = ["${parts.plugins}"]
  conf_dir = "${folder}/cni"
[${cri}.runtime'.containerd.runtimes.runc]
  runtime_type = "io.containerd.runc.v2"
[${cri}.runtime'.containerd.runtimes.runc.options]
  BinaryName = "${parts.runc}"
  SystemdCgroup = false
`;
}

export function kubeletConfiguration(folder: string): string {
  return dump({
    apiVersion: 'kubelet.config.k8s.io/v1beta1',
    kind: 'KubeletConfiguration',
    failCgroupV1: false,
    cgroupDriver: 'cgroupfs',
    cgroupRoot: `/${cgroupName}`,
    resolvConf: `${folder}/resolv.conf`,
    containerRuntimeEndpoint: `unix://${folder}/containerd.sock`,
    authentication: {
      anonymous: { enabled: false },
      webhook: { enabled: true },
      x509: { clientCAFile: `${folder}/pki/ca.crt` },
    },
    authorization: { mode: 'Webhook' },
    clusterDNS: [dnsAddress],
    clusterDomain: 'cluster.local',
    failSwapOn: false,
    maxPods: 110,
    evictionHard: { 'memory.available': '100Mi', 'nodefs.available': '1%', 'imagefs.available': '1%' },
  });
}
