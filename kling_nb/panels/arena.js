// The blind arena: two clips in step, four answers, and keys for all of it. It knows tokens of clips and nothing
// about them; each film comes as bytes and plays from a blob, so that no address tells what it is.

const KEPT = 8; // films that are kept to be played again
const AHEAD = 4; // films that are fetched while somebody looks

/** @typedef {'left' | 'right' | 'tie' | 'both bad'} Winner */
/** @typedef {{token: string, left: string, right: string, prompt: string, turn: number, sound: boolean, soon: string[]}} Dealt */
/** @typedef {{cell: HTMLElement, video: HTMLVideoElement}} Playing */
/** @typedef {{clips: Playing[], heard: Playing | undefined, time: number, length: number, playing: boolean, loop: boolean,
 *   muted: boolean, asleep: boolean, add(cell: HTMLElement): unknown, remove(clip: Playing): void, seek(time: number): void,
 *   step(frames: number): void, play(): Promise<void>, pause(): void, hush(): void, sleep(gone: boolean): void,
 *   wake(): void}} Deck */

/** @type {[Winner, string, string, string][]} */
const ANSWERS = [
  ["left", "Left is better", "←", "Noted: left is better."],
  ["tie", "Tie", "↓", "Noted: a tie."],
  ["both bad", "Both bad", "B", "Noted: both bad."],
  ["right", "Right is better", "→", "Noted: right is better."],
];

/** @type {Record<string, Winner>} */
const VOTES = { ArrowLeft: "left", 1: "left", ArrowRight: "right", 2: "right", ArrowDown: "tie", t: "tie", b: "both bad", 0: "both bad" };

const KEYS = [
  ["← or 1", "left is better"], ["→ or 2", "right is better"], ["↓ or T", "tie"], ["B or 0", "both bad"],
  ["U", "take the last vote back"], ["Space", "play, pause"], ["R", "from the start"], [", .", "one frame back, on"],
  ["M", "sound: off, left, right"], ["?", "this card"], ["Esc", "leave"],
];

class Ring {
  /** @param {Model} model @param {HTMLElement} el @param {new (tell: () => void) => Deck} Maker */
  constructor(model, el, Maker) {
    this.link = new Link(model, (busy) => this.busy(busy), () => this.lost());
    this.info = model.get("info");
    this.deck = new Maker(() => this.tick());
    this.deck.loop = this.deck.muted = true;
    this.still = matchMedia("(prefers-reduced-motion:reduce)").matches;
    /** @type {Map<string, Promise<string>>} */
    this.films = new Map();
    /** @type {Dealt | null} */
    this.pair = null;
    this.open = this.waiting = this.closed = false;
    this.replays = this.turn = this.asked = this.told = this.since = this.ear = 0;
    this.build();
    el.append(this.root);
    this.watch = new IntersectionObserver((seen) => (seen.at(-1)?.isIntersecting ? this.deck.wake() : this.deck.sleep(!this.root.isConnected)));
    this.watch.observe(this.root);
    this.ask("pair");
  }

  build() {
    const { criterion, record } = this.info;
    this.prompt = h("p.prompt", { dir: "auto", hidden: true });
    const question = criterion === "overall" ? "Which clip is better overall?" : `Which clip is better: ${criterion}?`;
    this.count = h("span.dim", {});
    /** @type {any[]} */
    this.sides = ["Left", "Right"].map((name) => h("div.side", { role: "group", "aria-label": `${name} clip` }));
    /** @type {any[]} */
    this.answers = ANSWERS.map(([winner, words, key]) => h("button.answer", { "data-answer": winner.split(" ")[0], "aria-disabled": "true",
      onclick: (/** @type {MouseEvent} */ event) => this.clicked(winner, event) }, h("span", {}, words), h("kbd", { "aria-hidden": "true" }, key)));
    this.status = h("p.note-line", { role: "status" });
    this.progress = h("p.dim", {});
    this.trouble = h("p.why", { role: "alert", hidden: true });
    this.gone = h("p.gone", { role: "alert", hidden: true });
    this.playing = h("button.quiet.toggle", { onclick: () => this.toggle() }, "Play");
    this.sound = h("button.quiet", { onclick: () => this.hear(), hidden: true });
    this.back = h("button.quiet", { onclick: () => this.undo() }, "Undo");
    this.reveal = h("button.quiet", { onclick: () => this.show(!this.open), "aria-expanded": "false" }, "Show table");
    this.help = h("button.quiet", { onclick: () => this.card(), "aria-expanded": "false" }, "Keys");
    this.manual = h("dl.keys", { hidden: true }, ...KEYS.flatMap(([key, words]) => [h("dt", {}, h("kbd", {}, key)), h("dd", {}, words)]));
    this.table = h("div.standing", {});
    const hide = h("style", {}, `.kling-nb-record-${record}{display:none}`);
    this.root = h("div.panel.arena", { role: "group", "aria-label": "Blind comparison of two clips", tabIndex: 0 }, hide, this.gone,
      h("div.say", {}, this.prompt, h("p", {}, h("b", {}, question), " ", this.count)),
      h("div.sides", {}, ...this.sides), h("div.answers", {}, ...this.answers),
      h("div.tools", {}, this.playing, h("button.quiet", { onclick: () => this.replay() }, "Replay"), this.sound, h("i", {}), this.back, this.reveal, this.help),
      this.manual, this.trouble, h("div.end", {}, this.status, this.progress), this.table);
    this.root.classList.add("kling-nb");
    inhabit(this.root, this.link);
    this.root.addEventListener("keydown", (/** @type {KeyboardEvent} */ event) => this.typed(event));
  }

