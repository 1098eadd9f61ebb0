// The buttons, the search box and the path from the root to the zoomed frame.

// Calls `actions`, an object of functions, and displays the given state.
class Tools {
  constructor(picture, actions, { isDifferential, isChart, hasUnits }) {
    this.picture = picture;
    this.actions = actions;
    const { root } = picture;
    root.querySelector('#unzoom').remove();
    root.querySelector('#search').remove();
    this.place = create(SVG, 'foreignObject', { id: 'tools', x: options.padding }, root);
    this.box = html('div', '', { role: 'toolbar', 'aria-label': 'Flame graph' }, this.place);
    this.buttons = {};
    this.addSearch();
    const spacer = html('span', '', { class: 'spacer' }, this.box);
    spacer.setAttribute('aria-hidden', 'true');
    this.add('flip', 'Icicle', 'root at the top or at the bottom (i)', 'flip');
    if (!isChart) {
      this.add('callers', 'Callers first', 'turn the stacks round (r)', 'callers');
      this.add('sandwich', 'Sandwich', 'all that calls the selected function, and all it calls (s)', 'sandwich');
      this.add('order', 'By name', 'order of siblings (o)', 'order');
    }
    this.add('table', 'Table', 'functions by their own and total share (t)', 'table');
    if (isDifferential) {
      this.add('side', '', 'which profile the widths are those of (w)', 'side');
      this.add('safe', 'Colors', 'colors that all eyes can tell apart', 'safe');
    }
    if (hasUnits) {
      this.add('units', 'Units', 'counts in larger units (b)', 'units');
    }
    this.add('dark', 'Dark', 'dark or light (d)', 'dark');
    this.add('save', 'Save', 'save this view as an SVG', 'save');
    this.add('export', 'Export', 'save the zoomed or matching stacks as folded text', 'export');
    this.add('help', '?', 'keys', 'help');
    const line = html('div', '', { id: 'way' }, this.box);
    this.add('unzoom', 'Reset Zoom', 'show everything (Escape)', 'unzoom', line);
    this.add('undo', 'Undo hide', 'show what was hidden last (u)', 'undo', line);
    this.crumbs = html('span', '', { id: 'crumbs', role: 'navigation' }, line);
    this.crumbs.setAttribute('aria-label', 'callers of what is zoomed');
    for (const name of ['unzoom', 'undo']) {
      setShown(this.buttons[name], false);
    }
  }

  add(name, text, label, action, parent = this.box) {
    const made = button(text, label, parent, () => this.actions[action]());
    made.id = name;
    this.buttons[name] = made;
    return made;
  }

  addSearch() {
    const label = 'Search: regular expression';
    this.input = create(XHTML, 'input', { type: 'text', id: 'term', 'aria-label': label }, this.box);
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
    this.add('ignorecase', 'ic', 'ignore case (Ctrl-I)', 'toggleCase');
    this.add('plain', '.*', 'regular expression or plain text', 'togglePlain');
    this.add('previous', '\u2039', 'previous match (N)', 'previous');
    this.add('next', '\u203a', 'next match (n)', 'next');
    this.add('search', 'Reset Search', 'end the search', 'resetSearch');
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

  onKey(event) {
    if (event.key === 'Enter') {
      this.finish(this.input.value);
      this.input.blur();
    } else if (event.key === 'Escape') {
      this.finish(null);
      this.input.blur();
    }
  }

  finish(term) {
    this.isTyping = false;
    clearTimeout(this.timer);
    this.actions.finish(term);
  }

  showSearch({ term, isPlain, ignoreCase }) {
    if (document.activeElement !== this.input || !this.isTyping) {
      this.input.value = term;
    }
    const { buttons } = this;
    for (const name of ['search', 'previous', 'next']) {
      setShown(buttons[name], term !== '');
    }
    press(buttons.ignorecase, ignoreCase);
    press(buttons.plain, !isPlain);
  }

  // The position and height of the tools, which wrap in a narrow window.
  layout() {
    const width = this.picture.framesWidth();
    this.place.setAttribute('width', width);
    this.place.setAttribute('y', this.picture.header);
    this.place.setAttribute('height', 1000);
    const height = Math.ceil(this.box.getBoundingClientRect().height * this.scale()) + 4;
    this.place.setAttribute('height', height);
    this.picture.toolsHeight = height;
  }

  // Pixels of the image per pixel of the window.
  scale() {
    return this.picture.width / (this.picture.root.getBoundingClientRect().width || 1);
  }

  // Stays in sight while typing.
  float() {
    const isUsed = document.activeElement === this.input;
    const [top] = this.picture.inSight();
    const y = isUsed ? Math.max(this.picture.header, top) : this.picture.header;
    this.place.setAttribute('y', y);
    this.place.classList.toggle('floating', y !== this.picture.header);
  }

  // The names of the frames above the zoomed one, each as a button.
  showPath(path) {
    const most = 8;
    const parts = path.length > most ? [path[0], null, ...path.slice(1 - most)] : path;
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

function press(element, isPressed) {
  element.setAttribute('aria-pressed', String(isPressed));
  element.classList.toggle('pressed', isPressed);
}

const KEYS = [
  ['arrows', 'walk from frame to frame'],
  ['Enter', 'zoom into the frame; a click does the same'],
  ['Escape', 'show everything'],
  ['Backspace', 'zoom out to the caller'],
  ['/ or Ctrl-F', 'search'],
  ['n, N', 'next and previous match'],
  ['Ctrl-I', 'ignore case'],
  ['i', 'icicle or flame graph'],
  ['r', 'callers first'],
  ['s', 'sandwich: all callers and callees of the function'],
  ['t', 'table of functions'],
  ['o', 'siblings by name or by width'],
  ['w', 'widths before, after, or of both (differential graphs)'],
  ['c, C', 'copy the name, the whole stack'],
  ['h, H', 'hide the function, the frame with all below it'],
  ['u', 'undo hiding'],
  ['b', 'larger units'],
  ['d', 'dark or light'],
  ['?', 'this list'],
];

// A list of keys over the graph.
class Help {
  constructor(root, leave) {
    this.place = create(SVG, 'foreignObject', { id: 'keys', class: 'hide' }, root);
    Object.entries({ x: 0, width: '100%', height: 520 }).forEach(([key, value]) =>
      this.place.setAttribute(key, value));
    const box = html('div', '', { role: 'dialog', 'aria-label': 'Keys', tabindex: '-1' }, this.place);
    const list = html('dl', '', {}, box);
    for (const [key, meaning] of KEYS) {
      html('dt', key, {}, list);
      html('dd', meaning, {}, list);
    }
    button('Close', 'close this list (Escape)', box, leave);
    this.box = box;
  }

  get isOpen() {
    return !isHidden(this.place);
  }

  toggle(isOpen, top) {
    this.place.setAttribute('y', top);
    setShown(this.place, isOpen);
    if (isOpen) {
      this.box.focus({ preventScroll: true });
    }
  }
}
