/**
 * TLS of our own listeners, and the alarm where there is none: whatever leaves a machine in plain text, or is not verified, is
 * said at every start and each hour as an error in the log, in /readyz and /health, and as a metric. It decides nothing: whoever
 * runs it so may have a reason, but nobody shall run it so unknowingly.
 */
import { readFileSync, unwatchFile, watchFile } from 'node:fs';
import { Server } from 'node:tls';
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
const SAY_AGAIN_MS = 3_600_000;

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
  for (const [what, url] of Object.entries(urls)) {
    const open = (url ?? '').split(',').find((each) => each !== '' && isOpen(each.trim()));
    if (open !== undefined)
      alarm(host, what, `${what} leaves this machine in plain text: give it TLS (docs/security.md)`);
  }
}

/** Certificates of what is named are not looked at, by whose setting. */
export function alarmUnverified(host: Host, what: string, setting: string): void {
  alarm(
    host,
    what,
    `${setting}: no certificate of ${what} is verified; name the authority instead (docs/security.md)`,
  );
}

/** Node's own switch, which any process may have been started with. */
export function alarmSwitchedOff(host: Host, env: NodeJS.ProcessEnv): void {
  if (env['NODE_TLS_REJECT_UNAUTHORIZED'] === '0')
    alarmUnverified(host, 'any server', 'NODE_TLS_REJECT_UNAUTHORIZED=0');
}

function alarm({ logger, metrics, health, onShutdown }: Host, what: string, words: string): void {
  metrics
    .gauge('ringfence_insecure', '1: spoken or offered beyond this machine without TLS, or unverified')
    .set(1, { what });
  health.alarm(what, words);
  const say = (): void => logger.error({ what }, words);
  say();
  const again = setInterval(say, SAY_AGAIN_MS).unref();
  onShutdown(() => clearInterval(again));
}

interface Listening {
  getUrl(): Promise<string>;
  getHttpServer(): unknown;
}

/** Nest knows nothing of the TLS of an adapter that was given to it, and says `http://`. */
export async function urlOf(app: Listening): Promise<string> {
  const url = await app.getUrl();
  return app.getHttpServer() instanceof Server ? url.replace(/^http:/, 'https:') : url;
}

function isOpen(url: string): boolean {
  if (!URL.canParse(url)) return false;
  const { protocol, hostname } = new URL(url);
  return !['https:', 'tls:', 'wss:'].includes(protocol) && !isLoopback(hostname);
}

const isLoopback = (host: string): boolean =>
  host === 'localhost' || host === '[::1]' || /^127(\.\d{1,3}){3}$/.test(host);
