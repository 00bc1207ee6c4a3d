/**
 * The platform's own Alertmanager configuration: its global settings, and routes and receivers that see a copy of every
 * alert. It may read files, because the platform owns the pods. It is taken as a whole or not at all.
 */
import { load } from 'js-yaml';
import type { InhibitRule, TimeInterval } from '../../crds/alert-route.ts';
import { parseJsonObject } from '../bundle/slot.ts';
import { type Fault, FaultList } from './checks/fault.ts';
import { renderInhibitRule } from './checks/inhibit-rule.ts';
import { recheckReceiver } from './checks/receiver.ts';
import { renderRoute } from './checks/route.ts';
import { renderTimeInterval } from './checks/time-interval.ts';
import type {
  RenderedInhibitRule,
  RenderedReceiver,
  RenderedRoute,
  RenderedTimeInterval,
} from './fragment.ts';
import { printMatcher } from './matcher.ts';
import { globalSchema, tracingSchema } from './receivers/global.ts';
import { type FieldContext, isRecord, renderObject } from './receivers/render-fields.ts';
import type { Resolved } from './receivers/schema.ts';
import { atLeast } from './version.ts';

/** In Alertmanager's spelling, deprecated forms written anew. */
export interface BaseConfig {
  readonly global: Resolved;
  readonly tracing?: Resolved;
  readonly route: RenderedRoute;
  readonly receivers: readonly RenderedReceiver[];
  readonly timeIntervals: readonly RenderedTimeInterval[];
  readonly inhibitRules: readonly RenderedInhibitRule[];
  /** Patterns of template files in the container, absolute. */
  readonly templates: readonly string[];
}

/** Without a platform configuration there is no platform-wide stream. */
export const noBaseConfig: BaseConfig = {
  global: {},
  route: {},
  receivers: [],
  timeIntervals: [],
  inhibitRules: [],
  templates: [],
};

export interface BaseOptions {
  readonly version: string;
  readonly featureFlags?: readonly string[];
}

export function readBaseConfig(
  text: string,
  options: BaseOptions,
): { readonly base: BaseConfig | undefined; readonly faults: readonly Fault[] } {
  let value: unknown;
  try {
    value = load(text);
  } catch (error) {
    // The reader's message quotes the text, which holds credentials.
    const mark = (error as { mark?: { line?: number; column?: number } }).mark;
    const where = mark?.line === undefined ? '' : ` (line ${mark.line + 1})`;
    return {
      base: undefined,
      faults: [{ path: '', code: 'BaseConfigInvalid', message: `is not valid YAML${where}` }],
    };
  }
  const reader = new BaseReader(options);
  const base = reader.read(value);
  const faults = reader.faults.faults.map((fault) => ({ ...fault, code: 'BaseConfigInvalid' as const }));
  return { base: faults.length === 0 ? base : undefined, faults };
}

/** Where the last good platform configuration lies in the bundle. */
export const baseConfigPath = 'base.json';

export function encodeBaseConfig(base: BaseConfig): string {
  return JSON.stringify({ formatVersion: 1, ...base });
}

/** Undefined when it is damaged or of another format: the Secret is read again anyway. */
export function decodeBaseConfig(text: string): BaseConfig | undefined {
  try {
    const { formatVersion, ...base } = parseJsonObject(text, 'base configuration');
    return formatVersion === 1 ? (base as unknown as BaseConfig) : undefined;
  } catch {
    return undefined;
  }
}

const topLevel = new Set([
  'global',
  'route',
  'receivers',
  'inhibit_rules',
  'templates',
  'mute_time_intervals',
  'time_intervals',
  'tracing',
]);

class BaseReader {
  readonly faults = new FaultList();
  readonly #version: string;
  readonly #classicMode: boolean;

  constructor({ version, featureFlags }: BaseOptions) {
    this.#version = version;
    this.#classicMode = featureFlags?.includes('classic-mode') ?? false;
  }

