import type { ServerContext } from '../rest/context.ts';
import { DefinitionController } from './definitions.ts';
import { GarbageCollector } from './garbage-collector.ts';
import { NamespaceController } from './namespaces.ts';

/** Starts what a control plane runs beside the API, in this process, driven by the store's events. */
export function startControllers(context: ServerContext): { stop(): void } {
  const stops = [
    new GarbageCollector(context).start(),
    new NamespaceController(context).start(),
    new DefinitionController(context).start(),
  ];
  return {
    stop() {
      for (const stop of stops) stop();
    },
  };
}
