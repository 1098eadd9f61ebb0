// @ts-check
// A frame on the screen: a group of a title, a rectangle and, if it is wide enough, a text.

class Item {
  /** @param {any} group @param {any} rect @param {boolean} isPainted */
  constructor(group, rect, isPainted) {
    this.group = group;
    this.rect = rect;
    this.text = null;
    this.shownLabel = '';
    // The state that is drawn. Horizontal positions are in percent, so that they are valid for any width.
    this.x = NaN;
    this.width = NaN;
    this.y = NaN;
    /** @type {string | null} */
    this.fill = null;
    this.classes = '';
    this.onColor = '';
    this.look = -1;
    this.isPainted = isPainted;
    this.isHidden = false;
    // Whether it is a fine one, which are removed together; others are kept.
    this.isFine = true;
  }

  // A frame with an element in the file.
  /** @param {any} group @param {any} rect */
  static found(group, rect) {
    const item = new Item(group, rect, !rect.hasAttribute('fill-opacity'));
    const text = group.querySelector('text');
    return Object.assign(item, {
      text,
      shownLabel: text?.textContent ?? '',
      x: percent(rect, 'x'),
      width: percent(rect, 'width'),
      y: rect.hasAttribute('y') ? number(rect, 'y') : NaN,
      fill: rect.getAttribute('fill'),
      classes: group.getAttribute('class') ?? '',
      onColor: text?.getAttribute('fill') ?? '',
      isFine: false,
    });
  }

  // Shows it, as an element of `parent` unless it has a permanent place.
  /** @param {ParentNode} parent @param {boolean} isFine */
  show(parent, isFine) {
    if (this.isFine || isFine) {
      parent.append(this.group);
      this.isFine = isFine;
    }
    if (this.isHidden) {
      this.isHidden = false;
      this.group.removeAttribute('display');
    }
  }

  hide() {
    if (!this.isFine) {
      this.isHidden = true;
      this.group.setAttribute('display', 'none');
    }
  }

  // Narrow frames are transparent, because they are painted together.
  /** @param {boolean} isPainted */
  setPainted(isPainted) {
    if (isPainted !== this.isPainted) {
      this.isPainted = isPainted;
      if (isPainted) {
        this.rect.removeAttribute('fill-opacity');
      } else {
        this.rect.setAttribute('fill-opacity', 0);
      }
    }
  }

  /** @param {number} x @param {number} width @param {number} y */
  move(x, width, y) {
    const [left, wide] = [rounded(x), rounded(width)];
    if (left !== this.x) {
      this.rect.setAttribute('x', left + '%');
    }
    if (wide !== this.width) {
      this.rect.setAttribute('width', wide + '%');
    }
    if (y !== this.y) {
      this.rect.setAttribute('y', y);
    }
    this.isMoved = left !== this.x || y !== this.y;
    Object.assign(this, { x: left, width: wide, y });
  }

  /** @param {number} look @param {Color} color @param {string} classes */
  paint(look, color, classes) {
    this.look = look;
    const fill = css(color);
    if (fill !== this.fill) {
      this.fill = fill;
      this.rect.setAttribute('fill', fill);
    }
    if (classes !== this.classes) {
      this.classes = classes;
      this.group.setAttribute('class', classes);
    }
    this.onColor = onColor(color);
    this.text?.setAttribute('fill', this.onColor);
  }

  /** @param {string} name @param {Picture} picture @param {Font} font */
  label(name, picture, font) {
    const room = (this.width / 100) * picture.framesWidth() - 2 * LABEL_PADDING;
    const label = room < font.narrowest ? '' : picture.isModern ? fitName(font, name, room) : fitLabel(font, name, room);
    if (label !== this.shownLabel) {
      this.text ??= create(SVG, 'text', { fill: this.onColor }, this.group);
      this.text.textContent = this.shownLabel = label;
    }
    if (label && this.text.getAttribute('x') !== this.x + '%') {
      this.text.setAttribute('x', this.x + '%');
      this.text.setAttribute('dx', LABEL_PADDING);
    }
    if (label) {
      this.text.setAttribute('y', this.y + (picture.rowHeight - 1) / 2 + font.size * 0.3);
    }
  }
}

/** @param {Font} font @param {string} name @param {number} room */
function fitLabel(font, name, room) {
  return font.fit(name, room, options.cutRight ? keepStart : keepEnd);
}

/** @param {number} value */
const rounded = (value) => Math.round(value * 1e4) / 1e4;

// The value of an attribute in percent, NaN if it is missing.
/** @param {Element} element @param {string} attribute */
function percent(element, attribute) {
  const value = element.getAttribute(attribute);
  return value?.endsWith('%') ? parseFloat(value) : NaN;
}
