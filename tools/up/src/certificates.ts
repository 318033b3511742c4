/** A local stack's own authority, made at each start, and the certificates of the listeners that nodes reach over a network. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { certificateAuthority, issueCertificate } from '@ringfence/sandbox';

export interface CertificateFiles {
  readonly certFile: string;
  readonly keyFile: string;
}
export interface StackAuthority {
  /** For `RINGFENCE_CA` and `curl --cacert`. */
  readonly caFile: string;
  issue(name: string, hosts: readonly string[]): CertificateFiles;
}

/** The authority's own key is kept in memory only: whoever reads the directory later can issue nothing. */
export function stackAuthority(dataDirectory: string): StackAuthority {
  const directory = join(dataDirectory, 'tls');
  mkdirSync(directory, { recursive: true, mode: 0o755 });
  const authority = certificateAuthority('Ringfence local stack', new Date());
  const file = (name: string, content: string, mode: number): string => {
    const path = join(directory, name);
    writeFileSync(path, content, { mode });
    return path;
  };
  return {
    caFile: file('ca.crt', authority.certificate, 0o644),
    issue: (name, hosts) => {
      const issued = issueCertificate(authority, hosts, new Date());
      return {
        certFile: file(`${name}.crt`, issued.certificate, 0o644),
        keyFile: file(`${name}.key`, issued.key, 0o600),
      };
    },
  };
}
