// Drives Chromium for tests, through the DevTools protocol over a pair of pipes. It requires only Node; the
// messages are documented at https://chromedevtools.github.io/devtools-protocol/.

import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const FLAGS = [
  '--headless',
  '--no-sandbox',
  '--disable-gpu',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  '--disable-extensions',
];

// The timeout for an answer or event in milliseconds, which ends a test that hangs.
const PATIENCE = 60_000;

export class Chromium {
  constructor(executable) {
    this.profile = mkdtempSync(join(tmpdir(), 'flamegraph-browser-'));
    const flags = [...FLAGS, '--remote-debugging-pipe', `--user-data-dir=${this.profile}`];
    const stdio = ['ignore', 'ignore', 'ignore', 'pipe', 'pipe'];
    this.process = spawn(executable, flags, { stdio });
    this.exit = new Promise((resolve) => this.process.on('exit', resolve));
    this.answers = new Map();
    this.listeners = new Set();
    this.lastId = 0;
    this.rest = '';
    this.process.stdio[4].setEncoding('utf8').on('data', (data) => this.receive(data));
  }

  // Messages end with a NUL.
  receive(data) {
    const parts = (this.rest + data).split('\0');
    this.rest = parts.pop();
    for (const part of parts) {
      const message = JSON.parse(part);
      if (message.id === undefined) {
        this.listeners.forEach((listener) => listener(message));
      } else {
        this.answers.get(message.id)(message);
        this.answers.delete(message.id);
      }
    }
  }

  send(method, params = {}, sessionId = undefined) {
    const id = ++this.lastId;
    this.process.stdio[3].write(JSON.stringify({ id, method, params, sessionId }) + '\0');
    const answer = new Promise((resolve, reject) => {
      this.answers.set(id, ({ error, result }) =>
        error ? reject(new Error(`${method}: ${error.message}`)) : resolve(result),
      );
    });
    return withPatience(answer, method);
  }

  async openTab() {
    const { targetId } = await this.send('Target.createTarget', { url: 'about:blank' });
    const attached = await this.send('Target.attachToTarget', { targetId, flatten: true });
    const tab = new Tab(this, attached.sessionId);
    await Promise.all(['Page', 'Runtime', 'Log'].map((domain) => tab.send(`${domain}.enable`)));
    return tab;
  }

  async close() {
    await this.send('Browser.close').catch(() => this.process.kill());
    await this.exit;
    rmSync(this.profile, { recursive: true, force: true, maxRetries: 5 });
  }
}

class Tab {
  constructor(browser, session) {
    this.browser = browser;
    this.session = session;
    // Errors reported by the page.
    this.errors = [];
    browser.listeners.add((message) => this.note(message));
  }

  note({ sessionId, method, params }) {
    if (sessionId !== this.session) {
      return;
    }
    if (method === 'Runtime.exceptionThrown') {
      const { text, exception } = params.exceptionDetails;
      this.errors.push(exception?.description ?? text);
    } else if (method === 'Log.entryAdded' && params.entry.level === 'error') {
      this.errors.push(params.entry.text);
    }
  }

  send(method, params) {
    return this.browser.send(method, params, this.session);
  }

  next(event) {
    const happened = new Promise((resolve) => {
      const listener = ({ sessionId, method, params }) => {
        if (sessionId === this.session && method === event) {
          this.browser.listeners.delete(listener);
          resolve(params);
        }
      };
      this.browser.listeners.add(listener);
    });
    return withPatience(happened, event);
  }

  async goto(url) {
    const loaded = this.next('Page.loadEventFired');
    await this.send('Page.navigate', { url });
    await loaded;
    await this.settle();
  }

  async setSize(width, height) {
    const metrics = { width, height, deviceScaleFactor: 1, mobile: false };
    await this.send('Emulation.setDeviceMetricsOverride', metrics);
    await this.settle();
  }

  // Calls a function in the page's world with values, and returns its result.
  async evaluate(action, ...values) {
    const expression = `(${action})(${values.map((value) => JSON.stringify(value)).join()})`;
    const params = { expression, awaitPromise: true, returnByValue: true };
    const { result, exceptionDetails } = await this.send('Runtime.evaluate', params);
    if (exceptionDetails) {
      throw new Error(exceptionDetails.exception?.description ?? exceptionDetails.text);
    }
    return result.value;
  }

  // Waits until the effects are on the screen.
  settle() {
    return this.evaluate(
      () => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(() => done()))),
    );
  }

  async move({ x, y }) {
    await this.send('Input.dispatchMouseEvent', { type: 'mouseMoved', x, y });
    await this.settle();
  }

  async click({ x, y }) {
    await this.move({ x, y });
    for (const type of ['mousePressed', 'mouseReleased']) {
      await this.send('Input.dispatchMouseEvent', { type, x, y, button: 'left', clickCount: 1 });
    }
    await this.settle();
  }

  // Presses one key; `modifiers` is 2 for Ctrl and 8 for Shift.
  async press(key, modifiers = 0) {
    const keys = { Backspace: 8, Tab: 9, Enter: 13, Escape: 27, ' ': 32, ArrowUp: 38, f: 70 };
    const event = { key, modifiers, windowsVirtualKeyCode: keys[key] ?? 0 };
    const text = { Enter: '\r', ' ': ' ' }[key];
    await this.send('Input.dispatchKeyEvent', { ...event, type: 'keyDown', text });
    await this.send('Input.dispatchKeyEvent', { ...event, type: 'keyUp' });
    await this.settle();
  }

  async type(text) {
    await this.send('Input.insertText', { text });
  }

  async picture() {
    const { data } = await this.send('Page.captureScreenshot', { format: 'png' });
    return Buffer.from(data, 'base64');
  }
}

function withPatience(promise, name) {
  let timer;
  const late = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error(`${name}: no answer`)), PATIENCE);
  });
  return Promise.race([promise, late]).finally(() => clearTimeout(timer));
}
