// @ts-check
// Fits text into a width.

// Measures and truncates text in the font of an element.
class Font {
  /** @param {Element} element */
  constructor(element) {
    const style = getComputedStyle(element);
    this.size = parseFloat(style.fontSize);
    this.canvas = create(XHTML, 'canvas', {}, null).getContext('2d');
    this.canvas.font = fontOf(style);
    this.cell = this.measure('m');
    this.isMonospace = ['i', 'W', '.', '0'].every((c) => this.measure(c) === this.cell);
    this.narrowest = this.measure('i');
  }

  /** @param {string} text */
  measure(text) {
    return this.canvas.measureText(text).width;
  }

  /** @param {string} text */
  width(text) {
    return this.isMonospace && isAscii(text) ? text.length * this.cell : this.measure(text);
  }

  // The text, or as much of it as fits into `room` pixels: `shorten` returns a text with fewer characters.
  // Empty if not even one character fits.
  /** @param {string} text @param {number} room @param {(characters: string | string[], count: number) => string} shorten */
  fit(text, room, shorten) {
    if (room < this.narrowest || this.width(text) <= room) {
      return room < this.narrowest ? '' : text;
    }
    const characters = isAscii(text) ? text : graphemes(text);
    let [most, tooMany] = [0, characters.length];
    while (most + 1 < tooMany) {
      const middle = (most + tooMany) >> 1;
      if (this.width(shorten(characters, middle)) <= room) {
        most = middle;
      } else {
        tooMany = middle;
      }
    }
    return most > 0 ? shorten(characters, most) : '';
  }
}

/** @param {CSSStyleDeclaration} style */
const fontOf = (style) => [style.fontStyle, style.fontWeight, style.fontSize, style.fontFamily].join(' ');

/** @param {string} text */
const isAscii = (text) => /^[\x20-\x7e]*$/.test(text);

// The user-perceived characters, as an array.
/** @param {string} text */
function graphemes(text) {
  if (!window.Intl || !Intl.Segmenter) {
    return Array.from(text);
  }
  return Array.from(new Intl.Segmenter().segment(text), (part) => part.segment);
}

/** @param {string | string[]} characters */
const join = (characters) => (typeof characters === 'string' ? characters : characters.join(''));

/** @param {string | string[]} characters @param {number} count */
function keepStart(characters, count) {
  return join(characters.slice(0, count)) + '..';
}

/** @param {string | string[]} characters @param {number} count */
function keepEnd(characters, count) {
  return '..' + join(characters.slice(characters.length - count));
}

/** @param {string | string[]} characters @param {number} count */
function keepBothEnds(characters, count) {
  const tail = count >> 1;
  const end = characters.slice(characters.length - tail);
  return join(characters.slice(0, count - tail)) + '\u2026' + join(end);
}

