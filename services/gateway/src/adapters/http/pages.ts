/**
 * What a browser is given besides the API: the console's files and the page about the API. All of it is read once, at the
 * start: what was not there then does not exist, whatever a path says.
 */
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { extname, join, relative, sep } from 'node:path';
import { gzipSync } from 'node:zlib';
import type { FastifyReply, FastifyRequest } from 'fastify';

export interface Page {
  readonly contentType: string;
  readonly cacheControl: string;
  readonly contentSecurityPolicy: string;
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
  '.woff2': 'font/woff2',
};
const CONSOLE = '/console';
/** Scripts and styles of our own files only; calls to the API that served the page only; in nobody's frame. */
const CONSOLE_POLICY = [
  "default-src 'none'",
  ...['script-src', 'style-src', 'img-src', 'font-src', 'connect-src'].map((kind) => `${kind} 'self'`),
  ...['base-uri', 'form-action', 'frame-ancestors'].map((kind) => `${kind} 'none'`),
].join('; ');
const DOCS_POLICY = "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'";
/** Its name changes with its content. */
const FOR_EVER = 'public, max-age=31536000, immutable';
const ASK_EACH_TIME = 'no-cache';

/** `consoleDirectory`: what `vite build` made. Throws when it is not there. */
export function pages(docsPage: string, consoleDirectory: string | undefined): Pages {
  const docs = page(Buffer.from(docsPage), 'index.html', ASK_EACH_TIME, DOCS_POLICY);
  const files = consoleDirectory === undefined ? [] : consoleFiles(consoleDirectory);
  return new Map([['/docs', docs], ...files]);
}

function consoleFiles(directory: string): [string, Page][] {
  const entries = readdirSync(directory, { withFileTypes: true, recursive: true });
  return entries
    .filter((entry) => entry.isFile())
    .map((entry) => {
      const file = join(entry.parentPath, entry.name);
      const name = relative(directory, file).split(sep).join('/');
      const caching = name.startsWith('assets/') ? FOR_EVER : ASK_EACH_TIME;
      const path = name === 'index.html' ? CONSOLE : `${CONSOLE}/${name}`;
      return [path, page(readFileSync(file), name, caching, CONSOLE_POLICY)];
    });
}

function page(bytes: Buffer, name: string, cacheControl: string, contentSecurityPolicy: string): Page {
  return {
    contentType: TYPES[extname(name)] ?? 'application/octet-stream',
    cacheControl,
    contentSecurityPolicy,
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
      'content-security-policy': found.contentSecurityPolicy,
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
