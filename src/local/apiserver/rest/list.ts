import { badRequest, expired, fault, invalid, versionTooOld } from '../api-error.ts';
import type { ResourceType } from '../kinds/resource-type.ts';
import type { KubeObject } from '../object.ts';
import type { StoredObject } from '../store/collection.ts';
import type { ServerContext } from './context.ts';
import { type FieldRequirement, matchesFields, parseFieldSelector } from './field-selector.ts';
import { type LabelPredicate, parseLabelSelector } from './label-selector.ts';

/** Which objects of a kind a request is about. */
export interface Selection {
  readonly type: ResourceType;
  readonly namespace: string;
  readonly labels: LabelPredicate | undefined;
  readonly fields: readonly FieldRequirement[];
}

export function selectionOf(
  type: ResourceType,
  namespace: string,
  query: URLSearchParams,
  name = '',
): Selection {
  const fields = [...parseFieldSelector(query.get('fieldSelector') ?? '', type)];
  if (name !== '') fields.push({ field: 'metadata.name', equals: true, value: name });
  return { type, namespace, labels: parseLabelSelector(query.get('labelSelector') ?? ''), fields };
}

export function selects(selection: Selection, object: StoredObject): boolean {
  if (selection.namespace !== '' && object.namespace !== selection.namespace) return false;
  if (selection.labels !== undefined && !selection.labels(object.labels)) return false;
  if (selection.fields.length === 0) return true;
  let parsed: KubeObject | undefined;
  const load = () => {
    parsed ??= JSON.parse(object.json) as KubeObject;
    return parsed;
  };
  return matchesFields(selection.fields, selection.type, object, load);
}

export interface Page {
  readonly items: readonly StoredObject[];
  readonly rv: number;
  readonly continueToken: string | undefined;
  readonly remaining: number | undefined;
}

interface Continuation {
  readonly rv: number;
  readonly after: string;
}

/** One page of a list, all pages of one continuation from the same moment. */
export function listPage(context: ServerContext, selection: Selection, query: URLSearchParams): Page {
  const { store } = context;
  const limit = nonNegative(query.get('limit'), 'limit');
  const token = query.get('continue') ?? '';
  const asked = query.get('resourceVersion') ?? '';
  const match = query.get('resourceVersionMatch') ?? '';
  checkVersionMatch(asked, match, token);
  const collection = store.collection(selection.type.storageKey);

  let rv = store.rv;
  let after = '';
  if (token !== '') {
    const decoded = decodeToken(token);
    rv = decoded.rv === -1 ? store.rv : decoded.rv;
    after = decoded.after;
    if (rv < collection.completeAfterRv)
      throw expired(
        'The provided continue parameter is too old to display a consistent list result. You can start a new list without the continue parameter, or use the continue token in this response to retrieve the remainder of the results. Continuing with the provided token results in an inconsistent list - objects that were created, modified, or deleted between the time the first chunk was returned and now may show up in the list.',
      );
  } else if (match === 'Exact') {
    rv = versionNumber(asked);
    if (rv > store.rv) throw tooLarge(asked, store.rv);
    if (rv < collection.completeAfterRv) throw versionTooOld(rv, collection.completeAfterRv);
  } else if (asked !== '' && versionNumber(asked) > store.rv) throw tooLarge(asked, store.rv);

  const all =
    rv === store.rv ? collection.list(selection.namespace) : collection.listAt(selection.namespace, rv);
  const start = after === '' ? 0 : lowerBound(all, after);
  const unfiltered = selection.labels === undefined && selection.fields.length === 0;
  const items: StoredObject[] = [];
  let index = start;
  for (; index < all.length && (limit === 0 || items.length < limit); index++)
    if (unfiltered || selects(selection, all[index]!)) items.push(all[index]!);
  const more = index < all.length;
  return {
    items,
    rv,
    continueToken: more ? encodeToken({ rv, after: items.at(-1)!.key }) : undefined,
    remaining: more && unfiltered ? all.length - index : undefined,
  };
}

/** First index whose key is beyond `after`. */
function lowerBound(objects: readonly StoredObject[], after: string): number {
  let low = 0;
  let high = objects.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (objects[middle]!.key <= after) low = middle + 1;
    else high = middle;
  }
  return low;
}

const tooLarge = (asked: string, current: number) =>
  new TooLargeVersion(`Too large resource version: ${asked}, current: ${current}`);

/** A version that the server has not reached yet; answered as a timeout, as Kubernetes does. */
export class TooLargeVersion extends Error {
  override readonly name = 'TooLargeVersion';
}

const listOptions = { group: 'meta.k8s.io', kind: 'ListOptions' };

function checkVersionMatch(asked: string, match: string, token: string): void {
  if (match === '') {
    if (token !== '' && asked !== '' && asked !== '0')
      throw badRequest('specifying resource version is not allowed when using continue');
    return;
  }
  if (match !== 'Exact' && match !== 'NotOlderThan')
    throw invalid(listOptions, '', [
      fault.unsupported('resourceVersionMatch', match, ['Exact', 'NotOlderThan', '']),
    ]);
  if (asked === '')
    throw invalid(listOptions, '', [
      fault.forbidden(
        'resourceVersionMatch',
        'resourceVersionMatch is forbidden unless resourceVersion is provided',
      ),
    ]);
  if (token !== '')
    throw invalid(listOptions, '', [
      fault.forbidden('resourceVersionMatch', 'resourceVersionMatch is forbidden when continue is provided'),
    ]);
  if (match === 'Exact' && asked === '0')
    throw invalid(listOptions, '', [
      fault.forbidden(
        'resourceVersionMatch',
        'resourceVersionMatch "exact" is forbidden for resourceVersion "0"',
      ),
    ]);
}

export function versionNumber(text: string): number {
  if (!/^\d{1,15}$/.test(text))
    throw badRequest(
      `invalid resource version: resourceVersion: Invalid value: ${JSON.stringify(text)}: strconv.ParseUint: parsing ${JSON.stringify(text)}: invalid syntax`,
    );
  return Number(text);
}

function nonNegative(text: string | null, field: string): number {
  if (text === null || text === '') return 0;
  if (!/^-?\d{1,15}$/.test(text))
    throw badRequest(`strconv.ParseInt: parsing ${JSON.stringify(text)}: invalid syntax`);
  if (Number(text) < 0) throw badRequest(`${field} must not be negative`);
  return Number(text);
}

function encodeToken(token: Continuation): string {
  return Buffer.from(JSON.stringify({ v: 1, ...token })).toString('base64url');
}

function decodeToken(text: string): Continuation {
  try {
    const token = JSON.parse(Buffer.from(text, 'base64url').toString()) as Partial<Continuation>;
    if (typeof token.rv === 'number' && typeof token.after === 'string')
      return { rv: token.rv, after: token.after };
  } catch {
    // falls through to the refusal
  }
  throw badRequest('invalid continue token: continue key is not valid: the token cannot be read');
}
