/** What a person does to a running container with kubectl, against real ones: look around, try a connection, copy, forward, watch. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { eventually, podSpec, startTestCluster, type TestCluster } from './testing/test-cluster.js';

let cluster: TestCluster;

beforeAll(async () => {
  cluster = await startTestCluster();
  await cluster.createPod('db', { labels: { app: 'db' }, spec: podSpec() });
  await cluster.createService('db', { selector: { app: 'db' }, ports: [{ port: 80, targetPort: 8080 }] });
  const env = [{ name: 'DB', value: 'db:80' }];
  await cluster.createPod('web', { spec: podSpec({ container: { env } }) });
  await Promise.all(['web', 'db'].map((name) => cluster.readyPod(name)));
  await eventually(
    'the Service leads to its Pod',
    async () => (await exec('nc', '-z', 'db', '80')).code === 0,
  );
});

afterAll(() => cluster.close());

interface Said {
  code: number;
  output: string;
  errors: string;
}

async function kubectl(...words: string[]): Promise<Said> {
  return saidBy(spawn('kubectl', words, { env: environment() }));
}

async function saidBy(child: ReturnType<typeof spawn>, input = ''): Promise<Said> {
  const { stdin, stdout, stderr } = child;
  stdin?.end(input);
  const [output, errors, [code]] = await Promise.all([
    text(stdout as NodeJS.ReadableStream as AsyncIterable<Buffer>),
    text(stderr as NodeJS.ReadableStream as AsyncIterable<Buffer>),
    once(child, 'close'),
  ]);
  return { code: Number(code), output, errors };
}

const environment = (): NodeJS.ProcessEnv => ({ ...process.env, KUBECONFIG: cluster.kubeconfig });
const exec = async (...command: string[]): Promise<Said> => kubectl('exec', 'web', '--', ...command);

describe('exec', () => {
  it('runs in the container: its name, its environment, its network', async () => {
    expect((await exec('sh', '-c', 'hostname; echo $DB')).output).toBe('web\ndb:80\n');
    const { status } = await cluster.readyPod('web');
    expect((await exec('ip', 'addr')).output).toContain(status?.podIP);
  });

  it('tries a connection from inside, as people try one', async () => {
    expect(await exec('nc', '-zv', 'db', '80')).toMatchObject({ code: 0, errors: 'nc: db 80: open\n' });
    expect((await exec('wget', '-qO-', 'http://db/')).output).toBe('db\n');
    const refused = await exec('nc', '-z', '-v', '127.0.0.1', '9');
    expect(refused.code).toBe(1);
    expect(refused.errors).toContain('Connection refused');
  });

  it('passes exit codes on, and says what cannot be run', async () => {
    expect((await exec('sh', '-c', 'exit 42')).code).toBe(42);
    const missing = await exec('no-such-program');
    expect(missing.code).not.toBe(0);
    expect(missing.errors).toContain('"no-such-program": executable file not found');
  });

  it('gives a terminal with the size of its own', async () => {
    const shown = 'tty; until stty size | grep -q "31 97"; do sleep 0.1; done; stty size';
    const command = `stty rows 31 cols 97; kubectl exec -it web -- sh -c '${shown}'`;
    const { output } = await saidBy(spawn('script', ['-qec', command, '/dev/null'], { env: environment() }));
    expect(output).toMatch(/\/dev\/pts\/\d+\r\n[^]*31 97\r\n$/);
  });

  it('leaves nothing behind when its client goes', async () => {
    const child = spawn('kubectl', ['exec', 'web', '--', 'sh', '-c', 'echo begun; sleep 9753; true'], {
      env: environment(),
    });
    await once(child.stdout, 'data');
    child.kill('SIGKILL');
    await eventually('the program has ended', async () => !(await exec('ps')).output.includes('sleep 9753'));
    await eventually('its pipes are gone', async () => (await cluster.openPrograms()) === 0);
  });
});

describe('cp', () => {
  it('copies both ways', async () => {
    const content = 'line\n'.repeat(20_000);
    const [sent, returned] = [join(cluster.dataDir, 'sent.txt'), join(cluster.dataDir, 'returned.txt')];
    await writeFile(sent, content);
    expect((await kubectl('cp', sent, 'web:/tmp/copied.txt')).code).toBe(0);
    expect((await exec('wc', '-l', '/tmp/copied.txt')).output).toContain('20000');
    await kubectl('cp', 'web:/tmp/copied.txt', returned);
    expect(await readFile(returned, 'utf8')).toBe(content);
  });
});

describe('port-forward', () => {
  it('reaches what a Service leads to', async () => {
    const child = spawn('kubectl', ['port-forward', 'service/db', ':80'], { env: environment() });
    const [line] = (await once(child.stdout, 'data')) as [Buffer];
    const [, port] = /127\.0\.0\.1:(\d+)/.exec(line.toString()) ?? [];
    const answers = await Promise.all([1, 2, 3].map(() => fetch(`http://127.0.0.1:${port}/`)));
    expect(await Promise.all(answers.map((answer) => answer.text()))).toEqual(['db\n', 'db\n', 'db\n']);
    child.kill();
    await once(child, 'exit');
  });
});

describe('what a container says', () => {
  const marked = async (...words: string[]): Promise<string[]> =>
    (await kubectl('logs', 'web', ...words)).output.split('\n').slice(0, -1);

  it('is cut to its end, to a time, and shown with instants', async () => {
    await eventually('web has said something', async () => (await marked()).length >= 2);
    const all = await marked();
    expect(await marked('--tail=1')).toEqual(all.slice(-1));
    expect((await marked('--timestamps', '--tail=1'))[0]).toMatch(
      /^\d{4}-\d\d-\d\dT[\d:.]+(Z|[+-]\d\d:\d\d) \S/,
    );
    expect(await marked('--since-time=2099-01-01T00:00:00Z')).toEqual([]);
    expect((await marked('--all-containers', '--prefix'))[0]).toContain('[pod/web/main]');
  });

  it('is asked of a container that is there, and of a run that was', async () => {
    expect((await kubectl('logs', 'web', '-c', 'other')).errors).toContain('container other is not valid');
    expect((await kubectl('logs', 'web', '--previous')).errors).toContain('previous terminated container');
  });

  it('is followed, and attached to, until the Pod has gone', async () => {
    await cluster.createPod('brief', { spec: podSpec() });
    await cluster.readyPod('brief');
    const following = kubectl('logs', '-f', 'brief');
    const attached = kubectl('attach', 'brief');
    const executing = kubectl('exec', 'brief', '--', 'sleep', '1000');
    await eventually('a program runs in it', async () => (await cluster.openPrograms()) === 1);
    await kubectl('delete', 'pod', 'brief');
    expect((await following).output).toContain('listening on');
    expect((await attached).code).toBeDefined();
    expect((await executing).code).toBe(137);
  });
});
