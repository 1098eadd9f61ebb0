// @ts-check
// Reads the profile from the text in the file; src/flamegraph/data/ documents the format.

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
    const [settings, packed, times] = text.split('\n');
    const reader = new Reader(packed);
    this.settings = JSON.parse(settings);
    this.isChart = this.settings.kind === 'chart';
    this.isDifferential = this.settings.kind === 'differential';
    this.counts = new Counts(this.settings);
    this.isModern = this.settings.theme === 'modern';
    // The nodes at which the stacks end.
    /** @type {number[]} */
    this.leaves = [];
    this.tree = this.read(reader);
    this.times = times ? new Times(times, this.settings, this.leaves) : null;
    this.names = reader.string(this.settings.names).split('\n');
    const { modules, byWidth } = this.settings;
    const hasColors = !modules && !byWidth && !this.isDifferential;
    this.modules = modules ? new Modules(this.settings, this.names.map(() => reader.number(MODULE))) : null;
    this.colors = hasColors ? this.names.map(() => reader.symbol(COLOR) * 64 + reader.symbol(COLOR)) : [];
    // By name: the letter of its annotation, or a space.
    this.annotations = this.settings.annotated ? reader.string(this.names.length) : '';
    this.functions = functionsOf(this.names);
    this.parts = partsOf(this);
  }

  /** @param {Reader} reader */
  read(reader) {
    const { frames, stacks } = this.settings;
    const tree = new Tree(frames + 1);
    /** @type {number[][]} */
    const callees = [[]];
    const path = [tree.push(-1, -1)];
    // The end of the stacks so far, if the x axis is time.
    let time = 0;
    tree.start = this.isChart ? new Float64Array(frames + 1) : null;
    for (let stack = 0; stack < stacks; stack++) {
      path.length -= reader.number(CLOSED);
      for (let begun = reader.number(OPENED); begun > 0; begun--) {
        const caller = path[path.length - 1];
        const called = callees[Math.max(tree.name[caller], 0)];
        const choice = reader.choice(called.length);
        if (choice === 0) {
          called.push(readName(reader, callees));
        }
        path.push(tree.push(caller, called[choice === 0 ? called.length - 1 : choice - 1]));
        if (this.isChart) {
          tree.start[tree.size - 1] = time;
        }
      }
      const node = path[path.length - 1];
      const before = this.isDifferential ? reader.number(BEFORE) : 0;
      const own = reader.number(COUNT);
      tree.add(node, own, before);
      this.leaves.push(node);
      time += own;
    }
    return tree;
  }
}

// The number of a name: the next one, or one that is known. `callees` has an entry for each that is known.
/** @param {Reader} reader @param {number[][]} callees */
function readName(reader, callees) {
  let value = reader.number(NAME);
  while (value < 2) {
    callees.push([]);
    if (value === 0) {
      return callees.length - 1;
    }
    value = reader.number(NAME);
  }
  return callees.length + 1 - value;
}

// A name as it is in folded text: `f_[k]`.
/** @param {Profile} profile @param {number} name */
function annotatedName({ names, annotations }, name) {
  const letter = annotations[name] ?? ' ';
  return letter === ' ' ? names[name] : `${names[name]}_[${letter}]`;
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
