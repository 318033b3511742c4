/** Configuration text of the two kinds of NATS server. */
import type { ClusterServerKeys } from './cluster-server.js';
import type { ControlPlaneKeys } from './control-plane.js';

export interface ServerPlace {
  readonly host?: string;
  readonly port: number;
  /** For JetStream's files and, on the control server, the accounts that were pushed. */
  readonly directory: string;
  readonly tls?: { readonly certFile: string; readonly keyFile: string };
}

export function controlServerConfig(place: ServerPlace, keys: ControlPlaneKeys): string {
  const { operator, system, core } = keys;
  return `${listening(place)}
${accounts(place, operator.jwt, system, { account: core.account, jwt: core.jwt })}`;
}

export function clusterServerConfig(place: ServerPlace, keys: ClusterServerKeys): string {
  const { operator, system, account, accountJwt } = keys;
  return `${listening(place)}
${accounts(place, operator.jwt, system, { account, jwt: accountJwt })}`;
}

interface KnownAccount {
  readonly account: string;
  readonly jwt: string;
}

/** Full resolver: accounts of edges are pushed while the server runs, and survive it. */
function accounts(place: ServerPlace, operator: string, system: KnownAccount, streams: KnownAccount): string {
  return `operator: ${operator}
system_account: ${system.account}
resolver: { type: full, dir: "${place.directory}/accounts", allow_delete: true, interval: "2m", limit: 100000 }
resolver_preload: {
  ${system.account}: ${system.jwt}
  ${streams.account}: ${streams.jwt}
}
`;
}

/**
 * A server's own 2 s for a TLS handshake and 1 s more for the credential cut off who has to wait for a processor on a busy machine, and
 * each new attempt adds to what keeps it busy.
 */
const HANDSHAKE_SECONDS = 10;
const CREDENTIAL_SECONDS = 15;

function listening({ host = '127.0.0.1', port, directory, tls }: ServerPlace): string {
  const secured =
    tls === undefined
      ? ''
      : `\ntls { cert_file: "${tls.certFile}", key_file: "${tls.keyFile}", timeout: ${HANDSHAKE_SECONDS} }`;
  // The streams' own limits bound the disk; without a number here the server takes a share of what is free at its
  // start and then refuses streams whose limits add up to more. Lists may exceed the default 1 MB.
  return `listen: "${host}:${port}"${secured}
authorization { timeout: ${CREDENTIAL_SECONDS} }
max_payload: 32MB
# A credential whose manifest names many subjects is longer than the default of 4 KB.
max_control_line: 64KB
jetstream { store_dir: "${directory}/jetstream", max_file_store: 64GB, max_memory_store: 256MB }`;
}
