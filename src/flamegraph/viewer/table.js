// @ts-check
// The table of functions. Only the rows in sight are elements, and the headings stay in sight.

// The number of rows above and below the visible ones that are elements, too.
const MARGIN_ROWS = 20;

const MIN_TABLE_HEIGHT = 200;

// If columns are narrower on average, each function has a line of its own above its counts.
const MIN_COLUMN_WIDTH = 160;

// If columns of a table beside the graph are narrower on average, there are only the shares.
const MIN_FULL_WIDTH = 220;

class Table {
  /** @param {Picture} picture @param {{ open: (name: number) => void }} actions */
  constructor(picture, actions) {
    this.picture = picture;
    this.actions = actions;
    /** @type {Column[]} */
    this.columns = [];
    /** @type {Sort | null} */
    this.sort = null;
    this.isBesideGraph = false;
    this.place = create(SVG, 'foreignObject', { id: 'functions', class: 'hide', x: options.padding }, picture.root);
    this.scroller = html('div', '', { role: 'region', 'aria-label': 'functions', tabindex: 0 }, this.place);
    this.content = html('div', '', {}, this.scroller);
    this.table = html('table', '', {}, this.content);
    this.head = html('tr', '', {}, html('thead', '', {}, this.table));
    this.body = html('tbody', '', {}, this.table);
    this.font = new Font(this.scroller);
    this.scroller.addEventListener('scroll', () => this.draw());
  }

  get isOpen() {
    return !isHidden(this.place);
  }

  // Shows rows, objects that the columns describe. `sort` is the initial order.
  /** @param {Column[]} columns @param {Row[]} rows @param {Sort} sort */
  show(columns, rows, sort) {
    this.columns = columns;
    this.rows = rows;
    this.sort ??= sort;
    setShown(this.place, true);
    this.fill();
  }

  hide() {
    setShown(this.place, false);
    this.body.replaceChildren();
  }

  fill() {
    this.head.replaceChildren();
    this.table.style.setProperty('--counts', this.columns.length - 1);
    this.columns.forEach((column) => this.addHeading(column));
    this.sortRows();
    this.table.setAttribute('aria-rowcount', this.rows.length + 1);
    this.layout();
  }

  /** @param {Column} column */
  addHeading({ key, heading, isName }) {
    const cell = html('th', '', { scope: 'col' }, this.head);
    const { by, isAscending } = this.sort;
    const isSorted = key === by;
    cell.setAttribute('aria-sort', !isSorted ? 'none' : isAscending ? 'ascending' : 'descending');
    const arrow = !isSorted ? '' : isAscending ? ' \u25b4' : ' \u25be';
    button(heading + arrow, `sort by ${heading}`, cell, () => {
      this.sort = { by: key, isAscending: isSorted ? !isAscending : isName === true };
      this.scroller.scrollTop = 0;
      this.fill();
    });
  }

  sortRows() {
    const { by, isAscending } = this.sort;
    const sign = isAscending ? 1 : -1;
    /** @param {any} a @param {any} b */
    const byName = (a, b) => (a.name < b.name ? -1 : 1);
    /** @param {Row} a @param {Row} b */
    const byValue = (a, b) => (a[by] === b[by] ? 0 : a[by] < b[by] ? -sign : sign) || byName(a, b);
    this.rows.sort(by === 'name' ? (a, b) => sign * byName(a, b) : byValue);
  }

  // Fills the window, or some of it in a host page.
  layout() {
    const { picture } = this;
    const scale = picture.scale();
    const sight = window.innerHeight * scale;
    const room = picture.isDocument ? sight - picture.top - picture.footer : 0.8 * sight;
    const height = Math.max(room, MIN_TABLE_HEIGHT);
    this.place.setAttribute('y', picture.top);
    this.place.setAttribute('width', this.isBesideGraph ? Math.max(picture.side - SIDE_GAP, 0) : picture.framesWidth());
    this.place.setAttribute('height', height);
    const width = number(this.place, 'width');
    const isStacked = width < MIN_COLUMN_WIDTH * this.columns.length;
    this.place.classList.toggle('stacked', isStacked);
    // In a line of their own, counts have more room.
    this.isTight = isStacked
      ? width < MIN_COLUMN_WIDTH * (this.columns.length - 1)
      : this.isBesideGraph && width < MIN_FULL_WIDTH * this.columns.length;
    this.scroller.style.height = `${height}px`;
    if (!this.isBesideGraph) {
      picture.setHeight(height);
    }
    this.drawn = null;
    this.draw();
  }

  // Beside the graph, it moves with the tools.
  /** @param {number} distance */
  float(distance) {
    this.place.setAttribute('transform', `translate(0 ${distance})`);
  }

  // Creates the rows in sight.
  draw() {
    const { rows, scroller } = this;
    // A guess, until there is a row to measure.
    const rowHeight = this.rowHeight ?? 20;
    const first = Math.max(Math.floor(scroller.scrollTop / rowHeight) - MARGIN_ROWS, 0);
    const count = Math.ceil(scroller.clientHeight / rowHeight) + 2 * MARGIN_ROWS;
    const last = Math.min(first + count, rows.length);
    if (this.drawn === `${first} ${last}`) {
      return;
    }
    this.drawn = `${first} ${last}`;
    this.body.replaceChildren(...rows.slice(first, last).map((row, at) => this.row(row, first + at)));
    this.content.style.paddingTop = `${first * rowHeight}px`;
    this.content.style.height = `${(rows.length + 1) * rowHeight + this.head.offsetHeight}px`;
    this.fitNames();
    const measured = this.body.firstChild?.getBoundingClientRect().height;
    if (measured > 0 && this.rowHeight !== measured) {
      this.rowHeight = measured;
      this.drawn = null;
      this.draw();
    }
  }

  // Shortens the names that are too long for the column.
  fitNames() {
    const names = [...this.body.querySelectorAll('button > span')];
    // Their widths are read first, because each change invalidates the layout.
    const rooms = names.map((name) => (name.scrollWidth > name.clientWidth ? name.clientWidth : Infinity));
    names.forEach((name, at) => {
      if (rooms[at] < Infinity) {
        name.textContent = fitBothEnds(this.font, name.textContent, rooms[at]);
      }
    });
  }

  /** @param {Row} row @param {number} index */
  row(row, index) {
    const line = html('tr', '', { 'aria-rowindex': index + 2 });
    for (const { isName, cell } of this.columns) {
      const place = html('td', '', {}, line);
      if (isName) {
        const open = () => this.actions.open(row.number);
        const name = button('', `${row.name}\nall callers and callees`, place, open);
        this.addSwatch(name, row.color);
        html('span', row.name || '(no name)', {}, name);
      } else {
        this.fillCell(place, cell(row));
      }
    }
    return line;
  }

  // The color of a function in all views, if it has one.
  /** @param {HTMLElement} place @param {Color} color */
  addSwatch(place, color) {
    if (color) {
      const swatch = html('i');
      swatch.style.background = css(color);
      place.append(swatch);
    }
  }

  /** @param {HTMLElement} place @param {Cell} cell */
  fillCell(place, { text, short, share, color }) {
    place.textContent = (this.isTight && short) || text;
    place.title = this.isTight ? text : '';
    if (share !== undefined) {
      place.style.backgroundSize = `${Math.min(100 * share, 100)}% 100%`;
    }
    if (color) {
      place.style.background = css(color);
      place.style.color = onColor(color);
    }
  }
}
