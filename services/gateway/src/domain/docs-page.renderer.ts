/** The table of routes as a page for people, without any asset from elsewhere. */
import type { Route } from './route.js';

export function docsPage(routes: readonly Route[]): string {
  const rows = routes
    .map(
      (route) =>
        `<tr><td>${route.method}</td><td><code>/api/v2${escape(route.path)}</code></td><td>${escape(route.summary)}</td><td>${route.needs}</td></tr>`,
    )
    .join('\n');
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>Ringfence REST API</title>
<style>body{font:15px/1.5 system-ui,sans-serif;margin:2rem auto;max-width:70rem;padding:0 1rem;color:#1a1a1a;background:#fff}
table{border-collapse:collapse;width:100%}td,th{border-bottom:1px solid #ddd;padding:.3rem .6rem;text-align:left;vertical-align:top}
@media(prefers-color-scheme:dark){body{color:#eee;background:#16181c}td,th{border-color:#333}a{color:#8ab4f8}}</style></head>
<body><h1>Ringfence REST API v2</h1>
<p>Basic authentication with an API key. The machine-readable form is <a href="/api/v2/openapi.json">openapi.json</a>.</p>
<pre>curl -u "$RINGFENCE_API_KEY:$RINGFENCE_API_SECRET" "$RINGFENCE_URL/api/v2/orgs/1/labels"</pre>
<table><thead><tr><th>Method</th><th>Path</th><th>What</th><th>Needs</th></tr></thead><tbody>
${rows}
</tbody></table></body></html>
`;
}

function escape(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}
