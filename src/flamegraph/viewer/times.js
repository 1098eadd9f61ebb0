// @ts-check
// The samples with their times; src/flamegraph/data/times.rs documents the format. A tick is the thousandth part of a column
// of the heat map.

const TICKS_PER_COLUMN = 1000;

// The kinds of numbers, for which the kinds of other numbers of the profile stand.
const OF_THREAD = MODULE;
const START = DISTANCE;
const STACK = NAME;

// In time order, more samples than these are merged in so many parts of the time.
const MAX_ORDERED = 100_000;
const MERGED_PARTS = 4000;

class Times {
  // `nodes` are those of the profile's tree at which its stacks end, in their order.
  /** @param {string} text @param {Settings} settings @param {ArrayLike<number>} nodes */
  constructor(text, { samples, tick }, nodes) {
    this.tick = tick;
    this.start = new Int32Array(samples);
    this.length = new Int32Array(samples);
    this.node = new Int32Array(samples);
    this.count = new Float64Array(samples);
    this.size = 0;
    // Where the samples of each thread end.
    /** @type {number[]} */
    this.ends = [];
    // One more than the last tick.
    this.end = 1;
    const followers = new Int32Array(nodes.length + 1);
    const reader = new Reader(text);
    while (this.size < samples) {
      this.readThread(reader, nodes, followers);
    }
  }

  /** @param {Reader} reader @param {ArrayLike<number>} nodes @param {Int32Array} followers */
  readThread(reader, nodes, followers) {
    const last = this.size + reader.number(OF_THREAD);
    const flags = reader.number(OF_THREAD);
    const [hasLengths, differ] = [(flags & 1) !== 0, (flags & 2) !== 0];
    const usual = differ ? 0 : reader.number(COUNT);
    let [at, stack] = [0, 0];
    for (let index = this.size; index < last; index++) {
      at += reader.number(START);
      followers[stack] = reader.number(STACK) || followers[stack];
      stack = followers[stack];
      this.start[index] = at;
      this.node[index] = nodes[stack - 1];
      this.length[index] = hasLengths ? reader.number(LENGTH) : 0;
      this.count[index] = differ ? reader.number(COUNT) : usual;
      this.end = Math.max(this.end, at + Math.max(this.length[index], 1));
    }
    this.size = last;
    this.ends.push(last);
  }

  // The part of a sample's count from one tick to another. The parts of neighboring ranges add up.
  /** @param {number} index @param {number} from @param {number} to */
  part(index, from, to) {
    const [start, length, count] = [this.start[index], this.length[index], this.count[index]];
    if (length === 0) {
      return start >= from && start < to ? count : 0;
    }
    /** @param {number} tick */
    const until = (tick) => Math.round((count * Math.min(Math.max(tick - start, 0), length)) / length);
    return until(to) - until(from);
  }

  // The self counts in a range, by node.
  /** @param {Extent} range @param {number} size */
  sums({ first, span }, size) {
    const own = new Float64Array(size);
    for (let index = 0; index < this.size; index++) {
      own[this.node[index]] += this.part(index, first, first + span);
    }
    return own;
  }

  // The sums of cells of so many ticks each. `isWanted` are the nodes that count, all if it is null.
  /** @param {number} ticks @param {Uint8Array | null} isWanted */
  cells(ticks, isWanted) {
    const cells = new Float64Array(Math.ceil(this.end / ticks));
    for (let index = 0; index < this.size; index++) {
      if (isWanted && !isWanted[this.node[index]]) {
        continue;
      }
      const last = this.start[index] + Math.max(this.length[index], 1);
      for (let cell = Math.floor(this.start[index] / ticks); cell * ticks < last; cell++) {
        cells[cell] += this.part(index, cell * ticks, (cell + 1) * ticks);
      }
    }
    return cells;
  }

  // The samples in a range, in time order, one thread after another: calls `take` with the node and the count of each,
  // and `begin` before each thread.
  /** @param {Extent} range @param {(node: number, count: number) => void} take @param {() => void} begin */
  forEachInOrder({ first, span }, take, begin) {
    const { node } = this;
    const merged = this.size > MAX_ORDERED ? this.mergedAtOnce(first, first + span) : 1;
    let from = 0;
    for (const end of this.ends) {
      begin();
      for (; from < end; from = Math.min(from + merged, end)) {
        const part = Array.from({ length: Math.min(merged, end - from) }, (_, at) => from + at);
        // Nodes next to each other share callers.
        part.sort((a, b) => node[a] - node[b]);
        part.forEach((index) => take(node[index], this.part(index, first, first + span)));
      }
    }
  }

  // How many samples that follow each other are merged, so that there are not too many.
  /** @param {number} from @param {number} to */
  mergedAtOnce(from, to) {
    let inRange = 0;
    for (let index = 0; index < this.size; index++) {
      inRange += this.start[index] < to && this.start[index] + this.length[index] >= from ? 1 : 0;
    }
    return inRange > MAX_ORDERED ? Math.ceil(inRange / MERGED_PARTS) : 1;
  }
}

