// @ts-check
// A menu over the graph.

const MENU_WIDTH = 270;

class Menu {
  /** @param {Picture} picture */
  constructor(picture) {
    this.picture = picture;
    /** @type {any} */
    this.user = null;
    /** @type {SVGForeignObjectElement} */
    this.place = create(SVG, 'foreignObject', { id: 'popup', class: 'hide', width: MENU_WIDTH }, picture.root);
    this.box = html('div', '', { role: 'menu' }, this.place);
    this.place.addEventListener('keydown', (event) => this.onKey(event));
    document.addEventListener('pointerdown', (event) => {
      /** @type {any} */
      const { target } = event;
      if (!this.place.contains(target)) {
        this.close();
      }
    });
  }

  get isOpen() {
    return !isHidden(this.place);
  }

  // Opens with `items` ({ id, text, key, isChecked, action }; null for a line), near a position in the image.
  /** @param {(MenuItem | null)[]} items @param {number} x @param {number} y */
  open(items, x, y) {
    this.user = document.activeElement;
    // Lines only separate items.
    const shown = items.filter((item, at) => item || (items[at - 1] && at + 1 < items.length));
    this.box.replaceChildren(...shown.map((item) => this.element(item)));
    this.place.setAttribute('height', 1000);
    setShown(this.place, true);
    const { picture } = this;
    const height = this.box.getBoundingClientRect().height * picture.scale();
    const [top, bottom] = picture.windowInSight();
    this.place.setAttribute('x', Math.max(Math.min(x, picture.width - MENU_WIDTH), 0));
    this.place.setAttribute('y', Math.max(Math.min(y, bottom - height), top));
    this.place.setAttribute('height', height);
    this.box.querySelector('button').focus({ preventScroll: true });
  }

  close() {
    if (this.isOpen) {
      setShown(this.place, false);
      this.user?.focus({ preventScroll: true });
    }
  }

  /** @param {MenuItem | null} item */
  element(item) {
    if (item === null) {
      return html('hr');
    }
    const { id, text, key = '', isChecked, action } = item;
    const line = button(text, text, null, () => {
      this.close();
      action();
    });
    line.id = id;
    // Only one item is marked: what the pointer is on is what Enter chooses.
    line.addEventListener('pointerenter', () => line.focus({ preventScroll: true }));
    line.setAttribute('role', isChecked === undefined ? 'menuitem' : 'menuitemcheckbox');
    if (isChecked !== undefined) {
      line.setAttribute('aria-checked', String(isChecked));
    }
    html('kbd', key, {}, line);
    return line;
  }

  /** @param {any} event */
  onKey(event) {
    const lines = [...this.box.querySelectorAll('button')];
    const at = lines.indexOf(document.activeElement);
    /** @type {Record<string, number>} */
    const places = {
      ArrowDown: at + 1,
      ArrowUp: at - 1,
      Home: 0,
      End: lines.length - 1,
    };
    if (Object.hasOwn(places, event.key)) {
      lines[(places[event.key] + lines.length) % lines.length].focus();
    } else if (event.key === 'Escape' || event.key === 'Tab') {
      this.close();
    } else if (event.key !== 'Enter' && event.key !== ' ') {
      return;
    }
    // Keys of the graph do not apply. Enter and Space click the button.
    event.stopPropagation();
    if (event.key !== 'Enter' && event.key !== ' ') {
      event.preventDefault();
    }
  }
}
