/**
 * The image to pull. An explicit image named in full (its first part is a registry host) stays as it is; any other is
 * pulled from `registry` where one is given, else from `defaultRegistry`.
 */
export function imageReference(
  image: string,
  options: { readonly registry?: string | undefined; readonly defaultRegistry?: string },
): string {
  if (namesRegistry(image)) return image;
  const registry = options.registry ?? options.defaultRegistry;
  return registry === undefined ? image : `${registry.replace(/\/+$/, '')}/${image}`;
}

/** Whether the first path part is a host: it has a dot or a port, or is `localhost` (distribution/reference). */
function namesRegistry(image: string): boolean {
  const slash = image.indexOf('/');
  if (slash < 0) return false;
  const first = image.slice(0, slash);
  return first === 'localhost' || first.includes('.') || first.includes(':');
}
