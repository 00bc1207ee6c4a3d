import { accessLimits } from './access-limits.ts';
import { queryLimits } from './query-limits.ts';
import { retentionLimits } from './retention-limits.ts';

/** Every limit of promfleet, with its unit in its name. A new loop, queue, cache, buffer or response adds its limit here. */
export const limits = {
  ...retentionLimits,
  ...queryLimits,
  /** Requests to one Kubernetes API server that are in flight at the same time, watches not counted. */
  kubeRequestsInFlight: 32,
  /** Requests to one Kubernetes API server per second, sustained. */
  kubeRequestsPerSecond: 500,
  /** Requests to one Kubernetes API server that may exceed the sustained rate for a moment. */
  kubeRequestBurst: 1000,
  /** Requests to one Kubernetes API server that wait for their turn. */
  kubeRequestsWaiting: 20_000,
  /** Time for one request to a Kubernetes API server, reading its answer included. */
  kubeRequestTimeoutMs: 30_000,
  /** Largest answer to a request for one object. */
  kubeObjectResponseBytes: 16 * 1024 * 1024,
  /** Largest page of a list; a larger one is asked for again with fewer objects. */
  kubeListResponseBytes: 64 * 1024 * 1024,
  /** Text of a list page that is aimed at: about 10 ms of parsing, as the same thread renews the Lease. */
  kubeListPageChars: 2 * 1024 * 1024,
  /** Longest line (one event) of a watch. */
  kubeWatchLineBytes: 16 * 1024 * 1024,
  /** Shortest time after which the server is asked to end a watch by itself; up to twice that by chance. */
  kubeWatchSeconds: 300,
  /** A watch without a byte for this long is taken as dead and resumed: bookmarks come about once a minute. */
  kubeWatchIdleMs: 150_000,
  /** First and longest delay between attempts after a failed list or watch. */
  kubeRetryFirstDelayMs: 200,
  kubeRetryMaxDelayMs: 30_000,
  /** Attempts for a request that the server refused as one too many. */
  kubeRequestAttempts: 5,
  /** Longest `Retry-After` that is waited for inside one request. */
  kubeRetryAfterMs: 10_000,
  /** Age after which credentials and certificates are read from their files again. */
  kubeCredentialsAgeMs: 10_000,
  /** Objects in one informer cache. */
  informerObjects: 500_000,
  /** Keys in one work queue. */
  queueKeys: 1_000_000,
  /** Objects whose Events are remembered for aggregation. */
  eventAggregates: 4096,
  /** Events that wait for being written; further ones are dropped and counted. */
  eventsWaiting: 1000,
  /** Events about one object in a burst, and how often one more is allowed after that. */
  eventBurstPerObject: 25,
  eventRefillMs: 60_000,
  /** How often the wall clock is held against the monotonic one, and how far it may be set before everything is looked at. */
  clockWatchMs: 10_000,
  clockJumpMs: 2000,
  /** Children of one object that are applied at the same time. */
  applyConcurrency: 8,
  /** Time for reconciling one key. */
  reconcileTimeoutMs: 120_000,
  /** Time for a reconcile to end after it was told to; after that its worker goes on without it. */
  reconcileAbandonMs: 5_000,
  /** Time for running reconciles to end when the program stops. */
  shutdownMs: 20_000,
  /** Text of one file in a bundle; an API server stores objects of about 1.5 MiB. */
  bundleFileBytes: 2 * 1024 * 1024,
  /** Path of a file in a bundle: folder, namespace (63) and object name (253). */
  bundlePathBytes: 512,
  /** Packed content of one slot. */
  bundleSlotBytes: 256 * 1024,
  /** Packed content of a slot that still takes new files while other slots are unused: keeps one edit cheap to write and to fetch. */
  bundleSlotTargetBytes: 32 * 1024,
  /** Unpacked content of one slot that a reader accepts; writers stop at half of it. */
  bundleSlotTextBytes: 32 * 1024 * 1024,
  /** Slots per bundle kind of a stack; their names are in the reloaders' Roles in advance. */
  bundleSlots: 64,
  /** Slots that one index names: rule slots and configuration slots. */
  indexSlots: 160,
  /** Text of a reloader's report. */
  reportBytes: 768 * 1024,
  /** One error text in a reloader's report. */
  reportErrorChars: 1024,
  /** Quarantined files named in a reloader's report. */
  reportQuarantinedFiles: 100,
  /** Failing rules named in a reloader's report. */
  reportRuleFaults: 200,
  /** Events in the history of the local API server; a watch that resumes further back must list again. */
  apiHistoryEvents: 20_000,
  /** Object text in the history of the local API server. */
  apiHistoryBytes: 96 * 1024 * 1024,
  /** Superseded versions that the local API server deletes from its store at a time. */
  apiCompactionRows: 500,
  /** Largest request body that the local API server reads; Kubernetes has the same limit. */
  apiRequestBytes: 3 * 1024 * 1024,
  /** Largest object that the local API server stores; etcd's usual request limit. */
  apiObjectBytes: 1536 * 1024,
  /** Unsent text of one watch above which the local API server waits for the client to read. */
  apiWatchBufferBytes: 1024 * 1024,
  /** Pause between bookmarks of a watch, and the longest time that a watch runs. */
  apiBookmarkMs: 60_000,
  apiWatchSeconds: 3600,
  /** Operations in one JSON patch. */
  apiPatchOperations: 10_000,
  /** Depth of nested values in a body. */
  apiJsonDepth: 256,
  /** Faults listed in one answer. */
  apiFaults: 100,
  /** Objects per page of a Kubernetes list. */
  listPageObjects: 250,
  /** Largest manifest document that is parsed; a Kubernetes API server refuses 3 MiB requests. */
  manifestDocumentBytes: 3 * 1024 * 1024,
  /** Largest manifest file that `validate` reads; its documents have a limit of their own. */
  manifestFileBytes: 64 * 1024 * 1024,
  /** Files that one `validate` reads. */
  manifestFiles: 50_000,
  /** Documents of one manifest file. */
  manifestDocuments: 50_000,
  /** Aliases of one document, and how often one anchored value may come to stand in it through them. */
  manifestAliases: 5000,
  manifestAliasNodes: 5000,
  /** Nesting of flow collections, and of lists that begin on one line, in a manifest. */
  manifestDepth: 200,
  /** Faults that one `validate` tells. */
  manifestFaults: 5000,
  /** Objects of one kind that `status` lists; beyond that ready ones are counted only. */
  statusRows: 60,
  /** Pods of one stack that `status` lists. */
  statusPods: 24,
  /** Pause between looks of `status --watch`. */
  statusWatchMs: 1000,
  /** Findings of one check that `doctor` names; the rest is counted. */
  doctorFindings: 20,
  /** Distance of two clocks that `doctor` speaks of. */
  doctorClockSkewMs: 5000,
  /** Time for all that `doctor` asks. */
  doctorTimeoutMs: 60_000,
  /** Largest release archive that is downloaded. */
  downloadBytes: 512 * 1024 * 1024,
  /** Time to connect to a download host; short, so that a machine without internet goes on to the next way. */
  downloadConnectTimeoutMs: 4_000,
  /** Time without a byte after which a download is given up. */
  downloadIdleTimeoutMs: 10_000,
  /** Pause between looks at a lock file held by another process. */
  fileLockPollMs: 100,
  /** Time for building one program with Go. */
  goBuildTimeoutMs: 30 * 60_000,
  /** End of a helper program's output that is kept. */
  helperProgramOutputBytes: 64 * 1024,
  /** Time for one step of apt or dpkg. */
  packageStepTimeoutMs: 5 * 60_000,
  /** Time for each step of `promfleet uninstall --purge`: a server may take five minutes to end. */
  purgeTimeoutMs: 10 * 60_000,
  /** Time for a program to print its version. */
  versionCheckTimeoutMs: 20_000,
  /** Connections to an S3 server for range reads. */
  s3Connections: 64,
  /** Time for the headers, and between bytes of the body, of an S3 range read. */
  s3TimeoutMs: 30_000,
  /** Tries of one S3 request. */
  s3Attempts: 4,
  /** A range read of a store is asked for again once it takes so many times as long as this part of others of its size did. */
  hedgeFactor: 1.5,
  hedgeQuantile: 0.95,
  /** Reads of about one size that are remembered, and how many must be known. */
  hedgeSamples: 256,
  hedgeLeastSamples: 32,
  /** Time below which no read is asked for again. */
  hedgeLeastMs: 100,
  /** Part of all reads that may be asked for again, and how many of them at once. */
  hedgeShare: 0.05,
  hedgeBurst: 10,
  /** Pause before the second try of a range read; doubled for each further one. */
  s3BackoffMs: 50,
  /** Size of a part of a multipart upload, and of the largest object that is put in one request. */
  s3PartBytes: 64 * 1024 * 1024,
  /** Faults told of one object. */
  objectFaults: 200,
  /** Longest PromQL expression. */
  promqlTextBytes: 1024 * 1024,
  /** Parentheses, calls and right sides inside each other while an expression is parsed. */
  promqlNestingLevels: 400,
  /** Levels of a parsed expression; a chain of operators adds one for each. */
  promqlTreeLevels: 1000,
  /** Longest regular expression in a label matcher. */
  promqlRegexCharacters: 256 * 1024,
  /** Pause between looks at a process that an earlier run of the node started. */
  adoptedProcessPollMs: 500,
  /** One log file of a container of the local node; the one before it is kept. */
  containerLogBytes: 10 * 1024 * 1024,
  /** Wait before the second restart of a failing container; doubled each time. */
  containerBackoffFirstMs: 1_000,
  /** Longest wait between restarts of a failing container. */
  containerBackoffMaxMs: 60_000,
  /** Run time after which a container that ends counts as healthy before. */
  containerBackoffResetMs: 60_000,
  /** Events that the local node writes per minute. */
  nodeEventsPerMinute: 120,
  /** Objects that the controllers of the local node work on at once. */
  nodeReconcileConcurrency: 8,
  /** Time that pods get to end when the local control plane stops. */
  nodeStopGraceMs: 12_000,
  /** Pause between refreshes of the ConfigMap and Secret volumes of one pod. */
  podVolumeRefreshMs: 5_000,
  /** Open connections of one Service forwarder of the local node. */
  proxyConnections: 1_000,
  /** Buckets of all samples of one histogram chunk. */
  histogramChunkBuckets: 4_000_000,
  /** Longest text of a Go template. */
  templateTextBytes: 1024 * 1024,
  /** Clauses and parentheses inside each other in a Go template. */
  templateNestingLevels: 200,
  /** Bytes between two wanted ranges that are rather read than asked for apart. */
  readGapBytes: 64 * 1024,
  /** Longest single read of an object. */
  readBytes: 16 * 1024 * 1024,
  /** Smallest and largest read of an input of a compaction; each input holds up to six. */
  rewriteWindowMinBytes: 64 * 1024,
  rewriteWindowMaxBytes: 4 * 1024 * 1024,
  rewriteFileWindowBytes: 512 * 1024,
  /** Chunks that are merged or downsampled by one worker at a time. */
  rewriteBatchBytes: 2 * 1024 * 1024,
  /** Samples of such a batch: what compresses well takes more memory decoded. */
  rewriteBatchSamples: 2 * 1024 * 1024,
  /** Memory that the kernels of a worker keep between two batches. */
  rewriteKernelBytes: 48 * 1024 * 1024,
  /** Rounds of planning in one pass of a compactor: a bound only, a pass ends when nothing is left to do. */
  compactorRounds: 10_000,
  /** Time for which a group that failed is left alone. */
  compactorQuarantineMs: 60 * 60_000,
  /** Age of a compactor's last sign of life at which another takes over. */
  compactorLeaseMs: 10 * 60_000,
  /** Age at which a block without meta.json is deleted. */
  partialBlockMs: 48 * 60 * 60_000,
  /** Worker threads of a compactor. */
  compactorWorkers: 8,
  /** Largest chunk segment that is written, as Prometheus and Thanos cut theirs. */
  segmentBytes: 512 * 1024 * 1024,
  /** Largest section of an index that is held: symbols, postings offset table. */
  indexSectionBytes: 1024 * 1024 * 1024,
  /** Largest index that is held whole as columns; of a larger one sections are read as needed. */
  indexWholeBytes: 256 * 1024 * 1024,
  /** Parts of one selection: blocks, times the replicas that one block holds. */
  selectionParts: 20_000,
  /** Memory for indexes of blocks, symbols and selections, where no other budget is configured. */
  indexMemoryBytes: 512 * 1024 * 1024,
  /** Indexes that are loaded at once. */
  blockOpenConcurrency: 8,
  /** Blocks that one query reads chunks of at once. */
  blockReadConcurrency: 4,
  /** Chunks of one block that are read and decoded before other work has its turn. */
  chunkBatch: 4096,
  /** Selections that are kept for queries that ask again. */
  selectionCacheEntries: 512,
  /** Size from which symbols are dropped when most blocks that had them are gone. */
  staleSymbolsBytes: 16 * 1024 * 1024,
  /** Part of an answer of label sets that is written before other work has its turn. */
  jsonPartBytes: 256 * 1024,
  /** Answer that is sent whole; of a larger one parts are sent as they are made. */
  answerPartBytes: 1024 * 1024,
  /** Index parts of remote buckets kept in a folder, where no other size is configured. */
  diskCacheBytes: 10 * 1024 * 1024 * 1024,
  /** An index up to this size is read in one request. */
  indexOneReadBytes: 2 * 1024 * 1024,
  /** Largest index of a bucket's blocks, packed and unpacked. */
  bucketIndexBytes: 512 * 1024 * 1024,
  /** Metas that are read at once. */
  metaReadConcurrency: 16,
  /** Reads of one segment file or index at once. */
  rangeReadConcurrency: 4,
  /** Requests for one selector and block in which a remote bucket's ranges are read where the waste allows it. */
  remoteReadRequests: 2,
  /** Bytes that a request to a remote bucket may bring unasked, and what all requests may as a part of what is asked. */
  remoteWasteBytes: 512 * 1024,
  remoteWasteShare: 0.5,
  /** Chunks of a remote block that are read before they are decoded. */
  remoteBatchBytes: 64 * 1024 * 1024,
  /** Groupings of one selection's series that are kept. */
  selectionGroupings: 8,
  /** Bytes of an index that are parsed before other work has its turn. */
  indexSliceBytes: 512 * 1024,
  /** Bytes read for a series entry of unknown length. */
  seriesEntryBytes: 1024,
  /** Bytes read for a chunk entry of unknown length. */
  chunkEntryBytes: 2048,
  /** Longest chunk entry that is believed: a flipped bit in a length must not size a buffer. */
  chunkEntryMaxBytes: 64 * 1024 * 1024,
  /** Largest meta.json of a block. */
  blockMetaBytes: 16 * 1024 * 1024,
  /** Largest tombstones file of a block. */
  tombstonesBytes: 256 * 1024 * 1024,
  /** Time between two looks at the file that describes a bucket. */
  bucketConfigCheckMs: 10_000,
  /** Largest mark of a block. */
  blockMarkBytes: 64 * 1024,
  /** Time after which a pod that is to go and is not drained counts as a fault of its stack. */
  drainTimeoutMs: 30 * 60_000,
  /** Pause between two looks at a server that is being drained. */
  drainPollMs: 2_000,
  /** Time for which a server that is to go must take no sample; longer where its scrapes are rarer. */
  drainQuietMs: 5_000,
  /** Memory for symbols and postings of the block that a drained server's last samples become. */
  cutMemoryBytes: 32 * 1024 * 1024,
  /** Blocks of one Prometheus data folder that a shipper looks at. */
  shipperBlocks: 10_000,
  /** Pause between two looks of a shipper at its data folder. */
  shipperScanMs: 30_000,
  /** First and longest pause after a block could not be shipped. */
  shipperRetryFirstMs: 5_000,
  shipperRetryMaxMs: 300_000,
  /** Pause until a block that was refused as corrupt is looked at again. */
  shipperRefusedMs: 3_600_000,
  /** Blocks named in a shipper's report. */
  shipperReportBlocks: 20,
  /** Largest thanos.shipper.json that is read. */
  shipperFileBytes: 4 * 1024 * 1024,
  /** Blocks of a bucket whose metas are read at once. */
  bucketScanConcurrency: 16,
  /** Rows of a table that the bucket tools print. */
  bucketTableRows: 2000,
  /** Part of an object that is held while it is read from front to back. */
  sequentialReadBytes: 512 * 1024,
  /** Faults told of one block. */
  blockFaults: 20,
  /** Part of a file or object that is held while its digest is made. */
  digestReadBytes: 512 * 1024,
  /** How long the init step waits for a bundle when there are no files of an earlier run. */
  reloaderInitMs: 120_000,
  /** How long the init step waits for the API when files of an earlier run can serve. */
  reloaderInitWithFilesMs: 10_000,
  /** How long a server may be away in the middle of a change before the change is undone, so that it can start with what it ran last. */
  reloaderServerDownMs: 30_000,
  /** As reloaderStartMs, for a server that has not answered yet: its image may still be on its way. */
  reloaderFirstStartMs: 900_000,
  /** How long a server that answered before may be away before its rule files are set aside. */
  reloaderStartMs: 90_000,
  /** How long a rule must fail, or be well again, before it is reported. */
  ruleHealthDampingMs: 30_000,
  /**
   * Rule text, in all and of one file, that is compared with what a server shows after one reload; of files beyond it only
   * that they are shown counts. A server that reads other files than ours shows that in any of them.
   */
  confirmedRuleChars: 64 * 1024,
  confirmedRuleFileChars: 256 * 1024,
  /** Rule files asked about in one request to the rules API. */
  ruleHealthFilesPerRequest: 50,
  /** Pause between two such requests. */
  ruleHealthPauseMs: 100,
  /** Time between two looks at the health of all rules. */
  ruleHealthPeriodMs: 15_000,
  /** Answer of a managed server to one request of the reloader. */
  serverAnswerBytes: 16 * 1024 * 1024,
  /** Time for one request of the reloader to its server; a reload of many rules takes long. */
  serverRequestMs: 60_000,
  /** Largest frame of a streamed remote read; Prometheus cuts its own at 1 MiB unless one series is larger. */
  remoteReadFrameBytes: 64 * 1024 * 1024,
  /** Largest request of a reader by remote read, packed or unpacked; as in Prometheus. */
  remoteReadRequestBytes: 32 * 1024 * 1024,
  /** Samples in one chunk, and data in one frame, of a remote read that is served; as in Prometheus. */
  remoteReadChunkSamples: 120,
  remoteReadServedFrameBytes: 1024 * 1024,
  /** Connections to one live source. */
  liveSourceConnections: 8,
  /** Time to connect to a live source. */
  liveSourceConnectMs: 5_000,
  /** Time until a live source begins to answer. */
  liveSourceFirstByteMs: 20_000,
  /** Time that one live source gets of a query, all that is asked of it included: below `queryTimeoutMs`. */
  liveSourceMs: 60_000,
  /** Part of a query's own time that one live source gets at most: the rest is for the others' answers. */
  liveSourceShare: 0.75,
  /** Time for a live source's configuration, a small answer: tells soon that a source hangs. */
  liveSourceConfigMs: 5_000,
  /** Time for which a live source's external labels are taken as unchanged. */
  liveSourceLabelsMs: 10_000,
  /** Time for which a live source that gave no configuration is not asked again. */
  liveSourceRetryMs: 2_000,
  /** Time for which queries do not wait to hear whether a live source that hung still hangs. */
  liveSourceHungMs: 30_000,
  /** Time between bytes of a live source's answer. */
  liveSourceIdleMs: 30_000,
  /** Series that an explained query counts of a live source; beyond it says "at least". */
  explainSeries: 100_000,
  /** Label sets, and faults, of a bucket that diagnostics list. */
  describedLabelSets: 100,
  describedFaults: 20,
  /** Time between two looks for live sources, and time for which one that is gone is expected. */
  discoveryPeriodMs: 10_000,
  sourceExpectedMs: 15 * 60_000,
  /** Live sources that one discovery may find. */
  discoveredSources: 1_000,
  /** Largest file of discovered sources. */
  discoveryFileBytes: 4 * 1024 * 1024,
  /** Time after its window that a late sample may take until its block is shipped. */
  lateBlockMs: 6 * 3_600_000,
  /** Age of samples from which on a server may have shipped and deleted them while a query reads: it keeps what is younger. */
  localBlockMs: 3 * 3_600_000,
  /** Failures in a row after which a source is not asked for a while; that while at first, and at most. */
  sourceBreakerFailures: 5,
  sourceBreakerFirstMs: 1_000,
  sourceBreakerMaxMs: 15_000,
  /** Time for which one request may find out alone whether a source is back. */
  sourceBreakerProbeMs: 5_000,
  /** Bytes of one streamed answer of a live source. */
  liveSourceBytes: 4 * 1024 * 1024 * 1024,
  /** Largest JSON answer of a live source. */
  liveSourceJsonBytes: 64 * 1024 * 1024,
  /** One notification that the webhook sink reads. */
  webhookSinkBodyBytes: 16 * 1024 * 1024,
  /** Wait before a part of the local control plane is started again. */
  localRestartFirstMs: 500,
  /** Longest wait before a part of the local control plane is started again. */
  localRestartMaxMs: 10_000,
  /** Time that a part of the local control plane gets to end. */
  localStopGraceMs: 5_000,
  /** Time that the manifests get to become ready before `local up` says what is missing. */
  localReadyTimeoutMs: 5 * 60_000,
  /** Pause between looks at the state of the local control plane. */
  localPollMs: 250,
  /** Part of a log file that is read at once. */
  logReadBytes: 64 * 1024,
  /** Runs of one container whose logs are kept. */
  containerLogRuns: 3,
  /** Pause between looks at the sizes of container logs. */
  containerLogRotationMs: 10_000,
  /** Lines from before that local up shows of a log that it follows. */
  shownLogLines: 20,
  /** Characters of expressions and templates of one rule set that are checked on the operator's main thread. */
  compileInlineChars: 16 * 1024,
  /** Time and memory for checking one larger rule set, in a worker. */
  compileTimeoutMs: 20_000,
  compileMemoryMb: 256,
  /** How long the other rule sets of a stack wait for one that is checked in a worker. */
  compilePatienceMs: 1000,
  /** When a stack looks again for rule sets that were not checked in that time. */
  compileAgainMs: 500,
  /** Rule sets whose compiled form is kept, for further stacks that take them too. */
  compileCacheObjects: 256,
  /** Longest time that the operator's main thread works before timers and sockets have their turn. */
  turnMs: 8,
  /** Time for one request to an Alertmanager, reading its answer included. */
  alertmanagerRequestTimeoutMs: 5_000,
  /** Largest answer of an Alertmanager: its list of silences. */
  alertmanagerResponseBytes: 32 * 1024 * 1024,
  /** Longest scrape interval at which samples of HA replicas are told to be regular; also Prometheus's lookback. */
  dedupIntervalMs: 5 * 60_000,
  /** Copies of earlier builds that a local control plane keeps for agents that still run from them. */
  localProgramCopies: 3,
  /** Age of the list of blocks at which a query makes a new one. */
  catalogRefreshMs: 30_000,
  /** Age of the list of blocks from which queries fail rather than answer by it. */
  catalogMaxAgeMs: 3600_000,
  /** Values of one line in the series language of rule tests. */
  seriesDescriptionValues: 1_000_000,
  /** Ports that are tried before the system is asked for any free one. */
  freePortAttempts: 200,
  /** Longest absence of the local API server that a start in progress waits for. */
  localOutageMs: 60_000,
  ...accessLimits,
} as const;
