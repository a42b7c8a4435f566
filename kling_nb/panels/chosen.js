// Finished clips that a person has ticked, and the comparison player that plays them below.

const MOST = 12; // clips of one comparison

/** @typedef {(root: HTMLElement) => {dispose(): void}} Mount the player's own, see player/player.js */

class Chosen {
  /** @param {Link} link @param {Mount} mount */
  constructor(link, mount) {
    this.link = link;
    this.mount = mount;
    /** @type {string[]} in the order in which they were ticked, which is that of the comparison */
    this.ids = [];
    /** @type {string[]} */
    this.urls = [];
    this.round = 0;
    this.go = h("button.more", { onclick: () => this.compare() });
    this.none = h("button.quiet", { onclick: () => this.clear() }, "Choose none");
    this.line = h("code", {});
    this.copied = h("button.quiet", { onclick: () => this.copy() }, "Copy as cell");
    this.status = h("span.dim", { role: "status" });
    this.trouble = h("p.why", { role: "alert", hidden: true });
    this.el = h("div.chosen", { role: "group", "aria-label": "Chosen clips", hidden: true },
      this.go, this.none, h("span.grow", {}), this.status, this.line, this.copied);
    this.below = h("div", {});
  }

  /** A box to tick for one job. @param {string} id */
  box(id) {
    const box = h("input.tick", { type: "checkbox", checked: this.ids.includes(id) });
    box.onchange = () => {
      this.ids = this.ids.filter((one) => one !== id);
      if (box.checked) this.ids.push(id);
      this.draw();
    };
    return box;
  }

  draw() {
    const count = this.ids.length;
    this.el.hidden = !count;
    this.go.disabled = this.lost || count < 2 || count > MOST;
    this.go.textContent = count > MOST ? `At most ${MOST} clips` : count < 2 ? "Choose one more to compare" : `Compare ${plural(count, "clip")}`;
    this.line.textContent = `%kling compare ${this.ids.join(" ")}`;
    this.line.hidden = this.copied.hidden = count < 2 || count > MOST;
    this.status.textContent = "";
  }

  async compare() {
    const round = ++this.round;
    const ids = [...this.ids];
    say(this.trouble, "");
    this.status.textContent = `Fetching ${plural(ids.length, "clip")} …`;
    try {
      const { page, films } = await this.link.ask("compare", { ids });
      const urls = await Promise.all(films.map((/** @type {string} */ id) => pull(this.link, id)));
      if (round !== this.round) return urls.forEach((url) => URL.revokeObjectURL(url));
      this.shut();
      this.urls = urls;
      const template = document.createElement("template");
      template.innerHTML = page; // written and escaped by player/html.py, like a saved comparison
      const root = /** @type {HTMLElement} */ (template.content.firstElementChild);
      root.querySelectorAll("video").forEach((video, index) => (video.src = urls[index]));
      root.classList.add("kling-nb-on");
      this.below.replaceChildren(root);
      this.player = this.mount(root);
      this.status.textContent = "";
      root.focus();
      root.scrollIntoView({ block: "nearest" });
    } catch (error) {
      this.status.textContent = "";
      say(this.trouble, `${/** @type {Error} */ (error).message}`);
    }
  }

  async copy() {
    const done = await copy(this.line.textContent);
    this.status.textContent = done ? "Copied: paste it into a cell." : "Copy it from here:";
  }

  clear() {
    this.ids = [];
    for (const box of /** @type {any} */ (this.el.parentElement).querySelectorAll(".kling-nb-tick")) box.checked = false;
    this.draw();
  }

  /** Take the comparison away, and give its decoders and its files back. */
  shut() {
    this.player?.dispose();
    this.player = undefined;
    this.urls.forEach((url) => URL.revokeObjectURL(url));
    this.urls = [];
    this.below.replaceChildren();
  }

  lose() {
    this.lost = true;
    this.draw();
  }

  close() {
    this.round++;
    this.shut();
  }
}
