// From what a crop frame shows to a file that the gateway takes, and from there to the kernel in pieces.

const AHEAD = 4; // pieces on their way at once
const TRIES = 3;
const QUALITY = [0.92, 0.85, 0.75, 0.6];
const LOSSLESS = 2_000_000; // bytes up to which a PNG stays one

/**
 * @param {Crop} crop @param {Blob} source the picture's file @param {number} bytes how large it may become
 * @returns {Promise<Blob>}
 */
async function encoded(crop, source, bytes) {
  const bitmap = /** @type {ImageBitmap} */ (crop.bitmap);
  const { x, y, w, h: tall } = crop.box;
  const { width, height, scale } = crop.out();
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

/**
 * Hand a file to the kernel; pieces that did not arrive are sent again.
 * @param {Link} link @param {any} head what every piece says of the whole: slot, upload, name
 * @param {ArrayBuffer} data
 * @param {{live: () => boolean, progress: (percent: number) => void}} its whether it is still wanted
 * @returns {Promise<any>} what the kernel says of it; null if it was overtaken
 */
async function uploaded(link, head, data, its) {
  const pieces = Math.max(1, Math.ceil(data.byteLength / CHUNK));
  const told = { ...head, pieces };
  let missing = Array.from({ length: pieces }, (_, index) => index);
  let sent = 0;
  const next = async () => {
    for (let index = missing.shift(); index !== undefined && its.live(); index = missing.shift()) {
      await link.ask("piece", { ...told, index }, [data.slice(index * CHUNK, (index + 1) * CHUNK)]);
      its.progress(Math.round((100 * ++sent) / pieces));
    }
  };
  for (let tries = 0; tries < TRIES; tries++) {
    await Promise.all(Array.from({ length: AHEAD }, next));
    if (!its.live()) return null;
    const done = await link.ask("pieces", told);
    if (!its.live()) return null;
    if (!done.missing) return done;
    missing = done.missing;
    sent = pieces - missing.length;
  }
  throw new Error("The picture did not arrive whole: send it again.");
}
