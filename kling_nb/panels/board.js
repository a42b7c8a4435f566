// The jobs board: rows are kept by id and only what has changed is touched, so that hundreds of them run smoothly.

class Board {
  /** @param {Model} model @param {HTMLElement} el @param {Mount} mount */
  constructor(model, el, mount) {
    this.model = model;
    this.link = new Link(model, (busy) => this.busy(busy), () => this.lost());
    this.chosen = new Chosen(this.link, mount);
    /** @type {Map<string, BoardRow>} */
    this.rows = new Map();
    this.waiting = false;
    this.watch = new IntersectionObserver((seen) => {
      for (const one of seen) /** @type {any} */ (one.target).row.appear(one.isIntersecting);
    });
    this.build();
    el.append(this.root, this.chosen.below);
    this.onrows = () => this.draw();
    model.on("change:rows", this.onrows);
    model.on("change:info", this.onrows);
    this.draw();
  }

  build() {
    const info = this.model.get("info");
    this.search = h("input", { type: "search", placeholder: "Search prompts, models, states", "aria-label": "Search the jobs", value: info.search,
      oninput: () => { clearTimeout(this.timer); this.timer = setTimeout(() => this.look(), 250); } });
    this.tally = h("span.dim.tally", { role: "status" });
    this.status = h("p.status", { role: "status", hidden: true });
    this.trouble = h("p.why", { role: "alert", hidden: true });
    this.gone = h("p.gone", { role: "alert", hidden: true });
    const heads = ["Picture", "Prompt", "State", "Ready", "USD", "Actions"];
    const seen = (/** @type {number} */ index) => index > 0 && index < heads.length - 1;
    this.body = h("tbody", {});
    this.table = h("table.board", {}, h("thead", {}, h("tr", {}, ...heads.map((text, index) =>
      h("th", { scope: "col" }, seen(index) ? text : h("span.unseen", {}, text))))), this.body);
    this.more = h("button.quiet", { hidden: true, onclick: () => this.look(this.model.get("info").limit + 200) }, "Show more");
    const hide = h("style", {}, `.kling-nb-record-${info.record}{display:none}`);
    this.head = h("div.boardhead", {}, this.search, this.tally);
    this.root = h("div.panel", { role: "group", "aria-label": "Kling jobs", tabIndex: -1 },
      hide, this.gone, this.head, this.status, this.trouble, h("div.scroll", { tabIndex: 0, role: "group", "aria-label": "Jobs" }, this.table), this.more, this.chosen.el, this.chosen.trouble);
    this.root.classList.add("kling-nb");
    inhabit(this.root, this.link);
  }

  /** @param {number} [limit] */
  look(limit) {
    this.link.ask("look", { search: this.search.value, limit: limit || this.model.get("info").limit })
      .catch((error) => say(this.trouble, error.message));
  }

  draw() {
    const rows = this.model.get("rows");
    const kept = new Set(rows.map((/** @type {any} */ row) => row.id));
    for (const [id, row] of this.rows) if (!kept.has(id)) { row.close(); this.rows.delete(id); }
    let after = null;
    for (const told of rows) {
      let row = this.rows.get(told.id);
      if (!row) {
        row = new BoardRow(this, told);
        this.rows.set(told.id, row);
        this.watch.observe(row.el);
      }
      row.show(told);
      const next = after ? after.nextSibling : this.body.firstChild;
      if (next !== row.el) this.body.insertBefore(row.el, next);
      after = row.detail.isConnected || row.open ? row.detail : row.el;
      if (row.open && row.el.nextSibling !== row.detail) row.el.after(row.detail);
    }
    const live = rows.filter((/** @type {any} */ row) => !row.over).length;
    const { more, search } = this.model.get("info");
    say(this.tally, rows.length ? `${more ? "The newest " : ""}${plural(rows.length, "job")}${live ? `, ${live} under way` : ""}`
      : search ? "Nothing found among the newest 2,000 jobs." : "No jobs yet: they appear here as soon as there are some.");
    this.table.hidden = !rows.length;
    this.more.hidden = !more || rows.length >= 2000;
  }

  /** @param {boolean} busy */
  busy(busy) {
    if (busy !== this.waiting) say(this.status, busy ? BUSY : "");
    this.waiting = busy;
  }

  lost() {
    this.search.disabled = true;
    this.root.classList.add("kling-nb-dead");
    for (const row of this.rows.values()) row.lost();
    this.chosen.lose();
    say(this.gone, "The kernel behind this board is gone, and it stands still. Run its cell again for a new one; %kling resume goes on with jobs that were open.");
  }

  close() {
    clearTimeout(this.timer);
    this.watch.disconnect();
    this.model.off("change:rows", this.onrows);
    this.model.off("change:info", this.onrows);
    for (const row of this.rows.values()) row.close();
    this.chosen.close();
    this.link.close();
  }
}

