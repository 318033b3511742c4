/** What a browser gets: the console, and the page about the API. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startGatewayUnderTest } from './testing/gateway-under-test.js';
import type { GatewayUnderTest } from './testing/gateway-under-test.js';

const SCRIPT = 'console.log("the console")';
let under: GatewayUnderTest;
let directory: string;
let url: string;

beforeAll(async () => {
  directory = mkdtempSync(join(tmpdir(), 'ringfence-console-'));
  const site = join(directory, 'site');
  mkdirSync(join(site, 'assets'), { recursive: true });
  writeFileSync(join(directory, 'secret.txt'), 'not to be seen');
  writeFileSync(join(site, 'index.html'), '<title>Ringfence</title>');
  writeFileSync(join(site, 'assets', 'index-1a2b.js'), SCRIPT);
  under = await startGatewayUnderTest();
  const withConsole = await under.startAnother({ RINGFENCE_CONSOLE: site });
  url = withConsole.url;
  const close = under.close;
  under.close = async () => {
    await withConsole.process.stop();
    await close();
  };
});
afterAll(async () => {
  await under.close();
  rmSync(directory, { recursive: true, force: true });
});
const get = (path: string, init: RequestInit = {}): Promise<Response> =>
  fetch(`${url}${path}`, { redirect: 'manual', ...init });

describe('the console', () => {
  it('is where a browser that only knows the address is led to', async () => {
    const { status, headers } = await get('/');
    expect([status, headers.get('location')]).toEqual([302, '/console/']);
    expect(await (await get('/console/')).text()).toBe('<title>Ringfence</title>');
  });

  it('may load nothing from elsewhere and nothing inline, and stands in nobody’s frame', async () => {
    const { headers } = await get('/console/');
    const policy = headers.get('content-security-policy') ?? '';
    expect(policy).toMatch(/^default-src 'none'; script-src 'self'; style-src 'self'/);
    expect(policy).toContain("frame-ancestors 'none'");
    expect(policy).not.toContain('unsafe');
    expect(headers.get('x-content-type-options')).toBe('nosniff');
  });

  it('asks each time for its page, which is sent only if it changed, and never again for its files', async () => {
    const page = await get('/console');
    expect(page.headers.get('cache-control')).toBe('no-cache');
    const again = await get('/console', { headers: { 'if-none-match': page.headers.get('etag') ?? '' } });
    expect([again.status, await again.text()]).toEqual([304, '']);
    const file = await get('/console/assets/index-1a2b.js');
    expect(file.headers.get('cache-control')).toBe('public, max-age=31536000, immutable');
    expect(file.headers.get('content-type')).toBe('text/javascript; charset=utf-8');
    expect(file.headers.get('content-encoding')).toBe('gzip');
    expect(await file.text()).toBe(SCRIPT);
    const plain = await get('/console/assets/index-1a2b.js', { headers: { 'accept-encoding': 'identity' } });
    expect([plain.headers.get('content-encoding'), await plain.text()]).toEqual([null, SCRIPT]);
  });

  it.each([
    '/console/secret.txt',
    '/console/%2e%2e/secret.txt',
    '/console/..%2fsecret.txt',
    '/console/assets',
  ])('has no %s', async (path) => {
    const response = await get(path);
    expect(response.status).toBe(404);
    expect(await response.json()).toMatchObject([{ token: 'invalid_uri' }]);
  });

  it('is read, not written to', async () => {
    expect((await get('/console/', { method: 'POST', body: 'x' })).status).toBe(404);
  });
});

describe('a gateway without a console', () => {
  it('leads nobody there, and still tells about the API', async () => {
    expect((await fetch(`${under.url}/`)).status).toBe(404);
    expect((await fetch(`${under.url}/console/`)).status).toBe(404);
    expect(await (await fetch(`${under.url}/docs`)).text()).toContain('Ringfence REST API v2');
  });
});

describe('the page about the API', () => {
  const textOf = async (path: string): Promise<string> => (await get(path)).text();
  const filesIn = (text: string): string[] =>
    [...text.matchAll(/(?:src|href)="([^"]+)"/g)].map(([, file = '']) => file);

  it('may do no more than the console, and loads nothing from elsewhere', async () => {
    const policyOf = async (path: string): Promise<string | null> =>
      (await get(path)).headers.get('content-security-policy');
    expect(await policyOf('/docs/')).toBe(await policyOf('/console/'));
    const files = filesIn(await textOf('/docs/'));
    expect(files.length).toBeGreaterThan(4);
    for (const file of files) expect([file, (await get(file)).status]).toEqual([file, 200]);
  });

  it('has the images of its style sheet as files, because `data:` addresses are not loaded', async () => {
    const css = await textOf('/docs/swagger-ui.css');
    expect(css).not.toContain('data:image/svg');
    const images = [...css.matchAll(/url\("(\/docs\/[^"]+)"\)/g)].map(([, image = '']) => image);
    expect(images.length).toBeGreaterThan(5);
    for (const image of images) {
      const { headers, status } = await get(image);
      expect([image, status, headers.get('content-type')]).toEqual([image, 200, 'image/svg+xml']);
    }
  });
});
