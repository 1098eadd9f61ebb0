// @ts-check
// The list of keys.

const KEYS = [
  ['arrows', 'walk from frame to frame'],
  ['Enter, Space', 'zoom into the frame; a click does the same'],
  ['Escape', 'show everything'],
  ['Backspace', 'zoom out to the caller'],
  ['+, -', 'zoom without a frame; so does the wheel with Ctrl'],
  ['Shift-arrows', 'move to the left and right; so does dragging'],
  ['/ or Ctrl-F', 'search'],
  ['n, N', 'next and previous match'],
  ['Ctrl-I', 'ignore case'],
  ['.', 'menu of the frame; so do the right button and a long press'],
  ['i', 'icicle or flame graph'],
  ['r', 'callers first'],
  ['s', 'sandwich: all callers and callees of the function'],
  ['t, B', 'table of functions, alone or beside the graph'],
  ['o', 'siblings by name or by width'],
  ['w', 'widths before, after, or of both (differential graphs)'],
  ['c, C', 'copy the name, the whole stack'],
  ['h, H', 'hide the function, the frame with all below it'],
  ['m', 'collapse the calls within the module of the frame (modern theme)'],
  ['u', 'undo the last edit'],
  ['b', 'larger units'],
  ['e', 'heat map of the time, if the profile has times'],
  ['T', 'in time order, or merged'],
  ['d', 'dark or light'],
  ['?', 'this list'],
];

// A list of keys over the graph.
class Help {
  /** @param {SVGSVGElement} root @param {() => void} leave */
  constructor(root, leave) {
    /** @type {any} */
    this.user = null;
    this.place = create(SVG, 'foreignObject', { id: 'keys', class: 'hide' }, root);
    Object.entries({ x: 0, width: '100%', height: 560 }).forEach(([key, value]) =>
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

  /** @param {boolean} isOpen @param {number} top */
  toggle(isOpen, top) {
    this.place.setAttribute('y', top);
    setShown(this.place, isOpen);
    if (isOpen) {
      this.user = document.activeElement;
      this.box.focus({ preventScroll: true });
    } else {
      this.user?.focus({ preventScroll: true });
    }
  }
}
