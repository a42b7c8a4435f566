// Finished clips whose files no page can reach: the saved output's own HTML, with players in place of its posters
// that pull their film through the kernel.

/** @param {{model: Model, el: HTMLElement}} its */
function screen({ model, el }) {
  const template = document.createElement("template");
  template.innerHTML = model.get("page");
  const root = /** @type {HTMLElement} */ (template.content.firstElementChild);
  root.classList.add("kling-nb-panel");
  const link = new Link(model, () => {}, () => {});
  inhabit(root, link);
  const rows = model.get("rows");
  const clips = [...root.querySelectorAll("img.kling-nb-film")].map((still, index) => {
    const clip = new Clip(link, rows[index]);
    still.replaceWith(clip.el);
    return clip;
  });
  el.append(root);
  return () => {
    clips.forEach((clip) => clip.close());
    link.close();
  };
}

export default { render: screen };
