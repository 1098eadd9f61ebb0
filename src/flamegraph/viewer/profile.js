// @ts-check
// Reads the profile from the text in the file; src/flamegraph/data.rs documents the format.

// 56 digits that end a number, followed by 28 that do not.
const DIGITS = '()*+,-./0123456789:;=?@ABCDEFGHIJKLMNOPQRSTUVWXYZ[\\]_`abcdefghijklmnopqrstuvwxyz{|}~';
const ENDS = 56;
const GOES_ON = 28;

const DIGIT_OF = new Uint8Array(128);
for (let digit = 0; digit < DIGITS.length; digit++) {
  DIGIT_OF[DIGITS.charCodeAt(digit)] = digit;
}

class Numbers {
  /** @param {string} text @param {number} [at] */
  constructor(text, at = 0) {
    this.text = text;
    this.at = at;
  }

  get isAtEnd() {
    return this.at >= this.text.length;
  }

  next() {
    let digit = DIGIT_OF[this.text.charCodeAt(this.at++)];
    let [value, scale] = [digit, 1];
    while (digit >= ENDS) {
      scale *= GOES_ON;
      digit = DIGIT_OF[this.text.charCodeAt(this.at++)];
      value += digit * scale;
    }
    return value;
  }
}

// A call tree in which each frame comes before its callees, and those before the next frame. The first node
// is the root. `name` is the number of a name, -1 for the root's. `own` is the count of the stack that ends
// there, `ownBefore` the same in the baseline profile.
class Tree {
  /** @param {number} capacity */
  constructor(capacity) {
    this.size = 0;
    this.name = new Int32Array(capacity);
    this.parent = new Int32Array(capacity);
    this.depth = new Int32Array(capacity);
    this.own = new Float64Array(capacity);
    this.ownBefore = new Float64Array(capacity);
    // In a chart, frames keep their position in time.
    this.start = null;
    // In a tree derived from the profile's, where the nodes of that are; -1 for those that are left out.
    this.place = null;
  }

  /** @param {number} parent @param {number} name */
  push(parent, name) {
    if (this.size === this.name.length) {
      this.grow();
    }
    const node = this.size++;
    this.parent[node] = parent;
    this.name[node] = name;
    this.depth[node] = parent < 0 ? 0 : this.depth[parent] + 1;
    return node;
  }

  /** @param {number} node @param {number} own @param {number} before */
  add(node, own, before) {
    this.own[node] += own;
    this.ownBefore[node] += before;
  }

  grow() {
    /** @type {Record<string, any>} */
    const fields = this;
    for (const key of ['name', 'parent', 'depth', 'own', 'ownBefore']) {
      const values = fields[key];
      fields[key] = new values.constructor(2 * values.length + 1);
      fields[key].set(values);
    }
  }
}

class Profile {
  /** @param {string} text */
  constructor(text) {
    const [settings, stacks, colors, ...names] = text.split('\n');
    this.settings = JSON.parse(settings);
    this.isChart = this.settings.kind === 'chart';
    this.isDifferential = this.settings.kind === 'differential';
    this.counts = new Counts(this.settings);
    this.names = lengthened(names.join('\n'), this.settings.names).split('\n');
    this.isModern = this.settings.theme === 'modern';
    this.modules = this.settings.modules ? new Modules(this.settings, colors) : null;
    this.colors = this.modules ? '' : colors;
    this.tree = this.read(stacks);
    this.functions = functionsOf(this.names);
    this.parts = partsOf(this);
  }

  /** @param {string} stacks */
  read(stacks) {
    const tree = new Tree(stacks.length + 1);
    const numbers = new Numbers(stacks);
    /** @type {number[][]} */
    const callees = this.names.map(() => new Array());
    const path = [tree.push(-1, -1)];
    // The end of the stacks so far, if the x axis is time.
    let time = 0;
    tree.start = this.isChart ? new Float64Array(stacks.length + 1) : null;
    while (!numbers.isAtEnd) {
      path.length -= numbers.next();
      for (let begun = numbers.next(); begun > 0; begun--) {
        const caller = path[path.length - 1];
        const called = callees[Math.max(tree.name[caller], 0)];
        const place = numbers.next();
        if (place === called.length) {
          called.push(numbers.next());
        }
        path.push(tree.push(caller, called[place]));
        if (this.isChart) {
          tree.start[tree.size - 1] = time;
        }
      }
      const node = path[path.length - 1];
      const before = this.isDifferential ? numbers.next() : 0;
      const own = numbers.next();
      tree.add(node, own, before);
      time += own;
    }
    return tree;
  }
}

// Decompresses the output of src/flamegraph/shorten.rs: `^`, a distance and a length refer to earlier text.
/** @param {string} text @param {number} length */
function lengthened(text, length) {
  const units = new Uint16Array(length);
  const numbers = new Numbers(text);
  let filled = 0;
  while (filled < length && !numbers.isAtEnd) {
    const unit = text.charCodeAt(numbers.at++);
    if (unit !== 94 || text.charCodeAt(numbers.at) === 94) {
      numbers.at += unit === 94 ? 1 : 0;
      units[filled++] = unit;
      continue;
    }
    let from = filled - numbers.next();
    for (let left = numbers.next(); left > 0; left--) {
      units[filled++] = units[from++];
    }
  }
  return new TextDecoder('utf-16le').decode(units);
}

// For each name, the first one that is written the same way: `f` and `f_[k]` differ only in color.
/** @param {string[]} names */
function functionsOf(names) {
  const first = new Map();
  return Int32Array.from(names, (name, index) => {
    if (!first.has(name)) {
      first.set(name, index);
    }
    return first.get(name);
  });
}
