// What every panel needs: elements, questions to the kernel, job rows with their clips.
// Read by panels/assets.py in front of a panel's own module; widgets' modules cannot import one another.

/** @typedef {{get(name: string): any, on(name: string, call: Function): void, off(name: string, call: Function): void,
 *   send(content: any, callbacks?: any, buffers?: ArrayBuffer[]): void}} Model */

const CHUNK = 1 << 20; // bytes of one message; the websocket closes at 10 MiB
const PATIENCE = 4000; // ms until a person is told that the kernel is busy
const BUSY = "The kernel does not answer yet: if it is busy with a cell, this goes on by itself; if it was shut down, run the cell of this panel again.";
const AREA = 520 * 292; // pixels of a clip on the screen
const GRACE = 1500; // ms that the answer to a ping may take on its way
const AGAIN = 15000; // ms until a question is asked once more

/**
 * An element. Properties that exist are set, others become attributes; children are nodes or text, never HTML.
 * @param {string} tag as in "button.quiet": class names get the prefix
 * @param {Record<string, any>} [props]
 * @param {...any} children
 * @returns {any}
 */
function h(tag, props = {}, ...children) {
  const [name = "", ...classes] = tag.split(".");
  const node = document.createElement(name);
  if (classes.length) node.className = classes.map((one) => `kling-nb-${one}`).join(" ");
  if (name === "button") /** @type {HTMLButtonElement} */ (node).type = "button";
  for (const [key, value] of Object.entries(props)) {
    if (key.startsWith("on")) node.addEventListener(key.slice(2), value);
    else if (key in node && key !== "style" && key !== "list") /** @type {any} */ (node)[key] = value;
    else if (value !== undefined) node.setAttribute(key, value);
  }
  node.append(...children.filter((child) => child !== null && child !== undefined && child !== ""));
  return node;
}

/** Show or hide, and set the text, only where something changes. @param {any} node @param {string} text */
function say(node, text) {
  if (node.textContent !== text) node.textContent = text;
  if (node.hidden !== !text) node.hidden = !text;
}

/** @param {number} count @param {string} word */
const plural = (count, word) => `${count} ${word}${count === 1 ? "" : "s"}`;

/** @param {number} bytes */
const size = (bytes) => (bytes >= 1e6 ? `${(bytes / 1e6).toFixed(1)} MB` : `${Math.round(bytes / 1e3)} kB`);

/** Names that are unique on the page, for labels and radio groups. */
const uid = (() => {
  const base = Math.random().toString(36).slice(2, 8);
  let last = 0;
  return () => `kling-nb-${base}-${++last}`;
})();

/**
 * Questions to the kernel. Each has a number and is asked again until it is answered; the kernel answers a number
 * once. Nothing is given up while the kernel lives: it may just be busy with a cell. Whether it lives is asked by a
 * ping, which is answered before anything else; a kernel that has taken it and says nothing is another kernel.
 */
class Link {
  /** @param {Model} model @param {(busy: boolean) => void} onbusy @param {() => void} onlost */
  constructor(model, onbusy, onlost) {
    this.model = model;
    this.onlost = onlost;
    this.heardAt = Date.now();
    this.view = Math.random().toString(36).slice(2, 10);
    this.last = 0;
    this.gone = false;
    /** @type {Map<number, any>} */
    this.open = new Map();
    this.onbusy = onbusy;
    this.heard = this.heard.bind(this);
    model.on("msg:custom", this.heard);
    this.clock = setInterval(() => this.look(), 1000);
  }

  /**
   * @param {string} verb @param {any} [content] @param {ArrayBuffer[]} [buffers]
   * @returns {Promise<any>} the answer, its buffers as `buffers`; rejected with a sentence
   */
  ask(verb, content = {}, buffers = []) {
    const message = { ...content, verb, view: this.view, number: ++this.last };
    return new Promise((yes, no) => {
      if (this.gone) return no(new Error("This panel has lost its kernel."));
      this.open.set(message.number, { message, buffers, yes, no, asked: Date.now(), since: Date.now() });
      this.post(message, undefined, buffers);
    });
  }

  /** @param {any} message @param {any} [callbacks] @param {ArrayBuffer[]} [buffers] */
  post(message, callbacks, buffers) {
    try {
      this.model.send(message, callbacks, buffers);
    } catch {
      this.lose(); // Lab closes the comms of a kernel that was restarted
    }
  }

  /** Make sure that the kernel is still the one that made this panel, if it was silent for a while. */
  touch() {
    if (this.gone || this.pinged || Date.now() - this.heardAt < PATIENCE) return;
    this.pinged = true;
    const taken = (/** @type {any} */ message) => {
      if (message.content.execution_state === "idle") setTimeout(() => this.pinged && this.lose(), GRACE);
    };
    this.post({ verb: "ping", view: this.view, number: 0 }, { iopub: { status: taken } });
  }

  lose() {
    if (this.gone) return;
    this.close();
    this.onlost();
  }