// The tree of a part of the time: in time order, or the profile's tree with other counts.
/** @param {Profile} profile @param {View} view @param {Uint8Array | null} isWanted */
function treeInTime({ tree, times }, { time, isChart }, isWanted) {
  if (!times || (!time && !isChart)) {
    return tree;
  }
  const range = time ?? { first: 0, span: times.end };
  return isChart ? chartOf(tree, times, range, isWanted) : withCounts(tree, times.sums(range, tree.size));
}

/** @param {Tree} tree @param {Float64Array} own */
function withCounts(tree, own) {
  const { name, parent, depth, size } = tree;
  return Object.assign(new Tree(0), { name, parent, depth, size, own, ownBefore: new Float64Array(size) });
}

// A tree in which each sample only extends the frames of the one before it.
/** @param {Tree} tree @param {Times} times @param {Extent} range @param {Uint8Array | null} isWanted */
function chartOf(tree, times, range, isWanted) {
  const chart = new Tree(tree.size);
  const starts = [0];
  const place = new Int32Array(tree.size).fill(-1);
  chart.push(-1, -1);
  place[0] = 0;
  let now = 0;
  // The open frames: nodes of the profile's tree, and those of the chart.
  let open = [0];
  let made = [0];
  /** @param {number} node */
  const enter = (node) => {
    const depth = tree.depth[node];
    if (open[depth] === node) {
      return;
    }
    enter(tree.parent[node]);
    open.length = made.length = depth;
    open.push(node);
    made.push(chart.push(made[depth - 1], tree.name[node]));
    starts.push(now);
    place[node] = place[node] < 0 ? made[depth] : place[node];
  };
  /** @param {number} node @param {number} count */
  const take = (node, count) => {
    if (count > 0 && (!isWanted || isWanted[node])) {
      enter(node);
      open.length = made.length = tree.depth[node] + 1;
      chart.own[made[made.length - 1]] += count;
      now += count;
    }
  };
  times.forEachInOrder(range, take, () => {
    [open, made] = [[0], [0]];
  });
  chart.start = Float64Array.from(starts);
  chart.place = place;
  return chart;
}

// For each node of the profile's tree, whether its stack is in the part and passes the filter that are shown; null if
// all are.
/** @param {Viewer} viewer */
function wantedNodes(viewer) {
  const { profile: { tree }, view: { part } } = viewer;
  const isMatch = matchesOf(viewer);
  if (part <= MERGED && !isMatch) {
    return null;
  }
  const isOfPart = new Uint8Array(tree.size);
  const isOnPath = new Uint8Array(tree.size);
  for (let node = 1; node < tree.size; node++) {
    const [parent, name] = [tree.parent[node], tree.name[node]];
    isOfPart[node] = parent > 0 ? isOfPart[parent] : Number(part <= MERGED || name === part);
    isOnPath[node] = isMatch ? isOnPath[parent] | isMatch[Math.max(name, 0)] : 1;
  }
  return isOfPart.map((isWanted, node) => isWanted & isOnPath[node]);
}

// The samples in a range that the part and the filter leave.
/** @param {Viewer} viewer @param {Extent} range */
function countIn(viewer, { first, span }) {
  const { times } = viewer.profile;
  const isWanted = wantedNodes(viewer);
  let sum = 0;
  for (let index = 0; index < times.size; index++) {
    sum += !isWanted || isWanted[times.node[index]] ? times.part(index, first, first + span) : 0;
  }
  return sum;
}

// ---- Texts ----

// `from..to` in seconds since the first sample, as for the flag --time.
/** @param {Times} times @param {Extent} range */
function rangeText({ tick }, { first, span }) {
  const seconds = [first, first + span].map((ticks) => Number(((ticks * tick) / 1e9).toPrecision(12)));
  return seconds.join('..');
}

// The range of such a text, or null.
/** @param {Times} times @param {string} text @returns {Extent | null} */
function rangeOf({ tick, end }, text) {
  const [from, to] = text.split('..').map((seconds) => Math.round((parseFloat(seconds) * 1e9) / tick));
  const first = Math.max(from, 0);
  const span = Math.min(to, Math.ceil(end / TICKS_PER_COLUMN) * TICKS_PER_COLUMN) - first;
  return span > 0 ? { first, span } : null;
}

const MINUTE = 60e9;

// A time in nanoseconds, with the decimals that multiples of `step` have, in a unit for times up to `most`.
/** @param {number} nanos @param {number} step @param {number} most */
function timeText(nanos, step, most) {
  const units = [['\u00b5s', 1e3], ['ms', 1e6], ['s', 1e9]];
  const [unit, size] = most < 2e6 ? units[0] : most < 2e9 ? units[1] : units[2];
  /** @param {number} value */
  const decimal = (value) => {
    const digits = Math.min(Math.max(Math.ceil(-Math.log10(step / Number(size)) - 1e-9), 0), 9);
    return (value / Number(size)).toFixed(digits);
  };
  if (most < 2 * MINUTE) {
    return `${decimal(nanos)} ${unit}`;
  }
  const minutes = Math.floor(nanos / MINUTE + 1e-9);
  const seconds = decimal(Math.max(nanos - minutes * MINUTE, 0)).replace(/^\d(?!\d)/, '0$&');
  const [hours, rest] = [Math.floor(minutes / 60), String(minutes % 60)];
  return hours > 0 ? `${hours}:${rest.padStart(2, '0')}:${seconds}` : `${rest}:${seconds}`;
}
