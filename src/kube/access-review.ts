import type { KubeClient } from './client.ts';
import type { KubeObject } from './object.ts';

/** What a caller wants to do, as the Kubernetes API asks it (SubjectAccessReview). */
export type Wish =
  | {
      readonly resourceAttributes: {
        readonly verb: string;
        readonly group: string;
        readonly resource: string;
        readonly subresource?: string;
        readonly namespace?: string;
        readonly name?: string;
      };
    }
  | { readonly nonResourceAttributes: { readonly path: string; readonly verb: string } };

interface TokenReview extends KubeObject {
  readonly spec: { readonly token: string };
  readonly status?: {
    readonly authenticated?: boolean;
    readonly user?: {
      readonly username?: string;
      readonly uid?: string;
      readonly groups?: readonly string[];
      readonly extra?: Readonly<Record<string, readonly string[]>>;
    };
  };
}

interface SubjectAccessReview extends KubeObject {
  readonly spec: object;
  readonly status?: { readonly allowed?: boolean };
}

/**
 * Whose token it is and whether that may do what is wished; undefined for one that the API does not take. Needs the rights of
 * the ClusterRole system:auth-delegator. Raises coded errors where the API cannot be asked.
 */
export async function reviewToken(
  client: KubeClient,
  token: string,
  wish: Wish,
): Promise<{ readonly user: string; readonly allowed: boolean } | undefined> {
  // Reviews are answered, never stored: they have no name.
  const metadata = { name: '' };
  const about: TokenReview = await client.create<TokenReview>({
    apiVersion: 'authentication.k8s.io/v1',
    kind: 'TokenReview',
    metadata,
    spec: { token },
  });
  const { authenticated, user } = about.status ?? {};
  if (authenticated !== true || user?.username === undefined) return undefined;
  const { username, uid, groups, extra } = user;
  const access: SubjectAccessReview = await client.create<SubjectAccessReview>({
    apiVersion: 'authorization.k8s.io/v1',
    kind: 'SubjectAccessReview',
    metadata,
    spec: { user: username, uid, groups, extra, ...wish },
  });
  return { user: username, allowed: access.status?.allowed === true };
}
