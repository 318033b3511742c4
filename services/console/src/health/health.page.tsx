/** Whether all is well, read from top to bottom: the verdict, what needs attention, the clusters, the services. */
import type { Health } from '@ringfence/contracts';
import type { Api } from '../api/client.js';
import type { Live } from '../api/live.calculator.js';
import { useLive, useNow } from '../api/use-live.js';
import { ago, healthView } from './health-view.js';
import type { ClusterView, HealthView, ServiceView } from './health-view.js';

interface Props {
  readonly api: Api;
  readonly onRefused: (why: string) => void;
}

export function HealthPage({ api, onRefused }: Props) {
  return <HealthShown live={useLive<Health>(api, '/health', onRefused)} />;
}

/** What is known by now, without asking. */
export function HealthShown({ live }: { readonly live: Live<Health> }) {
  const view = live.value && healthView(live.value);
  if (view === undefined) return <NothingYet live={live} />;
  const isStale = live.trouble !== undefined;
  return (
    <>
      <Verdict view={view} live={live} />
      <div className={isStale ? 'stale' : undefined}>
        {view.problems.length > 0 && <Problems problems={view.problems} />}
        <Clusters clusters={view.clusters} />
        <Services services={view.services} />
        <p className="hint">Ringfence {view.version}</p>
      </div>
    </>
  );
}

function NothingYet({ live: { trouble } }: { readonly live: Live<Health> }) {
  if (trouble === undefined)
    return (
      <section className="verdict quiet" aria-busy="true">
        <h1>Asking for the health …</h1>
      </section>
    );
  return (
    <section className="verdict bad" role="alert">
      <h1>The health is not known</h1>
      <p>Trying again by itself: {trouble.message}.</p>
    </section>
  );
}

function Verdict({ view, live }: { readonly view: HealthView; readonly live: Live<Health> }) {
  const now = useNow();
  const { trouble, answeredAt } = live;
  if (trouble === undefined)
    return (
      <section className={`verdict ${view.tone}`} role="status">
        <h1>{view.headline}</h1>
        <p>
          <span className="pulse" aria-hidden="true" /> Live
        </p>
      </section>
    );
  return (
    <section className="verdict warning" role="status">
      <h1>Reconnecting …</h1>
      <p>
        What is below was told {ago(now - answeredAt)}: {trouble.message}.
      </p>
    </section>
  );
}

function Problems({ problems }: Pick<HealthView, 'problems'>) {
  return (
    <section>
      <h2>Needs attention</h2>
      <ul className="problems">
        {problems.map(({ tone, message }) => (
          <li key={message}>
            <Mark tone={tone} /> {message}
          </li>
        ))}
      </ul>
    </section>
  );
}

function Clusters({ clusters }: Pick<HealthView, 'clusters'>) {
  return (
    <section>
      <h2>Clusters</h2>
      {clusters.length === 0 ? (
        <p className="empty">
          No cluster yet. Create one with <code>POST /orgs/1/container_clusters</code> and give its token to
          Kubelink.
        </p>
      ) : (
        <table>
          <thead>
            <tr>
              <th>Cluster</th>
              <th>Status</th>
              <th>Policy version</th>
              <th>Waiting for</th>
            </tr>
          </thead>
          <tbody>{clusters.map(clusterRow)}</tbody>
        </table>
      )}
    </section>
  );
}

function clusterRow({ name, tone, status, policy, waitingFor }: ClusterView) {
  return (
    <tr key={name}>
      <th scope="row">{name}</th>
      <td>
        <Mark tone={tone} /> {status}
      </td>
      <td>{policy}</td>
      <td>{waitingFor === '' ? 'nothing' : waitingFor}</td>
    </tr>
  );
}

function Services({ services }: { readonly services: readonly ServiceView[] }) {
  return (
    <section>
      <h2>Control plane</h2>
      <ul className="services">
        {services.map(({ name, missing }) => (
          <li key={name}>
            <Mark tone={missing.length === 0 ? 'good' : 'bad'} /> {name}
            <span className="words">{missing.length === 0 ? 'running' : missing.join('; ')}</span>
          </li>
        ))}
      </ul>
    </section>
  );
}

const WORDS = { good: 'good', warning: 'warning', bad: 'critical', quiet: 'not connected' } as const;

/** Never by colour alone: the shape differs, and the word is there for who hears the page. */
function Mark({ tone }: { readonly tone: keyof typeof WORDS }) {
  return <span className={`mark ${tone}`} role="img" aria-label={WORDS[tone]} />;
}
