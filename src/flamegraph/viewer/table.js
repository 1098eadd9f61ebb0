// The table of functions, sorted by self or total counts.

const MOST_ROWS = 1000;

class Table {
  constructor(picture, actions) {
    this.picture = picture;
    this.actions = actions;
    this.by = 'total';
    this.place = create(SVG, 'foreignObject', { id: 'functions', class: 'hide', x: options.padding }, picture.root);
  }

  get isOpen() {
    return !isHidden(this.place);
  }

  // `rows` are functions: name, number, self and total count; `textOf` formats counts.
  show(rows, textOf) {
    this.rows = rows;
    this.textOf = textOf;
    setShown(this.place, true);
    this.fill();
  }

  hide() {
    setShown(this.place, false);
    this.place.replaceChildren();
  }

  fill() {
    const table = html('table', '', {});
    const head = html('tr', '', {}, html('thead', '', {}, table));
    for (const [key, text] of [['own', 'Self'], ['total', 'Total'], ['name', 'Function']]) {
      const cell = html('th', '', { scope: 'col' }, head);
      cell.setAttribute('aria-sort', key === this.by ? 'descending' : 'none');
      button(text + (key === this.by ? ' \u25be' : ''), `sort by ${text}`, cell, () => {
        this.by = key;
        this.fill();
      });
    }
    const body = html('tbody', '', {}, table);
    this.sorted().slice(0, MOST_ROWS).forEach((row) => this.addRow(body, row));
    if (this.rows.length > MOST_ROWS) {
      const more = html('tr', '', {}, body);
      html('td', `${this.rows.length - MOST_ROWS} more: search for them`, { colspan: 3 }, more);
    }
    this.place.replaceChildren(table);
    this.layout();
  }

  sorted() {
    const { by } = this;
    const byName = (a, b) => (a.name < b.name ? -1 : 1);
    return [...this.rows].sort(by === 'name' ? byName : (a, b) => b[by] - a[by] || byName(a, b));
  }

  addRow(body, row) {
    const line = html('tr', '', {}, body);
    html('td', this.textOf(row.own), {}, line);
    html('td', this.textOf(row.total), {}, line);
    const cell = html('td', '', {}, line);
    button(row.name || '(no name)', 'all callers and callees', cell, () => this.actions.open(row.number));
  }

  layout() {
    this.place.setAttribute('y', this.picture.top);
    this.place.setAttribute('width', this.picture.framesWidth());
    this.place.setAttribute('height', 100000);
    const height = this.place.firstChild?.getBoundingClientRect().height ?? 0;
    this.place.setAttribute('height', height);
    this.picture.setHeight(height);
  }
}
