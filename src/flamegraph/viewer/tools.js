// @ts-check
// The toolbar: the search box, the views, and the path from the root to the zoomed frame.

// The largest part of the window that the tools may cover.
const MAX_TOOLS_SHARE = 0.3;

// Up to this width of the window, the views are in a menu, as in viewer.css.
const NARROW = 700;

// The number of frames in the path.
const MAX_CRUMBS = 8;

// The views: the name of an action, a label and an explanation.
const VIEWS = [
  ['flame', 'Flame', 'root at the bottom (i)'],
  ['icicle', 'Icicle', 'root at the top (i)'],
  ['callers', 'Callers', 'callers first: the stacks turned round (r)'],
  ['sandwich', 'Sandwich', 'all that calls the selected function, and all it calls (s)'],
  ['table', 'Table', 'functions by their own and total share (t)'],
  ['both', 'Both', 'the table and the graph side by side (B)'],
];

// Calls `actions`, an object of functions, and displays the given state.
class Tools {
  /** @param {Picture} picture @param {Actions} actions @param {Profile} profile */
  constructor(picture, actions, { isChart, parts }) {
    this.picture = picture;
    this.actions = actions;
    const { root } = picture;
    ['#unzoom', '#search', '#matched'].forEach((id) => root.querySelector(id).remove());
    this.place = create(SVG, 'foreignObject', { id: 'tools', width: '100%' }, root);
    this.box = html('div', '', { role: 'toolbar', 'aria-label': 'Flame graph' }, this.place);
    /** @type {Record<string, any>} */
    this.buttons = {};
    this.isSearching = false;
    this.addSearch();
    this.addViews();
    if (isChart || parts.length > 1) {
      this.add('part', '', 'choose what is shown', 'part').setAttribute('aria-haspopup', 'menu');
    }
    this.add('menu', 'Menu', 'order, colors, units, files, keys', 'menu').setAttribute('aria-haspopup', 'menu');
    this.addWay();
  }

  /** @param {string} name @param {string} text @param {string} label @param {string} action @param {Element} [parent] */
  add(name, text, label, action, parent = this.box) {
    const made = button(text, label, parent, () => this.actions[action]());
    made.id = name;
    this.buttons[name] = made;
    return made;
  }

  addSearch() {
    const group = html('span', '', { class: 'field', role: 'search' }, this.box);
    const label = 'Search: regular expression';
    /** @type {HTMLInputElement} */
    this.input = create(XHTML, 'input', { type: 'text', id: 'term', 'aria-label': label }, group);
    Object.assign(this.input, { placeholder: 'Search (/)', spellcheck: false, autocomplete: 'off' });
    this.input.addEventListener('input', () => this.followSoon());
    this.input.addEventListener('keydown', (event) => this.onKey(event));
    this.input.addEventListener('focus', () => this.float());
    // Leaving the box ends the search; leaving the window does not.
    this.input.addEventListener('blur', () => {
      this.float();
      if (document.activeElement !== this.input && this.isTyping) {
        this.finish(this.input.value);
      }
    });
    this.add('ignorecase', 'Aa', 'match upper and lower case (Ctrl-I)', 'toggleCase', group);
    this.add('plain', '.*', 'regular expression, or plain text', 'togglePlain', group);
    const matches = html('span', '', { class: 'matches' }, this.box);
    this.add('previous', '\u2039', 'previous match (N)', 'previous', matches);
    this.add('next', '\u203a', 'next match (n)', 'next', matches);
    this.add('search', '\u00d7', 'Reset Search', 'resetSearch', matches);
    this.matched = html('span', '', { id: 'matched', role: 'status' }, this.box);
  }

  addViews() {
    const group = html('span', '', { class: 'segments', role: 'group', 'aria-label': 'View' }, this.box);
    for (const [name, text, label] of VIEWS) {
      this.add(name, text, label, name, group);
    }
    this.add('view', '', 'another view', 'views').setAttribute('aria-haspopup', 'menu');
  }

  addWay() {
    const line = html('div', '', { id: 'way' }, this.box);
    this.add('unzoom', 'Reset Zoom', 'show everything (Escape)', 'unzoom', line);
    this.add('undo', 'Undo', 'undo the last edit (u)', 'undo', line);
    this.crumbs = html('span', '', { id: 'crumbs', role: 'navigation' }, line);
    this.crumbs.setAttribute('aria-label', 'callers of what is zoomed');
    this.modules = html('span', '', { id: 'modules' }, line);
    this.add('more', '', 'scroll to them', 'more', line);
    for (const name of ['search', 'previous', 'next', 'unzoom', 'undo', 'more']) {
      setShown(this.buttons[name], false);
    }
  }

  // The first and the last control that can have the focus.
  ends() {
    /** @param {Element} control */
    const isVisible = (control) => control.getClientRects().length > 0 && getComputedStyle(control).visibility !== 'hidden';
    const controls = [...this.box.querySelectorAll('input, button')].filter(isVisible);
    return [controls[0], controls[controls.length - 1]];
  }

