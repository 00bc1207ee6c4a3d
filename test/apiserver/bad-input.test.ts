import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import type { AlertRoute } from '../../src/crds/alert-route.ts';
import type { AlertRuleSet } from '../../src/crds/alert-rule-set.ts';
import type { Silence } from '../../src/crds/silence.ts';
import type { KubeObject } from '../../src/kube/object.ts';
import { eventually, type OperatorRun, runOperator } from '../support/operator-run.ts';
import { type ReconcileServer, startReconcileServer } from '../support/reconcile-server.ts';
import { StandInReplicas } from '../support/stand-in-replicas.ts';
import { send, targetNames } from './target.ts';

const apiVersion = 'promfleet.dev/v1alpha1';
const namespace = 'bad-input';
/** Nothing is measured here, and machines may be busy. */
const patienceMs = 60_000;
const plurals = { AlertRuleSet: 'alertrulesets', AlertRoute: 'alertroutes', Silence: 'silences' } as const;
type Kind = keyof typeof plurals;

/** Every object of a kind of ours, as far as this suite reads it. */
interface Seen extends KubeObject {
  readonly status?: NonNullable<(AlertRuleSet['status'] & AlertRoute['status']) | Silence['status']> & {
    readonly loaded?: string;
  };
}

interface Case {
  readonly kind: Kind;
  readonly spec?: object;
  /** Sent as it is, in place of an object with `spec`. */
  readonly body?: string | Buffer;
  readonly contentType?: string;
  /** What the API server says, where it does not take the object. */
  readonly refused?: { readonly status: number; readonly message: RegExp };
  /** The same for our own server, where it is stricter than a real one. */
  readonly refusedLocally?: Case['refused'];
  /** What the object's own status says, where the API server takes it: code, path, message. */
  readonly faults?: readonly (readonly [code: string, path: string, message: RegExp])[];
  /** Replicas that load what is left of it, of two; by default what is left is nothing. */
  readonly loaded?: string;
}

const groups = (...list: readonly object[]) => ({ groups: list });
const alert = (expr: string, more: object = {}) => ({ alert: 'A', expr, ...more });
const good = { name: 'good', rules: [alert('up == 0')] };
const bad = (rule: object) => groups(good, { name: 'bad', rules: [rule] });
const at = (field: string) => `spec.groups[bad].rules[0].${field}`;
const hook = { name: 'ok', webhook: { url: 'https://hooks.example.com/' } };
const routes = (receivers: readonly object[], route: object = { receiver: 'ok' }, more: object = {}) => ({
  receivers,
  route,
  ...more,
});

const bodyOf = (kind: Kind, spec: object | undefined) => ({
  apiVersion,
  kind,
  metadata: { name: 'bad', namespace },
  spec,
});

/** As kubectl's JSON, with a text that is not UTF-8 where `marker` stands. */
const withBytes = (spec: object, marker: string, bytes: Buffer): Buffer => {
  const text = JSON.stringify(bodyOf('AlertRuleSet', spec));
  const [before, after] = text.split(marker);
  return Buffer.concat([Buffer.from(before!), bytes, Buffer.from(after!)]);
};

