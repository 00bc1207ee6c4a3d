import type { FieldFault } from '../api-error.ts';
import type { KubeObject } from '../object.ts';
import type { Schema } from '../schema/schema.ts';

/** A column of the server-side table: a JSONPath, or a function of the object. */
export interface Column {
  readonly name: string;
  readonly type: string;
  readonly format?: string;
  readonly description?: string;
  /** 0 is always shown, 1 with `-o wide`. */
  readonly priority: number;
  readonly value: (object: KubeObject, nowMs: number) => unknown;
}

export interface ScalePaths {
  readonly specReplicas: readonly string[];
  readonly statusReplicas: readonly string[];
  /** Path of the label selector in its text form, or of a LabelSelector object. */
  readonly selector: readonly string[] | undefined;
}

/** What differs from kind to kind. All functions may change the object they are given and nothing else. */
export interface Strategy {
  /** Values that the server itself sets on creation, before defaults. */
  prepareCreate?(object: KubeObject): void;
  /** Keeps what an update may not touch. */
  prepareUpdate?(object: KubeObject, live: KubeObject): void;
  /** Defaults that depend on other fields; runs on create, update and on what is read into an update. */
  applyDefaults?(object: KubeObject): void;
  /** Values that the server adds to a new object and that nobody owns: runs last. */
  admit?(object: KubeObject): void;
  validate?(object: KubeObject): readonly FieldFault[];
  validateUpdate?(object: KubeObject, live: KubeObject): readonly FieldFault[];
  /** Whether `metadata.generation` counts changes of the spec. */
  readonly generation?: boolean;
  /** DELETE answers with the removed object rather than a Status. */
  readonly returnsDeleted?: boolean;
  readonly createOnUpdate?: boolean;
  /** An update must name the version it starts from. */
  readonly needsVersion?: boolean;
  /** Seconds between the request to delete and the removal by the node; 0 removes at once. */
  graceSeconds?(object: KubeObject, asked: number | undefined): number;
  /** Names may have a form of their own; the default is a DNS subdomain. */
  nameFault?(name: string): string | undefined;
}

/** One served version of one kind. */
export interface ResourceType {
  readonly group: string;
  readonly version: string;
  readonly plural: string;
  readonly singular: string;
  readonly kind: string;
  readonly listKind: string;
  readonly namespaced: boolean;
  readonly shortNames: readonly string[];
  readonly categories: readonly string[];
  /** Where objects lie; kinds served under two groups share one. */
  readonly storageKey: string;
  /** apiVersion under which objects are stored. */
  readonly storageApiVersion: string;
  readonly builtin: boolean;
  readonly schema: Schema;
  readonly status: boolean;
  readonly scale: ScalePaths | undefined;
  readonly columns: readonly Column[];
  readonly strategy: Strategy;
  /** Fields beside metadata.name and metadata.namespace that field selectors may use. */
  readonly selectableFields: Readonly<Record<string, (object: KubeObject) => string>>;
  /** Between this version and the stored one, where they differ by more than apiVersion. */
  readonly fromStorage?: (object: KubeObject) => KubeObject;
  readonly toStorage?: (object: KubeObject) => KubeObject;
  /** Deprecation warning of a CRD version. */
  readonly warning?: string;
}

export const apiVersionOf = (type: { group: string; version: string }): string =>
  type.group === '' ? type.version : `${type.group}/${type.version}`;

export const storageKeyOf = (group: string, plural: string): string =>
  group === '' ? plural : `${group}/${plural}`;
