/** Limits of who may speak to whom: certificates, passwords, tokens. A part of `limits`. */
export const accessLimits = {
  /** How long a stack's authority lives; its successor is trusted this long before its end, and signs this long after that. */
  authorityLifetimeMs: 5 * 365 * 86_400_000,
  authoritySuccessorMs: 365 * 86_400_000,
  authoritySettleMs: 180 * 86_400_000,
  /** How long a certificate within a stack lives, and how long before its end it is issued anew. */
  identityLifetimeMs: 90 * 86_400_000,
  identityRenewMs: 30 * 86_400_000,
  /** How far clocks may be apart. */
  identityClockSkewMs: 3_600_000,
  /** Connections to the address of a pod where its server may be read without a certificate. */
  loopbackConnections: 64,
  /** Members of Alertmanager clusters whose certificates one operator remembers. */
  alertmanagerMembers: 10_000,
  /** Age at which certificates, keys and user files are read again. */
  tlsFilesPollMs: 10_000,
  /** Users of a file with passwords, and passwords that wait to be checked. */
  basicUsers: 1000,
  basicUsersQueue: 20,
  /** Tokens whose review is remembered; for how long where it was good, and where it was not. */
  reviewedTokens: 1000,
  reviewGoodMs: 60_000,
  reviewBadMs: 10_000,
} as const;
