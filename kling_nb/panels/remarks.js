// What is to be said about a form: next to the field that it is about, or below all of them.

class Remarks {
  /** @param {string} id of the panel, for the labels */
  constructor(id) {
    this.id = id;
    /** @type {Record<string, any>} */
    this.boxes = {};
    this.whys = h("ul.whys", {});
    this.rest = h("div.remarks", { "aria-live": "polite" });
  }

  /** A place for what is to be said about one field. @param {string} name */
  box(name) {
    this.boxes[name] = h("div.remarks", { id: `${this.id}-on-${name}`, "aria-live": "polite" });
    return this.boxes[name];
  }

  /** @param {any} told the kernel's latest word @param {boolean} started whether there is a prompt to talk about */
  show(told, started) {
    const closed = [...told.modes, ...told.durations, ...told.aspects].map((choice) => choice.why);
    const whys = [...new Set([...closed, told.aspect, told.sound, told.negative].filter(Boolean))];
    this.whys.replaceChildren(...whys.map((why) => h("li", {}, why)));
    this.whys.hidden = !whys.length;
    const said = told.remarks.filter((/** @type {any} */ one) => started || one.field !== "prompt");
    for (const [name, box] of Object.entries(this.boxes)) this.draw(box, said.filter((/** @type {any} */ one) => one.field === name));
    // A moot aspect ratio is said once, where the choice would be.
    this.draw(this.rest, said.filter((/** @type {any} */ one) => !this.boxes[one.field] && !(one.field === "aspect" && told.aspect)));
  }

  /** @param {any} box @param {any[]} remarks */
  draw(box, remarks) {
    const now = JSON.stringify(remarks);
    if (box.dataset.now === now) return;
    box.dataset.now = now;
    box.replaceChildren(...remarks.map((remark) => h(`p.${remark.level === "error" ? "why" : "note"}`, {}, remark.says)));
  }
}