  // --- asking and voting

  /** @param {string} verb @param {any} [content] @param {string} [words] what to say when it is done @returns {Promise<boolean>} whether it is */
  async ask(verb, content = {}, words = "") {
    if (this.waiting || this.closed) return false;
    let done = false;
    this.waiting = true;
    this.draw();
    try {
      const dealt = await this.link.ask(verb, content);
      done = true;
      say(this.trouble, "");
      this.status.textContent = dealt.counted === false ? (verb === "undo" ? "There is no vote to take back." : "This pair had its vote already.") : words;
      this.waiting = false;
      if (verb !== "undo" || dealt.counted) await this.deal(dealt);
      this.stand();
    } catch (error) {
      say(this.trouble, `${/** @type {Error} */ (error).message}`);
    }
    this.waiting = false;
    this.draw();
    return done;
  }

  /** @param {Winner} winner */
  async vote(winner) {
    const { pair, since } = this;
    if (!pair || !since || this.waiting) return;
    const content = { winner, token: pair.token, ms: Math.round(performance.now() - since), replays: this.replays };
    this.since = 0;
    const done = await this.ask("vote", content, ANSWERS.find(([name]) => name === winner)?.[3]);
    if (done) return;
    this.since = since; // not written: the same pair can be voted on again
    this.draw();
  }

  /** A mouse gives the focus back, so that Space goes on to play and not to vote. @param {Winner} winner @param {MouseEvent} event */
  clicked(winner, event) {
    if (event.detail) this.root.focus({ preventScroll: true });
    this.vote(winner);
  }

  undo() {
    this.ask("undo", {}, "Taken back: here it is again.");
  }

  // --- the clips

  /** @param {Dealt} pair */
  async deal(pair) {
    const turn = ++this.turn;
    this.pair = pair;
    this.replays = this.since = 0;
    say(this.prompt, pair.prompt);
    this.count.textContent = `Pair ${pair.turn}`;
    this.draw();
    const tokens = [pair.left, pair.right];
    const films = await Promise.allSettled(tokens.map((token) => this.film(token)));
    if (turn !== this.turn || this.closed) return;
    this.empty();
    const cells = films.map((film, side) => this.fill(side, film.status === "fulfilled" ? film.value : "", pair.sound));
    if (this.ear) this.deck.heard = this.deck.clips[this.ear];
    this.deck.hush();
    const fit = await Promise.all(cells.map(shown));
    if (turn !== this.turn || this.closed) return;
    const bad = tokens.find((_, side) => !fit[side]);
    if (bad) {
      setTimeout(() => this.ask("broken", { clip: bad }, "A clip cannot be played here, so its pairs are left out."));
      return;
    }
    const ratio = Math.max(...cells.map((video) => video.videoWidth / video.videoHeight || 1));
    this.root.style.setProperty("--ratio", ratio.toFixed(4));
    this.sound.hidden = !pair.sound;
    this.since = performance.now();
    this.deck.seek(0);
    if (!this.still) void this.deck.play();
    this.draw();
    void this.fetch(pair.soon.slice(0, AHEAD), turn);
  }

  /** Have the films that may come next, one after another, as long as this pair is looked at. @param {string[]} tokens @param {number} turn */
  async fetch(tokens, turn) {
    for (const token of tokens) {
      if (turn !== this.turn || this.closed) return;
      await this.film(token).catch(() => {});
    }
  }

  empty() {
    for (const clip of [...this.deck.clips]) this.deck.remove(clip);
    this.deck.time = 0;
  }

  /** @param {number} side @param {string} url @param {boolean} sound */
  fill(side, url, sound) {
    const place = /** @type {HTMLElement} */ (this.sides[side]);
    const video = h("video", { muted: true, playsInline: true, preload: "auto", src: url, tabIndex: -1, "aria-label": side ? "Right clip" : "Left clip" });
    if (sound) place.dataset.sound = "1";
    else delete place.dataset.sound;
    place.replaceChildren(video);
    video.onclick = () => this.toggle();
    this.deck.add(place);
    return /** @type {HTMLVideoElement} */ (video);
  }

  /** A film's address, fetched once while it is among the last few. @param {string} token @returns {Promise<string>} */
  film(token) {
    const known = this.films.get(token) || this.pull(token);
    this.films.delete(token);
    this.films.set(token, known);
    known.catch(() => this.films.delete(token));
    for (const [old, address] of this.films) {
      if (this.films.size <= KEPT) break;
      if (old === this.pair?.left || old === this.pair?.right) continue;
      this.films.delete(old);
      address.then((url) => URL.revokeObjectURL(url), () => {});
    }
    return known;
  }

