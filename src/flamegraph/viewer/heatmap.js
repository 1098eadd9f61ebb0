// @ts-check
// The heat map: a column for each second and a row for each part of it, or for other units in a short or long profile.
// Cells are numbered in the order of time, from the bottom of a column to its top.

// The map floats only if it and the tools take a smaller share of the window.
const MAX_HEAT_SHARE = 0.5;

// In pixels.
const CELLS_HEIGHT = 150;
const MIN_CELL_WIDTH = 1.5;
const MAX_CELL_WIDTH = 24;
const OFFSETS_WIDTH = 52;
const SECONDS_HEIGHT = 18;
const SECONDS_DISTANCE = 80;

// If the columns are too narrow, so many are one.
const GROUPS = [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000];

// As many rows as there are samples for.
const ROWS = [50, 25, 20, 10];
const MAX_CELLS_PER_SAMPLE = 2;

// From few to many samples: lightness tells them apart, whatever colors the user sees.
const HEAT = {
  light: [[222, 235, 247], [8, 48, 107]],
  dark: [[33, 53, 85], [190, 220, 255]],
};
const EMPTY = { light: '#f4f4f6', dark: '#242428' };
const INK = { light: '#555', dark: '#bbb' };
const VEIL = { light: '#ffffffb8', dark: '#1c1c1eb8' };
const MARK = { light: '#d33f00', dark: '#ffb000' };

class HeatMap {
  /** @param {Picture} picture @param {Profile} profile @param {HeatActions} actions */
  constructor(picture, { times, counts }, actions) {
    this.picture = picture;
    this.times = times;
    this.counts = counts;
    this.actions = actions;
    this.isOpen = true;
    this.isDark = false;
    /** @type {Uint8Array | null} */
    this.isWanted = null;
    /** @type {Extent | null} */
    this.range = null;
    // Cells: where a range starts, until its end is chosen; under the pointer, or of the keyboard; or none.
    /** @type {CellRange | null} */
    this.anchor = null;
    /** @type {CellRange | null} */
    this.pointed = null;
    /** @type {CellRange | null} */
    this.pressed = null;
    this.cells = new Float64Array(0);
    this.largest = 0;
    this.columns = 1;
    this.rows = 1;
    // The length of a cell in ticks, and its size in pixels.
    this.ticks = 1;
    this.cellWidth = 1;
    this.cellHeight = 1;
    this.make();
    this.listen();
  }

  make() {
    this.place = create(SVG, 'foreignObject', { id: 'heat', width: '100%' }, this.picture.root);
    this.box = html('div', '', { role: 'group', 'aria-label': 'Heat map of the time' }, this.place);
    const line = html('div', '', { class: 'line' }, this.box);
    const segments = html('span', '', { class: 'segments' }, line);
    this.merged = button('Merged', 'equal stacks as one', segments, () => this.actions.order(false));
    this.ordered = button('In time order', 'a flame chart, one thread after another (T)', segments, () => this.actions.order(true));
    this.merged.id = 'mergetimes';
    this.ordered.id = 'ordertimes';
    this.caption = html('span', '', { id: 'heatrange' }, line);
    this.all = button('All of the time', 'end the selection (Escape in the map)', line, () => this.actions.select(null));
    this.all.id = 'alltimes';
    this.scale = html('span', '', { id: 'heatscale' }, line);
    const label = 'Heat map: arrow keys walk, Enter starts and ends a range, Escape ends the selection';
    /** @type {HTMLCanvasElement} */
    this.canvas = create(XHTML, 'canvas', { tabindex: 0, role: 'img', 'aria-label': label }, this.box);
    this.tip = html('div', '', { id: 'heattip', role: 'status' }, this.box);
  }

  listen() {
    const { canvas } = this;
    /** @param {string} name @param {(event: any) => void} action */
    const on = (name, action) => canvas.addEventListener(name, action);
    on('pointerdown', (event) => this.onDown(event));
    on('pointermove', (event) => this.pointAt(this.cellsAt(event)));
    on('pointerup', (event) => this.onUp(event));
    on('pointercancel', () => this.release());
    on('pointerleave', () => this.pointAt(null));
    on('blur', () => this.pointAt(null));
    on('keydown', (event) => this.onKey(event));
  }

  // Shows the samples at the wanted nodes, and which range is selected.
  /** @param {Uint8Array | null} isWanted @param {View} view */
  show(isWanted, { time, isChart }) {
    this.isWanted = isWanted;
    this.range = time;
    press(this.merged, !isChart);
    press(this.ordered, isChart);
    setShown(this.all, time !== null);
    this.layout();
  }

