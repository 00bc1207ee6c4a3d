/**
 * Whether a Host header names a machine by its number or as `localhost`. What answers without asking who it is must not be
 * reached by a name that a stranger's DNS leads here: a browser would take its pages for the stranger's own.
 */
export function isOwnHost(host: string | undefined): boolean {
  return host !== undefined && /^(localhost|\[::1\]|(\d{1,3}\.){3}\d{1,3})(:\d{1,5})?$/.test(host);
}
