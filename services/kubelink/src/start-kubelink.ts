/** The start of Kubelink: who am I, then the API server and NATS at the same time; each is waited for, none ends the process. */
import { connectBus, KUBELINK_DURABLE, serviceInbox } from '@ringfence/bus';
import type { Bus } from '@ringfence/bus';
import { subjects, VERSION } from '@ringfence/contracts';
import type { KubelinkLack } from '@ringfence/contracts';
import { startAnew } from '@ringfence/edge';
import type { EdgeCredential } from '@ringfence/edge';
import type { ApiClient } from '@ringfence/kubernetes';
import { alarmInsecure } from '@ringfence/service-host';
import type { RunningService } from '@ringfence/service-host';
import { ClusterWatch } from './adapters/cluster-watch.js';
import { ObservationPublisher } from './adapters/observation.publisher.js';
import { inFull, keepsOutOfSync } from './domain/lacks.js';
import type { ObservationOutbox } from './domain/observation-outbox.calculator.js';
import { Heartbeat } from './heartbeat.js';
import { openKubelink } from './kubelink.js';
import type { Context } from './kubelink.js';

export async function startKubelink(context: Context): Promise<RunningService> {
  const { config, health, logger } = context;
  const { client, credential, outbox, conditions } = openKubelink(context);
  health.require('credential', () => credential.availability());
  await credential.obtainAnew();
  credential.keepFresh({ onMoved: () => startAnew(context.logger) });

  // The watch begins before NATS is there; what it finds waits in the outbox.
  const news = { tell: (): void => undefined };
  const watch = watchCluster(context, client, outbox, () => news.tell());
  context.onShutdown(() => watch.close());
  const bus = await connectNats(context, credential);
  const publisher = publishObservations(context, bus, outbox);
  news.tell = () => publisher.wake();
  publisher.wake();
  const relists = bus.subscribe(subjects.relist(config.CLUSTER_ID), () => watch.tellAgain());
  const heartbeat = new Heartbeat({
    bus,
    client,
    cluster: config.CLUSTER_ID,
    kubelinkVersion: VERSION,
    isInSync: () => watch.isInSync(),
    lacks: () => watch.lacks(),
    onTrouble: (error) => logger.warn({ err: error }, 'the heartbeat has trouble'),
  });
  const hasAccount = credential.current().jwt !== '';
  await conditions.follow(bus, config.CLUSTER_ID, hasAccount ? KUBELINK_DURABLE : undefined);
  return {
    drain: async () => {
      relists.close();
      await Promise.all([heartbeat.close(), conditions.close(), publisher.close()]);
    },
  };
}

function watchCluster(
  context: Context,
  client: ApiClient,
  outbox: ObservationOutbox,
  onNews: () => void,
): ClusterWatch {
  const { config, health, logger, metrics } = context;
  const troubles = metrics.counter(
    'kubelink_watch_troubles_total',
    'Lists and watches that failed or began anew',
  );
  const mended = metrics.counter(
    'kubelink_view_mended_total',
    'Objects that a list without a reason found otherwise than they were held',
  );
  const watch = new ClusterWatch({
    client,
    outbox,
    onNews,
    onTrouble: (plural, error) => {
      troubles.add(1, { plural });
      logger.warn({ err: error, plural }, 'a list or watch has trouble');
    },
    onMended: (plural, differences) => {
      mended.add(differences, { plural });
      logger.warn({ plural, differences }, 'the API server has objects otherwise than its watch told');
    },
    importsNetworkPolicies: config.RINGFENCE_NETWORK_POLICIES,
    resyncEveryMs: config.RINGFENCE_RESYNC_MINUTES * 60_000,
    now: () => new Date(),
  });
  const words = (lacks: readonly KubelinkLack[]): string => lacks.map(inFull).join('; ');
  health.require('kubernetes', () => words(watch.lacks().filter(keepsOutOfSync)) || true);
  health.fact('not permitted', () => words(watch.lacks().filter((lack) => !keepsOutOfSync(lack))) || 'none');
  health.fact('NetworkPolicies', () => (config.RINGFENCE_NETWORK_POLICIES ? 'imported' : 'not imported'));
  health.fact('observations to be told', () => `${outbox.size}`);
  return watch;
}

function publishObservations(
  { health, logger, metrics }: Context,
  bus: Bus,
  outbox: ObservationOutbox,
): ObservationPublisher {
  const dropped = metrics.counter('kubelink_observations_dropped_total', 'Objects that no server takes');
  let count = 0;
  health.fact('objects that could not be told', () => `${count}`);
  return new ObservationPublisher({
    bus,
    outbox,
    onTrouble: (error) => logger.warn({ err: error }, 'observations are not acknowledged'),
    onDropped: (subject, error) => {
      count += 1;
      dropped.add(1);
      logger.error({ err: error, subject }, 'an object cannot be told: for policy it is not there');
    },
  });
}

async function connectNats(context: Context, credential: EdgeCredential): Promise<Bus> {
  const { health, logger, metrics, signal, onShutdown } = context;
  const { natsUrl, jwt } = credential.current();
  alarmInsecure(context, { 'credential endpoint': context.config.CLAS_URL, 'cluster NATS': natsUrl });
  const state: { bus?: Bus; detail: string } = { detail: 'not connected yet' };
  health.require('nats', () => state.bus?.availability() ?? `the cluster's NATS: ${state.detail}`);
  health.require('lanes', () => state.bus?.progress() ?? true);
  const bus = await connectBus({
    servers: natsUrl,
    name: 'kubelink',
    server: 'cluster',
    caFile: context.config.RINGFENCE_CA,
    // A server without authentication: clas-cache has nothing to sign with.
    ...(jwt !== '' && { credentials: () => credential.current(), inboxPrefix: serviceInbox('kubelink') }),
    metrics,
    signal,
    onState: ({ connected, detail }) => {
      state.detail = detail;
      logger.info({ connected }, detail);
    },
  });
  state.bus = bus;
  onShutdown(() => bus.close());
  return bus;
}