  // Its place, and how many cells it has, which depends on its width.
  layout() {
    const { picture, times } = this;
    setShown(this.place, this.isOpen);
    picture.heatHeight = 0;
    if (!this.isOpen) {
      return;
    }
    const width = Math.max(picture.width - 2 * options.padding, 100);
    const room = width - OFFSETS_WIDTH;
    const wanted = times.end / TICKS_PER_COLUMN / (room / MIN_CELL_WIDTH);
    const columnTicks = TICKS_PER_COLUMN * (GROUPS.find((group) => group >= wanted) ?? GROUPS[GROUPS.length - 1]);
    this.columns = Math.ceil(times.end / columnTicks);
    this.rows = ROWS.find((rows) => rows * this.columns <= MAX_CELLS_PER_SAMPLE * times.size) ?? ROWS[ROWS.length - 1];
    this.ticks = columnTicks / this.rows;
    this.cellWidth = Math.min(room / this.columns, MAX_CELL_WIDTH);
    this.cellHeight = CELLS_HEIGHT / this.rows;
    this.cells = times.cells(this.ticks, this.isWanted);
    this.largest = this.cells.reduce((a, b) => Math.max(a, b), 0);
    this.resize(width);
    this.draw();
  }

  /** @param {number} width */
  resize(width) {
    const { picture, place, canvas } = this;
    const [density, height] = [window.devicePixelRatio || 1, CELLS_HEIGHT + SECONDS_HEIGHT];
    canvas.width = Math.round(width * density);
    canvas.height = Math.round(height * density);
    Object.assign(canvas.style, { width: `${width}px`, height: `${height}px` });
    this.scale.textContent = `darkest: ${this.counts.numbered(this.largest)}`;
    this.caption.textContent = this.range ? `Shown: ${this.spanText(this.range)}` : 'Drag, or click twice, to select a range of time';
    place.setAttribute('y', picture.header + picture.toolsHeight);
    place.setAttribute('height', 1000);
    picture.heatHeight = Math.ceil(this.box.getBoundingClientRect().height * picture.scale());
    place.setAttribute('height', picture.heatHeight);
  }

  // Like the tools, which float by `distance` and then have this height, stays in sight below them, unless it takes
  // too much of the window.
  /** @param {number} distance @param {number} toolsHeight */
  float(distance, toolsHeight) {
    const { picture } = this;
    const [top, bottom] = picture.inSight();
    const isSmall = picture.toolsHeight + picture.heatHeight < MAX_HEAT_SHARE * (bottom - top);
    const isFloating = picture.isDocument && isSmall && distance > 0;
    this.place.setAttribute('transform', `translate(0 ${isFloating ? distance - picture.toolsHeight + toolsHeight : 0})`);
    this.place.classList.toggle('floating', isFloating);
  }

  // ---- Painting ----

  /** @param {boolean} isDark */
  paint(isDark) {
    this.isDark = isDark;
    this.draw();
  }

  get scheme() {
    return this.isDark ? 'dark' : 'light';
  }

  draw() {
    if (!this.isOpen) {
      return;
    }
    const context = this.canvas.getContext('2d');
    const density = window.devicePixelRatio || 1;
    context.setTransform(density, 0, 0, density, 0, 0);
    context.clearRect(0, 0, this.canvas.width, this.canvas.height);
    this.drawCells(context);
    this.drawLabels(context);
    if (this.range) {
      this.veilOthers(context, this.range.first / this.ticks, (this.range.first + this.range.span) / this.ticks);
    }
    const { anchor, pointed } = this;
    if (pointed || anchor) {
      this.outline(context, spanned(anchor ?? pointed, pointed ?? anchor));
    }
  }

  /** @param {CanvasRenderingContext2D} context */
  drawCells(context) {
    const { cells, rows, columns, largest } = this;
    context.fillStyle = EMPTY[this.scheme];
    context.fillRect(OFFSETS_WIDTH, 0, columns * this.cellWidth, CELLS_HEIGHT);
    cells.forEach((count, cell) => {
      if (count > 0) {
        context.fillStyle = this.color(count / largest);
        this.fill(context, Math.floor(cell / rows), cell % rows, cell % rows + 1);
      }
    });
  }

  // The square root tells small counts apart.
  /** @param {number} share */
  color(share) {
    const [few, many] = HEAT[this.scheme];
    return css(mixed(few, many, Math.sqrt(share)));
  }

  // Fills some rows of a column.
  /** @param {CanvasRenderingContext2D} context @param {number} column @param {number} from @param {number} to */
  fill(context, column, from, to) {
    const left = Math.round(OFFSETS_WIDTH + column * this.cellWidth);
    const right = Math.round(OFFSETS_WIDTH + (column + 1) * this.cellWidth);
    const [bottom, top] = [from, to].map((row) => Math.round(CELLS_HEIGHT - row * this.cellHeight));
    context.fillRect(left, top, Math.max(right - left, 1), bottom - top);
  }

