// Opens a flame graph of example.folded in Chromium and uses it as a reader would.
//
//   node viewer.mjs CHROMIUM GRAPH.svg WIDE.svg
//
// WIDE is drawn with `--minwidth 15`, so that it leaves out a few frames.
// Prints a line for each check, and exits with 1 if one failed. tests/browser.rs runs it.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import http from 'node:http';
import { Chromium } from './chromium.mjs';

const WIDTH = 1000;
const PADDING = 10;

// ---- What a reader sees ----

class Graph {
  constructor(tab) {
    this.tab = tab;
  }

  // The frames as they are drawn, in document order.
  frames() {
    return this.tab.evaluate(() =>
      [...document.querySelectorAll('#frames > g')].map((group) => {
        const rect = group.querySelector('rect');
        const box = rect.getBoundingClientRect();
        return {
          title: group.querySelector('title').textContent,
          label: group.querySelector('text')?.textContent ?? '',
          isShown: box.width > 0,
          left: Math.round(box.left),
          width: Math.round(box.width),
          x: box.left + box.width / 2,
          y: box.top + box.height / 2,
          fill: getComputedStyle(rect).fill,
        };
      }),
    );
  }

  // The one frame whose title starts so.
  async frame(start) {
    const found = (await this.frames()).filter((frame) => frame.title.startsWith(start));
    assert.equal(found.length, 1, `frames called ${start}`);
    return found[0];
  }