const cases: Readonly<Record<string, Case>> = {
  'no YAML': {
    kind: 'AlertRuleSet',
    body: 'spec: [\n',
    contentType: 'application/yaml',
    refused: { status: 400, message: /yaml/i },
  },
  'no JSON': {
    kind: 'AlertRuleSet',
    body: '{"spec": ',
    refused: { status: 400, message: /unexpected end|unexpected EOF|json/i },
  },
  'an object of 10 MB': {
    kind: 'AlertRuleSet',
    spec: bad(alert(`up == ${'1'.repeat(10_000_000)}`)),
    refused: { status: 413, message: /too large/i },
  },
  'an unknown field': {
    kind: 'AlertRuleSet',
    spec: groups({ ...good, intervall: '1m' }),
    refused: { status: 400, message: /unknown field "spec\.groups\[0\]\.intervall"/ },
  },
  'a number for a text': {
    kind: 'AlertRuleSet',
    spec: groups({ name: 'g', rules: [{ alert: 'A', expr: 3 }] }),
    refused: { status: 422, message: /spec\.groups\[0\]\.rules\[0\]\.expr.*must be of type string/ },
  },
  'a text for a list': {
    kind: 'AlertRuleSet',
    spec: { groups: 'all' },
    refused: { status: 422, message: /spec\.groups.*must be of type array/ },
  },
  'an expression of 100,000 parentheses': {
    kind: 'AlertRuleSet',
    spec: bad(alert(`${'('.repeat(100_000)}up${')'.repeat(100_000)}`)),
    refused: { status: 422, message: /spec\.groups\[1\]\.rules\[0\]\.expr.*(long|32768|65536)/i },
  },
  'an expression of 10,000 parentheses': {
    kind: 'AlertRuleSet',
    spec: bad(alert(`${'('.repeat(10_000)}up${')'.repeat(10_000)}`)),
    faults: [['InvalidExpression', at('expr'), /nested|deep/]],
    loaded: '2/2',
  },
  'an expression that ends too early': {
    kind: 'AlertRuleSet',
    spec: bad(alert('sum(rate(http_requests_total[5m])) by (')),
    faults: [['InvalidExpression', at('expr'), /alert A: unclosed left parenthesis/]],
    loaded: '2/2',
  },
  'a regular expression that is none': {
    kind: 'AlertRuleSet',
    spec: bad(alert('up{job=~"("} == 0')),
    faults: [['InvalidExpression', at('expr'), /error parsing regexp: missing closing \)/]],
    loaded: '2/2',
  },
  'a regular expression that would blow up': {
    kind: 'AlertRuleSet',
    spec: bad(alert(`up{job=~"(((x{100}){100}){100}){100}"} == 0`)),
    faults: [['InvalidExpression', at('expr'), /error parsing regexp: .*(repeat|large)/]],
    loaded: '2/2',
  },
  'a regular expression that backtracks without end elsewhere': {
    kind: 'AlertRuleSet',
    spec: bad(
      alert('up{job=~"(a+)+$"} == 0', {
        annotations: { a: '{{ reReplaceAll "(a+)+$" "" "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa!" }}' },
      }),
    ),
    faults: [],
    loaded: '2/2',
  },
  'a template that is none': {
    kind: 'AlertRuleSet',
    spec: bad(alert('up == 0', { annotations: { summary: '{{ range }}' } })),
    faults: [['InvalidTemplate', at('annotations.summary'), /missing value for range/]],
    loaded: '2/2',
  },
  'a template without end': {
    kind: 'AlertRuleSet',
    spec: bad(alert('up == 0', { annotations: { summary: '{{ if true }}'.repeat(500) } })),
    faults: [['InvalidTemplate', at('annotations.summary'), /./]],
    loaded: '2/2',
  },
  'a reserved label': {
    kind: 'AlertRuleSet',
    spec: bad(alert('up == 0', { labels: { promfleet_namespace: 'other' } })),
    faults: [['ReservedLabel', at('labels.promfleet_namespace'), /./]],
    loaded: '2/2',
  },
  'label values with line breaks, quotes and a byte-order mark': {
    kind: 'AlertRuleSet',
    spec: bad(
      alert('up == 0', {
        labels: { a: 'line\nbreak', b: `"'\\"`, c: '- x: [', d: '\u2028\u0085\ufeff', e: '\u0007' },
        annotations: { a: 'a\n\n  b: c\n', b: '{{ $labels.a }}' },
      }),
    ),
    faults: [],
    loaded: '2/2',
  },
  'texts that are not UTF-8': {
    kind: 'AlertRuleSet',
    // As a real API server stores it: with U+FFFD in its place.
    body: withBytes(
      bad(alert('up == 0', { labels: { a: 'MARK' } })),
      'MARK',
      Buffer.from([0xff, 0xfe, 0x80]),
    ),
    refusedLocally: { status: 400, message: /not valid UTF-8/ },
    faults: [],
    loaded: '2/2',
  },
  'half of a surrogate pair': {
    kind: 'AlertRuleSet',
    body: withBytes(bad(alert('up == 0', { labels: { a: 'MARK' } })), 'MARK', Buffer.from('\\ud83d')),
    faults: [],
    loaded: '2/2',
  },
  'a group of 5,000 rules': {
    kind: 'AlertRuleSet',
    spec: groups({
      name: 'large',
      rules: Array.from({ length: 5000 }, (_, index) => ({
        alert: `A${index}`,
        expr: `up{a="${index}"} == 0`,
      })),
    }),
    faults: [],
    loaded: '2/2',
  },
  'nothing but faults': {
    kind: 'AlertRuleSet',
    spec: groups({ name: 'bad', rules: [alert('up ==')] }),
    faults: [['InvalidExpression', at('expr'), /./]],
    loaded: '0/2',
  },
  'a receiver to the loopback address': {
    kind: 'AlertRoute',
    spec: routes([hook, { name: 'bad', webhook: { url: 'http://127.1:9093/' } }]),
    faults: [['AddressRefused', 'spec.receivers[bad].webhook.url', /loopback/]],
    loaded: '1/1',
  },
  'a receiver that reads a file': {
    kind: 'AlertRoute',
    spec: routes([
      hook,
      { name: 'bad', passThrough: [{ type: 'webhook', config: { url_file: '/etc/passwd' } }] },
    ]),
    faults: [['FileFieldRefused', 'spec.receivers[bad].passThrough[0].config.url_file', /file/]],
    loaded: '1/1',
  },
  'a receiver that would follow redirects': {
    kind: 'AlertRoute',
    spec: routes([
      hook,
      { name: 'bad', webhook: { url: 'https://a.example.com/', httpConfig: { followRedirects: true } } },
    ]),
    faults: [['RedirectRefused', 'spec.receivers[bad].webhook.httpConfig.followRedirects', /redirects/]],
    loaded: '1/1',
  },
  'a route of which every receiver is refused': {
    kind: 'AlertRoute',
    spec: routes([{ name: 'ok', webhook: { url: 'http://169.254.169.254/' } }]),
    faults: [['AddressRefused', 'spec.receivers[ok].webhook.url', /link-local/]],
    loaded: '0/1',
  },
  'a route to a receiver that is not there': {
    kind: 'AlertRoute',
    spec: routes([hook], { receiver: 'ok', routes: [{ receiver: 'nobody' }] }),
    faults: [['UnknownReceiver', 'spec.route.routes[0].receiver', /nobody/]],
    loaded: '1/1',
  },
  'a route with a hostile matcher': {
    kind: 'AlertRoute',
    spec: routes([hook], { receiver: 'ok', routes: [{ matchers: ['a=~"("'], receiver: 'ok' }] }),
    faults: [['InvalidMatcher', 'spec.route.routes[0].matchers[0]', /./]],
    loaded: '1/1',
  },
  'a template of a route that is none': {
    kind: 'AlertRoute',
    spec: routes([hook], undefined, { templates: [{ name: 't', text: '{{ define "x" }}' }] }),
    faults: [['InvalidTemplate', 'spec.templates[t].text', /unexpected EOF/]],
    loaded: '1/1',
  },
  'a route 60 levels deep': {
    kind: 'AlertRoute',
    spec: routes(
      [hook],
      Array.from({ length: 60 }).reduce<object>((route) => ({ receiver: 'ok', routes: [route] }), {
        receiver: 'ok',
      }),
    ),
    faults: [['LimitExceeded', 'spec', /deeper/]],
    loaded: '0/1',
  },
  'a silence with a matcher that is none': {
    kind: 'Silence',
    spec: { matchers: ['a=~"("'], duration: '1h', comment: 'c' },
    faults: [['InvalidMatcher', 'spec.matchers[0]', /./]],
  },
};

