// browser.html in a browser without a window: node browser.mjs PROJECT CORPUS FLAT BROWSER. PROJECT is where the package is installed,
// CORPUS and FLAT have components, and what the command made of them.
import { spawn } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { extname, join, normalize } from 'node:path';

const [project, corpus, flat, browser] = process.argv.slice(2);
const types = { '.html': 'text/html', '.js': 'text/javascript', '.wasm': 'application/wasm' };
const folders = { corpus, flat, '': project };

const profile = await mkdtemp(join(tmpdir(), 'p1bridge-browser-'));
let child;
const text = await new Promise((resolve, reject) => {
  const server = createServer(async (request, response) => {
    const path = normalize(decodeURIComponent(new URL(request.url, 'http://here').pathname)).slice(1);
    if (path === 'said') {
      let said = '';
      for await (const piece of request) said += piece;
      response.end();
      return resolve(said);
    }
    const [first, ...rest] = path.split('/');
    const file = first in folders ? join(folders[first], ...rest) : join(project, path);
    try {
      const content = await readFile(file);
      response.writeHead(200, { 'content-type': types[extname(file)] ?? 'application/octet-stream' });
      response.end(content);
    } catch {
      response.writeHead(404);
      response.end();
    }
  });
  server.listen(0, '127.0.0.1', () => {
    const flags = ['--headless', '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking'];
    flags.push('--disable-component-update', '--disable-sync', `--user-data-dir=${profile}`);
    child = spawn(browser, [...flags, `http://127.0.0.1:${server.address().port}/browser.html`], { stdio: 'ignore' });
    child.on('error', reject);
    child.on('exit', (code) => reject(new Error(`the browser ended with ${code}`)));
  });
  setTimeout(() => reject(new Error('the browser says nothing')), 120_000).unref();
}).finally(() => child?.kill());
console.log(text);
await rm(profile, { recursive: true, force: true, maxRetries: 20 });
process.exit(0);