  async shown() {
    const frames = (await this.frames()).filter((frame) => frame.isShown);
    return frames.map((frame) => frame.title.replace(/ \([^(]*\)$/, '')).sort();
  }

  // The names of the frames in the search colour.
  async highlighted() {
    const frames = (await this.frames()).filter((frame) => frame.fill === 'rgb(230, 0, 230)');
    return frames.map((frame) => frame.title.replace(/ \([^(]*\)$/, '')).sort();
  }

  text(id) {
    return this.tab.evaluate((id) => {
      const element = document.getElementById(id);
      return getComputedStyle(element).display === 'none' ? null : element.textContent.trim();
    }, id);
  }

  query() {
    return this.tab.evaluate(() => decodeURIComponent(location.search));
  }

  async clickFrame(start) {
    await this.tab.click(await this.frame(start));
  }

  async clickText(id) {
    const box = await this.tab.evaluate((id) => {
      const { left, top, width, height } = document.getElementById(id).getBoundingClientRect();
      return { x: left + width / 2, y: top + height / 2 };
    }, id);
    await this.tab.click(box);
  }

  async search(term) {
    await this.clickText('term');
    await this.tab.evaluate(() => document.getElementById('term').select());
    await this.tab.type(term);
    await this.tab.press('Enter');
  }
}

// ---- The checks ----

const checks = {
  async 'draws all frames over the width of the window'({ graph }) {
    const root = await graph.frame('all ');
    assert.deepEqual([root.left, root.width], [PADDING, WIDTH - 2 * PADDING]);
    assert.equal((await graph.shown()).length, 14);
    assert.equal((await graph.frame('write ')).label, 'write');
    assert.equal((await graph.frame('write ')).width, Math.round((WIDTH - 2 * PADDING) * 0.2));
  },

  async 'follows the width of the window'({ tab, graph }) {
    await tab.setSize(600, 500);
    assert.equal((await graph.frame('all ')).width, 600 - 2 * PADDING);
    assert.equal((await graph.frame('read_line ')).label, 'read_line');
    await tab.setSize(100, 500);
    assert.equal((await graph.frame('read_line ')).label, '');
  },

  async 'tells what is under the pointer'({ tab, graph }) {
    await tab.move(await graph.frame('write '));
    assert.equal(await graph.text('details'), 'Function: write (20 samples, 20.00%)');
    await tab.move({ x: 2, y: 2 });
    assert.equal(await graph.text('details'), '');
  },

  async 'tells it where the window is, on a graph taller than that'({ tab, graph }) {
    await tab.setSize(WIDTH, 100);
    await tab.move(await graph.frame('memchr (10'));
    const bottom = () => document.getElementById('details').getBoundingClientRect().bottom;
    assert.equal(await graph.text('details'), 'Function: memchr (10 samples, 10.00%)');
    assert.ok((await tab.evaluate(bottom)) <= 100);
  },

  async 'zooms into a frame, keeps its ancestors, and back'({ graph }) {
    const before = await graph.frames();
    assert.equal(await graph.text('unzoom'), null);
    await graph.clickFrame('parse ');
    const focused = await graph.tab.evaluate(() => document.activeElement?.id ?? '');
    assert.equal(focused, '', 'no ring around all frames');
    const shown = ['all', 'app', 'main', 'memchr', 'parse', 'read', 'read_line'];
    assert.deepEqual(await graph.shown(), shown);
    for (const name of ['all ', 'app ', 'main ', 'parse ']) {
      assert.equal((await graph.frame(name)).width, WIDTH - 2 * PADDING, name);
    }
    assert.equal((await graph.frame('read ')).width, (WIDTH - 2 * PADDING) / 4);
    await graph.clickText('unzoom');
    assert.deepEqual(await graph.frames(), before);
    assert.equal(await graph.text('unzoom'), null);
  },

  async 'zooms out to an ancestor'({ graph }) {
    await graph.clickFrame('read_line ');
    await graph.clickFrame('app ');
    assert.equal((await graph.shown()).length, 11);
    await graph.clickFrame('all ');
    assert.equal((await graph.shown()).length, 14);
    assert.equal(await graph.query(), '');
  },

  async 'goes back through zooms with the browser'({ tab, graph }) {
    await graph.clickFrame('app ');
    await graph.clickFrame('parse ');
    await tab.evaluate(() => history.back());
    await tab.settle();
    assert.equal((await graph.shown()).length, 11);
  },

  async 'highlights what matches, and counts nested matches once'({ graph }) {
    await graph.search('read|memchr');
    assert.deepEqual(await graph.highlighted(), ['memchr', 'memchr', 'read', 'read_line']);
    assert.equal(await graph.text('matched'), 'Matched: 60.0%, 4 frames');
    await graph.clickText('search');
    assert.deepEqual(await graph.highlighted(), []);
    assert.equal(await graph.text('matched'), '');
  },

  async 'searches names only, as they are'({ graph }) {
    await graph.search('^read$');
    assert.deepEqual(await graph.highlighted(), ['read']);
    for (const term of ['samples', '20', '%', 'all']) {
      await graph.clickText('search');
      await graph.search(term);
      assert.equal(await graph.text('matched'), 'No match', term);
    }
  },

  async 'finds names with parentheses and brackets'({ graph }) {
    await graph.search('^render \\(draft\\)$|^Vec<T>::push$');
    assert.deepEqual(await graph.highlighted(), ['Vec<T>::push', 'render (draft)']);
    assert.equal(await graph.text('matched'), 'Matched: 30.0%, 2 frames');
  },

  async 'says what is wrong with a pattern'({ tab, graph }) {
    await graph.search('read(');
    assert.match(await graph.text('matched'), /^Invalid pattern: /);
    assert.deepEqual(await graph.highlighted(), []);
    await graph.search('^read$');
    assert.deepEqual(await graph.highlighted(), ['read']);
    await graph.clickText('search');
    assert.equal(await graph.text('matched'), '');
  },

  async 'relates the percentage to the zoomed frame'({ graph }) {
    await graph.search('memchr');
    assert.equal(await graph.text('matched'), 'Matched: 30.0%, 2 frames');
    await graph.clickFrame('parse ');
    assert.equal(await graph.text('matched'), 'Matched: 25.0%, 1 frames');
    await graph.clickText('unzoom');
    assert.deepEqual(await graph.highlighted(), ['memchr', 'memchr']);
  },

  async 'leaves out what is narrower than asked for'({ tab, graph, url }) {
    await tab.goto(url('/wide.svg'));
    assert.equal((await graph.shown()).length, 8);
    assert.equal((await graph.frame('main ')).left, (await graph.frame('app ')).left);
    for (const [term, text] of [['idle|kernel|push', 'No match'], ['^$', 'No match']]) {
      await graph.search(term);
      assert.equal(await graph.text('matched'), text, term);
    }
    await graph.search('read_line');
    assert.equal(await graph.text('matched'), 'Matched: 30.0%, 1 frames');
  },

  async 'ignores case when told to'({ graph }) {
    await graph.search('^WRITE$');
    assert.equal(await graph.text('matched'), 'No match');
    await graph.clickText('ignorecase');
    assert.deepEqual(await graph.highlighted(), ['write']);
    assert.equal(await graph.query(), '?s=^WRITE$&ic=1');
  },

  async 'opens the search by Ctrl-F, and leaves it by Escape'({ tab, graph }) {
    await tab.press('f', 2);
    await tab.type('idle');
    await tab.press('Escape');
    assert.deepEqual(await graph.highlighted(), []);
    await tab.press('f', 2);
    await tab.type('idle');
    await tab.press('Enter');
    assert.deepEqual(await graph.highlighted(), ['idle']);
  },

  async 'zooms by keys alone'({ tab, graph }) {
    await tab.evaluate(() => document.querySelector('#frames [tabindex="0"]').focus());
    await tab.press('ArrowUp');
    assert.equal(await graph.text('details'), 'Function: app (90 samples, 90.00%)');
    await tab.press('Enter');
    assert.equal((await graph.shown()).length, 11);
    await tab.press('Escape');
    assert.equal((await graph.shown()).length, 14);
  },

  async 'restores zoom and search from the URL'({ tab, graph, url }) {
    await graph.search('memchr|%&=+#\u00e9');
    await graph.clickFrame('parse ');
    const seen = async () => (await graph.frames()).filter((frame) => frame.isShown);
    const [query, frames] = [await tab.evaluate(() => location.search), await seen()];
    await tab.goto('about:blank');
    await tab.goto(url('/graph.svg' + query));
    assert.deepEqual(await seen(), frames);
    assert.equal(await graph.text('matched'), 'Matched: 25.0%, 1 frames');
  },

  async 'passes over a URL that makes no sense'({ tab, graph, url }) {
    const zooms = ['?x=1&y=abc', '?x=1e999&y=1', '?x=0', '?x=3&y=53'];
    for (const query of [...zooms, '?s=%E0%A4%A', '?s=(', '?__proto__&x', '?&&=']) {
      await tab.goto(url('/graph.svg' + query));
      assert.equal((await graph.shown()).length, 14, query);
    }
  },

  async 'serves each of two graphs in one page, and leaves its URL'({ tab, url }) {
    await tab.goto(url('/two.html'));
    const widths = () =>
      [...document.querySelectorAll('svg svg')].map((frames) =>
        [...frames.children]
          .filter((group) => /^(all|parse) /.test(group.textContent))
          .map((group) => Math.ceil(group.querySelector('rect').getBoundingClientRect().width)),
      );
    const page = await tab.evaluate(() => document.querySelector('svg').clientWidth);
    const width = page - 2 * PADDING;
    const second = await tab.evaluate(() => {
      const groups = [...document.querySelectorAll('svg svg')[1].children];
      const parse = groups.find((group) => group.textContent.startsWith('parse '));
      parse.scrollIntoView();
      const box = parse.querySelector('rect').getBoundingClientRect();
      return { x: box.left + 5, y: box.top + 5 };
    });
    await tab.click(second);
    const [first, zoomed] = await tab.evaluate(widths);
    assert.deepEqual(first.sort(), [width, Math.ceil(0.4 * width - 0.5)].sort());
    assert.deepEqual(zoomed, [width, width]);
    assert.equal(await tab.evaluate(() => location.search), '');
  },

  // An image runs no script.
  async 'draws as an image'({ tab, url }) {
    await tab.goto(url('/image.html'));
    const size = await tab.evaluate(() => document.querySelector('img').naturalWidth);
    const colors = await tab.evaluate(() => {
      const canvas = document.createElement('canvas');
      const image = document.querySelector('img');
      [canvas.width, canvas.height] = [image.naturalWidth, image.naturalHeight];
      const context = canvas.getContext('2d');
      context.drawImage(image, 0, 0);
      const pixels = new Uint32Array(
        context.getImageData(0, 0, canvas.width, canvas.height).data.buffer,
      );
      return new Set(pixels).size;
    });
    assert.equal(size, 1200);
    assert.ok(colors > 100, `${colors} colours`);
  },
};

// ---- Running them ----

function serve(svg, wide) {
  const inline = svg.replace(/^<\?xml[^>]*>/, '').replace(/<!DOCTYPE[^>]*>/, '');
  const pages = {
    '/graph.svg': ['image/svg+xml', svg],
    '/wide.svg': ['image/svg+xml', wide],
    '/two.html': ['text/html', `<!doctype html><title>two</title>${inline}${inline}`],
    '/image.html': ['text/html', '<!doctype html><title>image</title><img src="graph.svg">'],
  };
  const server = http.createServer((request, response) => {
    const page = pages[new URL(request.url, 'http://localhost').pathname];
    response.writeHead(page ? 200 : 204, page && { 'content-type': `${page[0]}; charset=utf-8` });
    response.end(page?.[1]);
  });
  return new Promise((resolve) => server.listen(0, '127.0.0.1', () => resolve(server)));
}

async function check(name, tab, url) {
  tab.errors = [];
  try {
    await tab.setSize(WIDTH, 500);
    await tab.goto('about:blank');
    await tab.goto(url('/graph.svg'));
    await checks[name]({ tab, graph: new Graph(tab), url });
    assert.deepEqual(tab.errors, [], 'errors in the page');
    console.log(`ok     ${name}`);
    return true;
  } catch (error) {
    console.log(`FAILED ${name}\n${error.stack}`);
    return false;
  }
}

const [executable, ...graphs] = process.argv.slice(2);
const server = await serve(...graphs.map((graph) => readFileSync(graph, 'utf8')));
const browser = new Chromium(executable);
const url = (path) => `http://127.0.0.1:${server.address().port}${path}`;
let failed = 0;
try {
  const tab = await browser.openTab();
  for (const name of Object.keys(checks)) {
    failed += (await check(name, tab, url)) ? 0 : 1;
  }
} finally {
  await browser.close();
  server.close();
}
console.log(`${Object.keys(checks).length} checks, ${failed} failed`);
process.exitCode = failed > 0 ? 1 : 0;