  read(value: unknown): BaseConfig {
    if (!isRecord(value)) {
      this.faults.add('', 'BaseConfigInvalid', 'must be an object');
      return noBaseConfig;
    }
    for (const key of Object.keys(value)) {
      if (!topLevel.has(key)) this.faults.add(key, 'BaseConfigInvalid', 'is no section that promfleet takes');
    }
    const global = this.#global(value.global);
    const receivers = this.#receivers(value.receivers, global);
    const timeIntervals = [
      ...this.#timeIntervals(value.mute_time_intervals, 'mute_time_intervals'),
      ...this.#timeIntervals(value.time_intervals, 'time_intervals'),
    ];
    this.#unique('receivers', receivers);
    this.#unique('time_intervals', timeIntervals);
    const tracing = value.tracing;
    if (tracing !== undefined && !atLeast(this.#version, '0.30.0')) {
      this.faults.add('tracing', 'NotInVersion', 'needs Alertmanager 0.30.0 or newer');
    }
    return {
      global,
      ...(isRecord(tracing)
        ? { tracing: renderObject(tracingSchema, tracing, 'tracing', this.#context({})) }
        : {}),
      route: this.#route(value.route, receivers, timeIntervals),
      receivers,
      timeIntervals,
      inhibitRules: this.#inhibitRules(value.inhibit_rules),
      templates: list(value.templates).filter(
        (entry) => typeof entry === 'string' && entry.startsWith('/'),
      ) as string[],
    };
  }

  #context(global: Resolved): FieldContext {
    return {
      mode: 'trusted',
      version: this.#version,
      policy: { allowedHosts: [], refusedHosts: [] },
      secrets: () => undefined,
      faults: this.faults,
      global,
      template: (text) => text,
    };
  }

  #global(value: unknown): Resolved {
    return value === undefined || value === null
      ? {}
      : renderObject(globalSchema, value, 'global', this.#context({}));
  }

  #receivers(value: unknown, global: Resolved): readonly RenderedReceiver[] {
    return list(value).filter((receiver, index): receiver is RenderedReceiver => {
      const path = `receivers[${index}]`;
      if (!isRecord(receiver) || typeof receiver.name !== 'string' || receiver.name === '') {
        this.faults.add(path, 'BaseConfigInvalid', 'needs a name');
        return false;
      }
      this.#ownName(`${path}.name`, receiver.name);
      recheckReceiver(receiver as RenderedReceiver, path, this.#context(global));
      return true;
    });
  }

  #timeIntervals(value: unknown, path: string): readonly RenderedTimeInterval[] {
    return list(value).flatMap((entry, index) => {
      const at = `${path}[${index}]`;
      if (!isRecord(entry) || typeof entry.name !== 'string' || entry.name === '') {
        this.faults.add(at, 'BaseConfigInvalid', 'needs a name');
        return [];
      }
      this.#ownName(`${at}.name`, entry.name);
      const intervals = list(entry.time_intervals).map((interval, position) =>
        renderTimeInterval(camelInterval(interval), `${at}.time_intervals[${position}]`, this.faults),
      );
      return [{ name: entry.name, time_intervals: intervals }];
    });
  }

  #route(
    value: unknown,
    receivers: readonly RenderedReceiver[],
    timeIntervals: readonly RenderedTimeInterval[],
  ): RenderedRoute {
    const names = new Set(receivers.map(({ name }) => name));
    const intervals = new Set(timeIntervals.map(({ name }) => name));
    const rendered = renderRoute(camelRoute(value), 'route', {
      faults: this.faults,
      prefix: '',
      version: this.#version,
      classicMode: this.#classicMode,
      declaredReceivers: names,
      usableReceivers: names,
      declaredIntervals: intervals,
      usableIntervals: intervals,
    });
    const {
      receiver,
      matchers,
      mute_time_intervals,
      active_time_intervals,
      continue: onward,
    } = rendered ?? {};
    if (rendered !== undefined && receiver === undefined)
      this.faults.add('route', 'BaseConfigInvalid', 'needs a receiver');
    if (matchers ?? mute_time_intervals ?? active_time_intervals ?? onward) {
      this.faults.add(
        'route',
        'BaseConfigInvalid',
        'the top route takes neither matchers nor time intervals nor continue',
      );
    }
    return rendered ?? {};
  }

  #inhibitRules(value: unknown): readonly RenderedInhibitRule[] {
    return list(value).flatMap((rule, index) => {
      const path = `inhibit_rules[${index}]`;
      const context = {
        faults: this.faults,
        prefix: '',
        version: this.#version,
        classicMode: this.#classicMode,
      };
      const rendered = renderInhibitRule(camelInhibitRule(rule), path, { ...context, guard: undefined });
      return rendered === undefined ? [] : [rendered];
    });
  }

  #unique(path: string, parts: readonly { readonly name: string }[]): void {
    const names = parts.map(({ name }) => name);
    const twice = names.find((name, index) => names.indexOf(name) !== index);
    if (twice !== undefined)
      this.faults.add(path, 'BaseConfigInvalid', `${JSON.stringify(twice)} is there twice`);
  }

  /** Names with two slashes belong to AlertRoutes. */
  #ownName(path: string, name: string): void {
    if (/^[^/]+\/[^/]+\/./.test(name) || name.startsWith('promfleet/')) {
      this.faults.add(path, 'BaseConfigInvalid', `the name ${JSON.stringify(name)} is reserved`);
    }
  }
}

function list(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

/** Alertmanager's route in the spelling of AlertRoute; the deprecated `match` and `match_re` become matchers. */
function camelRoute(value: unknown): unknown {
  if (!isRecord(value)) return value;
  const { match, match_re, matchers, routes, ...rest } = value;
  const all = [...list(matchers), ...oldMatchers(match, '='), ...oldMatchers(match_re, '=~')];
  return {
    ...camelKeys(rest),
    ...(all.length === 0 ? {} : { matchers: all }),
    ...(routes === undefined || routes === null ? {} : { routes: list(routes).map(camelRoute) }),
  };
}

function camelInhibitRule(value: unknown): InhibitRule {
  const rule = isRecord(value) ? value : {};
  const side = (name: 'source' | 'target') => [
    ...list(rule[`${name}_matchers`]),
    ...oldMatchers(rule[`${name}_match`], '='),
    ...oldMatchers(rule[`${name}_match_re`], '=~'),
  ];
  return {
    ...(typeof rule.name === 'string' ? { name: rule.name } : {}),
    sourceMatchers: side('source').map(String),
    targetMatchers: side('target').map(String),
    equal: list(rule.equal).map(String),
  };
}

function camelInterval(value: unknown): TimeInterval {
  const { times, ...rest } = isRecord(value) ? value : {};
  const texts = Object.entries(camelKeys(rest)).map(([key, entry]) => [
    key,
    Array.isArray(entry) ? entry.map(String) : entry,
  ]);
  return {
    ...Object.fromEntries(texts),
    ...(times === undefined
      ? {}
      : { times: list(times).map((time) => camelKeys(isRecord(time) ? time : {})) }),
  } as TimeInterval;
}

function oldMatchers(value: unknown, operator: '=' | '=~'): readonly string[] {
  return Object.entries(isRecord(value) ? value : {}).map(([name, text]) =>
    printMatcher({ name, operator, value: String(text) }),
  );
}

function camelKeys(value: Readonly<Record<string, unknown>>): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(value)
      .filter(([, entry]) => entry !== null)
      .map(([key, entry]) => [key.replace(/_([a-z])/g, (_, letter: string) => letter.toUpperCase()), entry]),
  );
}
