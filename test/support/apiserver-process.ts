/** Runs the local API server as a process of its own, to be killed: node apiserver-process.ts STORE PORT. */
import { startApiServer } from '../../src/local/apiserver/server.ts';

const [storePath = '', port = '0'] = process.argv.slice(2);
const server = await startApiServer({ storePath, listen: { port: Number(port) } });
process.stdout.write(
  `${JSON.stringify({ url: server.url, port: server.port, kubeconfig: server.kubeconfig() })}\n`,
);
