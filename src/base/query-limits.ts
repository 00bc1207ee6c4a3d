/** Limits of the query server and its kernels; part of `limits`. */
export const queryLimits = {
  /** Memory of one instance of the kernels: one thread's batch of series. */
  kernelMemoryBytes: 1024 * 1024 * 1024,
  /** Time that running queries get to end when the query server stops. */
  queryDrainMs: 10_000,
  /** Memory of the cache of range queries where it is not stated; steps and age of one entry. */
  rangeCacheBytes: 64 * 1024 * 1024,
  rangeCacheSteps: 22_000,
  /** Characters of keys of range queries that were asked once. */
  rangeCacheAskedChars: 1024 * 1024,
  rangeCacheAgeMs: 3_600_000,
  /** Age of samples up to which more may come in between or be replaced. */
  rangeCacheFreshMs: 10 * 60_000,
  /** Age at which a look at the readiness of sources is repeated, and time that a probe waits for it. */
  readyAgeMs: 3_000,
  readyWaitMs: 700,
  /** Time from which on a query is written to the log as slow, and text of its expression there. */
  slowQueryMs: 10_000,
  slowQueryTextChars: 4_096,
  /** Memory that a sample costs while it is decoded, merged and evaluated; a series with its labels beside; a bucket of a histogram. */
  sampleMemoryBytes: 48,
  seriesMemoryBytes: 768,
  histogramBucketMemoryBytes: 24,
  /** Bytes that a float sample takes in a chunk at most, with its share of the chunk: tells the least number of samples. */
  longestSampleBytes: 24,
  /** Memory that one step of one series costs while it is evaluated, columns derived from it included. */
  stepMemoryBytes: 27,
  /** Memory that a sample of a result costs while it becomes text. */
  resultSampleMemoryBytes: 64,
  /** Least memory that all queries together get, and the part of the machine's that they get where it is not stated. */
  queryMemoryLeastBytes: 64 * 1024 * 1024,
  queryMemoryShare: 0.4,
  /** Part of the memory of all queries that one may hold, where it is not stated. */
  queryMemoryPerQuery: 0.5,
  /** Queries of one tenant that wait. */
  queryQueuePerTenant: 100,
  /** Samples of one query, as in Prometheus. */
  querySamples: 50_000_000,
  /** Series, and bytes of their chunks, that a kernel works on at a time: its memory never shrinks. */
  kernelBatchSeries: 1000,
  kernelBatchBytes: 8 * 1024 * 1024,
  /** Threads of one query server that evaluate windows. */
  queryThreads: 8,
  /** Characters of names and values of labels that are kept by the blocks that have them. */
  textListChars: 8 * 1024 * 1024,
  /** Parsed expressions that are kept, and the longest text of one: a tree takes about a hundred times its text. */
  parsedExpressions: 256,
  parsedExpressionChars: 1024,
  /** Series and values of an answer up to which threads write its text: it is held as a whole. */
  threadTextSeries: 100_000,
  threadTextValues: 4_000_000,
  /** Memory for such texts that is kept for the next one. */
  textPoolBytes: 32 * 1024 * 1024,
  /** Expected samples of a selection below which it is evaluated at once, without a thread. */
  queryInlineSamples: 30_000,
  /** Bytes between two wanted chunks of a local file that are rather read than skipped. */
  kernelReadGapBytes: 16 * 1024,
  /** Queries that run at once in one query server, as in Prometheus. */
  queryConcurrency: 20,
  /** Queries that wait for their turn. */
  queryQueue: 200,
  /** Longest time of a query, as in Prometheus. */
  queryTimeoutMs: 120_000,
  /** Time of a request from which on its end is looked for now and then only, and how often. */
  exactDeadlineMs: 10_000,
  deadlineTickMs: 250,
  /** Time that one query may keep the process from other work: cancellation and health checks wait no longer. */
  querySliceMs: 25,
  /** Largest form body of a query. */
  queryFormBytes: 10 * 1024 * 1024,
  /** Time in which a client must have sent its request. */
  requestReadMs: 30_000,
  /** Answer that is put behind its headers before it is sent. */
  smallAnswerBytes: 16 * 1024,
  /** Smallest answer that is compressed. */
  compressFromBytes: 1400,
} as const;
