/** Types are checked by `tsc -b` like everywhere; this makes what the gateway serves below /console. */
import { defineConfig } from 'vite';

export default defineConfig({
  root: import.meta.dirname,
  base: '/console/',
  build: {
    outDir: 'dist/site',
    emptyOutDir: true,
    target: 'es2022',
    // Nothing is written into the page: the gateway's policy lets no inline script or data: address run.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
  },
  // `vite services/console` for work on a page: the API is the local stack's.
  server: {
    proxy: { '/api': { target: process.env.RINGFENCE_URL ?? 'http://127.0.0.1:8080', secure: false } },
  },
});
