// The clips of one comparison, kept in step. Knows videos and time; no controls, no layout.
//
// While paused, every clip stands in the middle of a frame, (k + 0.5) / fps: a seek to k / fps may land on either side.
// While playing, one clip leads. The others run up to half faster or slower until they are in step again,
// and jump when they are far off. Chromium drifts less than 1 ms after a common start, so that is rare; but
// - sound begins in a burst, and then waits for some 50 ms: the leader starts alone, and the others, which stand LEAD
//   further on, start when it comes to them;
// - on a busy machine sound loses a buffer now and then, 21 ms, and its clip falls behind for good: so the clips without
//   sound are kept BIAS behind those that have some, and one lost buffer leaves them within half a frame;
// - a page that hardly gets to run corrects late: it then corrects gently, so that it does not correct too much.

const FAR = 0.25;
const SOON = 0.125;
const PULL = 0.5;
const LEAD = 0.06;
const BIAS = 0.006;
const SLACK = 0.004;
const SEEK_TAKES = 0.05;
const PATIENCE = 4000;
const FPS = 24;

/**
 * @typedef {object} Clip
 * @property {HTMLElement} cell
 * @property {HTMLVideoElement} video
 * @property {string} name
 * @property {number} fps
 * @property {number} seconds
 * @property {number} offset seconds by which it starts later than the others
 * @property {boolean} sound
 * @property {string} src
 * @property {number | null} aim where it has to seek to once it has done the seek under way
 * @property {AbortController} ears
 */

/** Once it has its picture, and at a level of 3 also the next one. @param {HTMLMediaElement} video @param {number} level */
const ready = (video, level) => new Promise(done => {
  const look = () => video.error || (video.readyState >= level && !video.seeking) ? done(0) : 0;
  for (const event of ['canplay', 'seeked', 'error']) video.addEventListener(event, look, {once: true});
  setTimeout(done, PATIENCE);
  look();
});

class Deck {
  /** @type {Clip[]} */
  clips = [];
  /** @type {Clip | undefined} */
  heard;
  time = 0;
  rate = 1;
  from = 0;
  to = Infinity;
  playing = false;
  loop = false;
  muted = false;
  asleep = false;
  turn = 0;
  beat = 0;
  now = 0;

  /** @param {() => void} tell called after every change, and at each frame while it plays */
  constructor(tell) {
    this.tell = tell;
  }

  get usable() {
    return this.clips.filter(clip => !clip.video.error);
  }

  get length() {
    return Math.max(0.04, ...this.clips.map(clip => clip.offset + clip.seconds));
  }

  get fps() {
    return Math.max(1, ...this.clips.map(clip => clip.fps));
  }

  get start() {
    return this.loop ? this.from : 0;
  }

  get end() {
    return this.loop ? Math.min(this.to, this.length) : this.length;
  }

  /** Seconds since the time was read. */
  get since() {
    return (performance.now() - this.now) / 1000;
  }

  get frame() {
    return Math.floor(this.time * this.fps + 0.001);
  }

  /** @param {HTMLElement} cell */
  add(cell) {
    const video = cell.querySelector('video');
    if (!video) return;
    const {name = '', fps, seconds, sound} = cell.dataset;
    /** @type {Clip} */
    const clip = {
      cell, video, name, fps: Number(fps) || FPS, seconds: Number(seconds) || 0, offset: 0, sound: !!sound,
      src: video.getAttribute('src') || '', aim: null, ears: new AbortController(),
    };
    const {signal} = clip.ears;
    const measure = () => {
      if (isFinite(video.duration)) clip.seconds = video.duration;
      this.tell();
    };
    video.addEventListener('loadedmetadata', measure, {signal});
    video.addEventListener('error', this.tell, {signal});
    video.addEventListener('seeked', () => this.go(clip), {signal});
    if (video.readyState) measure();
    video.controls = false;
    video.loop = false;
    if (!this.heard && clip.sound) this.heard = clip;
    this.clips.push(clip);
    this.hush();
    return clip;
  }

  /** @param {Clip} clip */
  remove(clip) {
    clip.ears.abort();
    this.unload(clip);
    this.clips = this.clips.filter(other => other !== clip);
    if (this.heard === clip) this.heard = this.clips.find(other => other.sound);
  }

  /** @param {Clip} clip */
  unload({video}) {
    video.pause();
    video.removeAttribute('src');
    video.load();
  }

  /** The middle of the frame that a clip shows at a time of the whole. @param {Clip} clip @param {number} time */
  place(clip, time) {
    const last = Math.max(0, Math.round(clip.seconds * clip.fps) - 1);
    const frame = Math.floor((time - clip.offset) * clip.fps + 0.001);
    return (Math.min(last, Math.max(0, frame)) + 0.5) / clip.fps;
  }

  /** @param {Clip} clip @param {number} time */
  aim(clip, time) {
    clip.aim = time;
    if (!clip.video.seeking) this.go(clip);
  }

  /** @param {Clip} clip */
  go(clip) {
    const {video, aim} = clip;
    clip.aim = null;
    if (aim !== null && Math.abs(video.currentTime - aim) > 1e-4) video.currentTime = aim;
  }

