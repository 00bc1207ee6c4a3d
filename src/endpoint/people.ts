import type { AccessRules } from './access.ts';
import type { BasicUsers } from './basic-users.ts';
import type { ReviewCache } from './review-cache.ts';

/** How people prove who they are, beside certificates; what is absent proves nothing. */
export interface PeopleOptions {
  readonly users: BasicUsers | undefined;
  readonly tokens: ReviewCache | undefined;
  /** Certificate names of authenticating proxies whose header is believed; none: no header is. */
  readonly proxies: readonly string[];
  /** Header with the user's name; default `X-Forwarded-User`. */
  readonly userHeader: string | undefined;
}

/** The rules for people, the same for every server of ours. */
export function peopleRules({
  users,
  tokens,
  proxies,
  userHeader = 'X-Forwarded-User',
}: PeopleOptions): Pick<AccessRules, 'basic' | 'token' | 'proxyHeaders'> {
  return {
    ...(users === undefined
      ? {}
      : { basic: (user: string, password: string) => users.check(user, password) }),
    ...(tokens === undefined ? {} : { token: (token: string) => tokens.ask(token) }),
    ...(proxies.length === 0
      ? {}
      : { proxyHeaders: { userHeader, proxies: proxies.map((name) => name.toLowerCase()) } }),
  };
}