  openSearch() {
    this.input.focus({ preventScroll: true });
    this.input.select();
  }

  followSoon() {
    this.isTyping = true;
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.actions.follow(this.input.value), TYPING_PAUSE);
  }

  /** @param {any} event */
  onKey(event) {
    if (event.key === 'Enter') {
      this.finish(this.input.value);
      this.input.blur();
    } else if (event.key === 'Escape') {
      this.finish(null);
      this.input.blur();
    }
  }

  /** @param {string} term */
  finish(term) {
    this.isTyping = false;
    clearTimeout(this.timer);
    this.actions.finish(term);
  }

  // Returns whether its height changed.
  /** @param {Query} query */
  showSearch({ term, isPlain, ignoreCase }) {
    if (document.activeElement !== this.input || !this.isTyping) {
      this.input.value = term;
    }
    const { buttons } = this;
    for (const name of ['search', 'previous', 'next']) {
      setShown(buttons[name], term !== '');
    }
    press(buttons.ignorecase, !ignoreCase);
    press(buttons.plain, !isPlain);
    const isSearching = term !== '';
    const isNew = isSearching !== this.isSearching && this.picture.width <= NARROW;
    this.isSearching = isSearching;
    return isNew && this.layout();
  }

  // A message about the search.
  /** @param {string} text */
  showMatched(text) {
    if (text !== this.matched.textContent) {
      this.matched.textContent = this.matched.title = text;
    }
  }

  // `view` is the name of one of the views.
  /** @param {string} view */
  showView(view) {
    for (const [name, text] of VIEWS) {
      if (this.buttons[name]) {
        press(this.buttons[name], name === view);
      }
      if (name === view) {
        this.buttons.view.textContent = `${text} \u25be`;
      }
    }
    this.view = view;
  }

  // Says which parts of the profile are shown. In time order, there are no callers first.
  /** @param {string} text @param {boolean} isInTime */
  showPart(text, isInTime) {
    if (this.buttons.part) {
      this.buttons.part.textContent = `${text} \u25be`;
    }
    this.buttons.callers.hidden = this.buttons.sandwich.hidden = isInTime;
  }

  // The position and height of the tools, which wrap in a narrow window. Returns whether the height is new.
  layout() {
    // What is floating has fewer lines.
    this.place.classList.remove('floating');
    this.place.setAttribute('y', this.picture.header);
    this.place.setAttribute('height', 1000);
    const height = this.height();
    this.place.setAttribute('height', height);
    const isNew = height !== this.picture.toolsHeight;
    this.picture.toolsHeight = height;
    return isNew;
  }

  height() {
    return Math.ceil(this.box.getBoundingClientRect().height * this.picture.scale());
  }

  // Returns how far it moves. Stays in sight: in a document of its own always, unless it takes too much of the window, and in a host page
  // while typing.
  float() {
    const { picture } = this;
    const [top, bottom] = picture.inSight();
    const isUsed = document.activeElement === this.input;
    const isSmall = picture.toolsHeight < MAX_TOOLS_SHARE * (bottom - top);
    const isFloating = isUsed || (picture.isDocument && isSmall);
    const distance = isFloating ? Math.max(top - picture.header, 0) : 0;
    this.place.setAttribute('transform', `translate(0 ${distance})`);
    this.place.classList.toggle('floating', distance > 0);
    return distance;
  }

  // Says how many rows are out of sight in the direction away from the root.
  /** @param {number} rows @param {boolean} isDownward */
  showMore(rows, isDownward) {
    const text = rows > 0 ? `${isDownward ? '\u25bc' : '\u25b2'} ${numbered(grouped(String(rows)), 'more rows')}` : '';
    if (text !== this.buttons.more.textContent) {
      this.buttons.more.textContent = text;
      setShown(this.buttons.more, rows > 0);
    }
  }

  // Explains the view, in place of the path. Where there is little room, the last text is cut first.
  /** @param {string[]} texts */
  showCaption(...texts) {
    texts.forEach((text) => html('span', text, { class: 'caption' }, this.crumbs));
  }

  // The names of the frames above the zoomed one, each as a button.
  /** @param {({ node: number, name: string })[]} path */
  showPath(path) {
    const parts = path.length > MAX_CRUMBS ? [path[0], null, ...path.slice(1 - MAX_CRUMBS)] : path;
    this.crumbs.replaceChildren();
    parts.forEach((part, at) => {
      if (at > 0) {
        html('span', '\u203a', { 'aria-hidden': 'true' }, this.crumbs);
      }
      if (part === null) {
        html('span', '\u2026', {}, this.crumbs);
      } else {
        button(part.name, part.name, this.crumbs, () => this.actions.zoom(part.node));
      }
    });
  }
}

/** @param {Element} element @param {boolean} isPressed */
function press(element, isPressed) {
  element.setAttribute('aria-pressed', String(isPressed));
  element.classList.toggle('pressed', isPressed);
}
