import { apiVersionOf } from '../kinds/resource-type.ts';

/** What a URL path of the resource API names. */
export interface ResourcePath {
  readonly group: string;
  readonly version: string;
  readonly plural: string;
  readonly namespace: string;
  readonly name: string;
  readonly subresource: string;
  /** Rest of the path below a subresource, for proxies. */
  readonly rest: string;
}

const namespaceSubresources = new Set(['status', 'finalize']);

/** Reads /api/v1/... and /apis/GROUP/VERSION/...; undefined when the path names no resource. */
export function parseResourcePath(pathname: string): ResourcePath | undefined {
  const parts = pathname
    .split('/')
    .filter((part) => part !== '')
    .map(decode);
  const head = parts.shift();
  const group = head === 'apis' ? parts.shift() : head === 'api' ? '' : undefined;
  const version = parts.shift();
  if (group === undefined || version === undefined || parts.length === 0) return undefined;
  const base = { group, version };
  const isNamespaceItself = parts.length < 3 || (parts.length === 3 && namespaceSubresources.has(parts[2]!));
  if (parts[0] === 'namespaces' && !isNamespaceItself) {
    const [, namespace = '', plural = '', name = '', subresource = '', ...rest] = parts;
    return { ...base, plural, namespace, name, subresource, rest: rest.join('/') };
  }
  const [plural = '', name = '', subresource = '', ...rest] = parts;
  return { ...base, plural, namespace: '', name, subresource, rest: rest.join('/') };
}

function decode(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}

export const pathOfGroupVersion = (type: { group: string; version: string }): string =>
  type.group === '' ? `/api/${type.version}` : `/apis/${apiVersionOf(type)}`;
