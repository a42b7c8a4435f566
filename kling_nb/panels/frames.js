// A place for one picture: drop, paste, choose, path or URL; crop it; send exactly the pixels that are shown.

const SHAPES = ["16:9", "9:16", "1:1"];
const AHEAD = 4; // pieces on their way at once
const QUALITY = [0.92, 0.85, 0.75, 0.6];
const LOSSLESS = 2_000_000; // bytes up to which a PNG stays one

/** @typedef {{x: number, y: number, w: number, h: number}} Box in pixels of the picture */

class FramePlace {
  /**
   * @param {Link} link
   * @param {{slot: string, label: string, onchange: () => void, limits: () => any, shape: () => string}} its
   */
  constructor(link, its) {
    this.link = link;
    this.its = its;
    this.round = 0;
    /** @type {ImageBitmap | null} */
    this.bitmap = null;
    /** @type {Blob | null} */
    this.source = null;
    this.shape = "";
    this.name = "";
    this.url = "";
    this.settled = true; // the kernel has what is shown
    /** @type {Box} */
    this.box = { x: 0, y: 0, w: 1, h: 1 };
    this.build();
  }

  build() {
    const { label, slot } = this.its;
    const id = uid();
    this.file = h("input", { type: "file", accept: "image/*", hidden: true, tabIndex: -1, "aria-hidden": "true",
      onchange: () => { if (this.file.files[0]) this.take(this.file.files[0], this.file.files[0].name); this.file.value = ""; } });
    this.zone = h("button.zone", { onclick: () => this.file.click(), "aria-describedby": `${id}-why` },
      h("span", {}, "Drop, paste or choose"));
    this.zone.setAttribute("aria-label", `${label}: drop, paste or choose a picture`);
    this.crop = h("div.crop", { tabIndex: 0, role: "group", "aria-roledescription": "crop frame" },
      ...["nw", "ne", "sw", "se"].map((corner) => h(`i.${corner}`, { "data-corner": corner })));
    this.canvas = h("canvas", {});
    this.stage = h("div.stage", { hidden: true }, this.canvas, this.crop);
    this.shapes = h("div.pick.small", { role: "radiogroup", "aria-label": `Shape of the ${label.toLowerCase()}`, hidden: true });
    this.link_ = h("p.url", { hidden: true });
    this.told = h("p.dim.told", { role: "status", hidden: true });
    this.bad = h("p.why", { role: "alert", hidden: true });
    this.why = h("p.dim", { id: `${id}-why`, hidden: true });
    this.text = h("input", { type: "text", placeholder: "Path or https address", "aria-label": `${label}: path or address`,
      spellcheck: false, onkeydown: (/** @type {KeyboardEvent} */ event) => event.key === "Enter" && this.fetch(this.text.value) });
    this.typed = h("div.typed", { hidden: true }, this.text, h("button.quiet", { onclick: () => this.fetch(this.text.value) }, "Use"));
    this.strip = h("div.strip", { hidden: true });
    this.address = h("button.quiet", { onclick: () => this.openText(), "aria-expanded": "false" }, "Path or URL");
    this.clips = h("button.quiet", { onclick: () => this.openClips(), "aria-expanded": "false" }, "From a clip");
    this.remove = h("button.quiet", { onclick: () => this.clear(), hidden: true }, "Remove");
    this.again = h("button.quiet", { onclick: () => this.send(), hidden: true }, "Send again");
    const acts = h("div.acts", {}, this.address, this.clips, this.again, this.remove);
    this.el = h(`div.frame.frame-${slot}`, { role: "group", "aria-label": label },
      h("div.label", {}, label), this.zone, this.stage, this.link_, this.shapes, this.told, this.bad, this.why, acts,
      this.typed, this.strip, this.file);
    this.el.addEventListener("dragover", (/** @type {DragEvent} */ event) => { event.preventDefault(); event.stopPropagation(); this.hover(true); });
    this.el.addEventListener("dragleave", () => this.hover(false));
    this.el.addEventListener("drop", (/** @type {DragEvent} */ event) => this.dropped(event));
    this.crop.addEventListener("keydown", (/** @type {KeyboardEvent} */ event) => this.key(event));
    this.crop.addEventListener("pointerdown", (/** @type {PointerEvent} */ event) => this.grab(event));
  }

