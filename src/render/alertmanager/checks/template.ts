/**
 * Go templates of one AlertRoute. Names that the object defines get its own prefix, in definitions and uses alike, so
 * that two namespaces can define the same name; all other names must be Alertmanager's own.
 */
import { unquoteGo } from '../matcher.ts';
import { atLeast } from '../version.ts';

export interface TemplateName {
  readonly keyword: 'define' | 'block' | 'template';
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
  readonly names: readonly TemplateName[];
  readonly fault?: TemplateFault;
}

/** Finds the names that a template text defines and uses. Source of the token rules: Go's text/template/parse. */
export function scanTemplate(text: string): TemplateScan {
  const names: TemplateName[] = [];
  let at = 0;
  for (;;) {
    const open = text.indexOf('{{', at);
    if (open < 0) return { names };
    const start = /^\{\{(- )?/.exec(text.slice(open, open + 4))!;
    const body = open + start[0].length;
    if (text.startsWith('/*', body)) {
      const end = /\*\/(?: -)?\}\}/g;
      end.lastIndex = body;
      const close = end.exec(text);
      if (close === null) return { names, fault: faultAt(text, open, 'the comment is not closed') };
      at = end.lastIndex;
      continue;
    }
    const head = /^\s*(define|block|template)\s*("(?:[^"\\\n]|\\.)*"|`[^`]*`)/.exec(text.slice(body));
    if (head !== null) {
      const [whole, keyword, literal] = head as unknown as [string, TemplateName['keyword'], string];
      const name = literal.startsWith('`') ? literal.slice(1, -1) : unquoteGo(literal);
      if (name === undefined) return { names, fault: faultAt(text, open, 'the name is not a valid string') };
      names.push({ keyword, name, offset: body + whole.length - literal.length + 1 });
    }
    const close = actionEnd(text, body);
    if (close === undefined) return { names, fault: faultAt(text, open, 'the action is not closed') };
    at = close;
  }
}

/** Offset after the closing braces of the action whose inside begins at `from`. */
function actionEnd(text: string, from: number): number | undefined {
  const token = /"(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*'|`[^`]*`|\}\}|["'`]/g;
  token.lastIndex = from;
  for (let match = token.exec(text); match !== null; match = token.exec(text)) {
    if (match[0] === '}}') return token.lastIndex;
    if (match[0].length === 1) return undefined;
  }
  return undefined;
}

function faultAt(text: string, offset: number, message: string): TemplateFault {
  const before = text.slice(0, offset).split('\n');
  return { message, line: before.length, column: [...before.at(-1)!].length + 1 };
}

/** The text with `prefix` before every name in `own`. */
export function prefixNames(text: string, own: ReadonlySet<string>, prefix: string): string {
  const { names } = scanTemplate(text);
  let result = '';
  let at = 0;
  for (const { name, offset } of names) {
    if (!own.has(name)) continue;
    result += text.slice(at, offset) + prefix;
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

/** Names that an Alertmanager of this version defines by itself. */
export function builtInTemplates(version: string): ReadonlySet<string> {
  return new Set(
    builtIn.filter(([since]) => atLeast(version, since)).flatMap(([, names]) => names.split(' ')),
  );
}

/** Functions beside Go's own that templates of this version may call (template.DefaultFuncs). */
export function templateFunctions(version: string): readonly string[] {
  const rows: readonly (readonly [string, string])[] = [
    ['0.27.0', 'toUpper toLower title trimSpace join match safeHtml reReplaceAll stringSlice'],
    ['0.28.0', 'date tz since humanizeDuration'],
    ['0.30.0', 'safeUrl urlUnescape toJson'],
    ['0.32.0', 'list append dict'],
    ['0.33.0', 'now'],
  ];
  return rows.filter(([since]) => atLeast(version, since)).flatMap(([, names]) => names.split(' '));
}