class BoardRow {
  /** @param {Board} board @param {any} row */
  constructor(board, row) {
    this.board = board;
    this.id = row.id;
    this.open = false;
    this.thumb = h("div.thumb", {});
    this.tick = board.chosen.box(this.id);
    this.prompt = h("button.what", { onclick: () => this.toggle(), "aria-expanded": "false" });
    this.settings = h("span.dim", {});
    this.state = h("span", {});
    this.bar = h("div.bar", { role: "progressbar", hidden: true }, h("i", {}), h("u", {}));
    this.timing = h("td.when", {});
    this.price = h("td.price", {});
    this.acts = h("td.acts", {});
    this.el = h("tr", {}, h("td.pic", {}, h("div.picks", {}, this.tick, this.thumb)), h("td.text", {}, this.prompt, this.settings), h("td.state", {}, this.state, this.bar), this.timing, this.price, this.acts);
    this.el.row = this;
    this.say = h("div.say", {});
    this.film = h("div.screen", { hidden: true });
    this.cell = h("textarea.cell", { readOnly: true, hidden: true, rows: 3, "aria-label": "The job as a cell" });
    this.detail = h("tr.detail", {}, h("td", { colSpan: 6 }, h("div.pair", {}, this.film, this.say), this.cell));
  }

  /** @param {any} row */
  show(row) {
    const was = this.row;
    // Out of sight only a change of state is worth the layout; the clock is set when the row comes into sight.
    if (was && !this.visible && was.word === row.word && was.price === row.price) {
      this.later = row;
      return;
    }
    this.later = null;
    this.row = row;
    const changed = (/** @type {string[]} */ ...names) => !was || names.some((name) => was[name] !== row[name]);
    if (changed("prompt", "settings")) {
      this.prompt.textContent = row.prompt || row.id;
      this.settings.textContent = row.settings;
      this.tick.setAttribute("aria-label", `Choose: ${row.prompt || row.id}, ${row.settings}`);
    }
    if (changed("word", "tone", "gateway")) this.state.replaceChildren(state({ ...row, word: row.word }));
    if (changed("timing")) this.timing.textContent = row.timing;
    if (changed("price")) this.price.textContent = row.price.replace(/^USD /, "");
    if (JSON.stringify(was?.bar) !== JSON.stringify(row.bar)) moveBar(this.bar, row);
    if (changed("status", "over")) this.drawActs();
    this.tick.classList.toggle("kling-nb-off", !row.video);
    this.picture();
    if (this.open && changed("status", "reason", "money", "next")) this.drawDetail();
  }

  drawActs() {
    const { row, board } = this;
    const act = (/** @type {string} */ text, /** @type {() => void} */ onclick) =>
      h("button.quiet", { onclick, "aria-label": `${text}: ${row.prompt || row.id}` }, text);
    const ask = (/** @type {string} */ verb) => board.link.ask(verb, { id: this.id })
      .then(() => say(board.trouble, ""), (error) => say(board.trouble, error.message));
    const acts = [act("Copy", () => this.copy())];
    if (!row.over) acts.unshift(act("Stop", () => ask("cancel")));
    if (["failed", "cancelled", "unknown"].includes(row.status))
      acts.unshift(act(row.status === "failed" ? "Retry" : "Go on", () => ask("retry")));
    if (row.status === "done") acts.unshift(act("Show", () => this.toggle(true)));
    this.acts.replaceChildren(...acts);
  }

  async copy() {
    try {
      const { cell } = await this.board.link.ask("cell", { id: this.id });
      const done = await copy(cell);
      say(this.board.status, done ? "Copied: paste it into a cell." : "Copy it from the row.");
      if (!done) {
        this.toggle(true);
        this.cell.value = cell;
        this.cell.hidden = false;
        this.cell.select();
      }
    } catch (error) {
      say(this.board.trouble, `${/** @type {Error} */ (error).message}`);
    }
  }

  /** Open or close what there is to see of it. @param {boolean} [open] */
  toggle(open = !this.open) {
    this.open = open;
    this.prompt.setAttribute("aria-expanded", String(open));
    if (!open) {
      this.clip?.close();
      this.clip = null;
      this.detail.remove();
      return;
    }
    this.drawDetail();
    this.el.after(this.detail);
    this.detail.scrollIntoView({ block: "nearest" });
    if (this.clip) this.clip.button.focus();
  }

  drawDetail() {
    const { row } = this;
    const lines = [
      h("p.prompt", { dir: "auto" }, row.prompt),
      h("p.dim", {}, row.settings),
      row.reason ? h("p.why", {}, row.reason) : null,
      ...row.notes.map((/** @type {string} */ note) => h("p.note", {}, note)),
      h("p", {}, row.money),
      row.next ? h("p.dim", {}, row.next) : null,
      h("p.dim", {}, row.video ? row.video.path : row.id),
    ];
    this.say.replaceChildren(...lines.filter(Boolean));
    if (row.video && !this.clip) {
      this.clip = new Clip(this.board.link, row);
      this.film.replaceChildren(this.clip.el);
    }
    this.film.hidden = !row.video;
  }

  /** The row has come into sight, or gone out of it. @param {boolean} visible */
  appear(visible) {
    this.visible = visible;
    if (visible && this.later) this.show(this.later);
    this.picture();
  }

  /** Fetch the thumbnail, once the row is in sight and there is one. */
  picture() {
    if (!this.visible || !this.row.video || this.pictured) return;
    this.pictured = true;
    poster(this.board.link, this.id).then((url) => url && this.thumb.replaceChildren(h("img", { src: url, alt: "" })));
  }

  lost() {
    for (const button of this.acts.querySelectorAll("button")) button.disabled = true;
  }

  close() {
    this.clip?.close();
    this.board.watch.unobserve(this.el);
    this.detail.remove();
    this.el.remove();
  }
}

/** @param {{model: Model, el: HTMLElement}} its @param {Mount} mount */
function board({ model, el }, mount) {
  const made = new Board(model, el, mount);
  return () => made.close();
}
