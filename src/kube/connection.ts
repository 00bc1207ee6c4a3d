/** Where an API server is and how this process proves who it is. */
export interface ClusterConnection {
  /** Base URL, without a slash at the end. */
  readonly server: string;
  /** HTTP proxy on the way there. */
  readonly proxyUrl?: string;
  /** Namespace of the kubeconfig context or of the service account. */
  readonly namespace: string;
  /** Reads tokens and certificates from where they are kept, now: they are rotated while we run. */
  credentials(): Promise<Credentials>;
}

export interface Credentials {
  readonly headers: Readonly<Record<string, string>>;
  readonly tls: TlsMaterial;
}

export interface TlsMaterial {
  /** PEM. */
  readonly ca?: string;
  readonly cert?: string;
  readonly key?: string;
  /** Name to verify the server's certificate against, where it is not the URL's host. */
  readonly servername?: string;
  /** False only where the kubeconfig says insecure-skip-tls-verify. */
  readonly rejectUnauthorized?: boolean;
}
