/** One random policy after the other, written and provisioned over REST, and taken away again. */
import type { Random } from '../campaign/random.js';
import { provision } from '../application.js';
import { api } from '../world.js';
import { randomBoundary, randomGroup, randomIpLists, randomRuleSet, randomService } from './random-policy.js';
import type { Body, PolicyWords, Referents } from './random-policy.js';

export class WrittenPolicy {
  private readonly rules: string[] = [];
  /** What is named can go only when nothing in force names it: rules first, then groups that hold others. */
  private readonly outerGroups: string[] = [];
  private readonly referents: string[] = [];
  private virtualServices: readonly string[] = [];

  constructor(
    private readonly random: Random,
    private readonly name: string,
  ) {}

  /** Two, each answered by a workload, one of them on another port. */
  async offer({ roles, apps, workloads }: Omit<PolicyWords, 'virtualServices'>): Promise<void> {
    const made: string[] = [];
    for (const number of [1, 2]) {
      const labels = [this.random.pick(roles), this.random.pick(apps)].map((href) => ({ href }));
      const body = {
        name: `${this.name} offers ${number}`,
        labels,
        service_ports: [{ proto: 6, port: 7300 + number }],
      };
      made.push(await this.create('virtual_services', body));
    }
    await provision(`${this.name}: offered`);
    const port = { port: 7302, proto: 6, new_port: 7303 };
    await api.post(
      '/service_bindings',
      made.map((href, i) => ({
        virtual_service: { href: href.replace('/draft/', '/active/') },
        workload: { href: this.random.pick(workloads) },
        port_overrides: i === 0 ? [] : [port],
      })),
    );
    this.virtualServices = made;
    this.referents.push(...made);
  }

  /** Instead of the one before. Gives the version that is provisioned. */
  async write(round: number, town: Omit<PolicyWords, 'virtualServices'>): Promise<number> {
    const { random } = this;
    const words = { ...town, virtualServices: this.virtualServices };
    const name = `${this.name} ${round}`;
    await this.remove(this.rules.splice(0));
    const referents = await this.referentsOf(words, name);
    for (const number of [1, 2, 3])
      this.rules.push(
        await this.create(
          'rule_sets',
          randomRuleSet(random, words, { name: `${name} ${number}`, ...referents }),
        ),
      );
    if (random.isOnce(2))
      this.rules.push(
        await this.create('enforcement_boundaries', randomBoundary(random, words, { name, ...referents })),
      );
    return provision(name);
  }

  async takeAway(): Promise<void> {
    for (const hrefs of [this.rules, this.outerGroups, this.referents]) {
      await this.remove(hrefs);
      if (hrefs.length > 0) await provision(`${this.name}: gone`);
    }
  }

  private async referentsOf(words: PolicyWords, name: string): Promise<Referents> {
    const { random } = this;
    const lists: string[] = [];
    for (const body of randomIpLists(random, words, name)) lists.push(await this.create('ip_lists', body));
    const inner = await this.create('label_groups', randomGroup(random, words, { name: `${name} inner` }));
    const outer = randomGroup(random, words, { name: `${name} outer`, within: inner });
    const groups = [inner, await this.create('label_groups', outer)];
    this.outerGroups.push(...groups.slice(1));
    const services = [await this.create('services', randomService(random, words, name))];
    this.referents.push(...lists, inner, ...services);
    return { lists, groups, services };
  }

  private async create(collection: string, body: Body): Promise<string> {
    return (await api.post<{ href: string }>(`/sec_policy/draft/${collection}`, body)).href;
  }

  private async remove(hrefs: readonly string[]): Promise<void> {
    for (const href of hrefs) await api.remove(href);
  }
}