describe.each(targetNames)('bad input on the %s API server', (targetName) => {
  let server: ReconcileServer;
  let operator: OperatorRun;
  let replicas: StandInReplicas;
  let edits = 0;

  beforeAll(async () => {
    server = await startReconcileServer(targetName);
    await server.admin.create({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: namespace } });
    replicas = new StandInReplicas({ client: server.admin, namespace });
    operator = runOperator(server.operator());
    const stack = {
      apiVersion,
      kind: 'MonitoringStack',
      metadata: { name: 'main', namespace },
      spec: { alertmanager: { replicas: 1 } },
    } as KubeObject;
    await server.admin.apply(stack, { fieldManager: 'user', force: true });
    await neighboursGoOn();
  });
  afterAll(async () => {
    await operator?.stop();
    await server?.close();
  });

  afterEach(async () => {
    for (const kind of Object.keys(plurals) as Kind[])
      if ((await find(kind, 'bad')) !== undefined)
        await server.admin.delete({ apiVersion, kind, namespace, name: 'bad' });
  });

  const find = (kind: Kind, name: string) => server.admin.find<Seen>({ apiVersion, kind, namespace, name });

  /** Edits objects beside the bad one, and waits until each is live. */
  async function neighboursGoOn(): Promise<void> {
    edits += 1;
    const specs: Partial<Record<Kind, object>> = {
      AlertRuleSet: groups({ name: 'n', rules: [alert(`up == ${edits}`)] }),
      AlertRoute: routes([{ name: 'ok', webhook: { url: `https://hooks.example.com/${edits}` } }]),
    };
    for (const [kind, spec] of Object.entries(specs)) {
      const object = { apiVersion, kind, metadata: { name: 'neighbour', namespace }, spec } as KubeObject;
      await server.admin.apply(object, { fieldManager: 'user', force: true });
    }
    let last: unknown;
    await eventually(
      'the neighbours are live',
      async () => {
        await replicas.step();
        const found = await Promise.all(
          (Object.keys(specs) as Kind[]).map((kind) => find(kind, 'neighbour')),
        );
        last = found.map((object) => object?.status?.conditions);
        return found.every(
          (object) =>
            object?.status?.observedGeneration === object?.metadata.generation &&
            object?.status?.conditions?.some(({ type, status }) => type === 'Ready' && status === 'True'),
        );
      },
      patienceMs,
      () => last,
    );
  }

  test.each(Object.entries(cases))('%s', async (_name, { kind, spec, body, contentType, ...expected }) => {
    const path = `/apis/${apiVersion}/namespaces/${namespace}/${plurals[kind]}`;
    const answer = await send(server.target, {
      method: 'POST',
      path: `${path}?fieldValidation=Strict`,
      body: body ?? bodyOf(kind, spec),
      ...(contentType === undefined ? {} : { contentType }),
    });
    const { message = '' } = (typeof answer.body === 'object' ? answer.body : { message: answer.body }) as {
      message?: string;
    };
    const refused = targetName === 'local' ? (expected.refusedLocally ?? expected.refused) : expected.refused;
    if (refused !== undefined) {
      expect([answer.status, message.slice(0, 400)]).toEqual([
        refused.status,
        expect.stringMatching(refused.message),
      ]);
      expect(await find(kind, 'bad')).toBeUndefined();
      await neighboursGoOn();
      return;
    }
    expect([answer.status, message]).toEqual([201, '']);
    let last: Seen | undefined;
    const said = await eventually(
      'its status says so',
      async () => {
        await replicas.step();
        last = await find(kind, 'bad');
        const { status } = last ?? {};
        const stalled = status?.conditions?.find(({ type }) => type === 'Stalled')?.status;
        const wanted = expected.faults!.length === 0 ? 'False' : 'True';
        const isLoaded = expected.loaded === undefined || status?.loaded === expected.loaded;
        return stalled === wanted && isLoaded ? status : undefined;
      },
      patienceMs,
      () => last?.status,
    );
    expect(said.observedGeneration).toBe(1);
    expect((said.faults ?? []).map(({ code, path: where, message: text }) => [code, where, text])).toEqual(
      expected.faults!.map(([code, where, text]) => [code, where, expect.stringMatching(text)]),
    );
    await neighboursGoOn();
  });
});
