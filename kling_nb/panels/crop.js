// A picture with a frame on it: what stands within the frame is what will be sent. By mouse, touch and keyboard.

const SHAPES = ["16:9", "9:16", "1:1"];
const PREVIEW = 720; // pixels of the longer side on the screen

/** @typedef {{x: number, y: number, w: number, h: number}} Box in pixels of the picture */

class Crop {
  /**
   * @param {{label: string, limits: () => any, onchange: () => void}} its what it is a crop of; what the model can
   *   take; called whenever the box has moved
   */
  constructor(its) {
    this.its = its;
    /** @type {ImageBitmap | null} */
    this.bitmap = null;
    this.shape = "";
    /** @type {Box} */
    this.box = { x: 0, y: 0, w: 1, h: 1 };
    this.canvas = h("canvas", {});
    this.frame = h("div.crop", { tabIndex: 0, role: "group", "aria-roledescription": "crop frame" },
      ...["nw", "ne", "sw", "se"].map((corner) => h(`i.${corner}`, { "data-corner": corner })));
    this.el = h("div.stage", { hidden: true }, this.canvas, this.frame);
    this.shapes = h("div.pick.small", { role: "radiogroup", "aria-label": `Shape of the ${its.label.toLowerCase()}`, hidden: true });
    this.frame.addEventListener("keydown", (/** @type {KeyboardEvent} */ event) => this.key(event));
    this.frame.addEventListener("pointerdown", (/** @type {PointerEvent} */ event) => this.grab(event));
  }

  /** Take a picture, in the shape that is wanted unless it has that already. @param {ImageBitmap} bitmap @param {string} wanted */
  open(bitmap, wanted) {
    this.close();
    this.bitmap = bitmap;
    this.shape = SHAPES.includes(wanted) ? wanted : "";
    const { w, h: tall } = this.fit(this.shape);
    if (w > bitmap.width * 0.99 && tall > bitmap.height * 0.99) this.shape = "";
    this.box = this.fit(this.shape);
    this.draw();
  }

  close() {
    this.bitmap?.close();
    this.bitmap = null;
  }

  reveal() {
    this.el.hidden = this.shapes.hidden = !this.bitmap;
  }

  /** The largest box of a shape in the middle of the picture; "" is the picture itself, as far as it may be that long.
   * @param {string} shape @returns {Box} */
  fit(shape) {
    const { width, height } = /** @type {ImageBitmap} */ (this.bitmap);
    const { ratio } = this.its.limits();
    const [a = 1, b = 1] = shape ? shape.split(":").map(Number) : [Math.min(Math.max(width / height, 1 / ratio), ratio), 1];
    const w = Math.min(width, (height * a) / b);
    const tall = Math.min(height, (w * b) / a);
    return { x: (width - w) / 2, y: (height - tall) / 2, w, h: tall };
  }

  draw() {
    const bitmap = /** @type {ImageBitmap} */ (this.bitmap);
    const scale = Math.min(1, PREVIEW / Math.max(bitmap.width, bitmap.height));
    this.canvas.width = Math.round(bitmap.width * scale);
    this.canvas.height = Math.round(bitmap.height * scale);
    const pen = this.canvas.getContext("2d");
    pen.imageSmoothingQuality = "high";
    pen.drawImage(bitmap, 0, 0, this.canvas.width, this.canvas.height);
    this.el.style.aspectRatio = `${bitmap.width} / ${bitmap.height}`;
    this.el.classList.toggle("kling-nb-tall", bitmap.height > bitmap.width);
    const name = uid();
    const options = [["", "Original"], ...SHAPES.map((shape) => [shape, shape])];
    this.shapes.replaceChildren(...options.map(([value = "", text]) => h("label", {},
      h("input", { type: "radio", name, value, checked: value === this.shape, onchange: () => this.reshape(value) }), h("span", {}, text))));
    this.place();
  }

  /** @param {string} shape */
  reshape(shape) {
    this.shape = shape;
    this.box = this.fit(shape);
    this.place();
    this.its.onchange();
  }

