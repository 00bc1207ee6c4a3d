/**
 * A local cluster for people.
 *   node test/kind/cluster/main.ts up|down|parts
 */
import { OneNodeCluster, removeCluster } from './one-node.ts';
import { clusterParts } from './parts.ts';

const verb = process.argv[2];
if (verb === 'up') {
  const cluster = await OneNodeCluster.start({ stays: true });
  console.log(`export KUBECONFIG=${cluster.kubeconfig}`);
  process.exit(0);
}
if (verb === 'down') await removeCluster();
else if (verb === 'parts') console.log(await clusterParts());
else {
  console.error('usage: main.ts up|down|parts');
  process.exitCode = 2;
}