  // Covers the cells before and after a range.
  /** @param {CanvasRenderingContext2D} context @param {number} from @param {number} to */
  veilOthers(context, from, to) {
    const { rows, columns } = this;
    context.fillStyle = VEIL[this.scheme];
    for (let column = 0; column < columns; column++) {
      const [low, high] = [from, to].map((cell) => Math.min(Math.max(cell - column * rows, 0), rows));
      if (high <= low) {
        this.fill(context, column, 0, rows);
      } else {
        this.fill(context, column, 0, low);
        this.fill(context, column, high, rows);
      }
    }
  }

  // Marks the rows of each column that a range covers.
  /** @param {CanvasRenderingContext2D} context @param {CellRange} cells */
  outline(context, { from, to }) {
    const { rows, cellWidth, cellHeight } = this;
    context.strokeStyle = MARK[this.scheme];
    context.lineWidth = 1.5;
    context.beginPath();
    for (let column = Math.floor(from / rows); column * rows < to; column++) {
      const [low, high] = [from, to].map((cell) => Math.min(Math.max(cell - column * rows, 0), rows));
      const left = OFFSETS_WIDTH + column * cellWidth;
      context.rect(left, CELLS_HEIGHT - high * cellHeight, cellWidth, (high - low) * cellHeight);
    }
    context.stroke();
  }

  /** @param {CanvasRenderingContext2D} context */
  drawLabels(context) {
    const { rows, columns, cellWidth } = this;
    context.fillStyle = INK[this.scheme];
    context.font = '11px system-ui, sans-serif';
    context.textAlign = 'right';
    for (const row of [0, rows / 2, rows]) {
      const y = CELLS_HEIGHT - row * this.cellHeight;
      context.textBaseline = row === 0 ? 'bottom' : row === rows ? 'top' : 'middle';
      context.fillText(this.timeText(row, rows / 2, rows), OFFSETS_WIDTH - 6, y);
    }
    context.textBaseline = 'top';
    const step = this.labelStep();
    for (let column = 0; column <= columns; column += step) {
      const x = OFFSETS_WIDTH + column * cellWidth;
      context.fillRect(Math.round(x), CELLS_HEIGHT, 1, 4);
      context.textAlign = column === 0 ? 'left' : 'center';
      if (column === 0 || x + SECONDS_DISTANCE / 2 < this.canvas.clientWidth) {
        context.fillText(this.timeText(column * rows, step * rows, this.cells.length), x, CELLS_HEIGHT + 5);
      }
    }
  }

  // How many columns are between labels.
  labelStep() {
    const least = SECONDS_DISTANCE / this.cellWidth;
    const steps = [1, 2, 5, 10, 20, 30, 60, 120, 300, 600, 1200];
    return steps.find((step) => step >= least) ?? Math.ceil(least);
  }

  // The time at which a cell starts, if times are multiples of `step` cells and up to `most`.
  /** @param {number} cell @param {number} step @param {number} most */
  timeText(cell, step, most) {
    const nanos = this.ticks * this.times.tick;
    return timeText(cell * nanos, step * nanos, most * nanos).replace(/^0\.0+ /, '0 ');
  }

  // ---- Choosing ----

  // The cell at a position, or the whole column below it.
  /** @param {Mouse} event @returns {CellRange | null} */
  cellsAt({ clientX, clientY }) {
    const { rows, columns, canvas } = this;
    const box = canvas.getBoundingClientRect();
    const scale = canvas.clientWidth / box.width;
    const column = Math.floor(((clientX - box.left) * scale - OFFSETS_WIDTH) / this.cellWidth);
    const row = Math.floor((CELLS_HEIGHT - (clientY - box.top) * scale) / this.cellHeight);
    const from = Math.min(Math.max(column, 0), columns - 1) * rows;
    const isInside = this.pressed !== null || (column >= 0 && column < columns && row < rows);
    if (!isInside) {
      return null;
    }
    const cell = from + Math.min(row, rows - 1);
    return row < 0 ? { from, to: from + rows } : { from: cell, to: cell + 1 };
  }

  /** @param {PointerEvent} event */
  onDown(event) {
    if (event.button !== 0) {
      return;
    }
    this.pressed = this.cellsAt(/** @type {any} */ (event));
    if (this.pressed) {
      this.canvas.setPointerCapture(event.pointerId);
      this.pointAt(this.pressed);
    }
  }

  // Ends a drag; or a click, the second of which ends the range.
  /** @param {PointerEvent} event */
  onUp(event) {
    const { pressed } = this;
    if (!pressed) {
      return;
    }
    const cells = this.cellsAt(/** @type {any} */ (event));
    this.pressed = null;
    if (cells.from !== pressed.from) {
      this.select(pressed, cells);
    } else {
      this.choose(cells);
    }
  }

  // The browser scrolls instead.
  release() {
    this.pressed = null;
    this.pointAt(null);
  }

