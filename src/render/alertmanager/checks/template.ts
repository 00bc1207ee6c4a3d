/**
 * Go templates of one AlertRoute. Names that the object defines get its own prefix, in definitions and uses alike, so
 * that two namespaces can define the same name; all other names must be Alertmanager's own.
 */
import { checkTemplate, templateNames } from '../../gotemplate/check.ts';
import { functionsOf } from '../../gotemplate/functions.ts';
import { atLeast } from '../version.ts';

export interface TemplateName {
  readonly keyword: 'define' | 'template';
  readonly name: string;
  /** Offset of the text inside the quotes. */
  readonly offset: number;
}

export interface TemplateFault {
  readonly message: string;
  readonly line: number;
  readonly column: number;
}

export interface TemplateScan {
  /** In the order of the text; a block is a use where it stands, then a definition. */
  readonly names: readonly TemplateName[];
  /** The first fault, of syntax or of a call that cannot succeed. */
  readonly fault?: TemplateFault;
}

/** Reads a template as Alertmanager of this version would. */
export function scanTemplate(text: string, version: string): TemplateScan {
  const options = { flavour: 'alertmanager', functions: functionTable(version) } as const;
  const [fault] = checkTemplate(text, options);
  const { defined, called } = templateNames(text, options);
  const names = [
    ...called.map(({ name, start }) => ({ keyword: 'template' as const, name, offset: start + 1 })),
    ...defined.map(({ name, start }) => ({ keyword: 'define' as const, name, offset: start + 1 })),
  ].sort((a, b) => a.offset - b.offset);
  return { names, ...(fault === undefined ? {} : { fault: inCodePoints(text, fault) }) };
}

/** Go counts columns in bytes. */
function inCodePoints(text: string, { message, line, column }: TemplateFault): TemplateFault {
  const before = Buffer.from(text.split('\n')[line - 1] ?? '').subarray(0, column - 1);
  return { message, line, column: [...before.toString('utf8')].length + 1 };
}

const functionTables = new Map<string, ReturnType<typeof functionsOf>>();

function functionTable(version: string): ReturnType<typeof functionsOf> {
  let table = functionTables.get(version);
  if (table === undefined) {
    const late = newFunctions
      .filter(([since]) => !atLeast(version, since))
      .flatMap(([, names]) => names.split(' '));
    table = new Map([...functionsOf('alertmanager')].filter(([name]) => !late.includes(name)));
    if (functionTables.size >= maxVersions) functionTables.clear();
    functionTables.set(version, table);
  }
  return table;
}

/** The text with `prefix` before every name in `own`. */
export function prefixNames(text: string, own: ReadonlySet<string>, prefix: string, version: string): string {
  const { names } = scanTemplate(text, version);
  let result = '';
  let at = 0;
  for (const { name, offset } of names) {
    if (!own.has(name) || offset < at) continue;
    // A block is in the list twice, at the same place.
    if (offset > at) result += text.slice(at, offset) + prefix;
    at = offset;
  }
  return result + text.slice(at);
}

/** What every Alertmanager from 0.27.0 on defines (default.tmpl and email.tmpl), by prefix of `.default.`. */
const builtIn: readonly (readonly [since: string, names: string])[] = [
  [
    '0.27.0',
    '__alertmanager __alertmanagerURL __description __subject __text_alert_list __text_alert_list_markdown ' +
      'discord.default.message discord.default.title email.default.html email.default.subject ' +
      'msteams.default.summary msteams.default.text msteams.default.title opsgenie.default.description ' +
      'opsgenie.default.message opsgenie.default.source pagerduty.default.client pagerduty.default.clientURL ' +
      'pagerduty.default.description pagerduty.default.instances pushover.default.message pushover.default.title ' +
      'pushover.default.url slack.default.callbackid slack.default.fallback slack.default.footer ' +
      'slack.default.iconemoji slack.default.iconurl slack.default.pretext slack.default.text slack.default.title ' +
      'slack.default.titlelink slack.default.username sns.default.message sns.default.subject ' +
      'telegram.default.message victorops.default.entity_display_name victorops.default.monitoring_tool ' +
      'victorops.default.state_message webex.default.message wechat.default.agent_id wechat.default.message ' +
      'wechat.default.to_party wechat.default.to_tag wechat.default.to_user',
  ],
  [
    '0.28.0',
    'discord.default.content jira.default.description jira.default.priority jira.default.summary ' +
      'msteamsv2.default.text msteamsv2.default.title rocketchat.default.alias rocketchat.default.emoji ' +
      'rocketchat.default.iconurl rocketchat.default.text rocketchat.default.title rocketchat.default.titlelink',
  ],
  ['0.30.0', 'mattermost.default.text'],
  [
    '0.32.0',
    'mattermost.default.color mattermost.default.fallback mattermost.default.title mattermost.default.titlelink ' +
      'mattermost.default.username slack.default.color',
  ],
];

const builtInByVersion = new Map<string, ReadonlySet<string>>();
const maxVersions = 64;

/** Names that an Alertmanager of this version defines by itself. */
export function builtInTemplates(version: string): ReadonlySet<string> {
  let names = builtInByVersion.get(version);
  if (names === undefined) {
    names = new Set(
      builtIn.filter(([since]) => atLeast(version, since)).flatMap(([, texts]) => texts.split(' ')),
    );
    if (builtInByVersion.size >= maxVersions) builtInByVersion.clear();
    builtInByVersion.set(version, names);
  }
  return names;
}

/** Template functions that Alertmanager 0.27.0 lacks (template.DefaultFuncs). */
const newFunctions: readonly (readonly [since: string, names: string])[] = [
  ['0.28.0', 'date tz since humanizeDuration'],
  ['0.30.0', 'safeUrl urlUnescape toJson'],
  ['0.32.0', 'list append dict'],
  ['0.33.0', 'now'],
];