  /** @param {any} answer @param {DataView[]} buffers */
  heard(answer, buffers) {
    if (answer.view !== this.view) return;
    this.heardAt = Date.now();
    this.pinged = false;
    const question = this.open.get(answer.number);
    if (!question) return;
    this.open.delete(answer.number);
    this.look();
    if (answer.trouble) question.no(new Error(answer.trouble));
    else question.yes({ ...answer, buffers: buffers || [] });
  }

  look() {
    const now = Date.now();
    let busy = false;
    for (const question of this.open.values()) {
      busy = busy || now - question.since > PATIENCE;
      if (now - question.asked > AGAIN) {
        question.asked = now;
        this.post(question.message, undefined, question.buffers);
      }
    }
    if (busy) this.touch();
    this.onbusy(busy);
  }

  close() {
    this.gone = true;
    clearInterval(this.clock);
    this.model.off("msg:custom", this.heard);
    for (const question of this.open.values()) question.no(new Error("This panel has lost its kernel."));
    this.open.clear();
  }
}

/** Keep what is typed here from the notebook's own shortcuts, and look after the kernel. @param {HTMLElement} root @param {Link} link */
function inhabit(root, link) {
  for (const name of ["focusin", "pointerdown"]) root.addEventListener(name, () => link.touch());
  root.dataset.lmSuppressShortcuts = "true";
  for (const name of ["keydown", "keyup", "keypress"]) root.addEventListener(name, (event) => event.stopPropagation());
}

/** @param {string} text @returns {Promise<boolean>} whether it is in the clipboard */
async function copy(text) {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    return false;
  }
}

/** A state as dot, word and colour. @param {any} row */
function state(row) {
  return h(`b.st.${row.tone}`, {}, row.word);
}

/**
 * The player of a finished clip: its poster, and the film once somebody wants it, pulled from the kernel in pieces.
 * That works wherever widgets do: Lab, Notebook, Voila, VS Code, marimo.
 */
class Clip {
  /** @param {Link} link @param {any} row */
  constructor(link, row) {
    this.link = link;
    this.row = row;
    this.url = "";
    const name = `Play: ${row.prompt || row.id}`;
    this.button = h("button.start", { onclick: () => this.play(), "aria-label": name }, h("span", {}, "▶"));
    this.el = h("div.reel", {}, this.button);
    const { width, height } = row.video;
    this.el.style.aspectRatio = `${width} / ${height}`;
    // Every shape takes the same area, so that a tall clip is no louder than a wide one.
    this.el.style.setProperty("--w", `${Math.round(Math.sqrt((AREA * width) / height))}px`);
    this.poster = poster(link, row.id).then((url) => {
      if (url && !this.url) this.button.prepend(h("img", { src: url, alt: "" }));
      return url;
    });
  }

  async play() {
    if (this.loading) return;
    this.loading = true;
    const mark = this.button.lastChild;
    try {
      this.url = await pull(this.link, this.row.id, (done, of) => {
        if (of > 3) mark.textContent = `${Math.round((100 * done) / of)} %`;
      });
      const props = { controls: true, autoplay: true, playsInline: true, src: this.url, poster: await this.poster };
      const video = h("video", { ...props, "aria-label": this.row.prompt || this.row.id });
      this.button.replaceWith(video);
      video.focus();
    } catch (error) {
      mark.textContent = "▶";
      this.el.append(h("p.why", { role: "alert" }, `${/** @type {Error} */ (error).message}`));
    }
    this.loading = false;
  }

  close() {
    const video = this.el.querySelector("video");
    if (video) {
      video.removeAttribute("src");
      video.load();
    }
    if (this.url) URL.revokeObjectURL(this.url);
  }
}

/**
 * The film of a job, piece by piece.
 * @param {Link} link @param {string} id @param {(done: number, of: number) => void} [told] after each piece
 * @returns {Promise<string>} its address on this page, to be revoked
 */
async function pull(link, id, told) {
  const parts = [];
  for (let index = 0, count = 1; index < count; index++) {
    const piece = await link.ask("clip", { id, index });
    count = piece.count;
    parts.push(piece.buffers[0]);
    told?.(index + 1, count);
  }
  return URL.createObjectURL(new Blob(parts, { type: "video/mp4" }));
}

/** @param {Link} link @param {string} id @returns {Promise<string>} a data URL, or "" */
async function poster(link, id) {
  try {
    const { buffers } = await link.ask("poster", { id });
    return buffers.length ? await dataUrl(new Blob([buffers[0]], { type: "image/jpeg" })) : "";
  } catch {
    return "";
  }
}

/** @param {Blob} blob @returns {Promise<string>} */
function dataUrl(blob) {
  return new Promise((yes, no) => {
    const reader = new FileReader();
    reader.onload = () => yes(String(reader.result));
    reader.onerror = () => no(reader.error);
    reader.readAsDataURL(blob);
  });
}

/** The bar of a job under way, moved in place. @param {HTMLElement} bar @param {any} row */
function moveBar(bar, row) {
  bar.hidden = !row.bar;
  if (!row.bar) return;
  for (const [name, place] of Object.entries(row.bar.places)) bar.style.setProperty(`--${name}`, String(place));
  bar.classList.toggle("kling-nb-late", row.bar.late);
  if (bar.getAttribute("aria-label") !== row.timing) bar.setAttribute("aria-label", row.timing);
}