  /** Go to a time, playing on if it plays. @param {number} time */
  seek(time) {
    const frames = Math.max(1, Math.round(this.length * this.fps));
    const frame = Math.min(frames - 1, Math.max(0, Math.floor(time * this.fps + 0.001)));
    this.time = (frame + 0.5) / this.fps;
    if (this.playing) this.play();
    else for (const clip of this.clips) this.aim(clip, this.place(clip, this.time));
    this.tell();
  }

  /** @param {number} frames */
  step(frames) {
    this.pause();
    this.seek((this.frame + frames + 0.5) / this.fps);
  }

  async play() {
    const turn = ++this.turn;
    this.playing = true;
    if (this.time >= this.end - 1 / this.fps || this.time < this.start) this.time = this.start;
    this.tell();
    const first = this.leader(clip => this.runs(clip));
    for (const clip of this.clips) {
      clip.video.preload = 'auto';
      clip.video.pause();
      const last = this.place(clip, Infinity);
      this.aim(clip, Math.min(last, Math.max(0, this.wanted(clip) + (clip === first ? 0 : LEAD * this.rate))));
    }
    await Promise.all(this.usable.map(clip => ready(clip.video, 3)));
    if (turn !== this.turn || this.asleep) return;
    this.beat = 0;
    // Another leads where the first has no data: the others would wait for it.
    this.tick(this.leader(clip => this.runs(clip) && clip.video.readyState > 2));
    for (const clip of this.usable) this.hold(clip);
    requestAnimationFrame(() => this.follow(turn));
  }

  pause() {
    this.turn++;
    this.playing = false;
    for (const {video} of this.clips) video.pause();
    this.seek(this.time);
  }

  /** Where a clip should be now, in its own time. @param {Clip} clip */
  wanted(clip) {
    return this.time - clip.offset + (clip.sound ? BIAS : 0);
  }

  /** The time is what this clip says. @param {Clip} [clip] */
  tick(clip) {
    if (clip) this.time += clip.video.currentTime - this.wanted(clip);
    this.now = performance.now();
  }

  /** Has it begun, and not ended, at this time? @param {Clip} clip */
  runs(clip) {
    const at = this.time - clip.offset;
    return at >= 0 && at < clip.seconds - 0.5 / clip.fps;
  }

  /** The clip that gives the time: the one that is heard, else the one that ends last. @param {(clip: Clip) => boolean} fit */
  leader(fit) {
    const going = this.usable.filter(fit);
    const latest = going.sort((a, b) => b.offset + b.seconds - a.offset - a.seconds)[0];
    return this.heard && !this.muted && going.includes(this.heard) ? this.heard : latest;
  }

  /** @param {number} turn */
  follow(turn) {
    if (turn !== this.turn || !this.clips[0]?.cell.isConnected) return;
    this.beat = Math.max(this.since, 0.9 * this.beat);
    const leader = this.leader(({video}) => !video.paused && !video.ended);
    const stalled = leader ? leader.video.readyState < 3 && !leader.video.seeking
      : this.leader(clip => this.runs(clip) && !clip.video.ended);
    if (stalled) return this.play();
    if (leader) this.tick(leader);
    else this.time = this.end;
    if (this.time >= this.end - 0.25 / this.fps) {
      if (this.loop) return this.seek(this.start);
      this.time = this.end - 0.5 / this.fps;
      return this.pause();
    }
    for (const clip of this.usable) if (clip !== leader && this.hold(clip)) return this.play();
    if (leader) this.pace(leader, this.rate);
    this.tell();
    requestAnimationFrame(() => this.follow(turn));
  }

  /** Keep one clip at the common time; true if it has run out of data, and the others should wait. @param {Clip} clip */
  hold(clip) {
    const {video} = clip;
    if (!this.runs(clip)) {
      video.pause();
      return this.aim(clip, this.place(clip, this.time));
    }
    const {paused, readyState} = video;
    // The page may have been put aside since the leader's time was read.
    const wanted = this.wanted(clip) + this.since * this.rate;
    const gap = video.currentTime - wanted;
    if (video.seeking || paused && (readyState < 3 || gap > this.beat * this.rate / 2)) return;
    if (gap < -LEAD && readyState < 3) return true;
    if (Math.abs(gap) > FAR) video.currentTime = wanted + (paused ? 0 : SEEK_TAKES * this.rate);
    // Once at it, it is brought nearer than it would have to be.
    const slack = video.playbackRate === this.rate ? SLACK : SLACK / 4;
    const pull = Math.min(PULL, Math.max(-PULL, gap / Math.max(SOON, this.beat)));
    this.pace(clip, this.rate * (Math.abs(gap) < slack ? 1 : 1 - pull));
    if (paused) video.play().catch(() => {});
  }

  /** @param {Clip} clip @param {number} rate */
  pace({video}, rate) {
    if (Math.abs(video.playbackRate - rate) > 0.01) video.playbackRate = rate;
  }

  /** Only one clip is heard at a time. */
  hush() {
    for (const clip of this.clips) clip.video.muted = this.muted || clip !== this.heard;
    this.tell();
  }

  /** Off screen nothing is decoded; taken out of the page, the decoders are given back. @param {boolean} gone */
  sleep(gone) {
    this.asleep = true;
    this.turn++;
    for (const clip of this.clips) {
      clip.video.pause();
      if (gone) this.unload(clip);
    }
  }

  wake() {
    if (!this.asleep) return;
    this.asleep = false;
    for (const {video, src} of this.clips) if (!video.hasAttribute('src')) video.src = src;
    this.seek(this.time);
  }
}
