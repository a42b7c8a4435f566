// What becomes of what a panel has sent: a list of jobs, the newest first, each with its clip once there is one.

class Results {
  /** @param {Link} link @param {(sentence: string) => void} fail */
  constructor(link, fail) {
    this.link = link;
    this.fail = fail;
    /** @type {Map<string, Row>} */
    this.rows = new Map();
    this.el = h("ul.jobs", { "aria-label": "Clips of this panel" });
  }

  /** @param {any[]} rows */
  show(rows) {
    const kept = new Set(rows.map((row) => row.id));
    for (const [id, item] of this.rows) if (!kept.has(id)) { item.close(); this.rows.delete(id); }
    rows.forEach((row, index) => {
      const item = this.rows.get(row.id) || new Row(this.link, this.fail);
      this.rows.set(row.id, item);
      item.show(row);
      if (this.el.children[index] !== item.el) this.el.insertBefore(item.el, this.el.children[index] || null);
    });
    this.el.hidden = !rows.length;
  }

  lost() {
    for (const item of this.rows.values()) item.lost();
  }

  close() {
    for (const item of this.rows.values()) item.close();
  }
}

/** One job of this panel: how it goes, then its clip. */
class Row {
  /** @param {Link} link @param {(sentence: string) => void} fail */
  constructor(link, fail) {
    this.link = link;
    this.bar = h("div.bar", { role: "progressbar", hidden: true }, h("i", {}), h("u", {}));
    this.state = h("span", {});
    this.timing = h("span.dim", {});
    this.prompt = h("p.prompt", { dir: "auto" });
    this.settings = h("p.dim", {});
    this.why = h("p.why", { hidden: true });
    this.stop = h("button.quiet", { hidden: true, onclick: () => link.ask("cancel", { id: this.id }).catch((error) => fail(error.message)) }, "Stop");
    this.money = h("p.dim", {});
    this.say = h("div.say", {}, h("div.top", {}, this.state, this.timing), this.prompt, this.settings, this.why,
      h("div.top", {}, this.money, this.stop));
    this.film = h("div.screen", { hidden: true });
    this.el = h("li", {}, h("div.pair", {}, this.film, this.say), this.bar);
  }

  /** @param {any} row */
  show(row) {
    this.id = row.id;
    if (this.word !== row.word + row.tone) {
      this.word = row.word + row.tone;
      this.state.replaceChildren(state({ ...row, word: row.where }));
    }
    say(this.timing, row.timing);
    say(this.prompt, row.prompt);
    say(this.settings, row.settings);
    say(this.why, row.reason);
    say(this.money, [row.money, row.next].filter(Boolean).join(" "));
    moveBar(this.bar, row);
    this.stop.hidden = row.over;
    if (row.video && !this.clip) {
      this.clip = new Clip(this.link, row);
      this.film.replaceChildren(this.clip.el);
      this.film.hidden = false;
    }
  }

  lost() {
    this.stop.hidden = true;
    if (this.clip) this.clip.button.disabled = true;
  }

  close() {
    this.clip?.close();
    this.el.remove();
  }
}