  // The first and the last control that can have the focus.
  get controls() {
    return this.isOpen ? [this.merged, this.canvas] : [];
  }

  // Starts a range, or ends it.
  /** @param {CellRange} cells */
  choose(cells) {
    if (this.anchor) {
      this.select(this.anchor, cells);
    } else {
      this.anchor = cells;
      this.pointAt(cells);
    }
  }

  /** @param {CellRange} a @param {CellRange} b */
  select(a, b) {
    const { from, to } = spanned(a, b);
    const range = { first: from * this.ticks, span: (to - from) * this.ticks };
    this.anchor = null;
    if (!this.actions.select(range)) {
      this.draw();
      this.tip.textContent = `no samples: ${this.spanText(range)}`;
    }
  }

  // Says what is in a cell, or in the range that would end there.
  /** @param {CellRange | null} cells */
  pointAt(cells) {
    this.pointed = cells;
    this.draw();
    const start = this.anchor ?? this.pressed;
    this.tip.textContent = '';
    if (cells) {
      const { from, to } = start ? spanned(start, cells) : cells;
      const count = this.cells.subarray(from, to).reduce((a, b) => a + b, 0);
      const range = { first: from * this.ticks, span: (to - from) * this.ticks };
      this.tip.textContent = `${this.spanText(range)}: ${this.counts.numbered(count)}`;
      this.placeTip(cells.from);
    }
  }

  /** @param {number} cell */
  placeTip(cell) {
    const { tip, canvas, rows } = this;
    const x = OFFSETS_WIDTH + (Math.floor(cell / rows) + 0.5) * this.cellWidth;
    const y = CELLS_HEIGHT - (cell % rows) * this.cellHeight;
    const left = Math.min(Math.max(x - tip.offsetWidth / 2, 0), canvas.clientWidth - tip.offsetWidth);
    const isBelow = y < CELLS_HEIGHT / 2;
    const top = canvas.offsetTop + (isBelow ? y + 12 : y - tip.offsetHeight - this.cellHeight - 8);
    Object.assign(tip.style, { left: `${canvas.offsetLeft + left}px`, top: `${top}px` });
  }

  /** @param {Extent} range */
  spanText({ first, span }) {
    const { tick, end } = this.times;
    const text = (/** @type {number} */ ticks) => timeText(ticks * tick, this.ticks * tick, end * tick);
    return `${text(first)} to ${text(first + span)}`;
  }

  /** @param {Key} event */
  onKey(event) {
    const { rows, cells } = this;
    const at = this.pointed?.from ?? (this.range ? Math.floor(this.range.first / this.ticks) : 0);
    /** @type {Record<string, number>} */
    const places = {
      ArrowRight: at + rows, ArrowLeft: at - rows, ArrowUp: at + 1, ArrowDown: at - 1, Home: 0, End: cells.length - 1,
    };
    if (Object.hasOwn(places, event.key)) {
      const cell = Math.min(Math.max(places[event.key], 0), cells.length - 1);
      this.pointAt({ from: cell, to: cell + 1 });
    } else if (event.key === 'Enter' || event.key === ' ') {
      this.choose({ from: at, to: at + 1 });
    } else if (event.key === 'Escape' && this.anchor) {
      this.anchor = null;
      this.pointAt(this.pointed);
    } else if (event.key === 'Escape' && this.range) {
      this.actions.select(null);
    } else {
      return;
    }
    // Keys of the graph do not apply.
    event.preventDefault();
    event.stopPropagation();
  }
}

// The cells from one choice to another.
/** @param {CellRange} a @param {CellRange} b */
function spanned(a, b) {
  return { from: Math.min(a.from, b.from), to: Math.max(a.to, b.to) };
}

// ---- What it does ----

/** @param {Viewer} viewer @returns {HeatActions} */
function heatActions(viewer) {
  return {
    select: (range) => selectTime(viewer, range),
    order: (isWanted) => orderByTime(viewer, isWanted),
  };
}

// Shows only a range of the time, or all; `false` if it has no samples.
/** @param {Viewer} viewer @param {Extent | null} range */
function selectTime(viewer, range) {
  if (range && countIn(viewer, range) === 0) {
    return false;
  }
  viewer.show({ time: range });
  return true;
}

// Callers and callees are those of merged stacks.
/** @param {Viewer} viewer @param {boolean} isWanted */
function orderByTime(viewer, isWanted) {
  const isMergedView = ['callers', 'sandwich'].includes(viewer.view.view);
  viewer.show(isWanted && isMergedView ? { isChart: true, view: 'plain' } : { isChart: isWanted });
}

/** @param {Viewer} viewer */
function toggleHeat(viewer) {
  const { heat } = viewer;
  if (heat) {
    heat.isOpen = !heat.isOpen;
    viewer.show({});
  }
}