  /** Put the crop frame where the box is, and say what will be sent. */
  place() {
    const { width, height } = /** @type {ImageBitmap} */ (this.bitmap);
    const { x, y, w, h: tall } = this.box;
    const percent = (/** @type {number} */ part, /** @type {number} */ of) => `${(100 * part) / of}%`;
    Object.assign(this.frame.style, { left: percent(x, width), top: percent(y, height), width: percent(w, width), height: percent(tall, height) });
    const out = this.out();
    const keys = "Arrow keys move it, plus and minus resize it, Home centres it.";
    this.frame.setAttribute("aria-label", `Crop of the ${this.its.label.toLowerCase()}: sent as ${out.width} by ${out.height} pixels. ${keys}`);
  }

  /** Pixels that will be sent. */
  out() {
    const { side } = this.its.limits();
    const scale = Math.min(1, side / Math.max(this.box.w, this.box.h));
    return { width: Math.round(this.box.w * scale), height: Math.round(this.box.h * scale), scale };
  }

  /** Move and resize within the picture, keeping the shape. @param {Partial<Box>} change */
  change(change) {
    const { width, height } = /** @type {ImageBitmap} */ (this.bitmap);
    const { least } = this.its.limits();
    const box = { ...this.box, ...change };
    const shape = this.box.w / this.box.h;
    const smallest = Math.min(least * Math.max(shape, 1), this.fit(this.shape).w);
    box.w = Math.min(Math.max(box.w, smallest), width, height * shape);
    box.h = box.w / shape;
    box.x = Math.min(Math.max(box.x, 0), width - box.w);
    box.y = Math.min(Math.max(box.y, 0), height - box.h);
    this.box = box;
    this.place();
    this.its.onchange();
  }

  /** Resize about the middle. @param {number} factor */
  zoom(factor) {
    const { x, y, w, h: tall } = this.box;
    this.change({ w: w * factor, x: x + (w * (1 - factor)) / 2, y: y + (tall * (1 - factor)) / 2 });
  }

  /** @param {KeyboardEvent} event */
  key(event) {
    const step = (event.shiftKey ? 0.1 : 0.01) * Math.max(this.canvas.width, this.canvas.height) * (/** @type {any} */ (this.bitmap).width / this.canvas.width);
    const { x, y } = this.box;
    /** @type {Record<string, () => void>} */
    const moves = {
      ArrowLeft: () => this.change({ x: x - step }),
      ArrowRight: () => this.change({ x: x + step }),
      ArrowUp: () => this.change({ y: y - step }),
      ArrowDown: () => this.change({ y: y + step }),
      "+": () => this.zoom(1.05),
      "=": () => this.zoom(1.05),
      "-": () => this.zoom(1 / 1.05),
      Home: () => this.reshape(this.shape),
    };
    const move = moves[event.key];
    if (!move) return;
    event.preventDefault();
    move();
  }

  /** @param {PointerEvent} event */
  grab(event) {
    event.preventDefault();
    this.frame.focus();
    this.frame.setPointerCapture(event.pointerId);
    const scale = /** @type {ImageBitmap} */ (this.bitmap).width / this.el.getBoundingClientRect().width;
    const from = { ...this.box, px: event.clientX, py: event.clientY };
    const corner = /** @type {HTMLElement} */ (event.target).dataset.corner || "";
    const move = (/** @type {PointerEvent} */ now) => {
      const dx = (now.clientX - from.px) * scale;
      const dy = (now.clientY - from.py) * scale;
      if (!corner) return this.change({ x: from.x + dx, y: from.y + dy });
      const grow = (corner.includes("e") ? dx : -dx) + ((corner.includes("s") ? dy : -dy) * from.w) / from.h;
      const w = Math.max(from.w + grow / 2, 1);
      // The corner across stays where it is.
      const before = { ...this.box };
      this.change({ w });
      const x = corner.includes("w") ? from.x + from.w - this.box.w : from.x;
      const y = corner.includes("n") ? from.y + from.h - this.box.h : from.y;
      if (x < -0.5 || y < -0.5) this.change(before);
      else this.change({ x, y });
    };
    const end = () => {
      this.frame.removeEventListener("pointermove", move);
      this.frame.removeEventListener("pointerup", end);
      this.frame.removeEventListener("pointercancel", end);
    };
    this.frame.addEventListener("pointermove", move);
    this.frame.addEventListener("pointerup", end);
    this.frame.addEventListener("pointercancel", end);
  }
}
