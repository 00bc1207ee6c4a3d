import type { FlagTable } from '../workload/extra-args.ts';
import { atLeast } from './version.ts';

/**
 * Every flag of Alertmanager since 0.27 with the versions that take it (the releases' cmd/alertmanager; held against the
 * real program in test/programs/server-flags.test.ts). A flag that is refused at any rate needs no versions.
 */
export const alertmanagerFlags: FlagTable = {
  program: 'Alertmanager',
  newest: '0.34',
  atLeast,
  rows: {
    'alerts.gc-interval': { kind: 'goDuration' },
    'alerts.per-alertname-limit': { kind: 'number', since: '0.31.0' },
    'auto-gomemlimit.ratio': { kind: 'ratio', since: '0.28.0' },
    'cluster.advertise-address': { kind: 'text', refused: 'is set by the operator' },
    'cluster.allow-insecure-public-advertise-address-discovery': { kind: 'switch' },
    'cluster.gossip-interval': { kind: 'goDuration' },
    'cluster.label': { kind: 'text', refused: 'is set by the operator' },
    'cluster.listen-address': { kind: 'text', refused: 'is set by the operator' },
    'cluster.peer': { kind: 'text', refused: 'is set by the operator' },
    'cluster.peer-name': { kind: 'text', refused: 'is set by the operator' },
    'cluster.peer-timeout': { kind: 'goDuration' },
    'cluster.peers-resolve-timeout': { kind: 'goDuration', since: '0.30.0' },
    'cluster.probe-interval': { kind: 'goDuration' },
    'cluster.probe-timeout': { kind: 'goDuration' },
    'cluster.pushpull-interval': { kind: 'goDuration' },
    'cluster.reconnect-interval': { kind: 'goDuration' },
    'cluster.reconnect-timeout': { kind: 'goDuration' },
    'cluster.settle-timeout': { kind: 'goDuration' },
    'cluster.tcp-timeout': { kind: 'goDuration' },
    'cluster.tls-config': { kind: 'text', refused: 'reads a file inside the container' },
    'config.file': { kind: 'text', refused: 'is set by the operator' },
    'data.maintenance-interval': { kind: 'goDuration' },
    'data.retention': { kind: 'goDuration', refused: 'use retention' },
    'dispatch.maintenance-interval': { kind: 'goDuration', since: '0.29.0' },
    'dispatch.start-delay': { kind: 'goDuration', since: '0.30.0' },
    'enable-feature': { kind: 'text', refused: 'use featureFlags' },
    'log.format': { kind: ['logfmt', 'json'] },
    'log.level': { kind: ['debug', 'info', 'warn', 'error'] },
    'log.silences': { kind: 'switch', since: '0.32.0' },
    'silences.max-silence-size-bytes': { kind: 'number', since: '0.28.0' },
    'silences.max-silences': { kind: 'number', since: '0.28.0' },
    'storage.path': { kind: 'text', refused: 'is set by the operator' },
    'web.config.file': {
      kind: 'text',
      refused:
        'reads a file inside the container, and the operator and its agents speak plain HTTP to the server',
    },
    'web.external-url': { kind: 'url' },
    'web.get-concurrency': { kind: 'number' },
    'web.listen-address': { kind: 'text', refused: 'is set by the operator' },
    'web.route-prefix': { kind: 'text', refused: 'is set by the operator' },
    'web.systemd-socket': { kind: 'switch', refused: 'there is no systemd in the container' },
    'web.timeout': { kind: 'goDuration' },
    'web.ui-path': { kind: 'text', refused: 'reads files inside the container' },
  },
};
