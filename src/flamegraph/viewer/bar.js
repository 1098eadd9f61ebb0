// @ts-check
// The line of text that describes what is under the pointer.

// The details of a frame. They are in the margin of the image; when that is out of sight, they float at the edge of
// the visible part.
class Bar {
  /** @param {Picture} picture @param {Font} font */
  constructor(picture, font) {
    this.picture = picture;
    this.font = font;
    this.details = picture.root.querySelector('#details');
    this.line = Math.ceil(font.size * 1.5);
    this.text = '';
    this.rect = null;
    this.group = create(SVG, 'g', { id: 'bar' }, picture.root);
    this.back = create(SVG, 'rect', { width: '100%', height: this.line }, this.group);
    this.back.setAttribute('y', -font.size * 1.1);
    this.group.append(this.details);
    this.details.setAttribute('y', 0);
  }

  // Shows a text about the frame drawn by `rect`, or nothing.
  /** @param {string} text @param {Element | null} rect */
  show(text, rect) {
    if (text !== this.text || rect !== this.rect) {
      this.text = text;
      this.rect = rect;
      this.layout();
    }
  }

  layout() {
    // First, because it reads the layout and the others invalidate it.
    this.place();
    this.details.textContent = this.font.fit(this.text, this.picture.width - 2 * options.padding, keepBothEnds);
  }

  place() {
    const home = this.picture.height - this.picture.footer / 2;
    const [top, bottom] = this.picture.inSight();
    const lowest = bottom - this.line / 3;
    const highest = Math.min(Math.max(top + this.picture.toolsHeight, this.picture.top) + this.line, lowest);
    let y = Math.min(Math.max(home, highest), lowest);
    const isHome = y === home;
    if (!isHome && this.hides(y)) {
      y = home < highest ? lowest : highest;
    }
    setShown(this.back, !isHome && this.text !== '');
    this.group.setAttribute('transform', `translate(0 ${y.toFixed(1)})`);
  }

  // Whether it would cover the described frame if placed at `y`.
  /** @param {number} y */
  hides(y) {
    if (!this.rect) {
      return false;
    }
    const top = number(this.rect, 'y') + this.picture.offset;
    const height = number(this.rect, 'height');
    return top < y + this.line / 2 && top + height > y - this.line;
  }
}
