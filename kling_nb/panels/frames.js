// A place for one picture: drop, paste, choose, path or URL; cropped, it is sent exactly as it is shown.

class FramePlace {
  /**
   * @param {Link} link
   * @param {{slot: string, label: string, onchange: () => void, limits: () => any, shape: () => string}} its
   */
  constructor(link, its) {
    this.link = link;
    this.its = its;
    this.round = 0;
    this.crop = new Crop({ label: its.label, limits: its.limits, onchange: () => this.later() });
    /** @type {Blob | null} */
    this.source = null;
    this.name = "";
    this.url = "";
    this.settled = true; // the kernel has what is shown
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
      h("div.label", {}, label), this.zone, this.crop.el, this.link_, this.crop.shapes, this.told, this.bad, this.why, acts,
      this.typed, this.strip, this.file);
    this.el.addEventListener("dragover", (/** @type {DragEvent} */ event) => { event.preventDefault(); event.stopPropagation(); this.hover(true); });
    this.el.addEventListener("dragleave", () => this.hover(false));
    this.el.addEventListener("drop", (/** @type {DragEvent} */ event) => this.dropped(event));
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
    return Boolean(this.crop.bitmap || this.url);
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
    Object.assign(this, { source: blob, name, url: "" });
    this.crop.open(bitmap, this.its.shape());
    this.reveal();
    await this.send();
  }

  /** Send once nothing has moved for a moment. */
  later() {
    clearTimeout(this.timer);
    this.unsettle();
    const { width, height } = this.crop.out();
    say(this.told, `${width} × ${height} pixels`);
    this.timer = setTimeout(() => this.send(), 350);
  }

  unsettle() {
    if (this.settled) {
      this.settled = false;
      this.its.onchange();
    }
  }

  /** Encode what the crop frame shows and hand it to the kernel. */
  async send() {
    if (!this.crop.bitmap || !this.source) return;
    const round = ++this.round;
    const live = () => round === this.round;
    clearTimeout(this.timer);
    say(this.bad, "");
    this.again.hidden = true;
    this.unsettle();
    try {
      const blob = await encoded(this.crop, this.source, this.its.limits().bytes);
      const head = { slot: this.its.slot, upload: `${this.link.view}-${round}`, name: this.name };
      const progress = (/** @type {number} */ percent) => say(this.told, `Sending, ${percent} %`);
      const done = await uploaded(this.link, head, await blob.arrayBuffer(), { live, progress });
      if (done) this.stored(done);
    } catch (error) {
      if (!live()) return;
      this.fail(`${/** @type {Error} */ (error).message}`);
      this.again.hidden = false;
    }
  }

  /** @param {any} frame */
  stored(frame) {
    const out = this.crop.out();
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
    this.crop.close();
    Object.assign(this, { source: null, url: "" });
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
    this.el.classList.toggle("kling-nb-full", Boolean(this.crop.bitmap));
    this.zone.hidden = this.filled;
    this.crop.reveal();
    this.remove.hidden = !this.filled;
    if (!this.url) say(this.link_, "");
    if (this.filled) say(this.why, "");
  }
}
