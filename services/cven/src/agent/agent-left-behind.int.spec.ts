/** What an agent finds that an earlier one left on disk and in the kernel: killed, unpaired, or another machine's. */
import { execFileSync } from 'node:child_process';
import { appendFileSync, existsSync, readFileSync, writeFileSync } from 'node:fs';
import { basename } from 'node:path';
import { viewMessage } from '@ringfence/edge';
import { eventually } from '@ringfence/testing';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { AgentBed, CLIENT, endpoint, listing, shop, WEB } from '../testing/agent-bed.js';

describe('the agent of a node', () => {
  let bed: AgentBed;

  beforeAll(async () => {
    bed = await AgentBed.open();
  });
  afterAll(() => bed.close());
  beforeEach(() => bed.makeDisk());
  afterEach(() => bed.clear());

  it('goes on enforcing after a restart with nobody to ask, without touching the tables', async () => {
    // A Pod that is made while no agent runs is what this is about: the node is not closed meanwhile.
    const first = bed.start({ RINGFENCE_BIRTH_WHEN_AWAY: 'open' });
    const [web, client] = [await bed.run('shop', 'web'), await bed.run('shop', 'client')];
    bed.clas.setView(bed.view(shop(web, client)));
    await first.isReady();
    await bed.acked(bed.revision);
    await bed.isOpen(client, web);
    // On disk: the view, and by what the tables of both are known again.
    const kept = (file: string): string =>
      existsSync(`${bed.directory}/data/${file}`)
        ? readFileSync(`${bed.directory}/data/${file}`, 'utf8')
        : '';
    const tables = [web, client].map(({ netns }) => basename(netns));
    await eventually(
      () => kept('view.json') !== '' && tables.every((each) => kept('tables.json').includes(each)),
    );
    const before = listing(web);
    await first.kill('SIGKILL');
    expect(await bed.connect(client, web)).toBe('open');
    await bed.clas.down();
    const late = await bed.run('shop', 'late');
    const second = bed.start();
    await eventually(() => listing(late).includes('mode=full'));
    expect(await second.readyz()).toMatchObject({ ready: false });
    expect(await bed.connect(client, web)).toBe('open');
    expect(await bed.connect(late, web)).toBe('closed');
    expect(/generation=\d+/.exec(listing(web))?.[0]).toBe(/generation=\d+/.exec(before)?.[0]);
    await bed.clas.up();
    await second.isReady();
    await eventually(async () => (await bed.clas.acks.at(-1))?.pods.includes(web.uid));
  });

  it('does not go back behind what is in the kernel when it is killed right after a change, with nobody to ask', async () => {
    const [web, client] = [await bed.run('shop', 'web'), await bed.run('shop', 'client')];
    const content = shop(web, client);
    const unknownClient = { upsert: [endpoint(web, WEB)], remove: [] };
    await bed.startWith(bed.view({ ...content, endpoints: unknownClient }));
    await bed.acked(bed.revision);
    const before = bed.revision;
    // From now on nothing is about to be written anyway.
    await eventually(
      () =>
        existsSync(`${bed.directory}/data/view.json`) &&
        readFileSync(`${bed.directory}/data/view.json`, 'utf8').includes(`"revision":${before}`),
    );
    bed.clas.send(
      bed.view({
        base: before,
        endpoints: { upsert: [endpoint(client, CLIENT)], remove: [] },
        namespaces: undefined,
      }),
    );
    await bed.acked(bed.revision);
    await bed.agent?.kill('SIGKILL');
    await bed.clas.down();
    const { readyz } = bed.start();
    await eventually(readyz, ({ missing }) => missing?.includes('no answer') === false);
    // As long as the first passes of its successor may take.
    for (let look = 0; look < 20; look += 1) {
      expect(listing(web)).toContain(client.address);
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
    expect(await bed.connect(client, web)).toBe('open');
    await bed.clas.up();
  });

  it('removes everything that it made when the node is unpaired, and comes back when it is paired again', async () => {
    const running = bed.start();
    const [web, client] = [await bed.run('shop', 'web'), await bed.run('shop', 'client')];
    bed.clas.setView(bed.view(shop(web, client)));
    await running.isReady();
    await eventually(() => listing(web) !== '');
    bed.clas.send(bed.view({ base: bed.revision, unpaired: true }));
    await eventually(() => listing(web) === '' && listing(client) === '');
    await eventually(() =>
      bed.clas.observations.some(({ payload }) => (payload as { status?: string }).status === 'unpaired'),
    );
    // Whoever has a copy of its key is nobody by it: the next pairing is by another one.
    expect(existsSync(`${bed.directory}/data/node-key.json`)).toBe(false);
    bed.clas.send(bed.view({ base: bed.revision, namespaces: undefined }));
    await eventually(() => listing(web) !== '' && listing(client) !== '');
  });

  it('leaves nothing of an earlier agent where it can enforce nothing itself, and says so', async () => {
    const first = bed.start();
    const web = await bed.run('shop', 'web');
    bed.clas.setView(bed.view());
    await first.isReady();
    await eventually(() => listing(web).includes('mode=full'));
    await first.kill('SIGKILL');
    bed.clas.observations.length = 0;
    bed.start({ RINGFENCE_KERNEL: 'iptables' });
    await eventually(() =>
      bed.clas.observations.some(({ payload }) => JSON.stringify(payload).includes('not_available')),
    );
    expect(listing(web)).toContain('mode=full');
    bed.clas.send(bed.view({ base: bed.revision, unpaired: true }));
    await eventually(() =>
      bed.clas.observations.some(({ payload }) => (payload as { status?: string }).status === 'unpaired'),
    );
    const tables = execFileSync('nsenter', [`--net=${bed.node.netns}`, 'nft', 'list', 'tables'], {
      encoding: 'utf8',
    });
    expect([listing(web), tables]).toEqual(['', expect.not.stringContaining('ringfence')]);
  });

  it('removes what an earlier agent left that was killed between hearing that it is unpaired and doing it', async () => {
    const first = bed.start();
    const [web, client] = [await bed.run('shop', 'web'), await bed.run('shop', 'client')];
    bed.clas.setView(bed.view(shop(web, client)));
    await first.isReady();
    await eventually(() => listing(web) !== '' && listing(client) !== '');
    const written = (): string => readFileSync(`${bed.directory}/data/view.json`, 'utf8');
    await eventually(() => existsSync(`${bed.directory}/data/view.json`) && written().includes(web.uid));
    await first.kill('SIGKILL');
    const unpaired = bed.view({ base: bed.revision, namespaces: undefined, unpaired: true });
    appendFileSync(`${bed.directory}/data/view-changes.jsonl`, `${JSON.stringify(viewMessage(unpaired))}\n`);
    bed.clas.setView(undefined);
    bed.clas.observations.length = 0;
    bed.start();
    await eventually(() =>
      bed.clas.observations.some(({ payload }) => (payload as { status?: string }).status === 'unpaired'),
    );
    expect([listing(web), listing(client)]).toEqual(['', '']);
  });

  it('believes nothing of what was left by an agent of another machine, or of another cluster', async () => {
    const left = `${bed.directory}/data/view.json`;
    const running = bed.start();
    bed.clas.setView(bed.view());
    await running.isReady();
    await eventually(() => existsSync(left));
    const content = readFileSync(left);
    bed.clas.setView(undefined);
    const next = async (): Promise<void> => {
      await bed.agent?.kill('SIGKILL');
      writeFileSync(left, content);
      bed.start();
      await eventually(() => !existsSync(left));
    };
    bed.clas.credentialRequests.length = 0;
    await bed.agent?.kill('SIGKILL');
    writeFileSync(`${bed.directory}/machine-id`, 'machine-2\n');
    await next();
    await eventually(() => bed.clas.credentialRequests.length > 0);
    expect(bed.clas.credentialRequests[0]).toMatchObject({ machineId: 'machine-2' });
    await eventually(() => existsSync(`${bed.directory}/data/owner.json`));
    const owner = JSON.parse(readFileSync(`${bed.directory}/data/owner.json`, 'utf8')) as object;
    writeFileSync(`${bed.directory}/data/owner.json`, JSON.stringify({ ...owner, cluster: 'another' }));
    await next();
  });
});
