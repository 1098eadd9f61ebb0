// @ts-check
// Paints frames that are too narrow for an element of their own.
//
// Side by side, such elements would not add up: a browser blends each one with what is below it, so four frames
// of a quarter of a pixel cover two thirds of it. Here, the painted share of a pixel column is that of the
// frames in it. The image without the script is painted in the same way.

class Narrow {
  /** @param {Element} svg */
  constructor(svg) {
    svg.querySelector('#narrow')?.remove();
    const attributes = { id: 'narrow', height: 100, preserveAspectRatio: 'none', overflow: 'visible', fill: 'none' };
    this.svg = create(SVG, 'svg', attributes, null);
  }

  // `nodes` are sorted from left to right in each row. Matches have the search color; the color of a cell is the
  // average of its other frames.
  /** @param {Graph} graph @param {Extent} extent @param {number[]} nodes @param {NarrowStyle} narrowStyle @param {Picture} picture */
  draw(graph, { first, span }, nodes, { colorOf, isMatch, step }, picture) {
    // One per pixel of the screen.
    const columns = Math.max(Math.round(picture.framesWidth() * (window.devicePixelRatio || 1)), 1);
    const scale = columns / span;
    const [low, high] = picture.rows;
    const cells = new Cells(low, high, picture, step);
    for (const node of nodes) {
      const row = graph.row[node];
      if (row >= low && row <= high) {
        const from = (graph.start[node] - first) * scale;
        const to = Math.min(from + graph.total[node] * scale, columns);
        const color = isMatch(node) ? null : colorOf(node);
        cells.add(row - low, Math.max(from, 0), to, color);
      }
    }
    this.svg.setAttribute('viewBox', `0 0 ${UNITS * columns} ${UNITS * 100}`);
    this.svg.setAttribute('stroke-width', UNITS * (picture.rowHeight - 1));
    this.svg.replaceChildren(...cells.finish());
  }
}

// The units of a column, in which paths are written.
const UNITS = 10;

// Adjacent segments of different colors overlap by this many units, so that no scale shows a seam.
const OVERLAP = 20;

// The current cell of each row, and the frames in it so far: their start, and the end of the column.
class Cells {
  /** @param {number} low @param {number} high @param {Picture} picture @param {number} step */
  constructor(low, high, picture, step) {
    this.step = step;
    const rows = high - low + 1;
    /** @param {number} row */
    const middle = (row) => UNITS * (picture.rowY(row + low) + (picture.rowHeight - 1) / 2);
    this.y = Array.from({ length: rows }, (_, row) => middle(row));
    this.from = new Float64Array(rows);
    this.limit = new Float64Array(rows);
    // Sums over the frames of a cell: their widths, their colors weighted by width, and the widths of matches.
    this.covered = new Float64Array(rows);
    this.red = new Float64Array(rows);
    this.green = new Float64Array(rows);
    this.blue = new Float64Array(rows);
    this.matched = new Float64Array(rows);
    // The rounding error of the painted widths, in units. It is carried over to the next cell, so that each row is
    // exact as a whole.
    this.carry = new Float64Array(rows);
    this.matchedCarry = new Float64Array(rows);
    // The last segment, and its color.
    this.start = new Float64Array(rows);
    this.end = new Float64Array(rows);
    this.painted = new Int32Array(rows).fill(NO_COLOR);
    // The data of a path for each color.
    /** @type {Map<number, string[]>} */
    this.paths = new Map();
  }

  /** @param {number} row @param {number} from @param {number} to @param {Color | null} color */
  add(row, from, to, color) {
    while (from < to) {
      if (from >= this.limit[row]) {
        this.finishCell(row);
        this.from[row] = from;
        this.limit[row] = Math.floor(from) + 1;
      }
      const end = Math.min(to, this.limit[row]);
      this.cover(row, end - from, color);
      from = end;
    }
  }

  /** @param {number} row @param {number} width @param {Color | null} color */
  cover(row, width, color) {
    if (color === null) {
      this.matched[row] += width;
      return;
    }
    this.covered[row] += width;
    this.red[row] += width * color[0];
    this.green[row] += width * color[1];
    this.blue[row] += width * color[2];
  }

  // Paints a cell: first what does not match, then what does.
  /** @param {number} row */
  finishCell(row) {
    let from = Math.round(UNITS * this.from[row]);
    if (this.covered[row] > 0) {
      from += this.paint(row, from, this.covered[row], this.carry, this.average(row));
    }
    if (this.matched[row] > 0) {
      this.paint(row, from, this.matched[row], this.matchedCarry, MATCH);
    }
    this.covered[row] = 0;
    this.matched[row] = 0;
    this.red[row] = this.green[row] = this.blue[row] = 0;
  }

  /** @param {number} row */
  average(row) {
    const { covered, red, green, blue, step } = this;
    /** @param {Float64Array} sums */
    const part = (sums) => snapped(sums[row] / covered[row], step);
    return (part(red) << 16) | (part(green) << 8) | part(blue);
  }

  // Returns the painted width, in units.
  /** @param {number} row @param {number} from @param {number} covered @param {Float64Array} carry @param {number} color */
  paint(row, from, covered, carry, color) {
    const exact = UNITS * covered + carry[row];
    const width = Math.round(exact);
    carry[row] = exact - width;
    if (width > 0) {
      this.extend(row, from, width, color);
    }
    return Math.max(width, 0);
  }

  // Makes the last segment longer, or starts another one.
  /** @param {number} row @param {number} from @param {number} width @param {number} color */
  extend(row, from, width, color) {
    const end = this.end[row];
    const isAdjacent = from <= end;
    if (!isAdjacent || color !== this.painted[row]) {
      this.finishSegment(row);
      this.painted[row] = color;
      this.start[row] = isAdjacent ? Math.max(this.start[row], end - OVERLAP) : from;
    }
    this.end[row] = Math.max(from, end) + width;
  }

  /** @param {number} row */
  finishSegment(row) {
    const color = this.painted[row];
    if (color === NO_COLOR) {
      return;
    }
    if (!this.paths.has(color)) {
      this.paths.set(color, []);
    }
    this.paths.get(color).push(`M${this.start[row]} ${this.y[row]}h${this.end[row] - this.start[row]}`);
  }

  // A path for each color.
  finish() {
    for (let row = 0; row < this.y.length; row++) {
      this.finishCell(row);
      this.finishSegment(row);
    }
    return Array.from(this.paths, ([color, parts]) => create(SVG, 'path', { stroke: strokeOf(color), d: parts.join('') }, null));
  }
}

// In place of a color in 24 bits: that of matches, and none.
const MATCH = -1;
const NO_COLOR = -2;

/** @param {number} color */
const strokeOf = (color) =>
  color === MATCH ? options.searchColor : css([color >> 16, (color >> 8) & 255, color & 255]);
