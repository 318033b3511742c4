/**
 * TLS of our own listeners, and the alarm where there is none: whatever leaves a machine in plain text, or is not verified, is
 * said at every start as an error in the log, in /readyz beside the facts, and as a metric. It decides nothing: whoever runs it
 * so may have a reason, but nobody shall run it so unknowingly.
 */
import { readFileSync, unwatchFile, watchFile } from 'node:fs';
import type { Server } from 'node:tls';
import type { HostContext } from './host.js';

type Host = Pick<HostContext<unknown>, 'logger' | 'metrics' | 'health' | 'onShutdown'>;

/** Paths of PEM files; empty or absent: no TLS. */
export interface TlsFiles {
  readonly cert: string | undefined;
  readonly key: string | undefined;
}
export interface TlsListener {
  readonly options: { readonly cert: Buffer; readonly key: Buffer; readonly minVersion: 'TLSv1.2' };
  /** From now on a certificate that is put in the files' place is taken up; connections that are open keep theirs. */
  follow(server: Server): void;
}

const LOOK_EVERY_MS = 5_000;

export function tlsListener({ cert, key }: TlsFiles, { logger, onShutdown }: Host): TlsListener | undefined {
  if (!cert || !key) return undefined;
  const read = (): TlsListener['options'] => ({
    cert: readFileSync(cert),
    key: readFileSync(key),
    minVersion: 'TLSv1.2',
  });
  return {
    options: read(),
    follow: (server) => {
      const takeUp = (): void => {
        try {
          server.setSecureContext(read());
          logger.info({ cert }, 'the certificate was renewed');
        } catch (error) {
          // Half of a pair, for as long as it takes to write the other half; the next look sees both.
          logger.error({ err: error, cert }, 'the new certificate cannot be used; the old one stays');
        }
      };
      // By time of change, not by events: certificates are often put in place as links.
      for (const file of [cert, key]) watchFile(file, { interval: LOOK_EVERY_MS, persistent: false }, takeUp);
      onShutdown(() => [cert, key].forEach((file) => unwatchFile(file, takeUp)));
    },
  };
}

/** By name of what is spoken to or offered, its URL. What is not on this machine and not TLS is an alarm. */
export function alarmInsecure(host: Host, urls: Readonly<Record<string, string | undefined>>): void {
  const gauge = host.metrics.gauge(
    'ringfence_insecure',
    '1: spoken or offered beyond this machine without TLS, or unverified',
  );
  const alarm = (what: string, words: string): void => {
    gauge.set(1, { what });
    host.health.fact(`INSECURE ${what}`, () => words);
    host.logger.error({ what }, words);
  };
  for (const [what, url] of Object.entries(urls)) {
    const open = (url ?? '').split(',').find((each) => each !== '' && isOpen(each.trim()));
    if (open !== undefined)
      alarm(what, `${what} leaves this machine in plain text: give it TLS (docs/security.md)`);
  }
  if (process.env['NODE_TLS_REJECT_UNAUTHORIZED'] === '0')
    alarm(
      'verification',
      'NODE_TLS_REJECT_UNAUTHORIZED=0: no certificate is verified; use RINGFENCE_CA instead',
    );
}

function isOpen(url: string): boolean {
  if (!URL.canParse(url)) return false;
  const { protocol, hostname } = new URL(url);
  return !['https:', 'tls:', 'wss:'].includes(protocol) && !isLoopback(hostname);
}

const isLoopback = (host: string): boolean =>
  host === 'localhost' || host === '[::1]' || /^127(\.\d{1,3}){3}$/.test(host);
