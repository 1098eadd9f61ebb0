// @ts-check
// The image as a whole: its size, and the positions of rows.

// The space below the legend, in pixels.
const LEGEND_GAP = 6;

// A table beside the graph has this share of the width, at most so many pixels, and a gap next to it.
const SIDE_SHARE = 0.42;
const MAX_SIDE = 720;
const SIDE_GAP = 12;
const MIN_SPLIT_WIDTH = 700;

const AXIS_HEIGHT = 20;

class Picture {
  /** @param {any} root @param {number} rowHeight @param {boolean} isModern */
  constructor(root, rowHeight, isModern) {
    this.isModern = isModern;
    this.root = root;
    this.frames = root.querySelector('#frames');
    this.background = root.querySelector('#title').parentNode.querySelector('rect');
    // A page with only the graph is treated like a separate document.
    this.isDocument =
      root === document.documentElement || document.documentElement.id === 'flamegraph';
    this.height = number(root, 'height');
    this.width = number(root, 'width');
    this.rowHeight = rowHeight;
    this.rootY = number(this.frames.querySelector('rect'), 'y');
    const header = ['#title', '#subtitle'].map((id) => root.querySelector(id));
    this.header = Math.max(...header.filter(Boolean).map((text) => number(text, 'y'))) + options.fontSize;
    const legend = root.querySelector('#legend > rect');
    this.header += legend ? number(legend, 'height') + LEGEND_GAP : 0;
    this.footer = 2 * options.fontSize + 10;
    this.toolsHeight = 0;
    this.heatHeight = 0;
    // On the other side of the root.
    this.axisHeight = isModern ? AXIS_HEIGHT : 0;
    // Whether a table to the left is wanted, and its width.
    this.isSplit = false;
    this.side = 0;
    // The vertical offset of the element with the frames.
    this.offset = 0;
    // Where the text of the legend ends.
    /** @type {number | undefined} */
    this.noteEnd = undefined;
    this.frames.setAttribute('overflow', 'visible');
    // The visible rows, starting with the root's; callers have negative numbers.
    this.rows = [0, 0];
    this.isFlipped = options.inverted;
    this.isSandwich = false;
    this.background.setAttribute('height', '100%');
    this.background.classList.add('background');
    if (options.fluid) {
      root.removeAttribute('viewBox');
      root.setAttribute('width', '100%');
      this.setWhole(true);
    }
  }

  // Whether it is at least as high as the window.
  /** @param {boolean} isWanted */
  setWhole(isWanted) {
    this.root.classList.toggle('whole', isWanted && options.fluid && this.isDocument);
  }

  // Adapts to the available width. Returns whether it changed.
  fill() {
    const width = options.fluid ? this.root.getBoundingClientRect().width : this.width;
    const isNew = width !== this.width;
    this.width = width;
    this.split(this.isSplit);
    this.fitLegend();
    return isNew;
  }

  // Makes the legend of a differential graph smaller in a window that is too narrow for it, and leaves out the text
  // next to it.
  fitLegend() {
    const last = this.root.querySelector('#legend > rect:last-of-type');
    if (last) {
      const note = this.root.querySelector('#legend > g > text');
      this.noteEnd ??= number(note, 'x') + note.getComputedTextLength();
      setShown(note, this.noteEnd + options.padding <= this.width);
      const share = Math.min((this.width - options.padding) / (number(last, 'x') + number(last, 'width')), 1);
      const y = number(last, 'y');
      last.parentNode.setAttribute('transform', `translate(0 ${(y - share * y).toFixed(2)}) scale(${share.toFixed(4)})`);
    }
  }

  // Leaves room for a table to the left of the frames, if there is enough.
  /** @param {boolean} isWanted */
  split(isWanted) {
    this.isSplit = isWanted;
    this.side = isWanted && this.hasRoom ? Math.round(Math.min(SIDE_SHARE * this.width, MAX_SIDE)) : 0;
    this.frames.setAttribute('x', options.padding + this.side);
    this.frames.setAttribute('width', this.framesWidth());
  }

  get hasRoom() {
    return this.width >= MIN_SPLIT_WIDTH;
  }

  framesWidth() {
    return Math.max(this.width - 2 * options.padding - this.side, 1);
  }

  get top() {
    return this.header + this.toolsHeight + this.heatHeight;
  }

  // Callers around a function are always above it.
  get isDownward() {
    return this.isFlipped || this.isSandwich;
  }

  // The `y` of a row's frames within their parent element. It depends on nothing else: if there are more
  // rows, or more tools, the element moves as a whole.
  /** @param {number} row */
  rowY(row) {
    return this.rootY + (this.isDownward ? row : -row) * this.rowHeight;
  }

  // The `y` in the file, by which URLs identify rows.
  /** @param {number} row */
  fileY(row) {
    return this.rootY + (options.inverted ? row : -row) * this.rowHeight;
  }

  /** @param {number} y */
  fileRow(y) {
    return Math.round((options.inverted ? y - this.rootY : this.rootY - y) / this.rowHeight);
  }

  // Makes room for the rows, or for the given number of pixels.
  /** @param {any} content */
  setHeight(content) {
    const height = Math.ceil(this.top + content + this.footer);
    const growth = height - this.height;
    if (growth === 0) {
      return;
    }
    this.height = height;
    this.root.setAttribute('height', height);
    if (!options.fluid) {
      this.root.setAttribute('viewBox', `0 0 ${this.width} ${height}`);
    }
  }

  // On paper, the image has the size of the page.
  /** @param {boolean} isPrinting */
  setPrinting(isPrinting) {
    const { root } = this;
    root.classList.toggle('page', isPrinting && this.isDocument);
    if (isPrinting) {
      root.setAttribute('viewBox', `0 0 ${this.width} ${this.height}`);
    } else if (options.fluid) {
      root.removeAttribute('viewBox');
    }
  }

  /** @param {number} first @param {number} last */
  setRows(first, last) {
    this.rows = [first, last];
    const uppermost = this.rowY(this.isDownward ? first : last);
    const offset = this.top + (this.isDownward ? this.axisHeight : 1) - uppermost;
    // Setting it, even to the same value, lays out all frames.
    if (offset !== this.offset) {
      this.offset = offset;
      this.frames.setAttribute('y', offset);
    }
    this.rowsHeight = (last - first + 1) * this.rowHeight;
    this.setHeight(this.rowsHeight + this.axisHeight);
  }

  // Pixels of the image per pixel of the window.
  scale() {
    return this.width / (this.root.getBoundingClientRect().width || 1);
  }

  // The visible part of the height, and in a document, what is visible below it: [top, bottom].
  windowInSight() {
    const [top, bottom] = this.inSight();
    const box = this.root.getBoundingClientRect();
    return [top, this.isDocument ? (window.innerHeight - box.top) * this.scale() : bottom];
  }

  // The visible part of the height: [top, bottom].
  inSight() {
    const box = this.root.getBoundingClientRect();
    const scale = this.scale();
    const top = Math.max(-box.top * scale, 0);
    return [top, Math.min((window.innerHeight - box.top) * scale, this.height)];
  }
}