  /** @param {boolean} on */
  hover(on) {
    this.el.classList.toggle("kling-nb-over", on && !this.zone.disabled);
  }

  /** What the form says of this place: why nothing can go in. @param {string} why */
  allow(why) {
    this.zone.disabled = Boolean(why);
    this.address.disabled = this.clips.disabled = Boolean(why);
    say(this.why, this.filled ? "" : why);
  }

  get filled() {
    return Boolean(this.bitmap || this.url);
  }

  /** @param {DragEvent} event */
  dropped(event) {
    event.preventDefault();
    event.stopPropagation();
    this.hover(false);
    this.takeFrom(event.dataTransfer);
  }

  /** A picture from a drop or the clipboard. @param {DataTransfer | null} data @returns {boolean} whether there was one */
  takeFrom(data) {
    if (!data || this.zone.disabled) return false;
    const file = [...data.files].find((one) => one.type.startsWith("image/"));
    if (file) {
      this.take(file, file.name);
      return true;
    }
    const text = data.getData("text/uri-list") || data.getData("text/plain");
    if (/^https?:\/\/\S+$/.test(text.trim())) {
      this.fetch(text.trim());
      return true;
    }
    if (data.files.length) this.fail("That is no picture: use a JPEG, PNG or WebP file.");
    return false;
  }

  /** @param {Blob} blob @param {string} name */
  async take(blob, name) {
    const round = ++this.round;
    say(this.bad, "");
    say(this.told, "Reading …");
    let bitmap;
    try {
      bitmap = await createImageBitmap(blob, { imageOrientation: "from-image" });
    } catch {
      if (round === this.round) this.fail(`${name} is no picture that this browser can open: use a JPEG, PNG or WebP file.`);
      return;
    }
    if (round !== this.round) return bitmap.close();
    const { least } = this.its.limits();
    if (Math.min(bitmap.width, bitmap.height) < least) {
      this.fail(`${name} has ${bitmap.width} × ${bitmap.height} pixels: each side must have at least ${least}.`);
      return bitmap.close();
    }
    this.bitmap?.close();
    Object.assign(this, { bitmap, source: blob, name, url: "" });
    this.shape = SHAPES.includes(this.its.shape()) ? this.its.shape() : "";
    if (this.shape && this.fit(this.shape).w > bitmap.width * 0.99 && this.fit(this.shape).h > bitmap.height * 0.99) this.shape = "";
    this.box = this.fit(this.shape);
    this.draw();
    this.reveal();
    await this.send();
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
    const scale = Math.min(1, 720 / Math.max(bitmap.width, bitmap.height));
    this.canvas.width = Math.round(bitmap.width * scale);
    this.canvas.height = Math.round(bitmap.height * scale);
    const pen = this.canvas.getContext("2d");
    pen.imageSmoothingQuality = "high";
    pen.drawImage(bitmap, 0, 0, this.canvas.width, this.canvas.height);
    this.stage.style.aspectRatio = `${bitmap.width} / ${bitmap.height}`;
    this.stage.classList.toggle("kling-nb-tall", bitmap.height > bitmap.width);
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
    this.later();
  }

