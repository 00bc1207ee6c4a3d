/** Reads the cases in testdata, for the tests here and those with a real Alertmanager. */
import { readFileSync } from 'node:fs';
import { load } from 'js-yaml';
import type { AlertRoute } from '../../crds/alert-route.ts';
import type { BundleFile } from '../bundle/slot.ts';
import type { AlertmanagerInput } from './alertmanager.ts';
import { strictPolicy } from './checks/address.ts';
import { type AlertmanagerConfig, renderAlertmanagerConfig } from './config.ts';
import { defaultVersion } from './version.ts';

export interface RenderCase extends AlertmanagerInput {
  readonly base?: { readonly text?: string; readonly templates: Readonly<Record<string, string>> };
  readonly routes: readonly { readonly route: AlertRoute; readonly platform: boolean }[];
  /** By `namespace/name/key`. */
  readonly secrets: Readonly<Record<string, string>>;
}

export function readCase(path: string): RenderCase {
  return load(readFileSync(path, 'utf8')) as RenderCase;
}

export function configOf(
  input: RenderCase,
  previous: ReadonlyMap<string, BundleFile> = new Map(),
): AlertmanagerConfig {
  const { version = defaultVersion, featureFlags } = input.stack.spec.alertmanager ?? {};
  return renderAlertmanagerConfig({
    version,
    ...(featureFlags === undefined ? {} : { featureFlags }),
    policy: strictPolicy,
    ...(input.base === undefined ? {} : { base: input.base }),
    routes: input.routes,
    secrets: (namespace, name, key) => input.secrets[`${namespace}/${name}/${key}`],
    previous,
  });
}
