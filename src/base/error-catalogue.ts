/** One row of the error catalogue; docs/errors.md is generated from these rows. */
export interface ErrorEntry {
  /** When it occurs. */
  readonly meaning: string;
  /** What the reader should do. */
  readonly action: string;
}

/**
 * Every code that promfleet reports: in errors, in condition reasons, in Events and in CLI output.
 * Add rows in alphabetical order.
 */
export const errorCatalogue = {
  ApiAlreadyExists: {
    meaning: 'The Kubernetes API server already holds an object of this name.',
    action: 'Choose another name, or change the existing object.',
  },
  ApiConflict: {
    meaning: 'The object changed meanwhile, or another field manager owns the fields.',
    action: 'Nothing if it passes by itself; else let the named manager give up the fields.',
  },
  ApiForbidden: {
    meaning: 'The Kubernetes API server refuses the request for this account.',
    action: 'Grant the named right to the account, or check the quota that the message names.',
  },
  ApiGone: {
    meaning: 'The requested resource version or list page has expired.',
    action: 'Nothing: the list is read again.',
  },
  ApiInvalid: {
    meaning: 'The Kubernetes API server refuses the content of an object.',
    action: 'Correct the named fields.',
  },
  ApiNotFound: {
    meaning: 'The object or its kind does not exist.',
    action: 'Create it, or install the CustomResourceDefinition of its kind.',
  },
  ApiRequestFailed: {
    meaning: 'The Kubernetes API server refused a request for another reason.',
    action: 'Read the message of the server.',
  },
  ApiTimeout: {
    meaning: 'The Kubernetes API server did not answer in time.',
    action: 'Nothing if it passes by itself; else check the load and health of the API server.',
  },
  ApiTooManyRequests: {
    meaning: 'The Kubernetes API server asks to slow down.',
    action: 'Nothing: the request is repeated later. If it stays, give the account a larger share by a FlowSchema.',
  },
  ApiUnauthorized: {
    meaning: 'The Kubernetes API server does not accept the credentials.',
    action: 'Renew the token or client certificate in the kubeconfig or service account.',
  },
  ApiUnavailable: {
    meaning: 'The Kubernetes API server cannot be reached.',
    action: 'Check the server address, the network, and that the API server runs.',
  },
  CorruptData: {
    meaning: 'Stored bytes fail their checksum or break their format.',
    action: 'Restore the named object from a replica or a backup, or remove it.',
  },
  InvalidBundlePath: {
    meaning: 'A file path inside a bundle is not a plain relative path.',
    action: 'Report this: paths are built from object names by promfleet itself.',
  },
  KubeconfigInvalid: {
    meaning: 'The kubeconfig or the in-cluster service account cannot be used.',
    action: 'Correct the named file or entry.',
  },
  LimitExceeded: {
    meaning: 'A stated limit was reached.',
    action: 'Reduce the input, or raise the limit where it is configurable.',
  },
  NotLeading: {
    meaning: 'A write was refused because this replica does not hold the Lease now.',
    action: 'Nothing: the replica that holds the Lease does the work.',
  },
  ProgramUnavailable: {
    meaning: 'A program that the local control plane runs could not be found, downloaded, unpacked or built.',
    action: 'Put a supported version on PATH, or allow one of the ways that the message names.',
  },
  UnsupportedFormat: {
    meaning: 'A stored document has a format version that this program does not know.',
    action: 'Upgrade the older side: the operator or the agents of the stack.',
  },
} as const satisfies Record<string, ErrorEntry>;

export type ErrorCode = keyof typeof errorCatalogue;