  /** Put the crop frame where the box is, and say what will be sent. */
  place() {
    const { width, height } = /** @type {ImageBitmap} */ (this.bitmap);
    const { x, y, w, h: tall } = this.box;
    const percent = (/** @type {number} */ part, /** @type {number} */ of) => `${(100 * part) / of}%`;
    Object.assign(this.crop.style, { left: percent(x, width), top: percent(y, height), width: percent(w, width), height: percent(tall, height) });
    const out = this.out();
    const keys = "Arrow keys move it, plus and minus resize it, Home centres it.";
    this.crop.setAttribute("aria-label", `Crop of the ${this.its.label.toLowerCase()}: sent as ${out.width} by ${out.height} pixels. ${keys}`);
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
    this.later();
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
    this.crop.focus();
    this.crop.setPointerCapture(event.pointerId);
    const scale = /** @type {ImageBitmap} */ (this.bitmap).width / this.stage.getBoundingClientRect().width;
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
      this.crop.removeEventListener("pointermove", move);
      this.crop.removeEventListener("pointerup", end);
      this.crop.removeEventListener("pointercancel", end);
    };
    this.crop.addEventListener("pointermove", move);
    this.crop.addEventListener("pointerup", end);
    this.crop.addEventListener("pointercancel", end);
  }

  /** Send once nothing has moved for a moment. */
  later() {
    clearTimeout(this.timer);
    this.unsettle();
    const { width, height } = this.out();
    say(this.told, `${width} × ${height} pixels`);
    this.timer = setTimeout(() => this.send(), 350);
  }

  unsettle() {
    if (this.settled) {
      this.settled = false;
      this.its.onchange();
    }
  }

  /** Encode what the crop frame shows and hand it to the kernel in pieces. */
  async send() {
    if (!this.bitmap) return;
    const round = ++this.round;
    clearTimeout(this.timer);
    say(this.bad, "");
    this.again.hidden = true;
    this.unsettle();
    try {
      const blob = await this.encode();
      const data = await blob.arrayBuffer();
      const upload = `${this.link.view}-${round}`;
      const pieces = Math.max(1, Math.ceil(data.byteLength / CHUNK));
      const head = { slot: this.its.slot, upload, pieces, name: this.name };
      let missing = Array.from({ length: pieces }, (_, index) => index);
      let sent = 0;
      const next = async () => {
        for (let index = missing.shift(); index !== undefined && round === this.round; index = missing.shift()) {
          await this.link.ask("piece", { ...head, index }, [data.slice(index * CHUNK, (index + 1) * CHUNK)]);
          say(this.told, `Sending, ${Math.round((100 * ++sent) / pieces)} %`);
        }
      };
      for (let tries = 0; tries < 3; tries++) {
        await Promise.all(Array.from({ length: AHEAD }, next));
        if (round !== this.round) return;
        const done = await this.link.ask("pieces", head);
        if (round !== this.round) return;
        if (!done.missing) return this.stored(done);
        missing = done.missing;
        sent = pieces - missing.length;
      }
      throw new Error("The picture did not arrive whole: send it again.");
    } catch (error) {
      if (round !== this.round) return;
      this.fail(`${/** @type {Error} */ (error).message}`);
      this.again.hidden = false;
    }
  }

  /** @returns {Promise<Blob>} at most as large as the gateway allows */
  async encode() {
    const bitmap = /** @type {ImageBitmap} */ (this.bitmap);
    const source = /** @type {Blob} */ (this.source);
    const { bytes } = this.its.limits();
    const { x, y, w, h: tall } = this.box;
    const { width, height, scale } = this.out();
    const whole = scale === 1 && w > bitmap.width - 0.5 && tall > bitmap.height - 0.5;
    // Untouched files go as they are; the kernel takes their metadata out.
    if (whole && source.size <= bytes && ["image/jpeg", "image/png"].includes(source.type)) return source;
    const canvas = h("canvas", { width, height });
    const pen = canvas.getContext("2d");
    pen.fillStyle = "#fff";
    pen.fillRect(0, 0, width, height);
    pen.imageSmoothingQuality = "high";
    pen.drawImage(bitmap, x, y, w, tall, 0, 0, width, height);
    const made = (/** @type {string} */ type, /** @type {number} */ quality) =>
      new Promise((/** @type {(blob: any) => void} */ yes) => canvas.toBlob(yes, type, quality));
    if (source.type === "image/png") {
      const png = await made("image/png", 1);
      if (png && png.size <= Math.min(LOSSLESS, bytes)) return png;
    }
    for (const quality of QUALITY) {
      const jpeg = await made("image/jpeg", quality);
      if (jpeg && jpeg.size <= bytes) return jpeg;
    }
    throw new Error(`This picture stays above ${size(bytes)}: choose a smaller crop.`);
  }

  /** @param {any} frame */
  stored(frame) {
    const out = this.out();
    const scaled = out.scale < 1 ? " Scaled down." : "";
    this.settled = true;
    say(this.told, `Sent as ${frame.width} × ${frame.height}, ${size(frame.bytes)}.${scaled} Metadata removed.`);
    this.its.onchange();
  }

  /** A path, an address, or a clip's last frame, opened by the kernel. @param {string} text @param {any} [job] */
  async fetch(text, job) {
    if (!text.trim() && !job) return;
    const round = ++this.round;
    say(this.bad, "");
    say(this.told, "Opening …");
    try {
      const found = await this.link.ask("source", { slot: this.its.slot, text: text.trim(), job });
      if (round !== this.round) return;
      this.close();
      if (found.url) {
        this.forget();
        this.url = found.url;
        this.settled = true;
        say(this.link_, found.name || found.url);
        say(this.told, "The gateway fetches it from its address, uncropped.");
        this.reveal();
        this.its.onchange();
      } else await this.take(new Blob([found.buffers[0]], { type: found.type }), found.name);
    } catch (error) {
      if (round === this.round) this.fail(`${/** @type {Error} */ (error).message}`);
    }
  }

  openText() {
    const open = this.typed.hidden;
    this.close();
    this.typed.hidden = !open;
    this.address.setAttribute("aria-expanded", String(open));
    if (open) this.text.focus();
  }

  async openClips() {
    const open = this.strip.hidden;
    this.close();
    if (!open) return;
    this.clips.setAttribute("aria-expanded", "true");
    this.strip.hidden = false;
    this.strip.replaceChildren(h("p.dim", {}, "Looking …"));
    try {
      const { clips } = await this.link.ask("clips");
      const choose = (/** @type {any} */ clip) => {
        const label = `Last frame of: ${clip.prompt}`;
        const button = h("button", { onclick: () => this.fetch("", clip.id), title: label, "aria-label": label });
        poster(this.link, clip.id).then((url) => button.append(url ? h("img", { src: url, alt: "" }) : clip.prompt.slice(0, 20)));
        return button;
      };
      const none = h("p.dim", {}, "No finished clip yet.");
      this.strip.replaceChildren(...(clips.length ? clips.map(choose) : [none]));
      this.strip.querySelector("button")?.focus();
    } catch (error) {
      this.strip.replaceChildren(h("p.why", {}, `${/** @type {Error} */ (error).message}`));
    }
  }

  close() {
    this.typed.hidden = this.strip.hidden = true;
    for (const button of [this.address, this.clips]) button.setAttribute("aria-expanded", "false");
  }

  /** @param {string} sentence */
  fail(sentence) {
    say(this.told, "");
    say(this.bad, sentence);
    if (!this.filled) this.reveal();
  }

  forget() {
    this.bitmap?.close();
    Object.assign(this, { bitmap: null, source: null, url: "" });
  }

  async clear() {
    this.round++;
    clearTimeout(this.timer);
    this.forget();
    this.settled = true;
    say(this.told, "");
    say(this.bad, "");
    this.again.hidden = true;
    this.reveal();
    this.zone.focus();
    await this.link.ask("drop", { slot: this.its.slot }).catch(() => undefined);
    this.its.onchange();
  }

  reveal() {
    this.el.classList.toggle("kling-nb-full", Boolean(this.bitmap));
    this.zone.hidden = this.filled;
    this.stage.hidden = this.shapes.hidden = !this.bitmap;
    this.remove.hidden = !this.filled;
    if (!this.url) say(this.link_, "");
    if (this.filled) say(this.why, "");
  }
}
