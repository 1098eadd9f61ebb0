// @ts-check
// The colors of frames and their text.

// [red, green, blue] of `rgb(..)` or `#rrggbb`; light grey for anything else.
/** @param {string} text */
function colorOf(text) {
  const hex = /^#(..)(..)(..)$/.exec(text);
  const decimal = /^rgb\((\d+), ?(\d+), ?(\d+)\)$/.exec(text);
  if (hex) {
    return hex.slice(1).map((digits) => parseInt(digits, 16));
  }
  return decimal ? decimal.slice(1).map(Number) : [200, 200, 200];
}

/** @param {Color} color */
const css = (color) => `rgb(${color.map(Math.round).join()})`;

/** @param {Color} a @param {Color} b @param {number} share */
const mixed = (a, b, share) => a.map((value, at) => value + (b[at] - value) * share);

// Black or white, whichever is more readable on this color (at least 4.5:1, WCAG 2).
/** @param {Color} color */
function onColor(color) {
  const [red, green, blue] = color.map((value) => {
    const part = value / 255;
    return part <= 0.04 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue < 0.175 ? '#fff' : '#000';
}

// Growing and shrinking: red and blue, or colors for the color-blind, from none to most.
const SCALES = {
  usual: [[255, 100, 100], [100, 100, 255]],
  safe: [[230, 97, 1], [94, 60, 153]],
};
const UNCHANGED = [250, 250, 250];

// In a graph with many frames, colors are quantized in steps of this size, because Chromium's style
// recalculation gets slower with the number of colors: 6,000 rectangles with as many colors took 4 s, with 72
// colors 0.1 s.
const STEP = 32;

// The same for colors that differ less.
const FINE_STEP = 16;

class Colors {
  /** @param {Profile} profile */
  constructor(profile) {
    this.profile = profile;
    this.isSafe = false;
    this.isDark = false;
    // By name, and by node for frames of the file with their own color.
    this.ofName = profile.names.map((_, name) => colorAt(profile.colors[name]));
    this.ofNode = new Map();
    this.largest = 1;
    this.sign = profile.settings.negate ? -1 : 1;
    // Whether there are few colors, which depend on the theme.
    this.isInSteps = profile.modules !== null || profile.settings.scale === 'log';
    this.step = this.isInSteps ? FINE_STEP : STEP;
    this.isLog = profile.isDifferential && profile.settings.scale === 'log';
  }

  // Copies the colors of the frames in the file: [node, color] each.
  /** @param {[number, Color][]} colors */
  adopt(colors) {
    const seen = new Set();
    for (const [node, color] of colors) {
      this.ofNode.set(node, color);
      const name = this.profile.tree.name[node];
      if (name >= 0 && !seen.has(name)) {
        seen.add(name);
        this.ofName[name] = color;
      }
    }
    this.root = this.ofNode.get(0) ?? [200, 200, 200];
  }

  // Selects a graph; `isOriginal` if its nodes are those of the profile.
  /** @param {Graph} graph @param {boolean} isOriginal */
  use(graph, isOriginal) {
    this.graph = graph;
    this.isOriginal = isOriginal;
    this.whole = Math.max(graph.after[0], graph.before[0]);
    this.largest = 1e-300;
    for (let node = 1; node < graph.size && this.profile.isDifferential; node++) {
      const change = Math.abs(graph.after[node] - graph.before[node]);
      this.largest = graph.total[node] > 0 ? Math.max(this.largest, change) : this.largest;
    }
  }

  /** @param {number} node */
  of(node) {
    const color = this.exactly(node);
    return this.profile.tree.size > MANY && !this.isInSteps ? color.map((value) => snapped(value, STEP)) : color;
  }

  /** @param {number} node @returns {Color} */
  exactly(node) {
    const { graph, profile } = this;
    if (profile.settings.byWidth) {
      return this.onScale(Math.sqrt(graph.total[node] / graph.total[0]));
    }
    if (profile.modules) {
      return profile.modules.color(graph.tree.name[node], this.isDark);
    }
    if (this.isLog) {
      return this.ofChange(graph.before[node], graph.after[node]);
    }
    if (profile.isDifferential) {
      const change = node === 0 ? 0 : graph.after[node] - graph.before[node];
      return this.onScale((this.sign * change) / this.largest);
    }
    const name = graph.tree.name[node];
    const own = this.isOriginal ? this.ofNode.get(node) : undefined;
    return own ?? (name < 0 ? this.root : this.ofName[name]);
  }

  // On logarithmic scales, whichever the graph has.
  /** @param {number} before @param {number} after */
  ofChange(before, after) {
    const level = changeLevel(before, after, this.whole);
    return changeColor(this.sign * level, this.isSafe, this.isDark);
  }

  /** @param {number} share */
  onScale(share) {
    const [growing, shrinking] = SCALES[this.isSafe ? 'safe' : 'usual'];
    const most = Math.min(Math.abs(share), 1);
    return share === 0 ? UNCHANGED : mixed(UNCHANGED, share > 0 ? growing : shrinking, most);
  }

  /** @param {Color} color */
  faded(color) {
    return mixed(color, this.isDark ? [45, 45, 45] : [235, 235, 235], 0.5);
  }
}

/** @param {number} value @param {number} step */
const snapped = (value, step) => Math.min(Math.round(value / step) * step, 255);

// The color of 12 bits, if there is one.
/** @param {number | undefined} bits */
function colorAt(bits) {
  return bits === undefined ? [200, 200, 200] : [bits >> 8, (bits >> 4) & 15, bits & 15].map((value) => value * 17);
}
