import { LimitExceededError } from '../base/errors.ts';
import { limits } from '../base/limits.ts';
import type { KubeClient } from './client.ts';
import { isGone } from './errors.ts';
import type { KindRef, KubeObject } from './object.ts';
import type { RequestOptions } from './request-sender.ts';
import { collectionPath, type ResourceType } from './resources.ts';

/** What to list or watch: one kind in one namespace, or (namespace absent) in all. */
export interface Selection extends KindRef {
  readonly namespace?: string;
  readonly labelSelector?: string;
  readonly fieldSelector?: string;
}

export interface ListOptions extends RequestOptions {
  /** Most objects of one page; the first pages ask for fewer until their size is known. */
  readonly pageObjects?: number;
}

export interface ListPage<T> {
  readonly items: readonly T[];
  /** The version to watch from; the same on all pages of one list. */
  readonly resourceVersion: string;
  /** True on the first page, also when the list had to start again: forget the pages before. */
  readonly first: boolean;
}

interface RawList {
  readonly metadata?: { readonly resourceVersion?: string; readonly continue?: string };
  readonly items?: readonly KubeObject[] | null;
}

/** Objects of the first page, whose size is not known yet. */
const firstPageObjects = 100;

/** How often a list starts again because its pages expired while they were read. */
const maxRestarts = 3;

/**
 * Reads a list page by page. Starts again when the server has dropped the snapshot that the pages belong to (410), and
 * asks for fewer objects when a page is too large.
 */
export async function* listPages<T extends KubeObject>(
  client: KubeClient,
  selection: Selection,
  options: ListOptions = {},
): AsyncGenerator<ListPage<T>> {
  const type = await client.resolve(selection);
  const maxPageObjects = options.pageObjects ?? limits.listPageObjects;
  let pageObjects = Math.min(firstPageObjects, maxPageObjects);
  let restarts = 0;
  let continueToken: string | undefined;
  let first = true;
  do {
    let list: RawList;
    let pageChars: number;
    try {
      [list, pageChars] = await readPage(client, type, selection, pageObjects, continueToken, options);
    } catch (error) {
      if (isGone(error) && continueToken !== undefined && restarts < maxRestarts) {
        restarts++;
        continueToken = undefined;
        first = true;
        continue;
      }
      if (error instanceof LimitExceededError && pageObjects > 1) {
        pageObjects = Math.max(1, Math.floor(pageObjects / 4));
        continue;
      }
      throw error;
    }
    const objectChars = pageChars / Math.max(1, list.items?.length ?? 0);
    const fitting = Math.floor(limits.kubeListPageChars / objectChars);
    pageObjects = Math.max(1, Math.min(maxPageObjects, 4 * pageObjects, fitting));
    const items = (list.items ?? []).map((item) => completed(item, type)) as unknown as readonly T[];
    yield { items, resourceVersion: list.metadata?.resourceVersion ?? '', first };
    first = false;
    continueToken = list.metadata?.continue === '' ? undefined : list.metadata?.continue;
  } while (continueToken !== undefined || first);
}

/** The whole list at once, at most `maxObjects` (LimitExceeded beyond). */
export async function listAll<T extends KubeObject>(
  client: KubeClient,
  selection: Selection,
  options: ListOptions & { readonly maxObjects?: number } = {},
): Promise<{ readonly items: readonly T[]; readonly resourceVersion: string }> {
  const maxObjects = options.maxObjects ?? limits.informerObjects;
  let items: T[] = [];
  let resourceVersion = '';
  for await (const page of listPages<T>(client, selection, options)) {
    if (page.first) items = [];
    for (const item of page.items) items.push(item);
    if (items.length > maxObjects) {
      throw new LimitExceededError(`list of ${selection.kind}: more than ${maxObjects} objects`);
    }
    resourceVersion = page.resourceVersion;
  }
  return { items, resourceVersion };
}

async function readPage(
  client: KubeClient,
  type: ResourceType,
  selection: Selection,
  pageObjects: number,
  continueToken: string | undefined,
  options: ListOptions,
): Promise<[RawList, number]> {
  const { body, bodyChars } = await client.request({
    ...options,
    method: 'GET',
    path: collectionPath(type, selection.namespace),
    query: {
      labelSelector: selection.labelSelector,
      fieldSelector: selection.fieldSelector,
      limit: pageObjects,
      continue: continueToken,
    },
    maxBytes: limits.kubeListResponseBytes,
    what: `list ${type.plural}${selection.namespace === undefined ? '' : ` in ${selection.namespace}`}`,
  });
  return [body as RawList, bodyChars];
}

/** Items of built-in lists come without apiVersion and kind. */
function completed(item: KubeObject, type: ResourceType): KubeObject {
  if (item.apiVersion !== undefined && item.kind !== undefined) return item;
  return { ...item, apiVersion: type.apiVersion, kind: type.kind };
}
