import type { IncomingMessage, ServerResponse } from 'node:http';
import type { ResourceType } from '../kinds/resource-type.ts';
import type { ResourcePath } from './route.ts';

/** One request to a resource, taken apart. */
export interface ResourceRequest {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly type: ResourceType;
  readonly path: ResourcePath;
  readonly query: URLSearchParams;
}
