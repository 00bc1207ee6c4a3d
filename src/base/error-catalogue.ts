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
  AccessFileInvalid: {
    meaning: 'A file with users and their passwords cannot be read.',
    action: 'Write lines `user:hash` with bcrypt hashes, as `htpasswd -B` prints them.',
  },
  AddressRefused: {
    meaning: "A receiver's address is loopback, link-local or the Kubernetes API server.",
    action: "Use an address of another host, or let the platform allow it in the operator's configuration.",
  },
  AlertmanagerRefused: {
    meaning: 'An Alertmanager refused a request of the operator.',
    action: 'Read its message; the request is repeated.',
  },
  AlertmanagerUnreachable: {
    meaning: 'An Alertmanager replica did not answer.',
    action: 'Nothing if it passes by itself; else check the pod and the network policies.',
  },
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
    action:
      'Nothing: the request is repeated later. If it stays, give the account a larger share by a FlowSchema.',
  },
  ApiUnauthorized: {
    meaning: 'The Kubernetes API server does not accept the credentials.',
    action: 'Renew the token or client certificate in the kubeconfig or service account.',
  },
  ApiUnavailable: {
    meaning: 'The Kubernetes API server cannot be reached.',
    action: 'Check the server address, the network, and that the API server runs.',
  },
  BaseConfigInvalid: {
    meaning: "The platform's own Alertmanager configuration cannot be used.",
    action: 'Correct the Secret that the stack names as baseConfigSecret.',
  },
  BlockRefused: {
    meaning: 'A block is not shipped, because it cannot be read or lacks what a bucket needs.',
    action: 'Read why; a corrupt block can be removed from the disk, its replica holds the same time.',
  },
  BlockUploadIncomplete: {
    meaning: 'A stored block is not what was sent: another program changed it, or the store lost a part.',
    action:
      'Nothing if it passes by itself, the upload is repeated; else look for a second writer or cleaner.',
  },
  BucketConfigInvalid: {
    meaning: 'The object store configuration cannot be used.',
    action: 'Correct the named field of objstore.yml.',
  },
  BucketDenied: {
    meaning: 'The object store refused the credentials or the right to an object.',
    action: 'Check credentials, bucket policy or file permissions.',
  },
  BucketMissing: {
    meaning: 'The stack has no bucket, or no compactor that could act in it.',
    action: 'Set objectStore on the MonitoringStack, and let its compactor run.',
  },
  BucketUnavailable: {
    meaning: 'The object store did not answer, or answered with a server fault.',
    action: 'Check that the store is up and reachable; the operation is repeated where that is safe.',
  },
  BundleFull: {
    meaning: "A file of the object does not fit into its stack's bundle.",
    action: 'Make the object smaller, or spread the objects over more stacks.',
  },
  BundleStale: {
    meaning: 'Index and slots of a bundle do not fit together at this moment.',
    action: 'None while the operator runs: they are read again.',
  },
  CheckFailed: {
    meaning: 'An object could not be checked because the check itself failed.',
    action: 'Report it with the object; its last good version runs on, and no other object is concerned.',
  },
  CompactorRunning: {
    meaning: 'Another compactor works on the same bucket, and two would do the same work twice.',
    action: 'Run one compactor for a bucket; after a crash its lease ends by itself within minutes.',
  },
  ConfigInvalid: {
    meaning: 'A part of a configuration is not valid for the server that would read it; it is left out.',
    action: 'Correct the named field; everything else is live.',
  },
  ConfigRefused: {
    meaning: 'A server refuses its new configuration; the last good one runs on.',
    action: 'Read the message of the server, and correct the named part.',
  },
  CorruptData: {
    meaning: 'Stored bytes fail their checksum or break their format.',
    action: 'Restore the named object from a replica or a backup, or remove it.',
  },
  DiskFull: {
    meaning: 'A file could not be written because the disk is full.',
    action: 'Make room on the volume, or give it more size.',
  },
  DrainTimeout: {
    meaning: 'A Prometheus pod that is to go has samples that do not get into the bucket, so it stays.',
    action:
      'Correct what the message names; or take the scale-down back; or set objectStore.shipper.enabled to false, which gives its samples up.',
  },
  DuplicateName: {
    meaning: 'Two parts of one object have the same name.',
    action: 'Give each its own name.',
  },
  EvaluationFails: {
    meaning: 'A rule is loaded, but fails when it is evaluated.',
    action: 'Correct the expression, or the labels of the series that it meets.',
  },
  ExternalLabelsMissing: {
    meaning: 'A block would go into the bucket without external labels.',
    action:
      'Give labels that no other writer of the bucket has: externalLabels of the stack, external_labels of Prometheus, or --label.',
  },
  FieldMissing: {
    meaning: 'A field that the kind requires is absent.',
    action: 'Add the named field.',
  },
  FieldTypeWrong: {
    meaning: 'A field holds a value of another type than the kind has there.',
    action: 'Write the value in the type that the message names.',
  },
  FieldUnknown: {
    meaning: 'A field is not one that the kind, or Alertmanager, has there.',
    action: 'Correct its name, or remove it.',
  },
  FieldValueInvalid: {
    meaning: 'A value has the right type but is out of bounds or not in the form that the field takes.',
    action: 'Correct the value as the message says.',
  },
  FieldsContradict: {
    meaning: 'Several fields of one object do not fit together.',
    action: 'Change the fields that the message names.',
  },
  FileFieldRefused: {
    meaning: 'A field would make a server read a file inside its container.',
    action: 'Give the value itself, or a reference to a Secret where the kind has one.',
  },
  FileUnreadable: {
    meaning: 'A file of manifests cannot be read.',
    action: 'Check that it is a plain file that you may read.',
  },
  FlagRefused: {
    meaning:
      'A command-line flag or feature is set by the operator, must not be set, or has a value that the server cannot read.',
    action: 'Remove it, use the field of the stack that stands for it, or correct its value.',
  },
  FlagUnknown: {
    meaning:
      'A command-line flag is not one of the version of the server that the stack runs; it was left out.',
    action: 'Correct its name, or set a version that has it.',
  },
  InlineSecretRefused: {
    meaning: 'A credential is written in the object itself.',
    action: 'Put it in a Secret of the same namespace and refer to it.',
  },
  InternalError: {
    meaning:
      'A part of promfleet failed in a way that it should not; what runs goes on as it is, and it is tried again.',
    action: "Report it with the operator's log, which tells where it failed.",
  },
  InvalidBundlePath: {
    meaning: 'A file path inside a bundle is not a plain relative path.',
    action: 'Report this: paths are built from object names by promfleet itself.',
  },
  InvalidDuration: {
    meaning: 'A duration cannot be read.',
    action: 'Write it as Prometheus does: 30s, 5m, 1d12h.',
  },
  InvalidExpression: {
    meaning: 'A PromQL expression is not accepted by the Prometheus version that should run it.',
    action: 'Correct the expression at the position that the fault names.',
  },
  InvalidInhibitRule: {
    meaning: 'An inhibition rule cannot be used.',
    action: 'Correct the named field.',
  },
  InvalidLabel: {
    meaning: 'The name of a label or annotation cannot be used.',
    action: 'Rename the label.',
  },
  InvalidMatcher: {
    meaning: 'A label matcher cannot be read.',
    action: 'Write it as name="value", or with != =~ !~ instead of =.',
  },
  InvalidMetricName: {
    meaning: 'The name of a recorded series cannot be used.',
    action: 'Choose a name of letters, digits, underscores and colons.',
  },
  InvalidOption: {
    meaning: 'A command-line option has a value that it cannot take.',
    action: 'Correct the option; --help shows what it takes.',
  },
  InvalidReceiver: {
    meaning: 'A receiver would be refused by Alertmanager.',
    action: 'Correct the named field.',
  },
  InvalidRoute: {
    meaning: 'A route would be refused by Alertmanager.',
    action: 'Correct the named field.',
  },
  InvalidSchedule: {
    meaning: 'The schedule of a Silence cannot be used.',
    action: 'Correct the cron expression, the duration or the time zone.',
  },
  InvalidTemplate: {
    meaning: 'A Go template cannot be read.',
    action: 'Correct it at the named place.',
  },
  InvalidTimeInterval: {
    meaning: 'A time interval would be refused by Alertmanager.',
    action: 'Correct the named field.',
  },
  ItemDuplicate: {
    meaning: 'Two items of a list have the same key.',
    action: 'Rename or remove one of them.',
  },
  KindUnknown: {
    meaning: 'There is no kind of this name, or not in this version.',
    action: 'Correct kind or apiVersion; docs/crds names what there is.',
  },
  KubeconfigInvalid: {
    meaning: 'The kubeconfig or the in-cluster service account cannot be used.',
    action: 'Correct the named file or entry.',
  },
  LimitExceeded: {
    meaning: 'A stated limit was reached.',
    action: 'Reduce the input, or raise the limit where it is configurable.',
  },
  LocalAlreadyRunning: {
    meaning: 'Another local control plane uses this state folder.',
    action: 'Use the running one, or choose another --state-dir.',
  },
  LocalNotRunning: {
    meaning: 'No local control plane runs on this state folder.',
    action: 'Start it with promfleet local up.',
  },
  ManifestInvalid: {
    meaning: 'A manifest file cannot be read as Kubernetes objects.',
    action: 'Correct the named file; promfleet validate names the place.',
  },
  NoReplicas: {
    meaning: 'A stack that selects the object declares no replica.',
    action: 'Raise the number of replicas of the stack.',
  },
  NotInVersion: {
    meaning: "The stack's version of the server does not know the field.",
    action: 'Raise the version in the stack, or leave the field out.',
  },
  NotLeading: {
    meaning: 'A write was refused because this replica does not hold the Lease now.',
    action: 'Nothing: the replica that holds the Lease does the work.',
  },
  NotPermitted: {
    meaning: 'A stack selects the object, but may not reach into its namespace.',
    action:
      'Label the namespace promfleet.dev/allowed-stacks=<namespace>.<stack> (several joined by _, <namespace> alone for all of its stacks), or make the namespace of the stack a platform namespace.',
  },
  NotReady: {
    meaning: 'The local control plane did not become ready in time.',
    action: 'Look at what the message names; promfleet local status and kubectl describe tell more.',
  },
  NotSelected: {
    meaning: 'No MonitoringStack selects the object.',
    action: 'Compare the labels of the object and of its namespace with the selectors of the stacks.',
  },
  NotUtf8: {
    meaning: 'A file is not encoded in UTF-8.',
    action: 'Save the file as UTF-8.',
  },
  NotYaml: {
    meaning: 'A document is not valid YAML.',
    action: 'Correct the syntax at the position that the fault names.',
  },
  NothingAccepted: {
    meaning: 'No part of the object is accepted, so no replica loads anything of it.',
    action: 'Correct the faults that the status names.',
  },
  ObjectDuplicate: {
    meaning: 'The same object is declared twice.',
    action: 'Remove one of the two, or rename it.',
  },
  ObjectKeyInvalid: {
    meaning: 'A key of the object store is empty or would leave its folder.',
    action: 'Use a relative key without empty, `.` or `..` parts.',
  },
  ObjectNotFound: {
    meaning: 'An object that was asked for is not in the object store.',
    action: 'Nothing, where it was deleted meanwhile; else restore it.',
  },
  OperatorRuns: {
    meaning: 'An operator still runs in the cluster that is to be purged; it would make everything anew.',
    action: 'Take it away first: `helm uninstall`, or delete its Deployment.',
  },
  PlatformCredential: {
    meaning:
      "A receiver would send a credential of the platform's configuration to an address or a proxy of its own.",
    action: 'Give the receiver a credential of its own, or leave out its address or proxy.',
  },
  PodTemplateInvalid: {
    meaning: 'A podTemplate patch cannot be merged; the pod template stays as it was.',
    action: 'Correct the named field of the patch.',
  },
  ProgramUnavailable: {
    meaning: 'A program that the local control plane runs could not be found, downloaded, unpacked or built.',
    action: 'Put a supported version on PATH, or allow one of the ways that the message names.',
  },
  PurgeIncomplete: {
    meaning: 'Objects that a purge deleted are not gone after a long time.',
    action: 'Look at the named objects, whose finalizers or pods may be stuck, and run the purge again.',
  },
  Quarantined: {
    meaning: 'A server refuses the file of the object; it is left out by name.',
    action: 'Read the message of the server, and correct the object.',
  },
  ReconcileTimeout: {
    meaning: 'Bringing one object to its declared state took longer than allowed.',
    action: 'Nothing if it passes by itself; else check the load of the API server and of the operator.',
  },
  RedirectRefused: {
    meaning: 'A receiver asks to follow redirects, which may lead to addresses that are refused.',
    action:
      'Leave followRedirects out and use the final address, or let the platform set spec.alertmanager.followRedirects in the stack.',
  },
  ReservedLabel: {
    meaning: 'A rule sets a label that only promfleet may set.',
    action: 'Remove the label, or choose a name that does not begin with promfleet_.',
  },
  RetentionConflict: {
    meaning: 'Several policies keep the same series for different times; the longest counts.',
    action: 'Nothing if that is meant; else narrow the matchers of one of them.',
  },
  RetentionUnknown: {
    meaning:
      'The retention documents of a bucket could not be read for a minute; what was erased since could be shown.',
    action: 'Make the bucket reachable again; the message has the reason.',
  },
  RuleDuplicate: {
    meaning: 'Two rules of one group have the same name and labels.',
    action: 'Remove one of the two if it is not meant; otherwise give them different labels.',
  },
  RuleShadowed: {
    meaning: 'A retention rule takes no series, as an earlier rule takes all of them.',
    action: 'Move the narrower rule before the wider one, or remove it.',
  },
  SecretKeyMissing: {
    meaning: 'A Secret, or the key in it, that a field refers to does not exist.',
    action: "Create the Secret with that key in the object's namespace.",
  },
  ServerUnreachable: {
    meaning: 'A reloader cannot reach the server beside it, or its answer makes no sense.',
    action: 'Look at the log of the server container of the pod.',
  },
  Sharded: {
    meaning:
      'A rule combines series of several targets, but each shard of the stack evaluates it over its own targets only.',
    action: 'Group by instance, or let a stack of one shard evaluate the rule; see docs/sharding.md.',
  },
  SourceFailed: {
    meaning: 'A live source of series could not be read, or broke off its answer.',
    action: 'Check that the named server is up and reachable; answers without it are marked partial.',
  },
  StackMissing: {
    meaning: 'The object names a MonitoringStack that does not exist in its namespace.',
    action: 'Create the stack, or correct the name.',
  },
  Suspended: {
    meaning: '`spec.suspend` is true: what exists stays as it is, and changes do not go live.',
    action: 'Set spec.suspend to false when changes shall take effect again.',
  },
  TemplateUndefined: {
    meaning: 'A template is used that neither the object nor Alertmanager defines.',
    action: 'Define it in spec.templates, or correct its name.',
  },
  TlsFilesInvalid: {
    meaning: 'The folder with certificate, key and authorities holds nothing that can be used.',
    action: 'Check that identity.pem (key and certificate) and ca.crt are there and belong together.',
  },
  UnknownReceiver: {
    meaning: 'A route names a receiver that the object does not hold.',
    action: 'Add the receiver, or correct the name.',
  },
  UnknownTimeInterval: {
    meaning: 'A route names a time interval that the object does not hold.',
    action: 'Add the interval, or correct the name.',
  },
  UnsupportedFormat: {
    meaning: 'A stored document has a format version that this program does not know.',
    action: 'Upgrade the older side: the operator or the agents of the stack.',
  },
  VersionUnsupported: {
    meaning: 'The version of the server is older than promfleet supports.',
    action: 'Raise the version in the stack.',
  },
} as const satisfies Record<string, ErrorEntry>;

export type ErrorCode = keyof typeof errorCatalogue;
