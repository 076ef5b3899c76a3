import { p1bridge } from 'p1bridge/unplugin';

export default {
  plugins: [p1bridge.vite({ strip: true })],
  // A program for node; a page has no `ssr`.
  build: { ssr: 'src/main.js' },
};
