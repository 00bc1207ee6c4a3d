import type { AlertRoute } from '../../src/crds/alert-route.ts';
import { apiVersion } from '../../src/crds/metadata.ts';
import { strictPolicy } from '../../src/render/alertmanager/checks/address.ts';
import { alertmanagerConfigSteps } from '../../src/render/alertmanager/config.ts';
import type { BundleFile } from '../../src/render/bundle/slot.ts';
import { type Figure, ms, quantile } from './figures.ts';

/** What one changed AlertRoute costs beside so many in 100 namespaces: in all, and the longest step between two breaths. */
export function measureRoutes(count: number): Figure[] {
  const routes = Array.from({ length: count }, (_, n) => routeOf(n, 0));
  let files: ReadonlyMap<string, BundleFile> = new Map();
  const totals: number[] = [];
  const longest: number[] = [];
  const rounds = 10;
  for (let round = 0; round <= rounds; round++) {
    routes[7] = routeOf(7, round);
    const steps = alertmanagerConfigSteps({
      version: 'v0.33.1',
      policy: strictPolicy,
      routes: routes.map((route) => ({ route, platform: false })),
      secrets: (namespace) => `https://hooks.slack.example.org/services/${namespace}`,
      previous: files,
    });
    const costs: number[] = [];
    for (let done = false; !done; ) {
      const before = process.cpuUsage();
      const step = steps.next();
      const { user, system } = process.cpuUsage(before);
      costs.push((user + system) / 1000);
      if (step.done === true) {
        files = new Map(step.value.files.map((file) => [file.path, file]));
        done = true;
      }
    }
    const live = files.get('alertmanager.yaml')?.content.split(`team-7-${round}"`).length;
    if (live !== 2) throw new Error(`round ${round} of the changed AlertRoute is not in alertmanager.yaml`);
    // The first one makes the text of all.
    if (round === 0) continue;
    totals.push(costs.reduce((sum, cost) => sum + cost, 0));
    longest.push(Math.max(...costs));
  }
  return [
    {
      what: `processor time for one changed AlertRoute beside ${count}, median`,
      value: ms(quantile(totals, 0.5)),
      aim: '',
    },
    { what: '  its longest step, median', value: ms(quantile(longest, 0.5)), aim: '<= 50 ms' },
  ];
}

function routeOf(n: number, round: number): AlertRoute {
  return {
    apiVersion,
    kind: 'AlertRoute',
    metadata: { namespace: `team-${n % 100}`, name: `route-${n}`, uid: `uid-${n}` },
    spec: {
      route: {
        receiver: 'page',
        groupBy: ['alertname', 'cluster'],
        matchers: [`round="team-${n}-${round}"`],
        routes: [{ receiver: 'chat', matchers: ['severity="info"'] }],
      },
      receivers: [
        { name: 'page', webhook: { url: `https://pager.example.org/hook/${n}` } },
        {
          name: 'chat',
          slack: { apiURL: { secretKeyRef: { name: 's', key: 'url' } }, channel: `#team-${n}` },
        },
      ],
    },
  } as AlertRoute;
}
