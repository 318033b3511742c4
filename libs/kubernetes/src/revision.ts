/**
 * Versions of one kind rise. Kubernetes promises it since 1.35; before, every server with etcd behind it kept to it. Of versions that are
 * no numbers nothing is said.
 */
const NUMBER = /^(0|[1-9]\d*)$/;

/** True: the state that bears `version` is older than one that was seen before, so it was put back. */
export function isOlder(version: string, than: string | undefined): boolean {
  if (than === undefined || !NUMBER.test(version) || !NUMBER.test(than)) return false;
  return version.length === than.length ? version < than : version.length < than.length;
}
