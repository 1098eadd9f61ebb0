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

// The current cell of each row: a column, and the frames in it so far.
class Cells {
  /** @param {number} low @param {number} high @param {Picture} picture @param {number} step */
  constructor(low, high, picture, step) {
    this.step = step;
    const rows = high - low + 1;
    /** @param {number} row */
    const middle = (row) => UNITS * (picture.rowY(row + low) + (picture.rowHeight - 1) / 2);
    this.y = Array.from({ length: rows }, (_, row) => middle(row));
    this.column = new Float64Array(rows).fill(-1);
    this.from = new Float64Array(rows);
    // Sums over the frames of a cell: their widths, their colors weighted by width, and the widths of matches.
    this.covered = new Float64Array(rows);
    this.color = new Float64Array(3 * rows);
    this.matched = new Float64Array(rows);
    // The rounding error of the painted widths, in units. It is carried over to the next cell, so that each row is
    // exact as a whole.
    this.carry = new Float64Array(rows);
    this.matchedCarry = new Float64Array(rows);
    // The last segment.
    this.start = new Float64Array(rows);
    this.end = new Float64Array(rows);
    // The data of a path for each color.
    this.paths = new Map();
  }

  /** @param {number} row @param {number} from @param {number} to @param {Color | null} color */
  add(row, from, to, color) {
    while (from < to) {
      const column = Math.floor(from);
      if (this.column[row] !== column) {
        this.finishCell(row);
        this.column[row] = column;
        this.from[row] = from;
      }
      const end = Math.min(to, column + 1);
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
    for (let part = 0; part < 3; part++) {
      this.color[3 * row + part] += width * color[part];
    }
  }

  // Paints a cell: first what does not match, then what does.
  /** @param {number} row */
  finishCell(row) {
    let from = Math.round(UNITS * this.from[row]);
    if (this.covered[row] > 0) {
      from += this.paint(row, from, this.covered[row], this.carry, this.average(row));
    }
    if (this.matched[row] > 0) {
      this.paint(row, from, this.matched[row], this.matchedCarry, options.searchColor);
    }
    this.covered[row] = 0;
    this.matched[row] = 0;
    this.color.fill(0, 3 * row, 3 * row + 3);
  }

  /** @param {number} row */
  average(row) {
    const sums = this.color.subarray(3 * row, 3 * row + 3);
    return css(Array.from(sums, (sum) => snapped(sum / this.covered[row], this.step)));
  }

  // Returns the painted width, in units.
  /** @param {number} row @param {number} from @param {number} covered @param {Float64Array} carry @param {string} color */
  paint(row, from, covered, carry, color) {
    const exact = UNITS * covered + carry[row];
    const width = Math.round(exact);
    carry[row] = exact - width;
    if (width > 0) {
      const end = Math.max(from, this.end[row]) + width;
      const isAdjacent = from <= this.end[row];
      const start = isAdjacent ? Math.max(this.start[row], this.end[row] - OVERLAP) : from;
      this.start[row] = start;
      this.end[row] = end;
      if (!this.paths.has(color)) {
        this.paths.set(color, []);
      }
      this.paths.get(color).push(`M${start} ${this.y[row]}h${end - start}`);
    }
    return Math.max(width, 0);
  }

  // A path for each color.
  finish() {
    this.y.forEach((_, row) => this.finishCell(row));
    /** @param {string} stroke @param {string[]} parts */
    const path = (stroke, parts) => create(SVG, 'path', { stroke, d: parts.join('') }, null);
    return Array.from(this.paths, ([stroke, parts]) => path(stroke, parts));
  }
}