  /** @param {string} token @returns {Promise<string>} */
  async pull(token) {
    const parts = [];
    for (let index = 0, count = 1; index < count; index++) {
      const piece = await this.link.ask("clip", { clip: token, index });
      count = piece.count;
      parts.push(piece.buffers[0]);
    }
    return URL.createObjectURL(new Blob(parts, { type: "video/mp4" }));
  }

  toggle() {
    if (this.deck.playing) this.deck.pause();
    else void this.deck.play();
  }

  replay() {
    this.replays++;
    this.deck.seek(0);
    void this.deck.play();
  }

  /** Off, left, right: only one can be heard. */
  hear() {
    const { deck } = this;
    this.ear = deck.muted ? 0 : this.ear + 1;
    deck.muted = this.ear > 1;
    this.ear %= 2;
    deck.heard = deck.clips[this.ear];
    deck.hush();
  }

  // --- the table

  /** @param {boolean} open */
  show(open) {
    this.open = open;
    if (!open) this.table.replaceChildren();
    this.stand();
    this.draw();
  }

  /** How far it is. What is older than what is shown says nothing any more. */
  async stand() {
    const asked = ++this.asked;
    try {
      const { progress, html } = await this.link.ask("standing", { reveal: this.open });
      if (asked < this.told) return;
      this.told = asked;
      this.progress.textContent = progress;
      if (!this.open || !html) return;
      const template = document.createElement("template");
      template.innerHTML = html; // ours, escaped in Python
      this.table.replaceChildren(template.content);
    } catch (error) {
      if (asked === this.asked) say(this.trouble, `${/** @type {Error} */ (error).message}`);
    }
  }

  card() {
    this.manual.hidden = !this.manual.hidden;
    this.draw();
  }

  /** @param {KeyboardEvent} event */
  typed(event) {
    const { key } = event;
    const target = /** @type {HTMLElement} */ (event.target);
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (target.matches("button") && /^( |Enter)$/.test(key)) return;
    const name = key.length > 1 ? key : key.toLowerCase();
    const winner = VOTES[name];
    /** @type {Record<string, () => void>} */
    const acts = { u: () => this.undo(), " ": () => this.toggle(), r: () => this.replay(), m: () => this.sound.hidden || this.hear(), "?": () => this.card(),
      ",": () => this.deck.step(-1), ".": () => this.deck.step(1), Escape: () => (this.manual.hidden ? target.blur() : this.card()) };
    const act = winner ? () => this.vote(winner) : acts[name];
    if (!act) return;
    event.preventDefault();
    if (!event.repeat) act();
  }

  /** At each frame while it plays: only what has changed is touched. */
  tick() {
    const { deck } = this;
    const words = deck.playing ? "Pause" : "Play";
    if (this.playing.textContent !== words) this.playing.textContent = words;
    const heard = `Sound ${deck.muted ? "off" : this.ear ? "right" : "left"}`;
    if (this.sound.textContent !== heard) this.sound.textContent = heard;
  }

  draw() {
    const ready = !!this.since && !this.waiting && !this.closed;
    this.tick();
    for (const button of this.answers) button.setAttribute("aria-disabled", `${!ready}`);
    this.reveal.textContent = this.open ? "Hide table" : "Show table";
    this.reveal.setAttribute("aria-expanded", `${this.open}`);
    this.help.setAttribute("aria-expanded", `${!this.manual.hidden}`);
    this.root.classList.toggle("kling-nb-loading", !ready);
  }

  /** @param {boolean} busy */
  busy(busy) {
    if (busy) this.status.textContent = BUSY;
    else if (this.status.textContent === BUSY) this.status.textContent = "";
  }

  lost() {
    this.closed = true;
    this.root.classList.add("kling-nb-dead");
    for (const button of [this.back, this.reveal]) button.disabled = true;
    say(this.gone, "The kernel behind this arena is gone. Run its cell again to go on: the votes are kept.");
    this.draw();
  }

  close() {
    this.closed = true;
    this.turn++;
    this.watch.disconnect();
    this.empty();
    for (const film of this.films.values()) film.then((url) => URL.revokeObjectURL(url), () => {});
    this.link.close();
  }
}

/** Whether a clip has come so far that it can be seen. @param {HTMLVideoElement} video @returns {Promise<boolean>} */
const shown = (video) => new Promise((yes) => {
  const look = () => (video.error ? yes(false) : video.readyState >= 2 && yes(true));
  for (const name of ["loadeddata", "error"]) video.addEventListener(name, look);
  look();
});

/** @param {{model: Model, el: HTMLElement}} its @param {new (tell: () => void) => Deck} Maker */
function arena({ model, el }, Maker) {
  const ring = new Ring(model, el, Maker);
  return () => ring.close();
}
