// How the clips are laid out: a grid, or two of them on top of each other. The style sheet does the drawing;
// this only says which two, where the wipe stands, and which point is magnified.

/** @typedef {'grid' | 'wipe' | 'difference' | 'flicker'} Mode */

const FLICKER = 600;
const CALM = {preventScroll: true};

/**
 * @template {keyof HTMLElementTagNameMap} T
 * @param {T} tag
 * @param {Record<string, string>} [attributes]
 * @param {(Node | string)[]} children
 * @returns {HTMLElementTagNameMap[T]}
 */
function make(tag, attributes = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, value);
  node.append(...children);
  return node;
}

/** @param {string} name @param {(Node | string)[]} children */
const box = (name, ...children) => make('div', {class: `kling-nb-${name}`}, ...children);

/** @param {number} percent */
const within = percent => Math.min(100, Math.max(0, percent));

class Stage {
  /** @param {HTMLElement} root @param {HTMLElement} cells @param {Deck} deck @param {() => void} tell */
  constructor(root, cells, deck, tell) {
    this.root = root;
    this.cells = cells;
    this.deck = deck;
    this.tell = tell;
    /** @type {Mode} */
    this.mode = 'grid';
    /** @type {Clip[]} */
    this.pair = [];
    this.cut = this.x = this.y = 50;
    this.zoom = 1;
    this.flipped = this.on = false;
    this.timer = 0;
    this.handle = box('cut');
    this.handle.tabIndex = 0;
    this.handle.role = 'slider';
    this.handle.ariaLabel = 'Wipe';
    cells.onpointerdown = event => this.grab(event);
    cells.onpointermove = event => this.point(event);
  }

  /** @param {Mode} mode @param {boolean} [focus] on what is moved by keys */
  show(mode, focus = true) {
    this.mode = mode;
    this.flipped = false;
    clearInterval(this.timer);
    const still = matchMedia('(prefers-reduced-motion:reduce)').matches;
    if (mode === 'flicker' && !still) this.timer = setInterval(() => this.flip(), FLICKER);
    this.draw();
    if (focus && mode === 'wipe') this.handle.focus(CALM);
  }

  /** In a flicker, what is on top goes below. */
  flip() {
    this.flipped = this.mode === 'flicker' && !this.flipped;
    this.draw();
  }

  /** Choose one of the two; the other gives way if it was the same. @param {number} side @param {Clip} [clip] */
  choose(side, clip) {
    const [a, b] = this.pair;
    if (!clip || !a || !b) return;
    if (this.pair[1 - side] === clip) this.pair.reverse();
    this.pair[side] = clip;
    this.draw();
  }

  /** @param {number} percent from the left */
  wipe(percent) {
    this.cut = within(percent);
    return this.draw();
  }

  /** @param {number} zoom */
  magnify(zoom) {
    this.zoom = zoom;
    this.draw();
  }

  /** Magnify around this point of every picture. @param {number} x percent @param {number} y percent */
  look(x, y) {
    [this.x, this.y] = [within(x), within(y)];
    return this.draw();
  }

  draw() {
    const {root, handle, cells, cut} = this;
    const {clips} = this.deck;
    this.pair = this.pair.filter(clip => clips.includes(clip));
    for (const clip of clips) if (this.pair.length < 2 && !this.pair.includes(clip)) this.pair.push(clip);
    const [a, b] = this.pair;
    const mode = root.dataset.mode = b ? this.mode : 'grid';
    root.classList.toggle('kling-nb-flip', this.flipped);
    root.classList.toggle('kling-nb-near', this.zoom > 1);
    for (const clip of clips) {
      clip.cell.classList.toggle('kling-nb-a', clip === a && mode !== 'grid');
      clip.cell.classList.toggle('kling-nb-b', clip === b && mode !== 'grid');
    }
    for (const name of /** @type {const} */ (['cut', 'x', 'y'])) cells.style.setProperty(`--${name}`, `${this[name]}%`);
    cells.style.setProperty('--zoom', `${this.zoom}`);
    handle.ariaValueNow = `${Math.round(cut)}`;
    handle.ariaValueText = `${Math.round(cut)} % ${a?.name}, then ${b?.name}`;
    if (mode !== 'wipe') {
      if (handle.matches(':focus')) root.focus(CALM);
      handle.remove();
    } else if (!handle.isConnected) cells.append(handle);
    this.tell();
    return true;
  }

  /** @param {PointerEvent} event */
  grab(event) {
    if (this.mode !== 'wipe' || event.button || !this.view(event)) return;
    event.preventDefault();
    this.handle.focus();
    this.cells.setPointerCapture(event.pointerId);
    this.point(event);
  }

  /** @param {PointerEvent} event */
  point(event) {
    const dragged = this.cells.hasPointerCapture(event.pointerId);
    const view = dragged ? this.pair[0]?.cell.querySelector('.kling-nb-view') : this.view(event);
    if (!view || !(dragged || this.zoom > 1)) return;
    const {left, top, width, height} = view.getBoundingClientRect();
    const x = 100 * (event.clientX - left) / width;
    if (dragged) this.wipe(x);
    else this.look(x, 100 * (event.clientY - top) / height);
  }

  /** The picture, or the wipe's handle, under the pointer. @param {MouseEvent} event */
  view(event) {
    return /** @type {Element} */ (event.target).closest('.kling-nb-view,.kling-nb-cut');
  }
}
