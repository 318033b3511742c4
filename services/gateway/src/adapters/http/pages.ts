/**
 * What a browser is given besides the API: the console's files and the pages about the API. All of it is read once, at the
 * start: what was not there then does not exist, whatever a path says.
 */
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { basename, dirname, extname, join, relative, sep } from 'node:path';
import { gzipSync } from 'node:zlib';
import type { FastifyReply, FastifyRequest } from 'fastify';

export interface Page {
  readonly contentType: string;
  readonly cacheControl: string;
  readonly etag: string;
  readonly bytes: Buffer;
  readonly gzipped: Buffer;
}
/** By path, without a slash at the end. */
export type Pages = ReadonlyMap<string, Page>;

const TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
  '.png': 'image/png',
  '.woff2': 'font/woff2',
};
const CONSOLE = '/console';
const DOCS = '/docs';
/** Scripts and styles of our own files only; calls to the API that served the page only; in nobody's frame. */
const POLICY = [
  "default-src 'none'",
  ...['script-src', 'style-src', 'img-src', 'font-src', 'connect-src'].map((kind) => `${kind} 'self'`),
  ...['base-uri', 'form-action', 'frame-ancestors'].map((kind) => `${kind} 'none'`),
].join('; ');
/** Its name changes with its content. */
const FOR_EVER = 'public, max-age=31536000, immutable';
const ASK_EACH_TIME = 'no-cache';

/** `consoleDirectory`: what `vite build` made. Throws when it is not there. */
export function pages(consoleDirectory: string | undefined): Pages {
  return new Map([...docsFiles(), ...(consoleDirectory === undefined ? [] : consoleFiles(consoleDirectory))]);
}

function consoleFiles(directory: string): [string, Page][] {
  return filesOf(directory).map((name) => {
    const caching = name.startsWith('assets/') ? FOR_EVER : ASK_EACH_TIME;
    return [pathOf(CONSOLE, name), page(readFileSync(join(directory, name)), name, caching)];
  });
}

const SITE = join(import.meta.dirname, '../../../site');
const VIEWER = dirname(createRequire(import.meta.url).resolve('swagger-ui-dist/package.json'));

/** The page about the API: Swagger UI, and what starts it. */
function docsFiles(): [string, Page][] {
  const { css, images } = withoutDataImages(readFileSync(join(VIEWER, 'swagger-ui.css'), 'utf8'));
  const viewer = ['swagger-ui-bundle.js', 'favicon-32x32.png'].map((name) => join(VIEWER, name));
  const files = [...filesOf(SITE).map((name) => join(SITE, name)), ...viewer];
  const contents: [string, Buffer][] = [
    ...files.map((file): [string, Buffer] => [basename(file), readFileSync(file)]),
    ['swagger-ui.css', Buffer.from(css)],
    ...images,
  ];
  return contents.map(([name, bytes]) => [pathOf(DOCS, name), page(bytes, name, ASK_EACH_TIME)]);
}

/** Images within a style sheet would be `data:` addresses, which our policy lets nobody load: each becomes a file beside it. */
function withoutDataImages(source: string): { css: string; images: [string, Buffer][] } {
  const images: [string, Buffer][] = [];
  const css = source.replaceAll(
    /url\("data:image\/svg\+xml;charset=utf-8,((?:[^"\\]|\\.)*)"\)/g,
    (_, text: string) => {
      const name = `image-${images.length + 1}.svg`;
      images.push([name, Buffer.from(decodeURIComponent(text.replaceAll('\\', '')))]);
      return `url("${DOCS}/${name}")`;
    },
  );
  return { css, images };
}

function filesOf(directory: string): string[] {
  return readdirSync(directory, { withFileTypes: true, recursive: true })
    .filter((entry) => entry.isFile())
    .map((entry) => relative(directory, join(entry.parentPath, entry.name)).split(sep).join('/'));
}

const pathOf = (root: string, name: string): string => (name === 'index.html' ? root : `${root}/${name}`);

function page(bytes: Buffer, name: string, cacheControl: string): Page {
  return {
    contentType: TYPES[extname(name)] ?? 'application/octet-stream',
    cacheControl,
    etag: `W/"${createHash('sha256').update(bytes).digest('base64url').slice(0, 27)}"`,
    bytes,
    gzipped: gzipSync(bytes),
  };
}

/** False: there is no such page. Whoever opens the server's address is led to the console, if there is one. */
export function sendPage(
  pages: Pages,
  path: string,
  { method, headers }: FastifyRequest,
  reply: FastifyReply,
): boolean {
  if (method !== 'GET' && method !== 'HEAD') return false;
  if (path === '/' && pages.has(CONSOLE)) {
    void reply.redirect(`${CONSOLE}/`, 302);
    return true;
  }
  const found = pages.get(path);
  if (found === undefined) return false;
  reply
    .headers({
      'content-type': found.contentType,
      'cache-control': found.cacheControl,
      'content-security-policy': POLICY,
      'cross-origin-opener-policy': 'same-origin',
      'referrer-policy': 'no-referrer',
      'x-content-type-options': 'nosniff',
      etag: found.etag,
      vary: 'accept-encoding',
    })
    .code(headers['if-none-match'] === found.etag ? 304 : 200);
  if (reply.statusCode === 304) void reply.send();
  else if (/\bgzip\b/.test(String(headers['accept-encoding'] ?? '')))
    void reply.header('content-encoding', 'gzip').send(found.gzipped);
  else void reply.send(found.bytes);
  return true;
}
