/**
 * Audit events, and flows where asked, to the organisation's syslog destinations. Whichever process records an event forwards it; flows are
 * forwarded by the one that writes the trail. Nobody waits for a destination: what it does not take in time is dropped and counted, and
 * stays in the trail.
 */
import { hostname } from 'node:os';
import { VERSION } from '@ringfence/contracts';
import type { AuditEvent, Flow, SyslogDestination } from '@ringfence/contracts';
import type { HostContext, Metrics } from '@ringfence/service-host';
import type { EntityManager } from 'typeorm';
import { reportOfEvent, reportOfFlow } from '../../domain/syslog/report.js';
import type { Report } from '../../domain/syslog/report.js';
import { syslogLine } from '../../domain/syslog/syslog.renderer.js';
import { wantsEvent, wantsFlow, wantsFlows } from '../../domain/syslog/wanted.js';
import { openDestinations } from './open-destinations.js';
import type { Open } from './open-destinations.js';
import { syslogSender } from './syslog-sender.js';
import type { Sender } from './syslog-sender.js';

type Counter = ReturnType<Metrics['counter']>;

/** What another process was told of destinations holds here by then. */
const LOOK_EVERY_MS = 5_000;

export interface Forwarding {
  /** Null: nothing was recorded. */
  event(event: AuditEvent | null): void;
  flow(flow: Flow): void;
  wantsFlows(): boolean;
  /** Flows came faster than they could be asked for. */
  missed(flows: number): void;
  /** In words, which destinations do not take what they are sent. */
  away(): string[];
  /** In words, which servers are taken for whoever answers there. */
  unverified(): string[];
  /** Destinations or their format were changed here. */
  look(): Promise<void>;
  close(): Promise<void>;
}

export function startForwarding(
  host: Pick<HostContext<unknown>, 'logger' | 'metrics'>,
  entities: EntityManager,
  onError: (error: unknown) => void,
): Forwarding {
  const { metrics } = host;
  const dropped = metrics.counter(
    'gateway_syslog_dropped_total',
    'Lines dropped for a syslog server that was away',
  );
  const sent = metrics.counter(
    'gateway_syslog_lines_total',
    'Lines given to a syslog destination, by its href',
  );
  const open = openDestinations(entities, senders(host, dropped));
  const tell = (report: Report, isWanted: (destination: SyslogDestination) => boolean): void => {
    const wanted = open.all().filter(({ destination }) => isWanted(destination));
    if (wanted.length === 0) return;
    const line = syslogLine(report, open.format(), { hostname: hostname(), version: VERSION });
    for (const { destination, sender } of wanted) {
      sender.send(line);
      sent.add(1, { destination: destination.href });
    }
  };
  const look = (): void => void open.look().catch(onError);
  const looking = setInterval(look, LOOK_EVERY_MS);
  look();
  return {
    event: (event) => {
      if (event !== null) tell(reportOfEvent(event), (destination) => wantsEvent(destination, event));
    },
    flow: (flow) => tell(reportOfFlow(flow), (destination) => wantsFlow(destination, flow.policy_decision)),
    wantsFlows: () => open.all().some(({ destination }) => wantsFlows(destination)),
    missed: (flows) => dropped.add(flows, { destination: 'flows' }),
    away: () => open.all().flatMap(awayOf),
    unverified: () => open.all().flatMap(unverifiedOf),
    look: open.look,
    close: async () => {
      clearInterval(looking);
      await open.close();
    },
  };
}

const senders =
  ({ logger }: Pick<HostContext<unknown>, 'logger'>, dropped: Counter) =>
  ({ href, type, remote_syslog: remote }: SyslogDestination): Sender =>
    type === 'local_syslog' || remote === null || remote === undefined
      ? localLog(logger)
      : syslogSender(remote, {
          onDropped: (lines) => dropped.add(lines, { destination: href }),
          onAway: (reason) => logger.warn({ destination: href, reason }, 'a syslog destination is away'),
        });

/** Where it is, is not for everybody who asks for health. */
const awayOf = ({ destination: { href }, sender }: Open): string[] =>
  sender.isAway()
    ? [`syslog destination ${href.split('/').at(-1) ?? ''} does not take what it is sent: see the log`]
    : [];

const unverifiedOf = ({ destination: { href, remote_syslog: remote } }: Open): string[] =>
  remote?.tls_enabled === true && !remote.tls_verify_cert
    ? [
        `tls_verify_cert: no certificate of syslog destination ${href.split('/').at(-1) ?? ''} is verified, so anybody may read what is forwarded; name its authority instead (tls_ca_bundle)`,
      ]
    : [];

/** `local_syslog`: beside the gateway's own lines, which the machine or the cluster collects. */
const localLog = (logger: HostContext<unknown>['logger']): Sender => ({
  send: (line) => logger.info({ syslog: line }, 'forwarded'),
  isAway: () => false,
  close: async () => undefined,
});
