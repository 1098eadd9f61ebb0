// @ts-check
// The line of text that describes what is under the pointer.

/** @type {Details} */
const NO_DETAILS = { parts: [''], name: '' };

// The details of a frame. They are in the margin of the image; when that is out of sight, they float at the edge of
// the visible part.
class Bar {
  /** @param {Picture} picture @param {Font} font */
  constructor(picture, font) {
    this.picture = picture;
    this.font = font;
    this.details = picture.root.querySelector('#details');
    this.line = Math.ceil(font.size * 1.5);
    /** @type {Details} */
    this.content = NO_DETAILS;
    this.rect = null;
    this.group = create(SVG, 'g', { id: 'bar' }, picture.root);
    this.back = create(SVG, 'rect', { width: '100%', height: this.line }, this.group);
    this.back.setAttribute('y', -font.size * 1.1);
    this.group.append(this.details);
    this.details.setAttribute('y', 0);
  }

  // Shows the details of the frame drawn by `rect`, or nothing.
  /** @param {Details} content @param {Element | null} rect */
  show(content, rect) {
    if (content !== this.content || rect !== this.rect) {
      this.content = content;
      this.rect = rect;
      this.layout();
    }
  }

  layout() {
    // First, because it reads the layout and the others invalidate it.
    this.place();
    this.details.textContent = fitDetails(this.font, this.content, this.picture.width - 2 * options.padding);
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
    setShown(this.back, !isHome && this.content !== NO_DETAILS);
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
