/**
 * Writes the town's policy through REST, as an operator would, and writes down what was asked for when. What the control plane
 * refuses while it is under attack stays on the list, and is asked for again until it is taken.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { RingfenceApi } from '@ringfence/up';
import { now } from './clock.js';
import type { KnobHistory } from './knob-history.js';
import { envOf, modeOf, ruleSwitch } from './model.js';
import type { Knob, Mode } from './model.js';
import { POLICY, ROLES } from './town.js';

interface Profile {
  readonly href: string;
  readonly namespace: string | null;
}
const OTHER_ENV = 'elsewhere';
const AGAIN_MS = 1_000;
/** Longer than any fault lasts: a control plane that does not take a change for so long has not recovered. */
const ACCEPTED_MS = 180_000;
const NOTHING_LEFT = /nothing|no_pending/i;
const PROFILE_MS = 60_000;

export class PolicyAuthor {
  changes = 0;
  private readonly labels = new Map<string, string>();
  private readonly ruleHrefs = new Map<string, string>();
  private readonly profiles = new Map<string, string>();

  constructor(
    private readonly api: RingfenceApi,
    private readonly clusterId: string,
    private readonly knobs: KnobHistory,
  ) {}

  /** Everything that the first values of the knobs say; nothing is under attack yet. */
  async write(): Promise<void> {
    for (const role of ROLES) await this.label('role', role);
    for (const env of [POLICY.scope, OTHER_ENV]) await this.label('env', env);
    for (const namespace of POLICY.managed) await this.putProfile(namespace);
    const scope = [{ label: { href: await this.label('env', POLICY.scope) } }];
    const set = await this.api.post<{ href: string }>('/sec_policy/draft/rule_sets', {
      name: 'campaign',
      scopes: [scope],
    });
    for (const { id, from, to, proto, port } of POLICY.rules) {
      const { href } = await this.api.post<{ href: string }>(`${set.href}/sec_rules`, {
        enabled: true,
        providers: [{ label: { href: await this.label('role', to) } }],
        consumers: [{ label: { href: await this.label('role', from) } }],
        ingress_services: [{ proto, port }],
        resolve_labels_as: { providers: ['workloads'], consumers: ['workloads'] },
      });
      this.ruleHrefs.set(id, href);
    }
    await this.api.post('/sec_policy', { update_description: 'campaign: the town' });
  }

  setMode(namespace: string, mode: Mode): Promise<void> {
    return this.change(modeOf(namespace), mode, () => this.putProfile(namespace));
  }

  moveLabel(namespace: string): Promise<void> {
    const knob = envOf(namespace);
    const value = this.knobs.asked(knob) === POLICY.scope ? OTHER_ENV : POLICY.scope;
    return this.change(knob, value, () => this.putProfile(namespace));
  }

  switchRule(rule: string): Promise<void> {
    const knob = ruleSwitch(rule);
    const value = this.knobs.asked(knob) === 'on' ? 'off' : 'on';
    const provision = async (): Promise<void> => {
      await this.api.put(this.ruleHrefs.get(rule)!, { enabled: value === 'on' });
      await this.api.post('/sec_policy', { update_description: `campaign: ${rule} ${value}` });
    };
    return this.change(knob, value, provision);
  }

  /** Counts as asked from the first try: an answer that was lost may have been heard. */
  private async change(knob: Knob, value: string, ask: () => Promise<void>): Promise<void> {
    const asked = now();
    this.knobs.ask(knob, value, asked);
    for (let refusals = 0; ; refusals += 1) {
      try {
        await ask();
        break;
      } catch (error) {
        // Of a lost answer whose request was heard nothing is left to provision.
        if (refusals > 0 && NOTHING_LEFT.test(String(error))) break;
        if (now() - asked > ACCEPTED_MS) throw error;
        await sleep(AGAIN_MS);
      }
    }
    this.knobs.accept(knob, now());
    this.changes += 1;
  }

  private async putProfile(namespace: string): Promise<void> {
    const env = this.knobs.asked(envOf(namespace));
    await this.api.put(await this.profile(namespace), {
      managed: true,
      enforcement_mode: this.knobs.asked(modeOf(namespace)),
      labels: [
        { key: 'app', assignment: { href: await this.label('app', namespace) } },
        { key: 'env', assignment: { href: await this.label('env', env) } },
      ],
    });
  }

  private async profile(namespace: string): Promise<string> {
    const path = `/container_clusters/${this.clusterId}/container_workload_profiles?namespace=${namespace}`;
    const deadline = now() + PROFILE_MS;
    while (!this.profiles.has(namespace)) {
      const found = (await this.api.get<Profile[]>(path)).find((profile) => profile.namespace === namespace);
      if (found !== undefined) this.profiles.set(namespace, found.href);
      else if (now() > deadline) throw new Error(`Kubelink has not reported the namespace ${namespace}`);
      else await sleep(200);
    }
    return this.profiles.get(namespace)!;
  }

  private async label(key: string, value: string): Promise<string> {
    const name = `${key}=${value}`;
    if (!this.labels.has(name)) {
      const query = `key=${key}&exact_match_for_label_type=true&value=${value}&max_results=500`;
      const found = await this.api.get<{ href: string; value: string }[]>(`/labels?${query}`);
      const same = found.find((candidate) => candidate.value === value)?.href;
      this.labels.set(name, same ?? (await this.api.post<{ href: string }>('/labels', { key, value })).href);
    }
    return this.labels.get(name)!;
  }
}
